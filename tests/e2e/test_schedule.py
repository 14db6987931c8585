"""A colleague is sick today: the desk decides what becomes of her visits, by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking.models import Booking, ScheduleChange, Status, TimeOff, TouchedVisit
from booking.permissions import Role, sync_roles
from booking.services.audit import findings
from clinic.messaging import doorbell
from clinic.messaging.models import Message
from clinic.web import clock
from tests.booking.views.staff.written import sent
from tests.factories import ClientFactory, Scene, UserFactory, booked, open_clinic

LAPTOP, TABLET = {"width": 1440, "height": 900}, {"width": 820, "height": 1180}
TODAY = date(2030, 3, 5)
PEOPLE = ["Max Stone", "Mei Wong", "Nina Rossi", "Kofi Mensah"]
HOURS = [9, 11, 13, 15]


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    size = TABLET if "tablet" in request.node.name else LAPTOP
    return {**browser_context_args, "viewport": size, "has_touch": size is TABLET}


@pytest.fixture
def scene(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Hana, with four visits today, and Clara, who has one at one o'clock. It is 7:42."""
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    sync_roles()
    clinic = open_clinic("America/Los_Angeles", providers=2, rooms=2, consoles=2)
    now = at(clinic, time(7, 42))
    monkeypatch.setattr(clock, "now", lambda: now)
    for provider, name in zip(clinic.providers, ("Hana Mori", "Clara Benítez"), strict=True):
        provider.name = name
        provider.save(update_fields=["name"])
    for name, hour in zip(PEOPLE, HOURS, strict=True):
        promised(clinic, name, hour, clinic.providers[0], 0)
    promised(clinic, "Ida Holm", 13, clinic.providers[1], 1)
    return clinic


def at(clinic: Scene, wall: time) -> datetime:
    """The instant of that time today, by the clinic's wall."""
    return datetime.combine(TODAY, wall, tzinfo=clinic.location.zone).astimezone(UTC)


def promised(clinic: Scene, name: str, hour: int, provider: Any, place: int) -> Booking:
    starts_at = at(clinic, time(hour))
    booking = booked(
        location=clinic.location,
        provider=provider,
        option=clinic.option,
        client=ClientFactory(name=name, phone="+15035550188"),
        starts_at=starts_at,
        created_at=starts_at - timedelta(days=9),
        room=clinic.rooms[place],
        devices=[clinic.devices[place]],
    )
    sent(booking, "M01", due_at=booking.created_at)
    return booking


def sign_in(context: BrowserContext, live_server: Any, user: Any) -> None:
    browser = Browser()
    browser.force_login(user)
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])


@pytest.fixture
def at_the_desk(live_server: Any, scene: Scene, context: BrowserContext, page: Page) -> Page:
    """A page of somebody of the front desk, who has signed in."""
    sign_in(context, live_server, UserFactory(full_name="Dana Whitlock", groups=[Role.FRONT_DESK]))
    return page


def choice_of(page: Page, name: str) -> Any:
    return page.get_by_role("combobox", name=f"What becomes of the visit of {name}")


def pick(page: Page, name: str, word: str) -> None:
    """Choose by keyboard: the select takes focus, letters find the words, the server keeps it."""
    select = choice_of(page, name)
    select.focus()
    with page.expect_response(lambda answer: "/choose/" in answer.url) as kept:
        page.keyboard.type(word, delay=20)
        page.keyboard.press("Enter")
    assert kept.value.ok


def test_at_the_desk_a_sick_day_is_decided_by_keyboard_and_resumed_after_closing_the_browser(
    at_the_desk: Page,
    scene: Scene,
    context: BrowserContext,
    live_server: Any,
    axe: Callable[[Page], None],
):
    page, hana = at_the_desk, scene.providers[0]

    # Time off for today, and whom it touches before anything is saved
    page.goto(f"{live_server.url}{reverse('staff:schedule_of', args=[hana.pk])}")
    axe(page)
    page.get_by_role("link", name="Time off").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Time off")).to_be_visible()
    page.get_by_label("First day").fill(TODAY.isoformat())
    page.get_by_label("Last day").fill(TODAY.isoformat())
    page.get_by_label("Reason").fill("Ill")
    axe(page)
    page.get_by_role("button", name="Add time off").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("4 visits are in this time")
    assert not TimeOff.objects.exists()
    axe(page)
    page.get_by_role("button", name="Add time off, decide 4 visits").focus()
    page.keyboard.press("Enter")

    # In the diary at once; a proposal for each
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hana Mori is away")
    change = ScheduleChange.objects.get()
    assert TimeOff.objects.get().change == change
    expect(choice_of(page, "Max Stone")).to_contain_text("9:00\xa0am with Clara")
    expect(page.get_by_text("Clara is trained and free")).to_have_count(3)
    axe(page)

    # What is picked is kept, row by row, and the press says what will happen
    pick(page, "Kofi Mensah", "Cancel")
    pick(page, "Mei Wong", "Keep")
    expect(page.get_by_role("button", name="Decide 4, tell 3 clients")).to_be_visible()
    expect(choice_of(page, "Mei Wong")).to_be_focused()
    page.get_by_role("button", name="Decide Mei Wong").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 visit is decided.")).to_be_visible()

    # The browser is closed; somebody else goes on where it was
    page.close()
    context.clear_cookies()
    sign_in(context, live_server, UserFactory(full_name="Eli Boone", groups=[Role.FRONT_DESK]))
    page = context.new_page()
    page.goto(f"{live_server.url}{reverse('staff:changes')}")
    axe(page)
    page.get_by_role("link", name="Hana Mori is away").focus()
    page.keyboard.press("Enter")
    expect(choice_of(page, "Kofi Mensah")).to_have_value("cancel")
    expect(page.get_by_text("Picked by Dana")).to_be_visible()
    expect(page.get_by_role("row", name="Mei Wong")).to_contain_text("Kept by exception")
    page.get_by_role("button", name="Decide 3, tell 3 clients").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 visits are decided.")).to_be_visible()
    expect(page.get_by_text("In force")).to_be_visible()
    axe(page)

    visits = {visit.client.name: visit for visit in Booking.objects.select_related("client")}
    max_, mei, nina, kofi = (visits[name] for name in PEOPLE)
    clara = scene.providers[1]
    assert (max_.provider, max_.starts_at) == (clara, at(scene, time(9)))
    assert (mei.provider_id, mei.starts_at) == (hana.pk, at(scene, time(11)))
    assert nina.provider == clara
    assert nina.starts_at != at(scene, time(13))  # Clara has Ida then
    assert kofi.status == Status.CANCELLED_CLINIC
    decided = set(TouchedVisit.objects.values_list("decision", "decided_by__full_name"))
    assert decided == {
        ("kept", "Dana Whitlock"),
        ("moved", "Eli Boone"),
        ("cancelled", "Eli Boone"),
    }
    told = Message.objects.filter(
        recipient="client", code="M09", channel="email", status=Message.Status.PLANNED
    )
    assert {row.subject for row in told} == {f"booking:{visit.pk}" for visit in (max_, nina, kofi)}
    assert findings(now=clock.now()) == []


def test_on_a_tablet_an_aesthetician_asks_and_an_admin_answers(
    scene: Scene,
    context: BrowserContext,
    page: Page,
    live_server: Any,
    axe: Callable[[Page], None],
):
    hana = scene.providers[0]
    hana.user = UserFactory(full_name="Hana Mori", groups=[Role.AESTHETICIAN])
    hana.save(update_fields=["user"])
    sign_in(context, live_server, hana.user)
    page.goto(f"{live_server.url}{reverse('staff:schedule')}")
    page.get_by_role("link", name="Ask for time off").tap()
    page.get_by_label("First day").fill("2030-03-20")
    page.get_by_label("Last day").fill("2030-03-22")
    page.get_by_role("button", name="Ask for time off").tap()
    expect(page.get_by_text("You have asked.")).to_be_visible()
    assert not TimeOff.objects.exists()
    axe(page)

    context.clear_cookies()
    sign_in(context, live_server, UserFactory(full_name="Ada Boss", groups=[Role.ADMIN]))
    page.goto(f"{live_server.url}{reverse('staff:changes')}")
    page.get_by_role("link", name="Hana Mori is away").tap()
    expect(page.get_by_role("heading", name="Your answer")).to_be_visible()
    axe(page)
    page.get_by_label("A word to go with it").fill("Enjoy the sea")
    page.get_by_role("button", name="Approve").tap()
    expect(page.get_by_text("“Enjoy the sea”")).to_be_visible()
    assert TimeOff.objects.get().resource_id == hana.pk

    page.goto(f"{live_server.url}{reverse('staff:schedule_of', args=[hana.pk])}")
    expect(page.get_by_text("Wed, Mar\xa020").first).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Other hours").tap()
    expect(page.get_by_role("heading", level=1, name="Working hours")).to_be_visible()
    axe(page)
