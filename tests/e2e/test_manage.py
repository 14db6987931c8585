"""A client runs a visit by its link: moves it, takes that back, cancels it, books it again."""

# ruff: noqa: F811

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from booking import links
from booking.models import Booking, Status
from tests.booking.scenes import confirm, on
from tests.e2e.test_booking import (  # noqa: F401
    NOW,
    scene,
    sideways,
    wall_clock,
)
from tests.factories import Scene

Check = Callable[[Page], None]


@pytest.fixture
def booking(scene: Scene) -> Booking:
    """A visit on Monday at nine, booked an hour ago."""
    return confirm(scene, on(scene, 4, 9), now=NOW - timedelta(hours=1))


def address(server: Any, booking: Booking, page: str = "manage") -> str:
    return server.url + links.page_path(booking, page)


def move_by_touch(page: Page, check: Check) -> None:
    """Add an extra and move to Tuesday at half past nine; `check` sees every page."""
    page.get_by_role("link", name=re.compile("^Change the time")).tap()
    expect(page.get_by_role("heading", name="Change the time")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Change length, extras or place").tap()
    page.get_by_label("Gua sha finish").check()
    check(page)
    page.get_by_role("button", name="See the times").tap()
    page.get_by_role("link", name="Tue March 5").tap()
    expect(page.get_by_role("heading", name="Tuesday, March 5")).to_be_visible()
    page.locator(".all-times summary").tap()
    check(page)
    page.get_by_role("group", name="Morning").get_by_role("button", name="9:30").tap()
    expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()
    expect(page.get_by_text("+ $30")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Move to Tue, Mar 5, 9:30").tap()
    expect(page.get_by_role("heading", name="Tuesday, March 5")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_a_client_moves_cancels_and_takes_both_back(
    width: int,
    scheme: str,
    page: Page,
    live_server: Any,
    scene: Scene,
    booking: Booking,
    axe: Check,
):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)

    def check(page: Page) -> None:
        axe(page)
        page.set_viewport_size({"width": 320, "height": 900})
        assert sideways(page) <= 0, page.url
        page.set_viewport_size({"width": width, "height": 900})

    page.goto(address(live_server, booking))
    check(page)
    move_by_touch(page, check)
    booking.refresh_from_db()
    assert (booking.starts_at, booking.price) == (on(scene, 5, 9, 30), 200)
    expect(page.locator("[data-left-clock]")).to_have_text(re.compile(r"\(2:5\d\)|\(3:00\)"))
    check(page)
    page.get_by_role("button", name="Take it back").tap()
    expect(page.get_by_role("heading", name="Monday, March 4")).to_be_visible()
    booking.refresh_from_db()
    assert (booking.starts_at, booking.price, booking.moves) == (on(scene, 4, 9), 170, 0)

    page.get_by_role("link", name=re.compile("^Cancel")).tap()
    expect(page.get_by_text("No charge", exact=True)).to_be_visible()
    check(page)
    page.get_by_role("button", name="Cancel for a health reason").tap()
    expect(page.get_by_text("Canceled", exact=True)).to_be_visible()
    check(page)
    page.get_by_role("button", name="Take it back").tap()
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()


def test_the_button_goes_when_its_minutes_are_over(
    page: Page,
    live_server: Any,
    scene: Scene,
    booking: Booking,
    wall_clock: dict[str, Any],
):
    fresh = confirm(scene, on(scene, 5, 9), now=NOW, email="new@mail.example")
    wall_clock["now"] = fresh.events.latest("pk").at + timedelta(minutes=2, seconds=58)
    page.goto(address(live_server, fresh))
    button = page.get_by_role("button", name="Take it back")
    button.focus()

    expect(button).to_be_hidden()
    over = page.get_by_text("The minutes to take it back are over.")
    expect(over).to_be_focused()


def test_a_visit_is_moved_and_canceled_with_the_keyboard_alone(
    page: Page,
    live_server: Any,
    scene: Scene,
    booking: Booking,
):
    def press(target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(90):
            if target.evaluate("element => element === document.activeElement"):
                page.keyboard.press("Enter")
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {target}")

    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(address(live_server, booking))
    press(page.get_by_role("link", name=re.compile("^Change the time")))
    press(page.get_by_role("link", name="Wed March 6"))
    expect(page.get_by_role("heading", name="Wednesday, March 6")).to_be_visible()
    press(page.locator(".all-times summary"))
    press(page.get_by_role("group", name="Morning").get_by_role("button", name="9:15"))
    press(page.get_by_role("button", name="Move to Wed, Mar 6, 9:15"))
    expect(page.get_by_role("heading", name="Wednesday, March 6")).to_be_visible()
    press(page.get_by_role("link", name=re.compile("^Cancel")))
    press(page.get_by_role("button", name="Cancel for another reason: no charge"))
    expect(page.get_by_text("Canceled", exact=True)).to_be_visible()

    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED_CLIENT


def test_everything_works_without_scripts(
    browser: Browser,
    live_server: Any,
    scene: Scene,
    booking: Booking,
):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address(live_server, booking))
    page.get_by_role("link", name=re.compile("^Change the time")).click()
    page.get_by_role("link", name="Month", exact=True).click()
    page.get_by_role("link", name=re.compile("^5 ")).click()
    page.locator(".all-times summary").click()
    page.get_by_role("group", name="Morning").get_by_role("button", name="9:30").click()
    page.get_by_role("button", name="Move to Tue, Mar 5, 9:30").click()
    expect(page.get_by_role("heading", name="Tuesday, March 5")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="Monday, March 4")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Cancel")).click()
    page.get_by_role("button", name="Cancel for another reason: no charge").click()
    expect(page.get_by_text("Canceled", exact=True)).to_be_visible()
    page.get_by_role("button", name="Book the same again").click()

    expect(page.get_by_text("You are booking as Maya Ellison.")).to_be_visible()
    held = Booking.objects.get(status=Status.HELD)
    assert (held.starts_at, held.client) == (on(scene, 11, 9), booking.client)
    context.close()
