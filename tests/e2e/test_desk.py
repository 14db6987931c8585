"""The desk books for somebody on the phone, who completes the rest on a phone of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client as SignIn
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from booking import links
from booking.models import Booking, Status
from booking.permissions import Role, sync_roles
from booking.services.forms import end_overdue_forms
from clinic.clients.models import Client
from clinic.messaging import doorbell
from clinic.web import clock
from tests.factories import ClientFactory, Scene, UserFactory, open_clinic

NOW = datetime(2030, 3, 1, 17, tzinfo=UTC)  # Friday morning in Portland
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
TABLET = {"width": 820, "height": 1180}
Check = Callable[[Page], None]


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": DESK, "has_touch": False}


@pytest.fixture(autouse=True)
def friday(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Friday morning, by the setting with which a demo travels too."""
    settings.CLOCK_OFFSET = NOW - timezone.now()
    monkeypatch.setattr(doorbell, "_publish", lambda: None)  # nobody delivers mail here


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    cache.clear()
    scene = open_clinic("America/Los_Angeles", providers=2, rooms=2, consoles=2)
    scene.treatment.name = "Gentle Tone for Sensitive Skin"
    scene.treatment.save(update_fields=["name"])
    return scene


@pytest.fixture
def at_the_desk(live_server: Any, scene: Scene, context: BrowserContext, page: Page) -> Page:
    """The page for a new booking, before somebody of the front desk who has signed in."""
    sync_roles()
    user = UserFactory(email="dana@lumen.example", full_name="Dana Whitlock")
    user.groups.set(user.groups.model.objects.filter(name=Role.FRONT_DESK))
    browser = SignIn()
    browser.force_login(user)
    session = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
    cookie = {
        "name": django_settings.SESSION_COOKIE_NAME,
        "value": session,
        "url": live_server.url,
    }
    context.add_cookies([cookie])
    page.goto(live_server.url + reverse("staff:book"))
    return page


def press(page: Page, name: str | re.Pattern[str], *, role: Any = "button") -> None:
    """Press what has the focus, put there without a pointer."""
    element = page.get_by_role(role, name=name).first
    element.focus()
    expect(element).to_be_focused()
    page.keyboard.press("Enter")


def fill(page: Page, label: str, text: str) -> None:
    page.get_by_role("textbox", name=label).focus()
    page.keyboard.type(text)


def book_by_keyboard(page: Page, axe: Check) -> Booking:
    """Book Monday at nine for somebody new, with a slip in between."""
    axe(page)
    fill(page, "Name", "Maya Ellison")
    fill(page, "Mobile number", "503 555")
    press(page, re.compile("^Mon March 4"))
    expect(page.get_by_role("heading", name="Monday, March 4")).to_be_visible()
    press(page, re.compile("^9:00 am"))
    expect(page.get_by_role("heading", name="Monday, March 4, 9:00 to 10:15 am")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Maya Ellison")
    axe(page)
    press(page, "Book Mon, Mar 4, 9:00 am")
    expect(page.locator(".error-summary")).to_be_focused()
    axe(page)
    phone = page.get_by_role("textbox", name="Mobile number")
    phone.focus()
    page.keyboard.press("End")
    page.keyboard.type(" 0123")
    press(page, "Book Mon, Mar 4, 9:00 am")
    expect(page.get_by_role("heading", level=1, name="Kept: Maya Ellison")).to_be_visible()
    expect(page.get_by_role("heading", name="Details by tomorrow, 9:00 am")).to_be_visible()
    axe(page)
    return Booking.objects.get()


def test_by_keyboard_at_the_desk_and_completed_on_the_clients_phone(
    at_the_desk: Page, live_server: Any, scene: Scene, browser: Browser, axe: Check
):
    booking = book_by_keyboard(at_the_desk, axe)
    assert booking.status == Status.PENDING_FORM
    link = at_the_desk.get_by_label("Link for the client").input_value()
    phone = browser.new_context(
        viewport=PHONE, has_touch=True, locale="en-US", timezone_id="America/New_York"
    )
    page = phone.new_page()

    page.goto(link)
    expect(page.get_by_text("We keep Monday, March 4 at 9:00 am for you.")).to_be_visible()
    expect(page.get_by_text("tomorrow, 9:00 am (Pacific Time)")).to_be_visible()
    expect(page.get_by_text("That is 12:00 pm on your device.")).to_be_visible()
    axe(page)
    page.get_by_role("button", name="Confirm", exact=True).tap()
    expect(page.locator(".error-summary")).to_be_focused()
    axe(page)
    page.get_by_role("textbox", name="E-mail").fill("maya@mail.example")
    for box in ("None of these apply", "I am 18 or older", "The clinic may keep"):
        page.get_by_label(box).check()
    page.get_by_role("button", name="Confirm", exact=True).tap()

    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.close()
    at_the_desk.reload()
    expect(at_the_desk.get_by_text("The confirmation goes to maya@mail.example.")).to_be_visible()


def test_what_nobody_completes_frees_itself(
    at_the_desk: Page, scene: Scene, settings: Any, axe: Check
):
    page = at_the_desk
    booking = book_by_keyboard(page, axe)

    settings.CLOCK_OFFSET += timedelta(hours=24)
    end_overdue_forms(now=clock.now())
    page.goto(page.get_by_label("Link for the client").input_value())

    expect(page.get_by_role("heading", name="We let Mon, Mar 4, 9:00 am go")).to_be_visible()
    axe(page)
    page.goto(page.url.split("/visit/")[0] + reverse("staff:visit", args=[booking.reference]))
    expect(page.get_by_text("Let go: no details in time")).to_be_visible()


def test_a_tablet_that_is_handed_over_opens_the_form_and_nothing_else(
    at_the_desk: Page, context: BrowserContext, live_server: Any, scene: Scene, axe: Check
):
    page, other_tab = at_the_desk, context.new_page()
    booking = book_by_keyboard(page, axe)
    other_tab.goto(live_server.url + reverse("staff:today"))
    page.set_viewport_size(TABLET)

    page.get_by_role("button", name="Hand this device over").click()
    expect(page.get_by_role("heading", name="Complete your details")).to_be_visible()
    axe(page)
    calm = re.compile("/give-back/$")
    page.go_back()
    expect(page).to_have_url(calm)
    other_tab.evaluate("htmx.ajax('GET', document.getElementById('today').dataset.refresh)")
    expect(other_tab).to_have_url(calm)
    for address in (reverse("staff:today"), reverse("site:home"), "/nowhere/"):
        page.goto(live_server.url + address)
        expect(page).to_have_url(calm)
    axe(page)

    page.get_by_role("link", name="Go on with my details").click()
    page.get_by_role("textbox", name="E-mail").fill("maya@mail.example")
    for box in ("None of these apply", "I am 18 or older", "The clinic may keep"):
        page.get_by_label(box).check()
    page.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.get_by_text("that was all we needed from you")).to_be_visible()
    axe(page)
    page.go_back()
    expect(page).to_have_url(calm)
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED

    page.get_by_role("link", name="I work here: sign in").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page).to_have_url(re.compile(f"next=.*{booking.reference}"))


def test_a_client_is_found_while_one_types_and_booked_at_an_odd_hour_for_a_reason(
    at_the_desk: Page, scene: Scene, axe: Check
):
    page = at_the_desk
    ClientFactory(name="Nora Lind", phone="+15035550199", email="nora@mail.example")

    page.locator("#id_q").focus()
    page.keyboard.type("lind")
    press(page, re.compile("^Nora Lind"))
    expect(page.get_by_text("Has to complete details by a link first")).to_be_visible()
    page.get_by_label("Any other time").fill("19:30")
    press(page, "Check this time")
    expect(page.get_by_text("It is outside opening hours.")).to_be_visible()
    axe(page)
    page.get_by_label("Why it is booked all the same").fill("Works until seven")
    press(page, re.compile("^Book Mon, Mar 4, 7:30 pm|^Book Sat, Mar 2, 7:30 pm|^Book"))

    expect(page.get_by_role("heading", level=1, name="Kept: Nora Lind")).to_be_visible()
    assert Booking.objects.get().events.get().reason == "Works until seven"


def test_a_visit_is_canceled_for_a_client_who_called_and_that_is_taken_back(
    at_the_desk: Page, scene: Scene, axe: Check
):
    page = at_the_desk
    booking = book_by_keyboard(page, axe)
    page.goto(page.url.split("/staff/")[0] + reverse("staff:cancel", args=[booking.reference]))
    axe(page)
    page.get_by_label("The client asked us to").first.check()
    press(page, "Cancel the visit, tell the client")
    expect(page.get_by_role("heading", level=1, name="Canceled: Maya Ellison")).to_be_visible()
    axe(page)

    page.locator("main form").get_by_role("button", name="Undo").click()

    expect(page.get_by_text("It is as it was before.")).to_be_visible()
    booking.refresh_from_db()
    assert booking.status == Status.PENDING_FORM


def test_without_scripts_it_books_as_well(
    live_server: Any, scene: Scene, browser: Browser, at_the_desk: Page
):
    cookies = at_the_desk.context.cookies()
    plain = browser.new_context(java_script_enabled=False, viewport=DESK)
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto(live_server.url + reverse("staff:book"))

    page.get_by_role("textbox", name="Name").fill("Maya Ellison")
    page.get_by_role("textbox", name="Mobile number").fill("503 555 0123")
    page.get_by_role("button", name=re.compile("^Mon March 4")).click()
    page.get_by_role("button", name=re.compile("^9:00 am")).click()
    page.get_by_role("button", name="Book Mon, Mar 4, 9:00 am").click()

    expect(page.get_by_role("heading", level=1, name="Kept: Maya Ellison")).to_be_visible()
    plain.close()
    assert Client.objects.get().name == "Maya Ellison"
    assert links.manage_url(Booking.objects.get())
