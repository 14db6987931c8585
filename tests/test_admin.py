"""Every row of the clinic can be looked at in the admin, and what services own only that."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection, models
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from booking.models import (
    Allocation,
    Booking,
    BookingEvent,
    BookingLine,
    Device,
    ExtraOpening,
    Resource,
    TimeOff,
    WorkingHours,
)
from booking.permissions import Role
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.messaging.models import Message
from clinic.places.models import PolicyVersion
from clinic.trail.models import Entry, Seal
from tests import factories
from tests.booking.scenes import confirm, on, slots_on, walls
from tests.factories import MONDAY_9AM, Scene, booked, give_hours, open_clinic
from tests.rows import make
from treatments.models import Option, Price

OURS = ("accounts", "booking", "clients", "messaging", "places", "trail", "treatments")
READ_ONLY = {
    "alert",
    "allocation",
    "booking",
    "bookingevent",
    "bookingline",
    "clientmerge",
    "clientnote",
    "closure",
    "consent",
    "draft",
    "entry",
    "feed",
    "instructionversion",
    "message",
    "openinghours",
    "outsidebusy",
    "outsidecalendar",
    "price",
    "pricechange",
    "reading",
    "resource",
    "schedulechange",
    "seal",
    "skincheck",
    "touchedvisit",
}
# What the content policy forbids: scripts, styles and handlers inside the page
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)[^>]*>")


def page(model: type[models.Model], name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def desk(db: None, client: Browser) -> Browser:
    """A browser in which somebody is signed in who may do everything."""
    client.force_login(factories.UserFactory(is_staff=True, is_superuser=True))
    return client


every_model = pytest.mark.parametrize(
    "model", admin.site._registry, ids=lambda model: model._meta.label_lower
)
read_only_model = pytest.mark.parametrize(
    "model",
    [model for model in admin.site._registry if model._meta.model_name in READ_ONLY],
    ids=lambda model: model._meta.label_lower,
)


def test_every_model_of_ours_is_in_the_admin():
    ours = {model for label in OURS for model in apps.get_app_config(label).get_models()}
    assert ours <= set(admin.site._registry)
    assert {model._meta.model_name for model in ours} >= READ_ONLY


GUARDED = {Price, Allocation, Booking, BookingEvent, BookingLine, Message, Entry, Seal}


def test_what_the_desk_guards_is_only_looked_at_here():
    assert {model._meta.model_name for model in GUARDED} <= READ_ONLY


@every_model
def test_every_list_can_be_searched_and_narrowed_down(model):
    listed = admin.site._registry[model]

    assert listed.search_fields
    assert listed.list_filter or listed.date_hierarchy


@every_model
def test_lists_and_pages_cost_the_same_for_many_rows(desk: Browser, model):
    row = [make(model), make(model)][-1]
    urls = [page(model, "changelist"), page(model, "change", row.pk)]
    costs: list[int] = []
    for url in urls:
        desk.get(url)  # Django learns the types of content once
    for more in (0, 18):
        for _ in range(more):
            make(model)
        for url in urls:
            with CaptureQueriesContext(connection) as queries:
                response = desk.get(url)
            assert response.status_code == 200, url
            assert not INLINE.findall(response.content.decode()), url
            costs.append(len(queries))

    assert costs[2:] == costs[:2]
    assert max(costs) <= 20


def test_a_booking_with_many_events_costs_what_one_with_few_does(desk: Browser):
    event = make(BookingEvent)
    url = page(Booking, "change", event.booking_id)
    desk.get(url)
    costs = []
    for more in (1, 9):
        for _ in range(more):
            user = factories.UserFactory()
            BookingEvent.objects.create(
                booking=event.booking, what="moved", at=MONDAY_9AM, by="staff", user=user
            )
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(url).status_code == 200
        costs.append(len(queries))

    assert costs[0] == costs[1]


@every_model
def test_search_finds_a_row_and_not_the_others(desk: Browser, model):
    row, other = make(model), make(model)
    (field, *_) = admin.site._registry[model].search_fields
    lookup = field.lstrip("=^@")
    (word,) = model._default_manager.filter(pk=row.pk).values_list(lookup, flat=True)

    found = desk.get(page(model, "changelist"), {"q": word}).context["cl"].result_list
    missed = desk.get(page(model, "changelist"), {"q": "xyzzy"}).context["cl"].result_list

    assert row in found
    assert not missed
    assert other in desk.get(page(model, "changelist")).context["cl"].queryset


@read_only_model
def test_what_services_write_cannot_be_written_here(desk: Browser, model):
    row = make(model)
    before = model._default_manager.values().get(pk=row.pk)

    assert desk.get(page(model, "add")).status_code == 403
    assert desk.post(page(model, "add"), {}).status_code == 403
    assert desk.post(page(model, "change", row.pk), {}).status_code == 403
    assert desk.get(page(model, "delete", row.pk)).status_code == 403
    assert desk.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    desk.post(page(model, "changelist"), chosen)
    assert model._default_manager.values().get(pk=row.pk) == before


# What goes through a service or a second pair of eyes


def away(resource: Resource, starts: str, ends: str) -> dict[str, Any]:
    return {
        "resource": resource.pk,
        "starts_at_0": "2030-03-04",
        "starts_at_1": starts,
        "ends_at_0": "2030-03-04",
        "ends_at_1": ends,
        "reason": "Training",
    }


def test_time_off_is_added_and_taken_back_but_never_over_a_visit(desk: Browser):
    provider = booked().provider  # 09:00 to 10:15 UTC, turnover included
    url = page(TimeOff, "add")

    refused = desk.post(url, away(provider, "10:00", "12:00"))
    assert "There are appointments in this time." in refused.content.decode()
    assert 'value="Training"' in refused.content.decode()
    assert not TimeOff.objects.exists()

    desk.post(url, away(provider, "10:15", "12:00"))
    (time_off,) = TimeOff.objects.all()
    assert time_off.created_by is not None
    assert desk.post(page(TimeOff, "change", time_off.pk), {}).status_code == 403

    desk.post(page(TimeOff, "delete", time_off.pk), {"post": "yes"})
    assert not TimeOff.objects.exists()


def weekly(scene: Scene, *, day: int = 0, **fields: Any) -> dict[str, Any]:
    """What the form of working hours sends: nine to one, each week."""
    return {
        "provider": scene.provider.pk,
        "location": scene.location.pk,
        "weekday": day,
        "starts_at": "09:00",
        "ends_at": "13:00",
        "valid_from": "2030-01-01",
        "valid_until": "",
        "every_weeks": 1,
    } | fields


@pytest.fixture
def scene(db: None) -> Scene:
    """A clinic whose only aesthetician works on Mondays from nine to one."""
    scene = open_clinic("UTC")
    WorkingHours.objects.all().delete()
    give_hours(scene.provider, scene.location, days=[0], ends_at=time(13))
    return scene


@pytest.fixture
def manager(client_of: Callable[..., Browser]) -> Browser:
    """A browser in which an admin of the clinic is signed in."""
    return client_of(Role.ADMIN)


def test_an_admin_of_the_clinic_changes_hours_and_adds_some(manager: Browser, scene: Scene):
    (hours,) = WorkingHours.objects.all()

    changed = manager.post(page(WorkingHours, "change", hours.pk), weekly(scene, ends_at="12:30"))
    added = manager.post(
        page(WorkingHours, "add"), weekly(scene, starts_at="13:00", ends_at="16:00")
    )

    assert (changed.status_code, added.status_code) == (302, 302)
    assert list(WorkingHours.objects.values_list("ends_at", flat=True)) == [time(12, 30), time(16)]
    assert walls(slots_on(scene, 4))[-1] == "14:30"  # a first visit takes 90 minutes
    assert LogEntry.objects.count() == 2


def test_the_front_desk_sees_hours_and_does_not_change_them(client_of, scene: Scene):
    (hours,) = WorkingHours.objects.all()
    url = page(WorkingHours, "change", hours.pk)
    desk = client_of(Role.FRONT_DESK)

    assert desk.get(url).status_code == 200
    assert desk.post(url, weekly(scene, ends_at="12:00")).status_code == 403
    assert desk.post(page(WorkingHours, "delete", hours.pk), {"post": "yes"}).status_code == 403
    assert WorkingHours.objects.get().ends_at == time(13)


def test_hours_without_a_break_are_refused_beside_what_was_typed(manager: Browser, scene: Scene):
    (hours,) = WorkingHours.objects.all()

    for url in (page(WorkingHours, "add"), page(WorkingHours, "change", hours.pk)):
        refused = manager.post(url, weekly(scene, day=1, starts_at="08:15", ends_at="14:45"))

        assert refused.status_code == 200
        assert "more than 4 hours of treating in a row" in refused.content.decode()
        assert 'value="08:15"' in refused.content.decode()
        assert 'value="14:45"' in refused.content.decode()
    assert WorkingHours.objects.values_list("pk", "weekday", "ends_at").get() == (
        hours.pk,
        0,
        time(13),
    )
    assert not LogEntry.objects.exists()


def test_hours_do_not_shrink_over_a_promised_visit(manager: Browser, scene: Scene):
    confirm(scene, on(scene, 4, 11))  # until 12:15, and 15 minutes after
    (hours,) = WorkingHours.objects.all()
    url = page(WorkingHours, "change", hours.pk)

    refused = manager.post(url, weekly(scene, ends_at="12:15"))
    assert "There are appointments in this time." in refused.content.decode()
    assert 'value="12:15"' in refused.content.decode()
    assert WorkingHours.objects.get().ends_at == time(13)

    assert manager.post(url, weekly(scene, ends_at="12:30")).status_code == 302
    assert WorkingHours.objects.get().ends_at == time(12, 30)


def test_hours_with_a_promised_visit_are_not_removed(manager: Browser, scene: Scene):
    booking = confirm(scene, on(scene, 4, 11))
    (hours,) = WorkingHours.objects.all()
    (empty,) = give_hours(scene.provider, scene.location, days=[1], ends_at=time(13))
    one = (page(WorkingHours, "delete", hours.pk), {"post": "yes"})
    both = {"action": "delete_selected", "_selected_action": [empty.pk, hours.pk], "post": "yes"}
    chosen = (page(WorkingHours, "changelist"), both)

    for url, typed in (one, chosen):
        refused = manager.post(url, typed, follow=True)
        assert "There are appointments in this time." in refused.content.decode()
        assert "uccessfully" not in refused.content.decode()
        assert WorkingHours.objects.count() == 2
        assert not LogEntry.objects.exists()

    booking.allocations.all().delete()
    manager.post(*chosen)
    assert not WorkingHours.objects.exists()


def test_an_extra_opening_is_added_and_can_be_booked(manager: Browser, scene: Scene):
    assert walls(slots_on(scene, 6)) == []
    typed = {
        "provider": scene.provider.pk,
        "location": scene.location.pk,
        "day": "2030-03-06",
        "starts_at": "18:00",
        "ends_at": "20:00",
    }

    added = manager.post(page(ExtraOpening, "add"), typed)

    assert added.status_code == 302
    assert walls(slots_on(scene, 6)) == ["18:00", "18:15", "18:30"]

    confirm(scene, on(scene, 6, 18))
    (extra,) = ExtraOpening.objects.all()
    manager.post(page(ExtraOpening, "delete", extra.pk), {"post": "yes"})
    refused = manager.post(page(ExtraOpening, "change", extra.pk), typed | {"ends_at": "19:00"})
    assert "There are appointments in this time." in refused.content.decode()
    assert ExtraOpening.objects.get().ends_at == time(20)


def test_a_policy_is_published_by_somebody_now_and_never_edited(desk: Browser):
    desk.post(page(PolicyVersion, "add"), {"values": '{"hold_minutes": 5}', "reason": "Try it"})

    (version,) = PolicyVersion.objects.all()
    assert version.published_by is not None
    assert desk.post(page(PolicyVersion, "change", version.pk), {}).status_code == 403
    assert desk.post(page(PolicyVersion, "delete", version.pk), {}).status_code == 403


@pytest.mark.parametrize("values", ["[1]", '{"hold_minutes": -1}', '{"hold": 5}', "7", "null"])
def test_a_policy_that_makes_no_sense_is_refused_in_words(desk: Browser, values: str):
    refused = desk.post(page(PolicyVersion, "add"), {"values": values, "reason": "Oops"})

    assert refused.status_code == 200
    assert refused.context["adminform"].form.errors
    assert not PolicyVersion.objects.exists()


def test_the_length_of_an_option_stays_once_it_is_there(desk: Browser):
    option = factories.OptionFactory(minutes=60)

    desk.post(
        page(Option, "change", option.pk),
        {"treatment": option.treatment.pk, "minutes": 30, "buffer_minutes": 20, "is_active": "on"},
    )
    option.refresh_from_db()

    assert (option.minutes, option.buffer_minutes) == (60, 20)


def test_the_clock_of_a_place_is_set_once(desk: Browser):
    place = factories.LocationFactory(time_zone="America/New_York")

    page = desk.get(reverse("admin:places_location_change", args=[place.pk])).content.decode()

    assert "America/New_York" in page
    assert 'name="time_zone"' not in page
    assert 'name="time_zone"' in desk.get(reverse("admin:places_location_add")).content.decode()


def test_a_device_stays_the_device_that_bookings_were_promised(desk: Browser):
    device = factories.DeviceFactory()
    elsewhere = factories.LocationFactory()

    desk.post(
        page(Device, "change", device.pk),
        {"name": "Console A", "location": elsewhere.pk, "device_kind": "led", "is_active": "on"},
    )
    device.refresh_from_db()

    assert (device.name, device.device_kind) == ("Console A", "console")
    assert device.location != elsewhere


# Who may look


@pytest.fixture
def client_of(db: None) -> Callable[..., Browser]:
    """Return a browser in which somebody of a role is signed in."""

    def sign_in(*roles: str) -> Browser:
        browser = Browser()
        browser.force_login(factories.UserFactory(is_staff=True, groups=roles))
        return browser

    return sign_in


def test_the_front_desk_reads_bookings_and_an_aesthetician_no_list_of_clients(client_of):
    booking = booked()
    front_desk, aesthetician = client_of(Role.FRONT_DESK), client_of(Role.AESTHETICIAN)

    assert front_desk.get(page(Booking, "change", booking.pk)).status_code == 200
    assert front_desk.get(page(Client, "changelist")).status_code == 200
    assert front_desk.get(page(User, "changelist")).status_code == 403
    assert aesthetician.get(page(Booking, "changelist")).status_code == 403
    assert aesthetician.get(page(Client, "changelist")).status_code == 403
    assert aesthetician.get(page(Option, "changelist")).status_code == 200


def test_the_admin_is_the_clinics_and_holds_to_its_content_security_policy(desk: Browser):
    response = desk.get(reverse("admin:index"))

    assert settings.CLINIC_NAME in response.content.decode()
    assert "unsafe-inline" not in response["Content-Security-Policy"]
    assert "css/admin.css" in response.content.decode()


def test_the_admin_says_by_which_clock_its_times_are(desk: Browser):
    assert "Times in UTC" in desk.get(reverse("admin:index")).content.decode()
    with timezone.override("America/New_York"):
        assert "Times in Eastern Time" in desk.get(page(TimeOff, "add")).content.decode()


@pytest.mark.parametrize(
    ("make_row", "field", "now_off"),
    [
        (factories.ProviderFactory, "is_active", False),
        (factories.RoomFactory, "is_active", False),
        (factories.DeviceFactory, "is_active", False),
        (factories.OptionFactory, "is_active", False),
        (factories.LocationFactory, "is_active", False),
        (factories.TreatmentFactory, "visibility", "retired"),
        (factories.AddOnFactory, "visibility", "retired"),
    ],
)
def test_what_may_touch_visits_is_not_switched_off_here_but_may_be_switched_on(
    desk: Browser, make_row, field, now_off
):
    row = make_row()
    url = page(type(row), "change", row.pk)
    assert f'name="{field}"' not in desk.get(url).content.decode()

    setattr(row, field, now_off)
    row.save()
    assert f'name="{field}"' in desk.get(url).content.decode()
