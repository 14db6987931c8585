"""Whatever staff do is in the log: by its service, by the admin, or by the net under both."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.auth.models import Group
from django.test import Client as Browser
from django.urls import path, reverse

import clinic.urls
from booking.models import BookingEvent, Device
from booking.permissions import Role
from booking.services.cancelling import cancel
from booking.services.fees import waive_fee
from booking.services.ledger import CLIENT, staff
from booking.services.visits import check_in
from clinic.accounts import services as accounts
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.messaging.models import Suppression
from clinic.places.models import Closure
from clinic.trail.admin_site import NotingSite
from clinic.trail.models import Entry
from tests.factories import (
    MONDAY_9AM,
    ClientFactory,
    ClosureFactory,
    DeviceFactory,
    TreatmentFactory,
    UserFactory,
    booked,
)
from tests.permissions.walking import NOW, World, build, outcome, routes
from treatments.models import Option

pytestmark = pytest.mark.django_db

site = NotingSite()
site.register([Device, Client, Closure, Option])
urlpatterns = [path("admin/", site.urls), *clinic.urls.urlpatterns]

NAME_OR_ADDRESS = re.compile(r"@|[A-Z][a-z]+ [A-Z][a-z]+")


@pytest.fixture
def dana() -> User:
    return UserFactory(is_staff=True)


@pytest.fixture
def desk(client: Browser) -> Browser:
    """A browser in which somebody is signed in who may do everything."""
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def anything_goes(settings) -> None:
    """Put an admin that refuses nothing in the place of ours, whose rows belong to services."""
    settings.ROOT_URLCONF = __name__


def entries(*whats: str) -> list[Entry]:
    """The entries of these kinds, in the order they came."""
    return list(Entry.objects.filter(what__in=whats).order_by("pk"))


# Visits


def test_what_staff_do_to_a_visit_is_noted_once_with_its_states(dana):
    booking = booked()

    check_in(booking=booking, actor=staff(dana), now=MONDAY_9AM)

    (entry,) = entries("visit.checked_in")
    assert entry.user_id == dana.pk
    assert entry.subject == f"booking:{booking.pk}"
    assert entry.facts == {"from": "confirmed", "to": "checked_in"}
    assert BookingEvent.objects.filter(what="checked_in").count() == 1


def test_what_clients_do_stays_with_the_visit():
    cancel(booking=booked(), actor=CLIENT, now=MONDAY_9AM.replace(day=1))

    assert not Entry.objects.exists()


def test_reasons_and_words_of_health_stay_out_of_the_log(dana):
    cancelled = booked()
    cancel(
        booking=cancelled,
        actor=staff(dana),
        is_health_reason=True,
        now=MONDAY_9AM.replace(day=1),
    )
    waived = booked(fee_owed=85, status="no_show")
    waive_fee(booking=waived, actor=staff(dana), reason="Maya was ill", now=MONDAY_9AM)

    cancelling, waiving = entries("visit.cancelled", "visit.fee_waived")
    assert cancelling.facts == {"from": "confirmed", "to": "cancelled_clinic"}
    assert waiving.facts == {"fee": "85"} or waiving.facts == {"fee": "85.00"}


# People


def test_a_sign_in_of_staff_is_noted_and_one_of_a_client_is_not(client, dana):
    client.force_login(UserFactory(groups=[Role.CLIENT]))
    client.force_login(dana)

    (entry,) = entries("account.signed_in")
    assert entry.user_id == dana.pk


def test_invitations_are_noted_from_beginning_to_end(dana):
    role = Group.objects.get_or_create(name=Role.FRONT_DESK)[0]
    asked = {"role": role, "invited_by": dana, "now": MONDAY_9AM}
    first = accounts.invite(email="one@mail.example", **asked)
    second = accounts.invite(email="two@mail.example", **asked)

    accounts.revoke(invitations=[first.pk], by=dana, now=MONDAY_9AM)
    accounts.accept(invitation=second, name="Robin Hale", password="", now=MONDAY_9AM)

    assert [entry.what for entry in Entry.objects.order_by("pk")] == [
        "invitation.sent",
        "invitation.sent",
        "invitation.revoked",
        "invitation.accepted",
    ]
    assert "mail.example" not in str(list(Entry.objects.values()))


# The admin: a site of its own, in which everything may be written


def test_the_admin_notes_what_was_and_what_is_of_numbers_and_choices(desk, anything_goes):
    device = DeviceFactory(name="Console A", device_kind="console")
    url = reverse("admin:booking_device_change", args=[device.pk])

    desk.post(
        url,
        {"name": "Console A", "location": device.location_id, "device_kind": "led"},
    )

    (entry,) = entries("admin.changed")
    assert entry.subject == f"device:{device.pk}"
    assert entry.facts == {"is_active": [True, False], "device_kind": ["console", "led"]}
    assert not Device.objects.get().is_active


def test_the_admin_notes_of_texts_only_that_they_changed(desk, anything_goes):
    person = ClientFactory()
    url = reverse("admin:clients_client_change", args=[person.pk])
    inline = {"consents-TOTAL_FORMS": 0, "consents-INITIAL_FORMS": 0}

    desk.post(url, {"name": "Zoe Quill", "email": person.email, "phone": "+15035550199", **inline})

    assert Client.objects.get().name == "Zoe Quill"
    (entry,) = entries("admin.changed")
    assert entry.facts == {"name": "changed", "phone": "changed"}


def test_the_admin_notes_what_is_added_with_its_rows(desk, anything_goes):
    treatment = TreatmentFactory()

    desk.post(
        reverse("admin:treatments_option_add"),
        {"treatment": treatment.pk, "minutes": 45, "buffer_minutes": 15, "is_active": "on"},
    )

    (entry,) = entries("admin.added")
    assert entry.facts["treatment"] == treatment.pk
    assert entry.facts["minutes"] == 45


def test_the_admin_notes_each_of_several_rows_it_deletes(desk, anything_goes):
    closures = [ClosureFactory(), ClosureFactory()]

    desk.post(
        reverse("admin:places_closure_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [each.pk for each in closures],
            "post": "yes",
        },
    )

    assert not Closure.objects.exists()
    assert {entry.subject for entry in entries("admin.deleted")} == {
        f"closure:{each.pk}" for each in closures
    }
    assert not Entry.objects.filter(what__startswith="page.").exists()


def test_what_the_admin_refuses_is_not_noted_as_done(desk):
    desk.post(reverse("admin:treatments_option_add"), {"minutes": 45})

    assert not entries("admin.added")


# The net


def test_a_press_that_no_service_noted_gets_an_entry_of_its_own(desk):
    Suppression.objects.create(
        channel="email",
        address="maya@mail.example",
        reason=Suppression.Reason.BOUNCED,
        source="test:1",
        since=MONDAY_9AM,
    )
    (row,) = Suppression.objects.all()

    desk.post(
        reverse("admin:messaging_suppression_changelist"),
        {"action": "lift", "_selected_action": [row.pk]},
    )

    (entry,) = Entry.objects.filter(what__startswith="page.")
    assert entry.what == "page.admin:messaging_suppression_changelist"
    assert entry.facts == {"action": "lift", "rows": str(row.pk)}


def test_looking_is_not_noted(desk):
    before = Entry.objects.count()
    desk.get(reverse("staff:alerts"))
    desk.get(reverse("admin:booking_booking_changelist"))

    assert Entry.objects.count() == before


def test_a_press_that_is_refused_is_not_noted(client):
    client.force_login(UserFactory(groups=[Role.MEDICAL_LEAD], is_staff=True))
    before = Entry.objects.count()

    assert client.post(reverse("staff:waive", args=["K7P-2QX"])).status_code == 403
    assert Entry.objects.count() == before


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    from booking.services import calendars
    from booking.services.fetching import CannotFetch
    from clinic.web import clock

    def nobody_answers(*address: object, **known: object) -> None:
        raise CannotFetch(calendars.Trouble.UNREACHABLE)

    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(calendars, "fetch", nobody_answers)
    return build()


def test_no_press_of_staff_anywhere_goes_well_without_an_entry(world, monkeypatch):
    """Every POST of every address of the workspace and the admin, as an admin of the clinic."""
    counted: list[int] = []
    unnoted, noted = [], 0
    ask = Browser.post

    def post(browser: Browser, path: str) -> object:
        before = Entry.objects.count()
        response = ask(browser, path)
        counted.append(Entry.objects.count() - before)
        return response

    monkeypatch.setattr(Browser, "post", post)
    for route in routes():
        path = world.path(route)
        if "post" not in route.methods or not path.startswith(("/staff/", "/admin/")):
            continue
        if route.name in {"admin:logout", "admin:login", "/admin/login/"}:
            continue  # who that was is in the entry of the sign-in
        went = outcome(world.ask("admin", "post", path))
        if went in {"200", "go", "204"}:
            noted += 1
            if not counted[-1]:
                unnoted.append(route.name)

    assert noted > 20
    assert not unnoted


def test_no_entry_of_all_these_holds_a_name_or_an_address(world):
    for route in routes():
        path = world.path(route)
        if "post" in route.methods and path.startswith(("/staff/", "/admin/")):
            world.browsers["admin"].post(path)

    told = [json.dumps([entry.subject, entry.facts]) for entry in Entry.objects.all()]
    assert not [text for text in told if NAME_OR_ADDRESS.search(text)]
    assert world.client.name not in "".join(told)
