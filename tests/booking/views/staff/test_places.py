"""Where the clinic is, when its doors are open, and what stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Device, Resource, Room, TimeOff
from booking.permissions import Role
from booking.services import changes
from clinic.accounts.models import User
from clinic.places.models import Closure, Location
from clinic.places.public_holidays import proposed_closures
from clinic.trail.models import Entry
from clinic.web import clock
from tests.booking.scenes import NOW, on, slots_on, walls
from tests.factories import ClosureFactory, DeviceFactory, RoomFactory, booked

PLACES = reverse("staff:places")


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def admin(at_work: Callable[..., Browser]) -> Browser:
    return at_work(Role.ADMIN, email="sam@lumen.example")


def page_of(location: Location) -> str:
    return reverse("staff:place", args=[location.slug])


def address(location: Location, **changed: object) -> dict[str, Any]:
    """What the form of `location` sends, with what was `changed`."""
    kept = ("name", "street", "city", "region", "postal_code", "country", "phone", "time_zone")
    fields = {name: getattr(location, name) for name in kept}
    return {**fields, "directions": location.directions, "is_active": "on"} | changed


def test_the_list_costs_the_same_for_one_place_and_for_ten(
    admin: Browser, scene, django_assert_max_num_queries
) -> None:
    for number in range(9):
        Location.objects.create(name=f"Place {number}", slug=f"place-{number}", time_zone="UTC")

    with django_assert_max_num_queries(9):
        page = admin.get(PLACES).content.decode()

    assert "Place 8" in page
    assert scene.location.name in page


def test_a_place_costs_the_same_with_many_rooms_and_closures(
    admin: Browser, scene, django_assert_max_num_queries
) -> None:
    for number in range(8):
        room = RoomFactory(location=scene.location, name=f"Room {number}")
        TimeOff.objects.create(
            resource=room, starts_at=NOW, ends_at=NOW + timedelta(hours=3), reason="Painting"
        )
        day = NOW.date() + timedelta(days=number)
        Closure.objects.create(location=scene.location, starts_on=day, ends_on=day, reason="Snow")

    with django_assert_max_num_queries(14):
        page = admin.get(page_of(scene.location)).content.decode()

    assert page.count("Painting") == 8
    assert page.count("Snow") == 8


def test_public_holidays_on_which_the_doors_would_be_open_are_proposed(
    admin: Browser, scene
) -> None:
    page = admin.get(page_of(scene.location)).content.decode()

    assert "Independence Day" in page
    assert "&amp;starts_on=2030-07-04&amp;" in page


def test_a_holiday_is_proposed_once_and_only_where_the_doors_would_be_open(scene) -> None:
    span = {"first_on": date(2030, 7, 1), "last_on": date(2030, 7, 31)}
    assert [day.day for day in proposed_closures(scene.location, **span)] == [date(2030, 7, 4)]

    Closure.objects.create(
        location=scene.location,
        starts_on=date(2030, 7, 3),
        ends_on=date(2030, 7, 5),
        reason="Summer",
    )
    assert proposed_closures(scene.location, **span) == []

    Closure.objects.all().delete()
    scene.location.opening_hours.filter(weekday=date(2030, 7, 4).weekday()).delete()
    assert proposed_closures(scene.location, **span) == []


def test_a_state_the_library_does_not_know_has_the_holidays_of_its_country(scene) -> None:
    scene.location.region = "Nowhere"

    found = proposed_closures(scene.location, first_on=date(2030, 7, 1), last_on=date(2030, 7, 31))

    assert [each.name for each in found] == ["Independence Day"]


@pytest.mark.parametrize(("kind", "model"), [("room", Room), ("led", Device)])
def test_a_room_or_a_device_is_added(
    admin: Browser, scene, kind: str, model: type[Resource]
) -> None:
    admin.post(page_of(scene.location), {"name": "Number  9", "kind": kind})

    added = model.objects.get(name="Number 9")
    assert added.location == scene.location
    assert Entry.objects.get(subject=f"resource:{added.pk}").what == f"{added.kind}.added"


def test_two_things_of_one_name_cannot_be_told_apart(admin: Browser, scene) -> None:
    RoomFactory(location=scene.location, name="Number 9")

    answer = admin.post(page_of(scene.location), {"name": "number 9", "kind": "led"})

    assert answer.status_code == 422
    assert "Something here has this name already." in answer.content.decode()


def test_a_device_is_called_something_else(admin: Browser, scene) -> None:
    device = DeviceFactory(location=scene.location, name="Console 1")

    admin.post(reverse("staff:rename", args=[device.pk]), {"name": "Blue console"})

    device.refresh_from_db()
    assert device.name == "Blue console"


def test_a_provider_is_not_renamed_as_a_thing(admin: Browser, scene) -> None:
    assert admin.get(reverse("staff:rename", args=[scene.provider.pk])).status_code == 404


def test_an_address_is_mended_and_the_log_says_which_fields(admin: Browser, scene) -> None:
    admin.post(
        reverse("staff:address", args=[scene.location.slug]),
        address(scene.location, street="9 New Street"),
    )

    scene.location.refresh_from_db()
    assert scene.location.street == "9 New Street"
    assert Entry.objects.get(what="place.changed").facts == {"fields": ["street"]}


def test_the_clock_of_a_place_stays(admin: Browser, scene) -> None:
    zone = scene.location.time_zone

    admin.post(
        reverse("staff:address", args=[scene.location.slug]),
        address(scene.location, time_zone="Asia/Tokyo"),
    )

    scene.location.refresh_from_db()
    assert scene.location.time_zone == zone


class TestAClosureIsTakenBack:
    def take_back(self, browser: Browser, closure: Closure) -> str:
        url = reverse("staff:end_closure", args=[closure.location.slug])
        browser.post(url, {"closure": closure.pk})
        return browser.get(page_of(closure.location)).content.decode()

    def test_one_that_was_there_before_there_were_changes(self, admin: Browser, scene) -> None:
        closure = ClosureFactory(location=scene.location, starts_on=on(scene, 14, 0).date())
        assert not walls(slots_on(scene, 14))

        assert "These days can be booked again." in self.take_back(admin, closure)
        assert walls(slots_on(scene, 14))
        assert Entry.objects.get(what="schedule.closure_ended").facts["starts_on"] == "2030-03-14"

        assert "This closure was taken back already." in self.take_back(admin, closure)

    def test_with_the_change_that_wrote_it(self, admin: Browser, scene) -> None:
        day = on(scene, 14, 0).date()
        draft = changes.closure(location=scene.location, starts_on=day, ends_on=day)
        change = changes.propose(
            change=draft, user=User.objects.get(pk=admin.session["_auth_user_id"]), now=NOW
        )

        self.take_back(admin, Closure.objects.get())

        change.refresh_from_db()
        assert change.state == "withdrawn"
        assert walls(slots_on(scene, 14))


def switch_off(browser: Browser, location: Location) -> Any:
    fields = address(location, street="9 New Street")
    del fields["is_active"]
    return browser.post(reverse("staff:address", args=[location.slug]), fields)


def test_a_place_with_visits_ahead_stays_open_until_each_has_its_decision(
    admin: Browser, scene
) -> None:
    visit = booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        starts_at=on(scene, 14, 13),
    )

    answer = switch_off(admin, scene.location)

    assert answer.status_code == 422
    page = answer.content.decode()
    assert visit.reference in page
    assert "9 New Street" in page  # nothing typed is lost
    scene.location.refresh_from_db()
    assert scene.location.is_active

    link = re.search(r'href="([^"]*/closure/[^"]*)"', page)
    closing = admin.get(unescape(link[1]))
    assert closing.context["form"].initial["location"] == str(scene.location.pk)
    proposed = admin.post(closing.wsgi_request.path, closing.context["form"].initial)
    assert [each.pk for each in proposed.context["touched"]] == [visit.pk]


def test_a_place_where_nobody_is_expected_is_switched_off_and_nothing_is_booked_there(
    admin: Browser, scene
) -> None:
    assert walls(slots_on(scene, 14))

    assert switch_off(admin, scene.location).status_code == 303

    scene.location.refresh_from_db()
    assert not scene.location.is_active
    assert not walls(slots_on(scene, 14))


def test_a_country_nobody_knows_is_refused_beside_its_field(admin: Browser, scene) -> None:
    answer = admin.post(
        reverse("staff:address", args=[scene.location.slug]), address(scene.location, country="QQ")
    )

    assert answer.status_code == 422
    assert "Write the country in two capital letters" in answer.content.decode()


def test_an_address_says_of_each_field_what_is_missing(admin: Browser) -> None:
    answer = admin.post(reverse("staff:new_place"), {})

    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "name": ["Say what the place is called."],
        "street": ["Enter the street and the number."],
        "city": ["Enter the city."],
        "country": ["Enter the two letters of the country, such as US."],
        "time_zone": ["Enter the time zone, such as America/Los_Angeles."],
    }


def test_a_new_thing_says_what_is_missing(admin: Browser, scene) -> None:
    answer = admin.post(page_of(scene.location), {})

    assert answer.context["form"].errors == {
        "name": ["Give it a name, as it stands on its door or box."],
        "kind": ["Choose what it is."],
    }


def test_a_new_place_has_an_address_of_its_own(admin: Browser, scene) -> None:
    new = Location(name="Harbor Row", time_zone="America/New_York", country="us")

    admin.post(
        reverse("staff:new_place"), address(new, street="1 Pier", city="Portland", region="ME")
    )

    added = Location.objects.get(slug="harbor-row")
    assert (added.country, added.position > scene.location.position) == ("US", True)
