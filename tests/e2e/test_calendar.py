"""The calendar in the hand: a visit is carried by mouse, keys or finger, never by mistake."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, expect

from booking.models import Booking, Status
from booking.permissions import Role, sync_roles
from clinic.messaging import doorbell
from clinic.web import clock
from tests.factories import OptionFactory, Scene, TimeOffFactory, UserFactory, booked, open_clinic

TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    name = request.node.name
    size = TABLET if "tablet" in name else PHONE if "phone" in name else DESK
    return {
        **browser_context_args,
        "viewport": size,
        "has_touch": size is not DESK,
        "java_script_enabled": "without_a_script" not in name,
    }


@pytest.fixture
def scene(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    scene = open_clinic("America/Los_Angeles", providers=2, rooms=2, consoles=2)
    for n, provider in enumerate(scene.providers):
        provider.lane = n + 1
        provider.save(update_fields=["lane"])
    return scene


@pytest.fixture
def day(scene: Scene) -> date:
    """A Wednesday to come, so that the days beside it are in the same week."""
    today = clock.now().astimezone(scene.location.zone).date()
    return today + timedelta(days=(2 - today.weekday()) % 7 + 7)


def at(scene: Scene, day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=scene.location.zone).astimezone(UTC)


@pytest.fixture
def visit(scene: Scene, day: date) -> Booking:
    """Maya comes at ten for an hour, to the first of two."""
    return booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        reference="K7P-2QX",
        client__name="Maya Ellison",
        client__email="maya@mail.example",
        starts_at=at(scene, day, 10),
        created_at=clock.now() - timedelta(days=2),
        room=scene.room,
        devices=[scene.console],
    )


@pytest.fixture
def at_the_desk(live_server: Any, visit: Booking, context: BrowserContext, page: Page) -> Page:
    """A page of somebody of the front desk, who has signed in."""
    sync_roles()
    browser = Browser()
    browser.force_login(
        UserFactory(email="dana@lumen.example", full_name="Dana Whitlock", groups=[Role.FRONT_DESK])
    )
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    return page


def look(page: Page, live_server: Any, name: str, day: date) -> None:
    page.goto(f"{live_server.url}{reverse(f'staff:{name}')}?day={day:%Y-%m-%d}")


def box(page: Page) -> Locator:
    return page.locator("[data-visit='K7P-2QX']")


def middle(place: Locator) -> tuple[float, float]:
    frame = place.bounding_box()
    assert frame
    return frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2


def minute(page: Page) -> float:
    """How many pixels a minute is."""
    height = box(page).bounding_box()["height"]  # type: ignore[index]
    return (height + 2) / 60


def confirm(page: Page, said: str) -> None:
    """See what changes, and press the button that says so."""
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    page.get_by_role("button", name=said).click()


def stands(visit: Booking) -> tuple[datetime, int]:
    visit.refresh_from_db()
    return visit.starts_at, visit.provider_id


def test_at_the_desk_a_visit_is_dragged_confirmed_and_taken_back(
    at_the_desk, live_server, scene, day, visit, axe
):
    page = at_the_desk
    look(page, live_server, "day", day)
    axe(page)
    x, y = middle(box(page))
    other, _ = middle(page.locator(f".cal-col[data-who='{scene.providers[1].pk}']"))

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 20, steps=4)
    page.mouse.move(other, y + 122 * minute(page), steps=8)
    expect(page.locator(".cal-carry")).to_have_text("12:00 pm to 1:00 pm")
    page.mouse.up()

    page.wait_for_url("**/move/**")
    assert stands(visit) == (at(scene, day, 10), scene.provider.pk)
    axe(page)
    page.get_by_label("Reason").fill("She asked by phone")
    confirm(page, "Move to")
    expect(page.get_by_text("Moved: Maya Ellison")).to_be_visible()
    assert stands(visit) == (at(scene, day, 12), scene.providers[1].pk)
    axe(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("It is as it was before.")).to_be_visible()
    assert stands(visit) == (at(scene, day, 10), scene.provider.pk)


def test_a_short_press_opens_the_visit_and_escape_lets_go_of_it(
    at_the_desk, live_server, day, visit
):
    page = at_the_desk
    look(page, live_server, "day", day)
    x, y = middle(box(page))
    before = box(page).bounding_box()

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 120, steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert box(page).bounding_box() == before
    assert "/day/" in page.url

    box(page).click()
    page.wait_for_url(f"**{reverse('staff:visit', args=[visit.reference])}")


def test_free_time_leads_to_a_booking_at_the_quarter_that_is_pressed(
    at_the_desk, live_server, scene, day, visit
):
    page = at_the_desk
    look(page, live_server, "day", day)
    column = page.locator(f".cal-col[data-who='{scene.providers[1].pk}']")
    column.locator(".cal-free a").click(position={"x": 40, "y": 100 * minute(page)})

    page.wait_for_url("**/book/**")
    for asked in (f"day={day}", "start=10%3A30", f"provider={scene.providers[1].pk}"):
        assert asked in page.url


def test_at_the_desk_the_lower_edge_makes_a_visit_longer(
    at_the_desk, live_server, scene, day, visit
):
    page = at_the_desk
    look(page, live_server, "day", day)
    frame = box(page).bounding_box()
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] - 3

    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 5, steps=2)
    page.mouse.move(x, y + 2 + 20 * minute(page), steps=4)
    page.mouse.up()

    page.wait_for_url("**/length/**")
    confirm(page, "Make it 80 min")
    expect(page.get_by_text("Length changed: Maya Ellison")).to_be_visible()
    visit.refresh_from_db()
    assert (visit.minutes, visit.price) == (80, 170)


def test_at_the_desk_a_visit_is_carried_by_keys_and_each_step_is_said(
    at_the_desk, live_server, scene, day, visit, axe
):
    page, said = at_the_desk, at_the_desk.locator("#live")
    look(page, live_server, "week", day)
    axe(page)
    box(page).locator("a").focus()

    page.keyboard.press("m")
    expect(said).to_contain_text("Maya E is in your hand")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("10:30 am to 11:30 am")
    for _ in scene.providers:  # to the same person a day later
        page.keyboard.press("ArrowRight")
    expect(said).to_contain_text(scene.provider.name)
    page.keyboard.press("Escape")
    expect(said).to_contain_text("back where it was")
    expect(box(page).locator("a")).to_be_focused()

    page.keyboard.press("m")
    for _ in scene.providers:
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/move/**")
    page.get_by_label("No, say nothing").check(force=True)
    confirm(page, "Move to")
    expect(page.get_by_text("The client is not told.")).to_be_visible()
    assert stands(visit) == (at(scene, day + timedelta(days=1), 9, 45), scene.provider.pk)


def test_by_hand_or_by_keys_a_visit_ends_past_closing_for_a_reason(
    at_the_desk, live_server, scene, day, visit, axe
):
    page = at_the_desk
    look(page, live_server, "day", day)
    x, y = middle(box(page))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 20, steps=4)
    page.mouse.move(x, y + 455 * minute(page), steps=8)
    expect(page.locator(".cal-carry")).to_have_text("5:30 pm to 6:30 pm")
    page.keyboard.press("Escape")
    page.mouse.up()

    box(page).locator("a").focus()
    page.keyboard.press("m")
    for _ in range(31):  # quarters of an hour, until it can go no further
        page.keyboard.press("ArrowDown")
    expect(page.locator("#live")).to_contain_text("5:45 pm to 6:45 pm")
    page.keyboard.press("Enter")

    page.wait_for_url("**/move/**")
    expect(page.get_by_text("It is outside opening hours.")).to_be_visible()
    axe(page)
    why = page.get_by_label("Why it is done all the same")
    why.fill(" ")
    page.get_by_role("button", name="Move to").click()
    expect(page.get_by_text("Please say in a few words why")).to_be_visible()
    axe(page)
    why.fill("Her train is late")
    confirm(page, "Move to")
    assert stands(visit) == (at(scene, day, 17, 45), scene.provider.pk)


def test_by_keys_a_visit_becomes_shorter(at_the_desk, live_server, day, visit):
    page = at_the_desk
    look(page, live_server, "day", day)
    box(page).locator("a").focus()

    for key in ("m", "Shift+ArrowUp", "Shift+ArrowUp", "Shift+ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator("#live")).to_contain_text("45 minutes")
    page.keyboard.press("Enter")

    page.wait_for_url("**/length/**")
    confirm(page, "Make it 45 min")
    visit.refresh_from_db()
    assert visit.minutes == 45


def test_on_a_tablet_a_finger_that_rests_takes_a_visit_along(
    at_the_desk, live_server, context, scene, day, visit, axe
):
    page = at_the_desk
    look(page, live_server, "day", day)
    axe(page)
    x, y = middle(box(page))
    down = y + 90 * minute(page)
    finger = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        spots = [{"x": x, "y": y} for x, y in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    touch("touchStart", (x, y))
    page.wait_for_timeout(600)
    expect(page.locator(".cal-carry")).to_be_visible()
    for step in range(1, 7):
        touch("touchMove", (x, y + (down - y) * step / 6))
    expect(page.locator(".cal-carry")).to_have_text("11:30 am to 12:30 pm")
    touch("touchEnd")

    page.wait_for_url("**/move/**")
    axe(page)
    confirm(page, "Move to")
    expect(page.get_by_text("Moved: Maya Ellison")).to_be_visible()
    assert stands(visit) == (at(scene, day, 11, 30), scene.provider.pk)


def test_on_a_tablet_a_visit_is_held_while_the_weeks_go_by_and_placed(
    at_the_desk, live_server, scene, day, visit, axe
):
    page = at_the_desk
    page.goto(f"{live_server.url}{reverse('staff:move', args=[visit.reference])}")
    page.get_by_role("button", name="Hold this visit").tap()
    page.get_by_role("link", name="Later").tap()
    expect(page.get_by_role("region", name="The visit you hold")).to_be_visible()
    axe(page)
    later = day + timedelta(days=7)
    column = page.locator(f".cal-col[data-day='{later}'][data-who='{scene.provider.pk}']")
    column.get_by_role("link", name="3:00 pm").tap()

    confirm(page, "Move to")
    assert stands(visit) == (at(scene, later, 15), scene.provider.pk)
    expect(page.get_by_role("region", name="The visit you hold")).to_have_count(0)


def test_on_a_tablet_every_target_of_a_day_is_big_enough_for_a_finger(
    at_the_desk, live_server, scene, day, visit
):
    page = at_the_desk
    short = booked(
        location=scene.location,
        provider=scene.provider,
        option=OptionFactory(treatment=scene.treatment, minutes=15, buffer_minutes=10),
        client__name="Sam Ortiz",
        starts_at=at(scene, day, 9, 30),
        room=scene.room,
        devices=[scene.console],
    )
    look(page, live_server, "day", day)

    for target in page.locator("main :is(a, button, label:not(.visually-hidden)):visible").all():
        frame = target.bounding_box()
        assert frame["height"] >= 44, target.inner_text()
        assert frame["width"] >= 44, target.inner_text()
    # It is drawn a quarter of an hour high; a finger on its turnover opens it all the same.
    frame = page.locator(f"[data-visit='{short.reference}']").bounding_box()
    assert frame["height"] < 44
    page.touchscreen.tap(frame["x"] + 60, frame["y"] + 40)
    page.wait_for_url(f"**{reverse('staff:visit', args=[short.reference])}")


def test_on_a_tablet_a_short_visit_takes_no_press_from_the_next_one(
    at_the_desk, live_server, scene, day, visit
):
    page = at_the_desk
    booked(
        location=scene.location,
        provider=scene.provider,
        option=OptionFactory(treatment=scene.treatment, minutes=15, buffer_minutes=10),
        starts_at=at(scene, day, 9, 30),
        room=scene.room,
        devices=[scene.console],
    )
    look(page, live_server, "day", day)

    frame = box(page).bounding_box()
    page.touchscreen.tap(frame["x"] + 60, frame["y"] + 2)
    page.wait_for_url(f"**{reverse('staff:visit', args=[visit.reference])}")


def test_without_a_script_columns_are_lists_and_the_form_moves_a_visit(
    at_the_desk, live_server, scene, day, visit
):
    page = at_the_desk
    look(page, live_server, "day", day)
    expect(box(page).get_by_text("10:00 am to 11:00 am")).to_be_visible()

    page.goto(f"{live_server.url}{reverse('staff:move', args=[visit.reference])}")
    page.get_by_label("Time", exact=True).fill("14:00")
    page.get_by_role("button", name="Look at this time").click()
    confirm(page, "Move to")
    expect(page.get_by_text("Moved: Maya Ellison")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    assert stands(visit) == (at(scene, day, 10), scene.provider.pk)


def test_a_day_of_every_state_has_no_barrier(at_the_desk, live_server, scene, day, visit, axe):
    page = at_the_desk
    states = [Status.PENDING_FORM, Status.CHECKED_IN, Status.IN_PROGRESS, Status.COMPLETED]
    for n, status in enumerate([*states, Status.NO_SHOW]):
        booked(
            location=scene.location,
            provider=scene.providers[1],
            option=scene.option,
            status=status,
            starts_at=at(scene, day, 9) + n * timedelta(minutes=75),
            room=scene.rooms[1],
            devices=[scene.devices[1]],
        )
    TimeOffFactory(
        resource=scene.provider,
        starts_at=at(scene, day, 14),
        ends_at=at(scene, day, 16),
        reason="Training",
    )

    for name in ("day", "week"):
        look(page, live_server, name, day)
        axe(page)


def test_on_a_phone_the_calendar_scrolls_in_its_own_frame(at_the_desk, live_server, day, axe):
    page = at_the_desk
    for name in ("day", "week"):
        look(page, live_server, name, day)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_paper_there_is_the_calendar_and_nothing_to_press(at_the_desk, live_server, day, visit):
    page = at_the_desk
    page.emulate_media(media="print")
    look(page, live_server, "day", day)

    expect(page.get_by_text("Maya Ellison")).to_be_visible()
    expect(page.get_by_role("navigation")).to_have_count(0)
    assert page.locator(".cal").evaluate("frame => frame.scrollHeight <= frame.clientHeight + 1")


def test_on_paper_a_day_and_a_week_take_one_sheet_each(at_the_desk, live_server, scene, day, visit):
    page = at_the_desk
    for name in ("day", "week"):
        look(page, live_server, name, day)
        for is_landscape in (False, True):
            printed = page.pdf(format="Letter", landscape=is_landscape, prefer_css_page_size=True)
            ((width, height),) = re.findall(rb"/MediaBox \[0 0 (\d+) (\d+)\]", printed)
            lies = int(width) > int(height)
            assert lies is (is_landscape or name == "week"), name
