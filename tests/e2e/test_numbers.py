"""The owner looks at the numbers and the log: at a desk and on a phone, by keys alone too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking.models import Booking, Status
from booking.permissions import Role, sync_roles
from clinic.trail.services import note, seal
from clinic.web import clock
from tests.factories import UserFactory, booked, open_clinic

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    size = PHONE if "phone" in request.node.name else DESK
    return {**browser_context_args, "viewport": size, "has_touch": size is PHONE}


@pytest.fixture
def visits(live_server: Any) -> list[Booking]:
    """Three weeks of visits, one a day, of which one was missed."""
    now, scene = clock.now().replace(microsecond=0), open_clinic("America/Los_Angeles")
    return [
        booked(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            room=scene.room,
            devices=[scene.console],
            starts_at=now - timedelta(days=days),
            status=Status.NO_SHOW if days == 5 else Status.COMPLETED,
        )
        for days in range(2, 23)
    ]


@pytest.fixture
def owner(live_server: Any, visits: list[Booking], context: BrowserContext, page: Page) -> Page:
    """A page of an admin of the clinic, who has signed in."""
    sync_roles()
    sam = UserFactory(full_name="Sam Whitlock", groups=[Role.ADMIN], is_staff=True)
    browser = Browser()
    browser.force_login(sam)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    note(
        user_id=sam.pk,
        what="visit.no_show",
        subject=f"booking:{visits[3].pk}",
        now=clock.now(),
    )
    seal()
    return page


def width_of(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def test_at_a_desk_the_owner_follows_a_number_to_its_visits_by_keys_alone(
    owner: Page, live_server: Any, visits: list[Booking], axe: Callable[[Page], None]
):
    page = owner
    page.goto(f"{live_server.url}{reverse('staff:numbers')}")
    expect(page.get_by_role("heading", level=1, name="Numbers")).to_be_visible()
    expect(page.get_by_role("img", name="Revenue by week")).to_be_visible()
    axe(page)

    days = page.get_by_label("Days")
    days.focus()
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Show", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**range=**")

    table = page.get_by_role("region", name="All numbers")
    table.locator("summary", has_text="No-shows").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Visits whose client did not come")).to_be_visible()

    table.get_by_role("link", name="1 No-shows").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Missed visits")).to_be_visible()
    expect(page.get_by_role("link", name=visits[3].reference)).to_be_visible()
    axe(page)


def test_on_a_phone_the_numbers_and_the_log_fit(
    owner: Page, live_server: Any, axe: Callable[[Page], None]
):
    page = owner
    for name in ("staff:numbers", "trail:log"):
        page.goto(f"{live_server.url}{reverse(name)}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert width_of(page) == PHONE["width"]
        axe(page)


def test_the_owner_searches_the_log_takes_it_along_and_checks_it(
    owner: Page, live_server: Any, visits: list[Booking], axe: Callable[[Page], None]
):
    page = owner
    page.goto(f"{live_server.url}{reverse('trail:log')}")
    axe(page)

    page.get_by_label("Of: a reference").fill(visits[3].reference)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("cell", name="Client did not come")).to_be_visible()
    expect(page.get_by_role("cell", name="Signed in")).to_have_count(0)

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert "visit.no_show" in download.value.path().read_text(encoding="utf-8-sig")

    page.get_by_role("link", name="Check that nobody changed the log").click()
    expect(page.get_by_text("Nobody changed the log.")).to_be_visible()
    axe(page)
