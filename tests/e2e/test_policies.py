"""An admin changes a rule of the clinic: by keyboard at a laptop, and by touch on a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking.permissions import Role, sync_roles
from clinic.places.policies import policy_for
from clinic.web import clock
from tests.factories import LocationFactory, PolicyVersionFactory, UserFactory

LAPTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    by_hand = "phone" in request.node.name
    size = PHONE if by_hand else LAPTOP
    return {**browser_context_args, "viewport": size, "has_touch": by_hand}


@pytest.fixture
def admin(live_server: Any, context: BrowserContext, page: Page) -> Page:
    """A page of an admin, at the rules of a clinic with two places."""
    sync_roles()
    LocationFactory(name="Alder Street", slug="alder", position=0)
    LocationFactory(name="Harbor Row", slug="harbor", position=1)
    browser = Browser()
    browser.force_login(UserFactory(full_name="Sam Whitlock", groups=[Role.ADMIN], is_staff=True))
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    page.goto(f"{live_server.url}{reverse('places:policies')}")
    return page


def test_at_a_laptop_a_rule_is_changed_looked_at_and_published_by_keyboard(
    admin: Page, axe: Callable[[Page], None]
):
    page = admin
    axe(page)
    page.get_by_role("link", name="Change the clinic’s rules").press("Enter")
    axe(page)
    page.get_by_label("Free until").focus()
    page.keyboard.type("48")
    page.keyboard.press("Enter")

    preview = page.get_by_role("complementary")
    expect(preview.get_by_role("heading", name="1 rule changes")).to_be_visible()
    expect(preview).to_be_focused()
    expect(preview).to_contain_text("Free to change or cancel up to 48 hours before.")
    expect(preview).to_contain_text("What is booked already keeps its terms")
    axe(page)
    page.get_by_role("button", name="Publish").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Say why, in a few words.")
    axe(page)
    page.get_by_label("Why").fill("Long weekends")
    page.get_by_role("button", name="Publish").press("Enter")

    expect(page.get_by_text("Published. It holds for what is booked from now on.")).to_be_visible()
    assert policy_for(None, now=clock.now()).free_until_hours == 48
    page.get_by_role("link", name="History").press("Enter")
    expect(page.get_by_text("“Long weekends”, Sam Whitlock")).to_be_visible()
    axe(page)


def test_on_a_phone_who_publishes_second_is_told_and_loses_nothing(
    admin: Page, axe: Callable[[Page], None]
):
    page = admin
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("link", name="Change those of Harbor Row").tap()
    page.get_by_label("Kept for").fill("15")
    page.get_by_role("button", name="See what changes").tap()
    page.get_by_label("Why").fill("Slow hands")
    PolicyVersionFactory(values={"horizon_days": 30}, reason="Fewer no-shows")
    page.get_by_role("button", name="Publish").tap()

    expect(page.get_by_role("heading", name="Somebody published meanwhile")).to_be_visible()
    expect(page.get_by_text("“Fewer no-shows”")).to_be_visible()
    expect(page.get_by_label("Kept for")).to_have_value("15")
    expect(page.get_by_label("Why")).to_have_value("Slow hands")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Publish").tap()

    expect(page.get_by_text("Published. It holds for what is booked from now on.")).to_be_visible()
