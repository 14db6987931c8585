"""An admin changes prices: by keyboard, many at once, on a phone; looks, publishes, undoes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking.permissions import Role, sync_roles
from clinic.web import clock
from tests.factories import (
    PriceFactory,
    PriceListFactory,
    Scene,
    UserFactory,
    booked,
    open_clinic,
)
from treatments.models import Price, PriceChange

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 1000}


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    size = PHONE if "phone" in request.node.name else DESK
    has_script = "without_scripts" not in request.node.name
    return {
        **browser_context_args,
        "viewport": size,
        "has_touch": size is PHONE,
        "java_script_enabled": has_script,
    }


@pytest.fixture
def scene(live_server: Any) -> Scene:
    """One treatment at 150, Mara's at 160, and a visit in 40 days."""
    scene = open_clinic("America/Los_Angeles")
    Price.objects.update(amount=150)
    scene.provider.price_list = PriceListFactory(name="Mara Okafor")
    scene.provider.save()
    PriceFactory(option=scene.option, price_list=scene.provider.price_list, amount=160)
    booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        reference="K7P-2QX",
        starts_at=clock.now().replace(microsecond=0) + timedelta(days=40),
        created_at=clock.now() - timedelta(days=5),
    )
    return scene


@pytest.fixture
def sam(live_server: Any, scene: Scene, context: BrowserContext, page: Page) -> Page:
    """A page of an admin of the clinic, at the price desk."""
    sync_roles()
    browser = Browser()
    browser.force_login(
        UserFactory(email="sam@lumen.example", full_name="Sam Whitlock", groups=[Role.ADMIN])
    )
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    page.goto(f"{live_server.url}{reverse('prices:index')}")
    return page


def figure(page: Page, scene: Scene, whose: str) -> Any:
    return page.get_by_label(f"{scene.treatment.name}, 60 min, {whose}")


def test_prices_are_typed_by_keyboard_looked_at_published_and_undone(
    sam: Page, scene: Scene, axe: Callable[[Page], None]
) -> None:
    day = (clock.now().astimezone(scene.location.zone) + timedelta(days=30)).date()
    axe(sam)
    hers = figure(sam, scene, "Mara Okafor, everywhere")
    hers.focus()
    sam.keyboard.press("ControlOrMeta+a")
    sam.keyboard.type("165")
    sam.keyboard.press("Tab")

    draft = sam.locator("#draft")
    expect(draft.get_by_role("heading", name="1 change")).to_be_visible()
    expect(draft.locator(".diff")).to_contain_text("$160 $165")
    expect(sam.locator("td:has(.is-changed)")).to_contain_text("$160")

    sam.get_by_label("For visits from").fill(day.isoformat())
    sam.get_by_label("Why").fill("Senior now")
    sam.keyboard.press("Tab")
    button = draft.get_by_role("button", name="Schedule for")
    expect(button).to_contain_text(f"{day:%B} {day.day}")
    expect(draft).to_contain_text("1 booked session keeps its price")
    axe(sam)

    sam.get_by_role("link", name="See them").click()
    expect(sam.get_by_role("link", name="K7P-2QX")).to_be_visible()
    axe(sam)
    sam.go_back()
    sam.locator("#draft").get_by_role("button", name="Schedule for").click()

    expect(sam.get_by_role("heading", name="Senior now")).to_be_visible()
    axe(sam)
    sam.get_by_role("main").get_by_role("link", name="Prices").click()
    expect(sam.locator(".matrix")).to_contain_text(f"$165 from {day:%b} {day.day}")
    sam.get_by_role("button", name="Undo Senior now").click()
    expect(sam.get_by_role("main")).to_contain_text("Undone by Sam Whitlock")
    sam.get_by_role("main").get_by_role("link", name="Prices").click()
    expect(sam.locator(".matrix")).not_to_contain_text("$165")
    assert Price.objects.filter(amount=165, withdrawn_at__isnull=False).count() == 1


def test_an_emptied_price_is_inherited_again_from_tomorrow(
    sam: Page, scene: Scene, axe: Callable[[Page], None]
) -> None:
    tomorrow = clock.now().astimezone(scene.location.zone).date() + timedelta(days=1)
    hers = figure(sam, scene, "Mara Okafor, everywhere")
    hers.fill("")
    sam.keyboard.press("Enter")

    draft = sam.locator("#draft")
    expect(draft.locator(".diff")).to_contain_text("Inherited again")
    expect(draft.locator(".diff")).to_contain_text("$160 $150")
    expect(hers).to_have_attribute("placeholder", "150")
    expect(hers).to_be_focused()
    axe(sam)

    sam.get_by_label("Why").fill("As everybody")
    draft.get_by_role("button", name=f"Schedule for {tomorrow:%B} {tomorrow.day}").click()
    expect(sam.get_by_role("table")).to_contain_text("inherited")
    axe(sam)
    sam.get_by_role("button", name="Undo", exact=True).click()
    expect(sam.get_by_role("main")).to_contain_text("Undone by Sam Whitlock")


def test_what_is_no_price_says_so_beside_it_and_keeps_the_rest(sam: Page, scene: Scene) -> None:
    figure(sam, scene, "Base").fill("175")
    figure(sam, scene, "Mara Okafor, everywhere").fill("cheap")
    sam.keyboard.press("Tab")

    wrong = figure(sam, scene, "Mara Okafor, everywhere")
    expect(wrong).to_have_value("cheap")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(sam.locator("#draft .diff")).to_contain_text("$150 $175")


def test_many_prices_change_at_once(sam: Page, scene: Scene, axe: Callable[[Page], None]) -> None:
    sam.get_by_text("Change many at once").click()
    sam.get_by_role("checkbox", name=f"{scene.treatment.name}, 60 min").check()
    for whose in ("Base", "Mara Okafor"):
        sam.get_by_role("checkbox", name=whose).check()
    sam.get_by_label("By or to").fill("5")
    axe(sam)
    sam.get_by_role("button", name="Put them into my draft").click()

    expect(sam.locator("#draft .diff")).to_contain_text("$150 $160")  # 157.50, rounded to 5
    expect(sam.locator("#draft .diff")).to_contain_text("$160 $170")


def test_on_a_phone_a_price_is_changed_and_nothing_runs_over(
    sam: Page, scene: Scene, axe: Callable[[Page], None]
) -> None:
    figure(sam, scene, "Base").fill("155")
    sam.keyboard.press("Tab")
    expect(sam.locator("#draft .diff")).to_contain_text("$150 $155")

    wide = sam.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    axe(sam)


def test_without_scripts_a_price_is_typed_and_published(sam: Page, scene: Scene) -> None:
    day = (clock.now().astimezone(scene.location.zone) + timedelta(days=30)).date()
    figure(sam, scene, "Base").fill("155")
    sam.get_by_role("button", name="Save what I typed").click()
    expect(sam.locator("#draft .diff")).to_contain_text("$150 $155")

    sam.get_by_label("For visits from").fill(day.isoformat())
    sam.get_by_label("Why").fill("The rent")
    sam.get_by_role("button", name="Look again for this day").click()
    sam.get_by_role("button", name="Schedule for").click()

    expect(sam.get_by_role("heading", name="The rent")).to_be_visible()
    assert PriceChange.objects.get().effective_from == day
