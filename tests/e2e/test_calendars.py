"""A client subscribes to their visits, and an aesthetician has the calendar kept elsewhere read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking import links
from booking.models import Booking, OutsideCalendar
from booking.permissions import Role, sync_roles
from booking.services import fetching
from clinic.web import clock
from tests.booking.calendars.elsewhere import Elsewhere, running
from tests.booking.calendars.test_outside import calendar
from tests.factories import UserFactory, booked, open_clinic

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desk": (1440, 900)}


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    name = request.node.name
    width, height = next((size for word, size in SIZES.items() if word in name), SIZES["phone"])
    return {
        **browser_context_args,
        "viewport": {"width": width, "height": height},
        "java_script_enabled": "without_scripts" not in name,
    }


@pytest.fixture
def visit(live_server: Any) -> Booking:
    """A visit of an hour in two days, with links that lead to the server of the test."""
    scene = open_clinic("America/Los_Angeles")
    starts_at = (clock.now() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    booking = booked(
        location=scene.location,
        provider=scene.provider,
        room=scene.room,
        option=scene.option,
        starts_at=starts_at,
    )
    booking.link_nonce, booking.link_hash = links.new_link()
    booking.save(update_fields=["link_nonce", "link_hash"])
    return booking


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    with running(Elsewhere()) as server:
        monkeypatch.setattr(fetching, "REACH", server.reach)
        yield server


def subscribe(page: Page, visit: Booking) -> None:
    page.goto(links.page_url(visit, "subscribe"))
    expect(
        page.get_by_role("heading", level=1, name="Your visits in your calendar")
    ).to_be_visible()
    page.get_by_role("button", name="Make my address").tap()


def test_on_a_phone_a_client_gets_an_address_changes_it_and_ends_it(
    page: Page, visit: Booking, axe: Callable[[Page], None]
):
    subscribe(page, visit)

    field = page.get_by_label("Address of your calendar")
    address = field.input_value()
    assert page.request.get(address).text().count("BEGIN:VEVENT") == 1
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    page.get_by_role("button", name="Make a new address").tap()
    expect(field).not_to_have_value(address)
    assert page.request.get(address).status == 404

    page.get_by_role("button", name="End this address").tap()
    expect(page.get_by_role("button", name="Make my address")).to_be_visible()
    axe(page)


def test_on_a_phone_without_scripts_too(page: Page, visit: Booking):
    subscribe(page, visit)

    address = page.get_by_label("Address of your calendar").input_value()
    page.get_by_role("button", name="End this address").tap()

    expect(page.get_by_role("button", name="Make my address")).to_be_visible()
    assert page.request.get(address).status == 404


@pytest.mark.parametrize("size", SIZES)
def test_an_aesthetician_adds_a_calendar_kept_elsewhere(
    size: str,
    page: Page,
    context: BrowserContext,
    visit: Booking,
    elsewhere: Elsewhere,
    live_server: Any,
    axe: Callable[[Page], None],
):
    sync_roles()
    roles = [Role.AESTHETICIAN, *([Role.FRONT_DESK] if size == "desk" else [])]
    visit.provider.user = UserFactory(full_name="Ana Lund", groups=roles)
    visit.provider.save(update_fields=["user"])
    browser = Browser()
    browser.force_login(visit.provider.user)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])

    page.goto(f"{live_server.url}{reverse('staff:calendars')}")
    page.get_by_role("button", name="Make an address").first.tap()
    assert "/calendar/" in page.get_by_label("Your private address").input_value()
    page.get_by_label("Secret iCal address").fill("https://calendar.example/basic.ics")
    page.get_by_role("button", name="Add this calendar").tap()
    expect(page.get_by_text("Not read")).to_be_visible()
    axe(page)

    busy = f"DTSTART:{visit.starts_at:%Y%m%dT%H%M%SZ}|DURATION:PT1H"
    OutsideCalendar.objects.update(address=elsewhere.has("/ana.ics", calendar(busy)))
    page.get_by_role("button", name="Test now").tap()

    expect(page.get_by_text("Up to date")).to_be_visible()
    expect(page.get_by_text("These visits are in a time you keep elsewhere")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
