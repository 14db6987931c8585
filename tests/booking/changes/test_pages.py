"""The pages of the schedule: describe a change, see whom it touches, save, decide, answer."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import (
    ExtraOpening,
    ScheduleChange,
    TimeOff,
    TouchedVisit,
    WorkingHours,
)
from booking.permissions import Role
from booking.services import changes
from clinic.places.models import Closure, OpeningHours
from clinic.web import clock
from tests.booking.changes.scenes import away, day_off, visit
from tests.booking.scenes import NOW, on
from tests.factories import ExtraOpeningFactory, UserFactory
from treatments.models import Visibility

pytestmark = pytest.mark.django_db
State, Decision = ScheduleChange.State, TouchedVisit.Decision


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def as_() -> Callable[..., Browser]:
    def sign_in(user) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return sign_in


@pytest.fixture
def desk(as_, dana) -> Browser:
    return as_(dana)


@pytest.fixture
def admin(as_, ada) -> Browser:
    return as_(ada)


def new(kind: str) -> str:
    return reverse("staff:propose", args=[kind])


def press(browser: Browser, name: str, pk: int, **typed):
    """Press a button, and see the page it leads to."""
    answer = browser.post(reverse(f"staff:{name}", args=[pk]), typed)
    return browser.get(answer.headers["Location"]).content.decode()


def page(change) -> str:
    return reverse("staff:change", args=[change.pk])


def day_away(scene, **fields) -> dict:
    return {
        "resource": scene.provider.pk,
        "starts_on": "2030-03-04",
        "ends_on": "2030-03-04",
        "is_all_day": "on",
        "repeats": "0",
    } | fields


def week(key: str, hours: dict[int, list[str]]) -> dict[str, str]:
    """The fields of a week as its table posts them."""
    typed = {}
    for day, stretches in hours.items():
        for number, stretch in enumerate(stretches):
            start, end = stretch.split("-")
            typed |= {f"{key}-{day}-{number}-from": start, f"{key}-{day}-{number}-until": end}
    return typed


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
            ({"resource": ""}, "This field is required"),
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


class TestDeciding:
    def test_each_visit_has_a_proposal_and_the_press_says_how_many_are_told(
        self, desk, scene, dana
    ):
        visit(scene, name="Maya Ellison")
        visit(scene, hour=11, name="Max Stone")

        text = desk.get(page(day_off(scene, dana))).content.decode()

        assert "9:00\xa0am with Clara" in text
        assert "Clara is trained and free" in text
        assert "Decide 2, tell 2 clients" in text

    def test_all_are_decided_as_proposed_and_the_change_is_in_force(self, desk, scene, dana):
        bookings = [visit(scene, hour=hour) for hour in (9, 11)]
        change = day_off(scene, dana)
        rows = desk.get(page(change)).context["rows"]
        typed = {f"choice-{row.touched.pk}": str(row.choice) for row in rows}
        typed |= {f"version-{row.touched.pk}": "0" for row in rows}

        assert "2 visits are decided." in press(desk, "decide", change.pk, **typed)
        change.refresh_from_db()
        assert change.state == State.IN_FORCE
        for booking in bookings:
            booking.refresh_from_db()
            assert booking.provider == scene.providers[1]

    def test_one_is_decided_and_the_others_wait(self, desk, scene, dana):
        visit(scene)
        visit(scene, hour=11)
        change = day_off(scene, dana)
        first, second = change.visits.all()
        typed = {f"choice-{row.pk}": "cancel" for row in (first, second)}
        typed |= {f"version-{row.pk}": "0" for row in (first, second)}

        desk.post(reverse("staff:decide", args=[change.pk]), typed | {"only": second.pk})

        decided = dict(change.visits.values_list("pk", "decision"))
        assert decided == {first.pk: Decision.OPEN, second.pk: Decision.CANCELLED}

    def test_what_did_not_work_stays_with_its_sentence_and_the_rest_is_done(
        self, desk, scene, dana
    ):
        visit(scene)
        visit(scene, hour=11)
        change = day_off(scene, dana)
        first, second = change.visits.all()
        typed = {
            f"choice-{first.pk}": "20300304T1400Z-99999",
            f"version-{first.pk}": "7",
            f"choice-{second.pk}": "keep",
            f"version-{second.pk}": "0",
        }

        response = desk.post(reverse("staff:decide", args=[change.pk]), typed)

        assert response.status_code == 409
        assert "has changed in the meantime" in response.content.decode()
        second.refresh_from_db()
        assert second.decision == Decision.KEPT

    def test_somebody_picked_who_does_not_exist_is_no_surprise(self, desk, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        touched = change.visits.get()
        typed = {f"choice-{touched.pk}": "20300304T1400Z-99999", f"version-{touched.pk}": "0"}

        assert desk.post(reverse("staff:decide", args=[change.pk]), typed).status_code == 409
        assert change.visits.get().decision == Decision.OPEN

    def test_who_is_called_first_waits(self, desk, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        touched = change.visits.get()

        desk.post(
            reverse("staff:decide", args=[change.pk]),
            {f"choice-{touched.pk}": "call", f"version-{touched.pk}": "0"},
        )

        assert change.visits.get().decision == Decision.OPEN

    def test_a_pick_is_kept_when_the_browser_closes(self, desk, as_, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        touched = change.visits.get()

        answered = desk.post(
            reverse("staff:choose", args=[change.pk]),
            {f"choice-{touched.pk}": "keep"},
            headers={"HX-Request": "true"},
        )

        text = answered.content.decode()
        assert "Decide 1, tell nobody" in text
        assert f'id="why-{touched.pk}" hx-swap-oob="true"' in text
        other = as_(UserFactory(groups=[Role.FRONT_DESK], is_staff=True))
        later = other.get(page(change)).content.decode()
        assert '<option value="keep" selected>' in later
        assert "Picked by Dana" in later

    def test_a_decision_made_shows_who_made_it_and_when(self, desk, scene, dana):
        visit(scene)
        change = day_off(scene, dana)
        changes.decide(
            touched=change.visits.get(),
            choice=changes.Choice("keep"),
            version=0,
            user=dana,
            now=NOW,
        )

        text = desk.get(page(change)).content.decode()

        assert "Kept by exception" in text
        assert "Dana, " in text

    def test_a_kept_visit_says_so_on_its_own_page(self, desk, scene, dana):
        booking = visit(scene)
        change = day_off(scene, dana)
        changes.decide(
            touched=change.visits.get(),
            choice=changes.Choice("keep"),
            version=0,
            user=dana,
            now=NOW,
        )

        shown = desk.get(reverse("staff:visit", args=[booking.reference])).content.decode()

        assert "Kept by exception" in shown
        assert "Hana Mori is away" in shown

    def test_twenty_visits_cost_the_page_as_much_as_two(
        self, desk, scene, dana, django_assert_max_num_queries
    ):
        for hour in (9, 11):
            visit(scene, 5, hour)
        few = day_off(scene, dana, day=5)
        for day in (11, 12, 13, 14, 15):
            for hour in (9, 11, 13, 15):
                visit(scene, day, hour)
        draft = away(scene, on(scene, 10, 0), on(scene, 22, 0))
        many = changes.propose(change=draft, user=dana, now=NOW)

        for change, count in ((few, 2), (many, 20)):
            with django_assert_max_num_queries(36):
                response = desk.get(page(change))
            assert len(response.context["rows"]) == count

    def test_taken_back_from_its_page_it_is_out_of_the_diary(self, desk, scene, dana):
        change = day_off(scene, dana)

        assert "The diary is as it was before." in press(desk, "withdraw", change.pk)
        assert not TimeOff.objects.exists()


class TestAsking:
    def test_an_aesthetician_asks_and_an_admin_approves_seeing_whom_it_touches(
        self, as_, hana, admin, scene
    ):
        visit(scene, name="Maya Ellison")
        mine = as_(hana)
        form = mine.get(new("time_off"))
        assert "Ask for time off" in form.content.decode()
        asked = mine.post(new("time_off"), day_away(scene))
        assert "before an admin has answered" in asked.content.decode()
        mine.post(new("time_off"), day_away(scene, seen=asked.context["seen"]))
        change = ScheduleChange.objects.get()
        assert (change.state, change.asked_by) == (State.ASKED, hana)

        text = admin.get(page(change)).content.decode()
        assert "Maya Ellison" in text
        assert "Approve, decide 1 visit" in text
        admin.post(reverse("staff:answer", args=[change.pk]), {"approve": "", "answer": "Have fun"})

        change.refresh_from_db()
        assert change.state == State.PENDING
        shown = mine.get(reverse("staff:schedule_of", args=[scene.provider.pk])).content.decode()
        assert "Have fun" in shown

    def test_other_hours_are_asked_for_too(self, as_, hana, scene):
        typed = {
            "resource": scene.provider.pk,
            "location": scene.location.pk,
            "valid_from": "2030-03-04",
            **week("first", {0: ["09:00-12:00"]}),
        }

        assert "Ask for this" in as_(hana).get(new("hours")).content.decode()
        as_(hana).post(new("hours"), typed)

        assert ScheduleChange.objects.get().state == State.ASKED
        assert not WorkingHours.objects.filter(valid_from=date(2030, 3, 4)).exists()

    def test_the_list_costs_the_same_for_twenty_changes_as_for_two(
        self, desk, scene, dana, django_assert_max_num_queries
    ):
        for day in range(4, 24):
            day_off(scene, dana, day=day)
            if day in {5, 23}:
                with django_assert_max_num_queries(18):
                    desk.get(reverse("staff:changes"))

    def test_a_refusal_reaches_who_asked(self, as_, hana, admin, scene):
        mine = as_(hana)
        mine.post(new("time_off"), day_away(scene))
        change = ScheduleChange.objects.get()

        admin.post(
            reverse("staff:answer", args=[change.pk]), {"refuse": "", "answer": "Not in May"}
        )

        shown = mine.get(reverse("staff:changes")).content.decode()
        assert "Not in May" in shown
        assert "Not approved" in shown

    def test_nobody_asks_for_a_colleague_or_looks_at_theirs(self, as_, hana, scene, dana):
        mine, other = as_(hana), scene.providers[1]

        assert mine.post(new("time_off"), day_away(scene, resource=other.pk)).status_code == 422
        assert mine.get(reverse("staff:schedule_of", args=[other.pk])).status_code == 404
        theirs = changes.propose(
            change=away(scene, on(scene, 4, 0), on(scene, 5, 0), resource=other),
            user=dana,
            now=NOW,
        )
        assert mine.get(page(theirs)).status_code == 404

    def test_who_asked_takes_it_back_but_not_once_it_is_approved(self, as_, hana, ada, scene):
        mine = as_(hana)
        mine.post(new("time_off"), day_away(scene))
        change = ScheduleChange.objects.get()
        changes.approve(change=change, user=ada, now=NOW)

        assert mine.post(reverse("staff:withdraw", args=[change.pk])).status_code == 403

    def test_the_desk_sees_what_was_asked_but_does_not_answer(self, as_, hana, desk, scene):
        as_(hana).post(new("time_off"), day_away(scene))
        change = ScheduleChange.objects.get()

        text = desk.get(page(change)).content.decode()

        assert "Waits for approval" in text
        assert "Your answer" not in text
        assert desk.post(reverse("staff:answer", args=[change.pk])).status_code == 403

    def test_the_rail_counts_what_waits_for_each(self, as_, hana, desk, admin, scene, dana):
        as_(hana).post(new("time_off"), day_away(scene))
        visit(scene, 6)
        day_off(scene, dana, day=6)

        def count(browser) -> int:
            rail = browser.get(reverse("staff:changes")).context["rail"]
            return next(link.waiting for link in rail if link.place.icon == "calendar-week")

        assert [count(browser) for browser in (as_(hana), desk, admin)] == [0, 1, 2]


class TestSchedules:
    def test_a_schedule_shows_hours_with_breaks_extra_openings_and_time_off(
        self, desk, scene, dana
    ):
        ExtraOpeningFactory(provider=scene.provider, location=scene.location, day=date(2030, 3, 9))
        day_off(scene, dana)

        text = desk.get(reverse("staff:schedule_of", args=[scene.provider.pk])).content.decode()

        assert "9:00\xa0am to 6:00\xa0pm" in text.replace(" to ", " to ")
        assert "Sat, Mar\xa09" in text
        assert "all of Mon, Mar\xa04" in text

    def test_a_time_away_is_taken_back_from_it(self, desk, scene, dana):
        change = day_off(scene, dana)
        row = change.time_off.get()

        text = press(desk, "end_time_off", scene.provider.pk, time_off=row.pk)
        assert "can be booked again" in text
        assert not TimeOff.objects.exists()
        text = press(desk, "end_time_off", scene.provider.pk, time_off=row.pk)
        assert "taken back already" in text

    def test_an_aesthetician_is_led_to_their_own(self, as_, hana, scene):
        response = as_(hana).get(reverse("staff:schedule"))

        assert response.headers["Location"] == reverse(
            "staff:schedule_of", args=[scene.provider.pk]
        )

    def test_the_desk_finds_everybody_and_everything(
        self, desk, scene, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(12):
            text = desk.get(reverse("staff:schedule")).content.decode()
        for each in (*scene.providers, *scene.rooms, *scene.devices):
            assert each.name in text

    def test_who_left_still_has_a_name_everywhere(self, desk, scene, ada):
        booking = visit(scene)
        changes.propose(change=changes.leaving(resource=scene.provider), user=ada, now=NOW)
        changes.propose(change=changes.leaving(resource=scene.room), user=ada, now=NOW)
        changes.propose(change=changes.retiring(offer=scene.treatment), user=ada, now=NOW)

        shown = desk.get(reverse("staff:visit", args=[booking.reference])).content.decode()

        assert "Hana Mori" in shown
        assert scene.treatment.name in shown
        assert "Hana Mori" in desk.get(reverse("staff:schedule")).content.decode()
