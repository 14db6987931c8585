"""Changes of the schedule, kind by kind: whom they touch, what they block, and the way back."""

from datetime import date, time, timedelta

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError

from booking import services, tasks
from booking.errors import NotNow, NotOffered, SlotTaken
from booking.models import (
    Booking,
    ExtraOpening,
    Resource,
    ScheduleChange,
    TimeOff,
    TouchedVisit,
    WorkingHours,
)
from booking.services import changes
from booking.services.ledger import CLIENT, staff
from booking.services.schedule import Stretch
from clinic.places.models import Closure, OpeningHours
from clinic.trail.models import Entry
from clinic.web import clock
from tests.booking.changes.scenes import away, visit
from tests.booking.scenes import NOW, hold, on, slots_on, type_details, visitor, walls, wish_for
from tests.factories import (
    AddOnFactory,
    ClientFactory,
    ExtraOpeningFactory,
    LocationFactory,
    PolicyVersionFactory,
    give_hours,
)
from treatments.models import AddOn, Option, Treatment, Visibility

pytestmark = pytest.mark.django_db
State, Decision = ScheduleChange.State, TouchedVisit.Decision
HOUR = timedelta(hours=1)


def monday_only(*hours: str) -> list[Stretch]:
    return [
        Stretch(0, *(time.fromisoformat(end) for end in stretch.split("-"))) for stretch in hours
    ]


def written() -> str:
    """All that changes of the schedule write, as text."""
    models = (
        TimeOff,
        WorkingHours,
        ExtraOpening,
        OpeningHours,
        Closure,
        Resource,
        Treatment,
        Option,
        AddOn,
    )
    return "\n".join(
        serializers.serialize("json", model._default_manager.order_by("pk")) for model in models
    )


def drafts(scene) -> dict[str, ScheduleChange]:
    """Every kind of change, each of them touching the visit on Monday the 4th at nine."""
    extra = ExtraOpeningFactory(
        provider=scene.provider,
        location=scene.location,
        day=date(2030, 3, 4),
        starts_at=time(18),
        ends_at=time(20),
    )
    zone = scene.location.zone
    week = [Stretch(0, time(12), time(16)), Stretch(2, time(9), time(13))]
    return {
        "time off": away(scene, on(scene, 4, 8), on(scene, 4, 12)),
        "repeated blocks": changes.time_off(
            resource=scene.provider,
            spans=[(on(scene, day, 9), on(scene, day, 10)) for day in (4, 11, 18)],
            zone=zone,
        ),
        "a room out of service": changes.out_of_service(
            resource=scene.room, spans=[(on(scene, 4, 0), on(scene, 5, 0))], zone=zone
        ),
        "hours": changes.working_hours(
            provider=scene.provider,
            location=scene.location,
            weeks=[week],
            valid_from=date(2030, 3, 2),
        ),
        "hours that take turns": changes.working_hours(
            provider=scene.provider,
            location=scene.location,
            weeks=[week, monday_only("13:00-16:00")],
            valid_from=date(2030, 3, 4),
        ),
        "no extra opening": changes.no_extra_opening(extra=extra),
        "a closure": changes.closure(
            location=scene.location, starts_on=date(2030, 3, 3), ends_on=date(2030, 3, 4)
        ),
        "opening hours": changes.opening_hours(
            location=scene.location, week=[Stretch(0, time(12), time(18))]
        ),
        "a person leaving": changes.leaving(resource=scene.provider),
        "a room given up": changes.leaving(resource=scene.room),
        "a treatment retired": changes.retiring(offer=scene.treatment),
        "a length retired": changes.retiring(offer=scene.option),
    }


KINDS = [
    "time off",
    "repeated blocks",
    "a room out of service",
    "hours",
    "hours that take turns",
    "no extra opening",
    "a closure",
    "opening hours",
    "a person leaving",
    "a room given up",
    "a treatment retired",
    "a length retired",
]


@pytest.fixture
def touching(scene, request):
    """A draft of one kind and the visit that it touches."""
    name = request.param
    draft = drafts(scene)[name]
    if name == "no extra opening":
        return draft, visit(scene, 4, 18)
    return draft, visit(scene)


every_kind = pytest.mark.parametrize("touching", KINDS, indirect=True)


class TestEveryKind:
    @every_kind
    def test_whom_it_would_touch_is_known_before_and_nothing_is_saved(self, touching):
        draft, booking = touching
        before = written()

        assert changes.preview(change=draft, now=NOW) == [booking]
        assert (written(), draft.pk) == (before, None)
        assert not ScheduleChange.objects.exists()

    @every_kind
    def test_it_lists_the_visit_and_waits_and_the_visit_stays(self, touching, ada):
        draft, booking = touching
        kept = set(booking.allocations.values_list("resource", "starts_at"))

        change = changes.propose(change=draft, user=ada, now=NOW)

        assert (change.state, change.asked_by) == (State.PENDING, ada)
        (touched,) = change.visits.all()
        assert (touched.booking, touched.decision) == (booking, Decision.OPEN)
        booking.refresh_from_db()
        assert booking.status == "confirmed"
        assert set(booking.allocations.values_list("resource", "starts_at")) == kept

    @every_kind
    def test_taking_it_back_leaves_the_diary_exactly_as_it_was(self, touching, ada):
        draft, booking = touching
        before = written()
        change = changes.propose(change=draft, user=ada, now=NOW)
        assert written() != before

        changes.withdraw(change=change, user=ada, now=NOW)

        assert written() == before
        change.refresh_from_db()
        assert (change.state, change.ended_at) == (State.WITHDRAWN, NOW)
        assert [touched.decision for touched in change.visits.all()] == [Decision.SETTLED]
        booking.refresh_from_db()
        assert booking.status == "confirmed"

    @every_kind
    def test_without_a_visit_it_is_in_force_at_once(self, touching, ada):
        draft, booking = touching
        services.cancel(booking=booking, actor=staff(ada), now=NOW)

        change = changes.propose(change=draft, user=ada, now=NOW)

        assert (change.state, change.in_force_at) == (State.IN_FORCE, NOW)
        assert not change.visits.exists()

    @every_kind
    def test_a_hold_in_its_way_is_not_listed_and_not_confirmed(self, touching, scene, ada):
        draft, booking = touching
        starts_at = booking.starts_at
        services.cancel(booking=booking, actor=staff(ada), now=NOW)
        if draft.resource in scene.rooms:
            Resource.objects.filter(pk=scene.rooms[1].pk).update(is_active=False)
        if draft.kind in {"leaving", "time_off", "hours", "extra"}:
            scene.providers[1].treatments.clear()
        wish = wish_for(scene, provider=scene.provider)
        who = visitor(ClientFactory())
        kept = hold(scene, starts_at, who=who, wish=wish)

        change = changes.propose(change=draft, user=ada, now=NOW)

        assert change.state == State.IN_FORCE
        type_details(who)
        with pytest.raises((SlotTaken, NotOffered)):
            services.confirm_booking(booking=kept, visitor=who, now=NOW)

    @every_kind
    def test_the_log_says_who_did_what_and_no_names(self, touching, ada):
        draft, _booking = touching

        change = changes.propose(change=draft, user=ada, now=NOW)

        (entry,) = Entry.objects.filter(subject=f"schedule_change:{change.pk}")
        assert (entry.user_id, entry.what, entry.facts["touched"]) == (
            ada.pk,
            "schedule.pending",
            1,
        )
        assert "Hana" not in str(entry.facts)


class TestBlocking:
    def test_nobody_books_into_time_off_that_waits(self, scene, dana):
        visit(scene)
        Resource.objects.filter(pk=scene.providers[1].pk).update(is_active=False)

        changes.propose(change=away(scene, on(scene, 4, 0), on(scene, 5, 0)), user=dana, now=NOW)

        assert walls(slots_on(scene, 4)) == []
        assert walls(slots_on(scene, 5))

    def test_blocks_that_repeat_are_rows_of_one_change(self, scene, dana):
        spans = [(on(scene, day, 9), on(scene, day, 10)) for day in (4, 6, 8)]
        change = changes.propose(
            change=changes.time_off(
                resource=scene.provider, spans=spans, zone=scene.location.zone, reason="Yoga"
            ),
            user=dana,
            now=NOW,
        )

        rows = change.time_off.order_by("starts_at")
        assert [(row.starts_at, row.ends_at) for row in rows] == spans
        assert {(row.reason, row.created_by) for row in rows} == {("Yoga", dana)}
        assert change.says == (
            "Hana Mori is away, Mon, Mar\xa04, 2030, 9:00\xa0am to 10:00\xa0am, and 2 times more"
        )

    def test_a_retired_extra_touches_the_visits_that_have_it(self, scene, ada):
        add_on = AddOnFactory()
        plain, rich = visit(scene, 4), visit(scene, 5)
        rich.add_ons.add(add_on)

        assert changes.preview(change=changes.retiring(offer=add_on), now=NOW) == [rich]
        changes.propose(change=changes.retiring(offer=add_on), user=ada, now=NOW)

        add_on.refresh_from_db()
        assert add_on.visibility == Visibility.RETIRED
        assert plain.touched_by.count() == 0

    def test_visits_that_lay_outside_before_are_no_business_of_new_hours(self, scene, dana):
        stray = visit(scene, 5, 12)
        WorkingHours.objects.filter(provider=scene.provider, weekday=1).delete()
        inside = visit(scene, 4, 9)
        draft = changes.working_hours(
            provider=scene.provider,
            location=scene.location,
            weeks=[monday_only("13:00-17:00")],
            valid_from=date(2030, 3, 2),
        )

        assert changes.preview(change=draft, now=NOW) == [inside]
        assert stray.pk != inside.pk

    def test_two_weeks_take_turns_from_the_week_they_begin_in(self, scene, dana):
        Resource.objects.filter(pk=scene.providers[1].pk).update(is_active=False)
        changes.propose(
            change=changes.working_hours(
                provider=scene.provider,
                location=scene.location,
                weeks=[monday_only("09:00-11:00"), monday_only("14:00-16:00")],
                valid_from=date(2030, 3, 4),
            ),
            user=dana,
            now=NOW,
        )

        assert [walls(slots_on(scene, day))[0] for day in (4, 11, 18, 25)] == [
            "09:00",
            "14:00",
            "09:00",
            "14:00",
        ]

    def test_a_retired_treatment_is_not_booked_and_past_visits_keep_its_name(self, scene, ada):
        booking = visit(scene)
        changes.propose(change=changes.retiring(offer=scene.treatment), user=ada, now=NOW)

        scene.treatment.refresh_from_db()
        with pytest.raises(NotOffered):
            hold(scene, on(scene, 5, 9), wish=wish_for(scene))
        assert Booking.objects.get().option.treatment.name == booking.option.treatment.name


class TestRefusals:
    def test_hours_past_midnight_are_refused_with_a_sentence(self, scene, dana):
        draft = changes.working_hours(
            provider=scene.provider,
            location=scene.location,
            weeks=[monday_only("20:00-02:00")],
            valid_from=date(2030, 3, 4),
        )

        with pytest.raises(ValidationError, match="Hours past midnight are two days"):
            changes.preview(change=draft, now=NOW)
        before = written()
        with pytest.raises(ValidationError, match="Hours past midnight are two days"):
            changes.propose(change=draft, user=dana, now=NOW)
        assert written() == before

    def test_nobody_works_at_two_places_at_one_time(self, scene, dana):
        other = LocationFactory(time_zone="America/Los_Angeles", name="Pearl")
        draft = changes.working_hours(
            provider=scene.provider,
            location=other,
            weeks=[monday_only("14:00-17:00")],  # 5 pm to 8 pm in New York, open until 6
            valid_from=date(2030, 3, 4),
        )

        with pytest.raises(ValidationError, match=r"works at .* at that time on Monday"):
            changes.propose(change=draft, user=dana, now=NOW)
        draft.data["weeks"] = [[[0, "15:00:00", "17:00:00"]]]
        assert changes.propose(change=draft, user=dana, now=NOW).state == State.IN_FORCE

    def test_an_extra_opening_elsewhere_is_looked_at_too(self, scene, dana):
        other = LocationFactory(time_zone="America/New_York", name="Pearl")
        hours = {"provider": scene.provider, "location": other, "day": date(2030, 3, 4)}

        with pytest.raises(ValidationError, match="at that time"):
            changes.propose(
                change=changes.extra_opening(**hours, starts_at=time(17), ends_at=time(19)),
                user=dana,
                now=NOW,
            )
        extra = changes.extra_opening(**hours, starts_at=time(18), ends_at=time(20))
        assert changes.propose(change=extra, user=dana, now=NOW).state == State.IN_FORCE

    def test_what_left_does_not_leave_again(self, scene, ada):
        changes.propose(change=changes.leaving(resource=scene.room), user=ada, now=NOW)

        with pytest.raises(NotNow, match="out of use already"):
            changes.propose(change=changes.leaving(resource=scene.room), user=ada, now=NOW)
        assert ScheduleChange.objects.count() == 1


class TestTakingBack:
    def test_not_over_hours_that_were_changed_again(self, scene, dana):
        def hours(*stretches):
            return changes.propose(
                change=changes.working_hours(
                    provider=scene.provider,
                    location=scene.location,
                    weeks=[monday_only(*stretches)],
                    valid_from=date(2030, 3, 4),
                ),
                user=dana,
                now=NOW,
            )

        first = hours("09:00-12:00")
        second = hours("13:00-16:00")
        with pytest.raises(NotNow, match="changed again since"):
            changes.withdraw(change=first, user=dana, now=NOW)
        changes.withdraw(change=second, user=dana, now=NOW)
        changes.withdraw(change=first, user=dana, now=NOW)
        assert walls(slots_on(scene, 4))[-1] == "16:30"

    def test_not_where_visits_were_booked_in_the_new_hours(self, scene, dana):
        WorkingHours.objects.filter(provider=scene.provider).delete()
        change = changes.propose(
            change=changes.working_hours(
                provider=scene.provider,
                location=scene.location,
                weeks=[monday_only("09:00-12:00")],
                valid_from=date(2030, 3, 4),
            ),
            user=dana,
            now=NOW,
        )
        visit(scene)

        with pytest.raises(NotNow, match="booked in these hours since"):
            changes.withdraw(change=change, user=dana, now=NOW)
        assert WorkingHours.objects.filter(provider=scene.provider).count() == 1

    def test_once_is_enough(self, scene, dana):
        change = changes.propose(
            change=away(scene, on(scene, 4, 0), on(scene, 5, 0)), user=dana, now=NOW
        )
        changes.withdraw(change=change, user=dana, now=NOW)

        with pytest.raises(NotNow, match="taken back"):
            changes.withdraw(change=change, user=dana, now=NOW)


class TestAsking:
    def test_what_is_asked_for_is_not_in_the_diary_until_it_is_approved(self, scene, hana, ada):
        booking = visit(scene)
        change = changes.propose(
            change=away(scene, on(scene, 4, 0), on(scene, 5, 0)), user=hana, now=NOW
        )
        assert (change.state, TimeOff.objects.count(), change.visits.count()) == (
            State.ASKED,
            0,
            0,
        )

        changes.approve(change=change, user=ada, answer="Enjoy it", now=NOW + HOUR)

        assert (change.state, change.answered_by, change.answer) == (
            State.PENDING,
            ada,
            "Enjoy it",
        )
        assert [touched.booking for touched in change.visits.all()] == [booking]
        assert TimeOff.objects.count() == 1
        with pytest.raises(NotNow):
            changes.approve(change=change, user=ada, now=NOW)

    def test_a_refusal_says_why_and_writes_nothing(self, scene, hana, ada):
        change = changes.propose(
            change=away(scene, on(scene, 4, 0), on(scene, 5, 0)), user=hana, now=NOW
        )

        with pytest.raises(NotNow, match="say why"):
            changes.refuse(change=change, user=ada, answer="  ", now=NOW)
        changes.refuse(change=change, user=ada, answer="We are short that day.", now=NOW)

        assert (change.state, change.answer) == (State.REFUSED, "We are short that day.")
        assert not TimeOff.objects.exists()

    def test_without_that_policy_it_is_made_at_once(self, scene, hana):
        PolicyVersionFactory(values={"time_off_needs_approval": False})

        change = changes.propose(
            change=away(scene, on(scene, 4, 0), on(scene, 5, 0)), user=hana, now=NOW
        )

        assert change.state == State.IN_FORCE

    def test_who_asked_takes_it_back_before_an_answer(self, scene, hana):
        change = changes.propose(
            change=away(scene, on(scene, 4, 0), on(scene, 5, 0)), user=hana, now=NOW
        )

        changes.withdraw(change=change, user=hana, now=NOW)

        assert change.state == State.WITHDRAWN

    def test_who_may_only_ask_takes_nothing_back_that_was_approved_in_that_instant(
        self, scene, hana, ada
    ):
        draft = away(scene, on(scene, 4, 0), on(scene, 5, 0))
        change = changes.propose(change=draft, user=hana, now=NOW)
        seen = ScheduleChange.objects.get(pk=change.pk)
        changes.approve(change=change, user=ada, now=NOW)

        with pytest.raises(NotNow, match="in force"):
            changes.withdraw(change=seen, user=hana, now=NOW)


class TestSettling:
    def test_what_its_client_did_settles_it_and_the_change_is_in_force(
        self, scene, dana, monkeypatch
    ):
        booking = visit(scene, 6)
        change = changes.propose(
            change=away(scene, on(scene, 6, 0), on(scene, 7, 0)), user=dana, now=NOW
        )
        changes.settle_all(now=NOW)
        change.refresh_from_db()
        assert change.state == State.PENDING

        services.move(booking=booking, starts_at=on(scene, 7, 9), actor=CLIENT, now=NOW)
        monkeypatch.setattr(clock, "now", lambda: NOW + HOUR)
        tasks.settle_changes()

        change.refresh_from_db()
        assert (change.state, change.in_force_at) == (State.IN_FORCE, NOW + HOUR)
        assert [touched.decision for touched in change.visits.all()] == [Decision.SETTLED]

    def test_a_visit_that_begins_undecided_needs_no_decision_any_more(self, scene, dana):
        visit(scene, 4)
        change = changes.propose(
            change=away(scene, on(scene, 4, 0), on(scene, 5, 0)), user=dana, now=NOW
        )

        changes.settle_all(now=on(scene, 4, 9))

        change.refresh_from_db()
        assert change.state == State.IN_FORCE

    def test_hours_settle_for_the_one_who_moved_alone(self, scene, dana):
        first, second = visit(scene, 4, 9), visit(scene, 11, 9)
        give_hours(scene.providers[1], scene.location, starts_at=time(9), ends_at=time(18))
        change = changes.propose(
            change=changes.working_hours(
                provider=scene.provider,
                location=scene.location,
                weeks=[monday_only("13:00-17:00")],
                valid_from=date(2030, 3, 2),
            ),
            user=dana,
            now=NOW,
        )
        services.move(booking=second, starts_at=on(scene, 11, 13), actor=staff(dana), now=NOW)

        changes.settle(change=change, now=NOW)

        decided = {touched.booking: touched.decision for touched in change.visits.all()}
        assert decided == {first: Decision.OPEN, second: Decision.SETTLED}
        assert change.state == State.PENDING
