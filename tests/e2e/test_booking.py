"""A client books a visit: by touch on a phone, by keyboard at a desk, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect

from booking.models import Booking, Status
from clinic.messaging import doorbell
from clinic.messaging.models import Message
from clinic.web import clock
from tests.booking.scenes import hold
from tests.factories import (
    AddOnFactory,
    InstructionVersionFactory,
    LocationFactory,
    PriceFactory,
    ProviderFactory,
    Scene,
    give_hours,
    open_clinic,
)

NOW = datetime(2030, 3, 1, 17, tzinfo=UTC)  # Friday morning in Portland
MONDAY_NINE = datetime(2030, 3, 4, 17, tzinfo=UTC)
Check = Callable[[Page], None]


@pytest.fixture(autouse=True)
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, datetime]:
    """The clinic's clock, which stands still until a test moves it."""
    told = {"now": NOW}
    monkeypatch.setattr(clock, "now", lambda: told["now"])
    monkeypatch.setattr(doorbell, "_publish", lambda: None)  # nobody delivers mail here
    return told


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """One treatment with an extra, two people who give it, two places."""
    cache.clear()  # nobody came before
    scene = open_clinic("America/Los_Angeles", providers=2, rooms=2, consoles=2)
    LocationFactory(name="Harbor Row")
    scene.treatment.name = "Gentle Tone for Sensitive Skin"
    scene.treatment.save(update_fields=["name"])
    scene.treatment.instructions.add(InstructionVersionFactory().instruction)
    extra = AddOnFactory(name="Gua sha finish", slug="gua-sha")
    PriceFactory(option=None, add_on=extra, amount=30)
    for provider in scene.providers:
        provider.add_ons.add(extra)
    nobody = ProviderFactory(name="Wilhelmina Featherstone", treatments=[scene.treatment])
    give_hours(nobody, scene.location, days=[1])
    return scene


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    width: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width


def button(page: Page, *names: str) -> Locator:
    """The one button of these names in sight: beside the form, or at the foot of a phone."""
    name = re.compile(f"^({'|'.join(names)})$")
    return page.get_by_role("button", name=name).locator("visible=true").first


def fill_in(page: Page) -> None:
    page.get_by_label("Your name").fill("Maya Ellison")
    page.get_by_role("textbox", name="E-mail").fill("maya@mail.example")
    page.get_by_label("Mobile number").fill("(503) 555-0123")
    for box in ("None of these apply", "I am 18 or older", "The clinic may keep"):
        page.get_by_label(box).check()


def walk(page: Page, url: str, check: Check) -> None:
    """Book Tuesday at half past nine with an extra, with a slip; `check` sees every page."""
    page.goto(url + reverse("booking:start"))
    page.get_by_label("Gua sha finish").check()
    expect(page.get_by_text("$200").locator("visible=true")).to_be_visible()
    check(page)
    button(page, "Choose a time").click()
    expect(page.get_by_role("heading", name="Who and when?")).to_be_visible()
    page.get_by_role("link", name="Mon March 4").click()
    expect(page.get_by_role("heading", name="Monday, March 4")).to_be_visible()
    expect(page).to_have_url(re.compile("day=2030-03-04"))
    page.locator(".all-times summary").click()
    check(page)
    page.get_by_role("link", name="Month", exact=True).click()
    page.get_by_role("link", name=re.compile("^5 ")).click()
    expect(page.get_by_role("heading", name="Tuesday, March 5")).to_be_visible()
    page.locator(".all-times summary").click()
    page.get_by_role("group", name="Morning").get_by_role("button", name="9:30").click()
    expect(page.get_by_role("heading", name="Your details")).to_be_visible()
    page.get_by_label("Your name").fill("Maya Ellison")
    page.get_by_label("Send me news").scroll_into_view_if_needed()
    button(page, "Review", "Continue to review").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator(".error-summary h2")).to_be_in_viewport()
    expect(page.get_by_label("Your name")).to_have_value("Maya Ellison")
    check(page)
    fill_in(page)
    button(page, "Review", "Continue to review").click()
    expect(page.get_by_role("heading", name="Check and confirm")).to_be_visible()
    check(page)
    button(page, "Confirm", "Confirm appointment").click()
    expect(page.get_by_role("heading", name="Tuesday, March 5")).to_be_visible()
    check(page)
    page.get_by_role("link", name="See your appointment").click()
    expect(page.get_by_text("Confirmed")).to_be_visible()
    check(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_a_client_books_and_every_page_is_fit_for_everybody(
    width: int, scheme: str, page: Page, live_server: Any, scene: Scene, axe: Check
):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)

    def check(page: Page) -> None:
        axe(page)
        page.set_viewport_size({"width": 320, "height": 900})
        assert sideways(page) <= 0, page.url
        page.set_viewport_size({"width": width, "height": 900})

    walk(page, live_server.url, check)

    booking = Booking.objects.get(status=Status.CONFIRMED)
    assert booking.price == 200
    assert booking.time_zone == "America/Los_Angeles"
    assert Message.objects.filter(code="M01", channel="email").count() == 1


def test_somebody_books_with_the_keyboard_alone(page: Page, live_server: Any, scene: Scene):
    page.set_viewport_size({"width": 1440, "height": 900})

    def go_to(target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(90):
            if target.evaluate("element => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {target}")

    def press(target: Locator, key: str = "Enter") -> None:
        go_to(target)
        page.keyboard.press(key)

    page.goto(live_server.url + reverse("booking:start"))
    press(page.get_by_label("Gua sha finish"), "Space")
    expect(page.locator("#summary")).to_contain_text("$200")
    press(button(page, "Choose a time"))
    monday = page.get_by_role("link", name="Mon March 4")
    press(monday)
    expect(page.get_by_role("heading", name="Monday, March 4")).to_be_visible()
    expect(monday).to_be_focused()
    press(page.locator(".all-times summary"))
    press(page.get_by_role("group", name="Morning").get_by_role("button", name="9:30"))
    for label, text in (
        ("Your name", "Maya Ellison"),
        ("E-mail", "maya@mail.example"),
        ("Mobile number", "503 555 0123"),
    ):
        go_to(page.get_by_role("textbox", name=label))
        page.keyboard.type(text)
    for box in ("None of these apply", "I am 18 or older", "The clinic may keep"):
        press(page.get_by_label(box), "Space")
    press(button(page, "Continue to review"))
    press(button(page, "Confirm appointment"))

    expect(page.get_by_text("You are booked, Maya")).to_be_visible()
    assert Booking.objects.filter(status=Status.CONFIRMED).count() == 1


def test_somebody_books_without_scripts(browser: Browser, live_server: Any, scene: Scene):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()

    walk_plainly(page, live_server.url)

    expect(page.get_by_text("You are booked, Maya")).to_be_visible()
    assert Booking.objects.get(status=Status.CONFIRMED).add_ons.get().slug == "gua-sha"
    context.close()


def walk_plainly(page: Page, url: str) -> None:
    """Book by links and buttons alone, looking at a month on the way."""
    page.goto(url + reverse("booking:start"))
    page.get_by_label("Gua sha finish").check()
    button(page, "Choose a time").click()
    page.get_by_role("link", name="Month", exact=True).click()
    page.get_by_role("link", name=re.compile("^5 ")).click()
    page.locator(".all-times summary").click()
    page.get_by_role("group", name="Morning").get_by_role("button", name="9:30").click()
    button(page, "I need more time").click()
    fill_in(page)
    button(page, "Review").click()
    button(page, "Confirm").click()


def test_a_time_that_ran_out_is_taken_again_with_what_was_typed(
    page: Page, live_server: Any, scene: Scene, wall_clock: dict[str, datetime], axe: Check
):
    page.clock.install()
    page.goto(f"{live_server.url}/book/{scene.treatment.slug}/60/?day=2030-03-04")
    page.get_by_role("group", name="Best times").get_by_role("button", name="9:00").click()
    page.get_by_label("Your name").fill("Maya Ellison")
    more = button(page, "I need more time")
    more.press("Enter")
    expect(page.locator("#hold")).to_contain_text("until 9:13")
    expect(page.locator("#live")).to_contain_text("until 9:13")
    expect(more).to_be_focused()
    expect(page.get_by_role("timer")).to_have_text(re.compile("^1[23]:"))

    wall_clock["now"] += timedelta(minutes=13)
    page.clock.fast_forward("13:05")
    expect(page.get_by_role("heading", name="We let 9:00 am go")).to_be_visible()
    axe(page)
    assert sideways(page) <= 0
    page.get_by_role("button", name="Keep 9:00 am again").click()

    expect(page.get_by_label("Your name")).to_have_value("Maya Ellison")
    assert Booking.objects.filter(status=Status.HELD).count() == 1


def test_whoever_comes_second_is_shown_the_closest_times(
    page: Page, live_server: Any, scene: Scene, axe: Check
):
    page.goto(f"{live_server.url}/book/{scene.treatment.slug}/60/?day=2030-03-04")
    page.locator(".all-times summary").click()
    for _ in scene.providers:
        hold(scene, MONDAY_NINE, now=NOW)

    page.get_by_role("group", name="Morning").get_by_role("button", name="9:00").click()

    expect(page.get_by_role("heading", name="9:00 am was just taken")).to_be_visible()
    expect(page.locator("#taken")).to_be_focused()
    axe(page)
    page.locator("#taken").get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="Your details")).to_be_visible()
