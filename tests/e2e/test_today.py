"""The day beside the chair and at the desk: by touch, by keyboard, without a connection."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, expect

from booking import services
from booking.models import Booking, Provider, Status
from booking.permissions import Role, sync_roles
from booking.services.ledger import staff
from clinic.accounts.models import User
from clinic.messaging import doorbell
from clinic.web import clock
from tests.booking.scenes import on
from tests.factories import UserFactory, booked, open_clinic

TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1440, "height": 900}
CALM = 800  # milliseconds; what comes under a finger cannot be pressed by the same tap


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    at_desk = "keyboard" in request.node.name
    size = DESK if at_desk else TABLET
    return {**browser_context_args, "viewport": size, "has_touch": not at_desk}


@pytest.fixture
def visit(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Booking:
    """Maya's visit at ten, Owen's at noon; it is five to ten on Monday 4 March 2030."""
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    scene = open_clinic("America/Los_Angeles")
    monkeypatch.setattr(clock, "now", lambda: on(scene, 4, 9, 55))
    Provider.objects.filter(pk=scene.provider.pk).update(name="Ana Lund")
    facts = {
        "location": scene.location,
        "provider": scene.provider,
        "option": scene.option,
        "room": scene.room,
        "devices": scene.devices,
    }
    booked(**facts, client__name="Owen Marsh", starts_at=on(scene, 4, 12))
    return booked(
        **facts, client__name="Maya Ellison", reference="K7P-2QX", starts_at=on(scene, 4, 10)
    )


@pytest.fixture
def ana(visit: Booking) -> User:
    """The one who gives the visits."""
    sync_roles()
    user: User = UserFactory(email="ana@lumen.example", full_name="Ana Lund")
    user.groups.set(UserFactory(groups=[Role.AESTHETICIAN]).groups.all())
    Provider.objects.filter(pk=visit.provider_id).update(user=user)
    return user


@pytest.fixture
def at_work(live_server: Any, ana: User, context: BrowserContext, page: Page) -> Page:
    """Her page of today."""
    browser = Browser()
    browser.force_login(ana)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    page.goto(f"{live_server.url}{reverse('staff:home')}")
    return page


def button(page: Page, words: str, client: str = "Maya Ellison") -> Locator:
    """The next step of a client's visit, in the list."""
    name = re.compile(rf"^{words}\s?, {client}$")
    return page.locator("#presses").get_by_role("button", name=name)


def test_on_a_tablet_from_arrival_to_done_takes_three_taps(
    at_work: Page, visit: Booking, axe: Callable[[Page], None]
):
    page, taps = at_work, 0
    expect(page.get_by_role("heading", level=1, name="Monday, March 4")).to_be_visible()
    axe(page)
    for words, said in (
        ("Check in", "Maya Ellison is checked in."),
        ("Start", "Maya Ellison is in treatment."),
        ("Complete", "The visit of Maya Ellison is completed."),
    ):
        button(page, words).tap()
        taps += 1
        expect(page.get_by_role("status").filter(has_text=said)).to_be_visible()
        axe(page)
        page.wait_for_timeout(CALM)

    assert taps <= 4
    visit.refresh_from_db()
    assert visit.status == Status.COMPLETED
    assert page.evaluate("document.documentElement.scrollWidth") <= TABLET["width"]

    undo = page.get_by_role("status").filter(has_text="is completed.")
    undo.get_by_role("button", name="Undo").tap()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    expect(button(page, "Complete")).to_be_visible()


def test_on_a_tablet_a_visit_has_one_undo_at_a_time_and_it_goes_by_itself(
    page: Page, at_work: Page, visit: Booking
):
    page.clock.install()
    page.reload()
    undo = page.locator(".toasts").get_by_role("button", name="Undo")
    for words, said in (
        ("Check in", "checked in"),
        ("Start", "treatment"),
        ("Complete", "completed"),
    ):
        button(page, words).tap()
        expect(page.locator(".toasts")).to_contain_text(said)
        expect(undo).to_have_count(1)
        page.clock.run_for(CALM)
    expect(page.locator(f"#more-{visit.reference}")).to_be_focused()

    page.clock.run_for(10_000)
    expect(undo).to_have_count(0)


def test_on_a_tablet_a_second_tap_of_the_same_finger_starts_nothing(at_work: Page, visit: Booking):
    button(at_work, "Check in").dblclick()
    expect(button(at_work, "Start")).to_be_visible()
    at_work.wait_for_timeout(CALM)

    visit.refresh_from_db()
    assert visit.status == Status.CHECKED_IN
    expect(button(at_work, "Start")).to_be_visible()


def test_on_a_tablet_who_was_second_reads_who_was_first(
    at_work: Page, visit: Booking, axe: Callable[[Page], None]
):
    dana = staff(UserFactory(full_name="Dana Whitlock"))
    services.check_in(booking=visit, actor=dana, now=clock.now())

    button(at_work, "Check in").tap()

    said = at_work.get_by_role("alert")
    expect(said).to_contain_text("Dana Whitlock checked the client in")
    expect(said).to_be_focused()
    expect(button(at_work, "Start")).to_be_visible()
    axe(at_work)


def test_at_a_desk_the_same_by_keyboard_alone(
    at_work: Page, visit: Booking, axe: Callable[[Page], None]
):
    page = at_work
    walk_to(page, button(page, "Check in"))
    for now, then in (("Check in", "Start"), ("Start", "Complete")):
        expect(button(page, now)).to_be_focused()
        page.keyboard.press("Enter")
        expect(button(page, then)).to_be_focused()
        page.wait_for_timeout(CALM)

    menu = page.locator(f"#more-{visit.reference}")
    walk_to(page, menu)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo the last step")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Undo the last step")).to_be_hidden()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    walk_to(page, page.get_by_role("button", name="Undo the last step"))
    page.keyboard.press("Enter")

    expect(button(page, "Start")).to_be_visible()
    visit.refresh_from_db()
    assert visit.status == Status.CHECKED_IN


def test_at_a_desk_somebody_else_s_day_is_chosen_by_keyboard(
    at_work: Page, live_server: Any, context: BrowserContext, visit: Booking
):
    sync_roles()
    browser = Browser()
    browser.force_login(UserFactory(groups=[Role.FRONT_DESK]))
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    page = at_work
    page.goto(f"{live_server.url}{reverse('staff:today')}")
    walk_to(page, page.get_by_label("Whose day"))
    page.keyboard.type("Ana")
    walk_to(page, page.get_by_role("button", name="Show"))
    page.keyboard.press("Enter")

    expect(page.get_by_label("Whose day")).to_have_value(
        f"{visit.location.slug}.{visit.provider_id}"
    )
    expect(page.get_by_text("45 min free", exact=True)).to_be_visible()


def test_without_a_connection_nothing_is_lost_and_the_press_is_made_again(
    at_work: Page, context: BrowserContext, visit: Booking, axe: Callable[[Page], None]
):
    page = at_work
    context.set_offline(True)
    expect(page.get_by_text("You are offline.")).to_be_visible()

    button(page, "Check in").tap()

    expect(page.get_by_role("alert")).to_have_text(
        "Not saved: there is no connection. Press again once it is back."
    )
    expect(button(page, "Check in")).to_be_visible()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("You see the day as it stood at 9:55")).to_be_visible()
    following = page.get_by_role("complementary", name="Next client")
    expect(following).to_contain_text("10:00 to 11:00 am")
    expect(following).to_contain_text("(503) 555-0123")
    axe(page)
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED

    context.set_offline(False)
    expect(page.get_by_text("You see the day as it stood")).to_have_count(0)
    page.wait_for_timeout(CALM)
    button(page, "Check in").tap()

    expect(button(page, "Start")).to_be_visible()
    expect(page.get_by_text("Not saved")).to_have_count(0)


def test_a_tablet_that_slept_for_an_hour_catches_up(at_work: Page, visit: Booking, ana: User):
    page = at_work
    page.clock.install()
    page.reload()
    expect(button(page, "Check in")).to_be_visible()
    services.check_in(booking=visit, actor=staff(ana), now=clock.now())

    page.clock.fast_forward("01:00:00")

    expect(button(page, "Start")).to_be_visible()


def test_coming_back_to_the_page_brings_it_up_to_date_at_once(
    at_work: Page, visit: Booking, ana: User
):
    services.check_in(booking=visit, actor=staff(ana), now=clock.now())

    at_work.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(button(at_work, "Start")).to_be_visible()


def test_nothing_changes_under_an_open_menu(at_work: Page, visit: Booking, ana: User):
    page = at_work
    page.clock.install()
    page.reload()
    page.locator(f"#more-{visit.reference}").tap()
    services.check_in(booking=visit, actor=staff(ana), now=clock.now())

    page.clock.fast_forward("02:00")
    expect(page.get_by_role("button", name="Decline for safety, no fee")).to_be_visible()
    expect(button(page, "Check in")).to_be_visible()

    page.locator("h1").tap()
    page.clock.fast_forward("00:10")
    expect(button(page, "Start")).to_be_visible()


def test_who_was_signed_out_meanwhile_is_led_to_the_sign_in(at_work: Page, context: BrowserContext):
    context.clear_cookies()

    at_work.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    at_work.wait_for_url("**/sign-in/**")


def test_the_sheet_prints_without_the_frame(at_work: Page, axe: Callable[[Page], None]):
    at_work.get_by_role("link", name="Day sheet, to print").tap()
    expect(at_work.get_by_role("cell", name="Maya E.")).to_be_visible()
    axe(at_work)

    at_work.emulate_media(media="print")

    expect(at_work.get_by_role("navigation")).to_be_hidden()
    expect(at_work.get_by_role("cell", name="10:00 to 11:00 am")).to_be_visible()


def walk_to(page: Page, element: Locator) -> None:
    """Press Tab until `element` has the focus."""
    for _press in range(60):
        if element.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("The Tab key does not lead there.")
