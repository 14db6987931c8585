"""Describing a change: whom it touches is seen before it is saved."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.urls import reverse

from booking.models import (
    ExtraOpening,
    ScheduleChange,
    TimeOff,
    WorkingHours,
)
from clinic.places.models import Closure, Location, OpeningHours
from tests.booking.changes.scenes import day_away, new, page, visit, week
from tests.booking.scenes import on
from treatments.models import Visibility

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
State = ScheduleChange.State


class TestProposing:
    def test_visits_in_the_way_are_shown_before_anything_is_saved(self, desk, scene):
        booking = visit(scene, name="Maya Ellison")

        asked = desk.post(new("time_off"), day_away(scene, reason="Ill"))

        text = asked.content.decode()
        assert asked.status_code == 200
        assert "1 visit is in this time" in text
        assert "Maya Ellison" in text
        assert "Add time off, decide 1 visit" in text
        assert not TimeOff.objects.exists()

        saved = desk.post(
            new("time_off"), day_away(scene, reason="Ill", seen=asked.context["seen"])
        )
        (change,) = ScheduleChange.objects.all()
        assert saved.headers["Location"] == page(change)
        assert (change.state, change.reason) == (State.PENDING, "Ill")
        assert change.visits.get().booking == booking
        row = change.time_off.get()
        assert (row.starts_at, row.ends_at) == (on(scene, 4, 0), on(scene, 5, 0))

    def test_a_visit_booked_after_the_look_is_shown_before_saving_too(self, desk, scene):
        visit(scene)
        seen = desk.post(new("time_off"), day_away(scene)).context["seen"]
        visit(scene, hour=12)

        again = desk.post(new("time_off"), day_away(scene, seen=seen))

        assert "2 visits are in this time" in again.content.decode()
        assert not ScheduleChange.objects.exists()

    def test_what_touches_nobody_is_saved_at_once(self, desk, scene):
        response = desk.post(new("time_off"), day_away(scene))

        assert response.headers["Location"] == reverse(
            "staff:schedule_of", args=[scene.provider.pk]
        )
        assert ScheduleChange.objects.get().state == State.IN_FORCE

    def test_hours_of_a_day_repeat_by_the_wall_over_a_change_of_the_clock(self, desk, scene):
        typed = day_away(
            scene,
            is_all_day="",
            starts_at="13:00",
            ends_at="14:30",
            repeats="1",
            repeats_until="2030-03-18",
        )

        desk.post(new("time_off"), typed)

        rows = TimeOff.objects.order_by("starts_at")
        assert [(row.starts_at, row.ends_at) for row in rows] == [
            (on(scene, day, 13), on(scene, day, 14, 30)) for day in (4, 11, 18)
        ]
        assert rows[1].starts_at - rows[0].starts_at == timedelta(hours=7 * 24 - 1)

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"ends_on": "2030-03-03"}, "That ends before it begins."),
            ({"starts_on": "2030-02-01", "ends_on": "2030-02-02"}, "That is over already."),
            ({"is_all_day": ""}, "Say from when until when"),
            ({"repeats": "1"}, "Say until which day it repeats."),
            ({"repeats": "1", "repeats_until": "2033-03-03"}, "more than 60 times"),
            (
                {"repeats": "1", "ends_on": "2030-03-20", "repeats_until": "2030-04-30"},
                "longer than until it repeats",
            ),
            ({"repeats": "1", "repeats_until": "2030-03-01"}, "That is before the first day."),
            ({"resource": ""}, "Choose for whom or what."),
            ({"starts_on": ""}, "Choose the first day."),
        ],
    )
    def test_what_makes_no_sense_is_said_beside_it(self, desk, scene, typed, said):
        response = desk.post(new("time_off"), day_away(scene, **typed))

        assert response.status_code == 422
        assert said in response.content.decode()
        assert not ScheduleChange.objects.exists()

    def test_weekly_hours_are_typed_as_a_table_with_their_breaks(self, desk, scene):
        form = desk.get(new("hours"), {"resource": scene.provider.pk})
        assert 'value="09:00"' in form.content.decode()

        typed = {
            "resource": scene.provider.pk,
            "location": scene.location.pk,
            "valid_from": "2030-03-04",
            **week("first", {0: ["09:00-12:00", "12:30-15:00"], 2: ["10:00-14:00"]}),
        }
        desk.post(new("hours"), typed)

        rows = WorkingHours.objects.filter(valid_from=date(2030, 3, 4)).order_by(
            "weekday", "starts_at"
        )
        assert [str(row) for row in rows] == [
            "Monday 09:00-12:00",
            "Monday 12:30-15:00",
            "Wednesday 10:00-14:00",
        ]

    def test_every_second_week_can_be_another_one(self, desk, scene):
        typed = {
            "resource": scene.provider.pk,
            "location": scene.location.pk,
            "valid_from": "2030-03-04",
            "takes_turns": "on",
            **week("first", {0: ["09:00-12:00"]}),
            **week("second", {1: ["09:00-12:00"]}),
        }

        desk.post(new("hours"), typed)

        rows = WorkingHours.objects.filter(every_weeks=2).order_by("weekday")
        assert [(row.weekday, row.valid_from.day) for row in rows] == [(0, 4), (1, 11)]

    @pytest.mark.parametrize(
        ("hours", "said"),
        [
            ({0: ["20:00-02:00"]}, "Hours past midnight are two days"),
            ({0: ["09:00-13:30"]}, "more than 4 hours of treating"),
            ({0: ["09:00-"]}, "Say from when until when."),
        ],
    )
    def test_hours_that_cannot_be_are_refused_with_a_sentence(self, desk, scene, hours, said):
        typed = {
            "resource": scene.provider.pk,
            "location": scene.location.pk,
            "valid_from": "2030-03-04",
            **week("first", hours),
        }

        response = desk.post(new("hours"), typed)

        assert response.status_code == 422
        assert said in response.content.decode()
        assert not WorkingHours.objects.filter(valid_from=date(2030, 3, 4)).exists()

    def test_an_extra_opening_is_added_and_taken_away(self, desk, scene):
        WorkingHours.objects.filter(weekday=0).delete()
        typed = {
            "resource": scene.provider.pk,
            "location": scene.location.pk,
            "day": "2030-03-04",
            "starts_at": "18:30",
            "ends_at": "20:00",
        }
        desk.post(new("extra"), typed)
        extra = ExtraOpening.objects.get()

        shown = desk.get(reverse("staff:schedule_of", args=[scene.provider.pk])).content.decode()
        assert f"{new('no_extra')}?extra={extra.pk}" in shown
        desk.post(new("no_extra"), {"extra": extra.pk})
        assert not ExtraOpening.objects.exists()

    def test_a_room_is_out_of_service(self, desk, scene):
        desk.post(new("out_of_service"), day_away(scene, resource=scene.room.pk))

        assert TimeOff.objects.get().resource_id == scene.room.pk

    def test_a_person_is_not_out_of_service(self, desk, scene):
        assert desk.post(new("out_of_service"), day_away(scene)).status_code == 422

    def test_who_leaves_it_as_it_was_is_where_they_came_from(self, admin, scene):
        place = reverse("staff:place", args=[scene.location.slug])
        link = re.search(r'href="([^"]*/opening/[^"]*)"', admin.get(place).content.decode())
        form = admin.get(unescape(link[1]))
        again = admin.post(new("opening"), {"back": form.context["back"]})

        assert again.status_code == 422
        for shown in (form, again):
            assert f'href="{place}">Leave as it was' in shown.content.decode()

    @pytest.mark.parametrize("back", ["", "https://elsewhere.example/", "//elsewhere.example"])
    def test_who_came_from_nowhere_of_ours_goes_to_the_schedules(self, desk, back):
        page = desk.get(new("time_off"), {"back": back}).content.decode()

        assert f'href="{reverse("staff:schedule")}">Leave as it was' in page

    def test_a_place_that_is_not_open_yet_gets_its_hours(self, admin, scene):
        Location.objects.filter(pk=scene.location.pk).update(is_active=False)

        form = admin.get(new("opening"), {"location": scene.location.pk}).context["form"]

        assert scene.location in form.fields["location"].queryset

    def test_a_place_is_closed(self, admin, scene):
        typed = {
            "location": scene.location.pk,
            "starts_on": "2030-03-04",
            "ends_on": "2030-03-05",
            "reason": "Inventory",
        }

        admin.post(new("closure"), typed)

        assert Closure.objects.get().reason == "Inventory"

    def test_doors_open_at_other_hours(self, admin, scene):
        typed = {
            "location": scene.location.pk,
            **week("first", {0: ["09:00-12:00", "13:00-18:00"]}),
        }

        admin.post(new("opening"), typed)

        assert [str(row) for row in OpeningHours.objects.all()] == [
            "Monday 09:00-12:00",
            "Monday 13:00-18:00",
        ]

    def test_somebody_leaves_and_something_is_no_longer_offered(self, admin, scene):
        admin.post(new("leaving"), {"resource": scene.provider.pk})
        admin.post(new("retiring"), {"treatment": scene.treatment.pk})

        scene.provider.refresh_from_db()
        scene.treatment.refresh_from_db()
        assert (scene.provider.is_active, scene.treatment.visibility) == (
            False,
            Visibility.RETIRED,
        )

    def test_exactly_one_thing_is_retired(self, admin, scene):
        both = {"treatment": scene.treatment.pk, "option": scene.option.pk}

        for typed in ({}, both):
            response = admin.post(new("retiring"), typed)
            assert "Choose one of the three." in response.content.decode()

    @pytest.mark.parametrize("kind", ["closure", "opening", "leaving", "retiring"])
    def test_the_desk_does_not_change_the_house(self, desk, kind):
        assert desk.get(new(kind)).status_code == 403

    def test_a_kind_there_is_not_is_no_page(self, desk):
        assert desk.get(new("nonsense")).status_code == 404

    @pytest.mark.parametrize("kind", ["time_off", "hours", "extra", "out_of_service"])
    def test_looking_at_a_form_changes_nothing(self, desk, kind, scene):
        assert desk.get(new(kind), {"resource": "x", "location": "9999"}).status_code == 200
        assert not ScheduleChange.objects.exists()
