"""An admin puts the house in order: who works here, when, and what stands where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from booking.models import Provider, Resource, TimeOff, WorkingHours
from booking.permissions import Role, sync_roles
from clinic.accounts.models import Invitation
from clinic.messaging import doorbell
from clinic.places.models import Closure
from clinic.web import clock
from tests.factories import Scene, UserFactory, open_clinic

LAPTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
TODAY = date(2030, 3, 5)  # a Tuesday


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], request: pytest.FixtureRequest
) -> dict[str, Any]:
    by_hand = "phone" in request.node.name
    size = PHONE if by_hand else LAPTOP
    return {**browser_context_args, "viewport": size, "has_touch": by_hand}


@pytest.fixture
def scene(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A clinic with one aesthetician, a room and a console. It is 7:42 in the morning."""
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    sync_roles()
    clinic = open_clinic("America/Los_Angeles")
    at = datetime.combine(TODAY, time(7, 42), tzinfo=clinic.location.zone).astimezone(UTC)
    monkeypatch.setattr(clock, "now", lambda: at)
    return clinic


@pytest.fixture
def admin(live_server: Any, scene: Scene, context: BrowserContext, page: Page) -> Page:
    """A page of an admin who has signed in."""
    browser = Browser()
    browser.force_login(UserFactory(full_name="Sam Whitlock", groups=[Role.ADMIN], is_staff=True))
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
    context.add_cookies([cookie])
    return page


def press(page: Page, role: Any, name: str) -> None:
    """Press by keyboard."""
    page.get_by_role(role, name=name).press("Enter")


def test_at_a_laptop_somebody_is_asked_to_join_by_keyboard(
    admin: Page, scene: Scene, live_server: Any, axe: Callable[[Page], None]
):
    page = admin
    page.goto(f"{live_server.url}{reverse('staff:clinic')}")
    axe(page)
    press(page, "link", "People")
    expect(page.get_by_role("heading", level=1, name="People")).to_be_visible()
    axe(page)

    # A role is chosen, never taken because it came first
    page.get_by_label("E-mail").fill("noor@lumen.example")
    press(page, "button", "Send the invitation")
    expect(page.get_by_role("alert")).to_contain_text("Choose a role.")
    expect(page.get_by_label("E-mail")).to_have_value("noor@lumen.example")
    axe(page)
    page.get_by_label("Role").focus()
    page.keyboard.type(Role.AESTHETICIAN)
    press(page, "button", "Send the invitation")

    expect(page.get_by_text("Invited. The link in the letter is good for a week.")).to_be_visible()
    expect(page.get_by_role("heading", name="Asked, not here yet")).to_be_visible()
    axe(page)
    asked = Invitation.objects.get()
    assert (asked.email, asked.role.name) == ("noor@lumen.example", Role.AESTHETICIAN)
    assert mail.outbox[-1].to == ["noor@lumen.example"]


def test_at_a_laptop_an_aesthetician_is_added_with_skills_and_hours_and_can_be_booked(
    admin: Page, scene: Scene, live_server: Any, axe: Callable[[Page], None]
):
    page = admin
    page.goto(f"{live_server.url}{reverse('staff:people')}")
    press(page, "link", "Add an aesthetician")
    axe(page)
    page.get_by_label("Name").fill("Noor Haddad")
    page.get_by_label("Title").fill("Aesthetician")
    page.get_by_label("About").fill("Noor likes quiet hours.")
    page.get_by_label(scene.treatment.name).press("Space")
    press(page, "button", "Save")

    # Without hours nobody can book, so the next page is where they are given
    expect(page.get_by_role("heading", level=1, name="Noor Haddad")).to_be_visible()
    expect(page.get_by_text("No hours yet, so nobody can book.")).to_be_visible()
    axe(page)
    press(page, "link", "Other hours")
    page.get_by_role("combobox", name="At").select_option(label=scene.location.name)
    page.locator("#id_valid_from").fill("2030-03-06")
    page.get_by_role("textbox", name="Wednesday, from, 1").fill("10:00")
    page.get_by_role("textbox", name="Wednesday, until, 1").fill("14:00")
    axe(page)
    press(page, "button", "Set these hours")
    expect(page.get_by_text("It is in the diary, and touches no visits.")).to_be_visible()
    expect(page.get_by_text("10:00\xa0am to 2:00\xa0pm")).to_be_visible()
    axe(page)

    noor = Provider.objects.get(name="Noor Haddad")
    assert list(noor.treatments.all()) == [scene.treatment]
    assert WorkingHours.objects.get(provider=noor).location == scene.location
    expect(page.get_by_role("link", name="Schedule")).to_be_visible()

    # From the list of people to her profile, and from there to her hours again
    page.goto(f"{live_server.url}{reverse('staff:people')}")
    press(page, "link", "Change Noor Haddad")
    expect(page.get_by_label(scene.treatment.name)).to_be_checked()
    expect(page.get_by_role("link", name="Noor Haddad no longer works here")).to_be_visible()
    axe(page)
    press(page, "link", "Hours and time off")
    expect(page.get_by_role("heading", name="Weekly hours")).to_be_visible()


def test_at_a_laptop_a_public_holiday_is_closed_and_a_console_goes_out_of_service(
    admin: Page, scene: Scene, live_server: Any, axe: Callable[[Page], None]
):
    page, location = admin, scene.location
    page.goto(f"{live_server.url}{reverse('staff:places')}")
    axe(page)
    press(page, "link", location.name)
    axe(page)

    # The library proposes the holidays on which the doors would be open
    page.get_by_text("public holidays in the next year on which you would be open").press("Enter")
    axe(page)
    press(page, "link", "Close on Thu, Jul\xa04")
    expect(page.get_by_label("First day")).to_have_value("2030-07-04")
    axe(page)
    page.get_by_role("button", name="Close").press("Enter")
    expect(page.get_by_text("It is in the diary, and touches no visits.")).to_be_visible()
    axe(page)
    closed = Closure.objects.get()
    assert (closed.location, closed.starts_on) == (location, date(2030, 7, 4))
    assert closed.reason == "Independence Day"

    # A console that is being repaired cannot be booked
    device = scene.devices[0]
    page.goto(f"{live_server.url}{reverse('staff:place', args=[location.slug])}")
    expect(page.get_by_text("Independence Day").first).to_be_visible()
    press(page, "link", f"Out of service {device.name}")
    page.get_by_label("First day").fill("2030-03-06")
    page.get_by_label("Last day").fill("2030-03-06")
    page.get_by_label("Reason").fill("New cable")
    axe(page)
    press(page, "button", "Take out of service")
    expect(page.get_by_text("New cable").first).to_be_visible()
    axe(page)
    assert TimeOff.objects.get().resource == Resource.objects.get(pk=device.pk)

    # What stands here can be called something else
    page.goto(f"{live_server.url}{reverse('staff:place', args=[location.slug])}")
    expect(page.get_by_text("Out of service, all of Wed, Mar\xa06: New cable")).to_be_visible()
    press(page, "link", f"Rename {device.name}")
    axe(page)
    page.get_by_label("Name").fill("Blue console")
    press(page, "button", "Rename")
    expect(page.get_by_text(f"{device.name} is called Blue console now.")).to_be_visible()
    axe(page)


def test_on_a_phone_people_and_places_fit_and_are_set_by_touch(
    admin: Page, scene: Scene, live_server: Any, axe: Callable[[Page], None]
):
    page, location, provider = admin, scene.location, scene.provider
    for name, args in [
        ("clinic", []),
        ("people", []),
        ("new_person", []),
        ("person", [provider.slug]),
        ("schedule_of", [provider.pk]),
        ("places", []),
        ("new_place", []),
        ("place", [location.slug]),
        ("address", [location.slug]),
    ]:
        page.goto(f"{live_server.url}{reverse(f'staff:{name}', args=args)}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
        axe(page)

    page.get_by_label("Street").fill("9 New Street")
    page.get_by_role("button", name="Save").tap()
    expect(page.get_by_text(f"The address of {location.name} is saved.")).to_be_visible()
    location.refresh_from_db()
    assert location.street == "9 New Street"

    page.get_by_label("Name").fill("Room 9")
    page.get_by_role("button", name="Add", exact=True).tap()
    expect(page.get_by_text("Room 9 can be booked now.")).to_be_visible()
    assert Resource.objects.get(name="Room 9").location == location
