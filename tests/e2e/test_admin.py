"""The admin in a real browser: the context fails on anything our content policy forbids."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.factories import LocationFactory, ProviderFactory, RoomFactory, UserFactory, booked

SMALL = """() => [...document.querySelectorAll(
    "#container :is(a, button, input, select, summary):not(.sortoptions a, .skip-to-content-link)")]
  .filter(target => target.offsetParent && !["checkbox", "radio", "hidden"].includes(target.type))
  .filter(target => target.getBoundingClientRect().height < 44)
  .map(target => target.outerHTML)"""


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    if "finger" not in request.node.name:
        return browser_context_args
    phone = {"width": 390, "height": 844}
    return {**browser_context_args, "viewport": phone, "has_touch": True, "is_mobile": True}


@pytest.fixture
def signed_in(page: Page, live_server: Any) -> Page:
    """The admin's first page, with somebody signed in who may do everything."""
    browser = Browser()
    browser.force_login(UserFactory(is_staff=True, is_superuser=True))
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
    )
    page.goto(f"{live_server.url}{reverse('admin:index')}")
    expect(page.get_by_role("link", name="Bookings", exact=True)).to_be_visible()
    return page


def test_lists_and_forms_of_the_admin_run_within_the_content_policy(
    signed_in: Page, live_server: Any
):
    """One page of each make; that no page has anything inline is tests/test_admin.py's."""
    booking = booked()
    for address in (
        reverse("admin:booking_booking_changelist"),
        reverse("admin:booking_booking_change", args=[booking.pk]),
        reverse("admin:booking_provider_change", args=[booking.provider.pk]),
        reverse("admin:accounts_user_add"),
        reverse("admin:places_location_add"),
    ):
        signed_in.goto(f"{live_server.url}{address}")
        expect(signed_in.locator("#site-name")).to_be_visible()
        expect(signed_in.locator("#content h1")).to_be_visible()


def test_a_device_out_of_service_is_entered_with_the_admins_own_widgets(
    signed_in: Page, live_server: Any
):
    RoomFactory(name="Quiet room", location=LocationFactory())
    ProviderFactory()
    signed_in.goto(f"{live_server.url}{reverse('admin:booking_timeoff_add')}")

    signed_in.locator(".select2-selection").click()
    signed_in.locator(".select2-search__field").fill("quiet")
    signed_in.get_by_role("option", name="Quiet room").click()
    signed_in.locator("#id_starts_at_0").fill("2030-03-04")
    signed_in.locator("#id_starts_at_1").fill("09:00")
    signed_in.locator("#id_ends_at_0").fill("2030-03-05")
    signed_in.locator("#id_ends_at_1").fill("09:00")
    signed_in.get_by_role("button", name="Save", exact=True).click()

    expect(signed_in.locator(".messagelist .success")).to_be_visible()


def test_a_finger_meets_every_target_on_a_phone(signed_in: Page, live_server: Any):
    booking = booked()
    for address in (
        reverse("admin:index"),
        reverse("admin:booking_booking_changelist"),
        reverse("admin:booking_booking_change", args=[booking.pk]),
        reverse("admin:accounts_user_changelist"),
        reverse("admin:booking_timeoff_add"),
    ):
        signed_in.goto(f"{live_server.url}{address}")
        assert signed_in.evaluate(SMALL) == [], address
