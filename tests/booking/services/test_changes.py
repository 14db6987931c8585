from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from booking import services
from booking.errors import AskTheClinic, NotNow, ReasonMissing, SlotTaken, TooSoon
from booking.models import Allocation, Booking, OutsideBusy, OutsideCalendar, Status
from booking.services.audit import findings
from booking.services.ledger import CLIENT, staff
from booking.wishes import Wish
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, hold, on, slots_on, visitor, walls
from tests.factories import (
    ClosureFactory,
    PolicyVersionFactory,
    Scene,
    TimeOffFactory,
    UserFactory,
    booked,
    give_hours,
    open_clinic,
)

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


def move(booking: Booking, starts_at, *, actor=CLIENT, now=NOW, **fields) -> None:
    services.move(booking=booking, starts_at=starts_at, actor=actor, now=now, **fields)


def cancel(booking: Booking, *, actor=CLIENT, now=NOW, **fields) -> None:
    services.cancel(booking=booking, actor=actor, now=now, **fields)


class TestMoving:
    def test_a_visit_moves_with_all_it_keeps_and_its_old_time_is_free(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        move(booking, on(scene, 4, 13))

        assert (booking.starts_at, booking.minutes) == (on(scene, 4, 13), 75)
        assert {kept.starts_at for kept in booking.allocations.all()} == {on(scene, 4, 13)}
        assert walls(slots_on(scene, 4))[0] == "09:00"
        assert (booking.moves, booking.schedule_version) == (1, 1)
        data = booking.events.get(what="moved").data
        assert set(data) == {"from", "to", "until", "version", "before"}
        assert data["from"] == "2030-03-04T14:00:00+00:00"
        assert data["to"] == "2030-03-04T18:00:00+00:00"
        assert data["version"] == 1
        assert findings(now=NOW) == []

    def test_a_visit_may_move_into_its_own_time(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        move(booking, on(scene, 4, 9, 15))

        assert booking.starts_at == on(scene, 4, 9, 15)
        assert Allocation.objects.count() == 3

    def test_price_policy_and_reference_stay_as_promised(self, scene):
        booking = confirm(scene, on(scene, 4, 9))
        promised = (booking.reference, booking.price, booking.promise, booking.link_hash)
        PolicyVersionFactory(
            values={
                "late_fee_percent": 100,
                "device_wipe_minutes": 20,
                "buffer_minutes_at_least": 45,
            }
        )
        scene.option.buffer_minutes = 30
        scene.option.save()

        move(Booking.objects.get(pk=booking.pk), on(scene, 5, 9))

        booking.refresh_from_db()
        assert (booking.reference, booking.price, booking.promise, booking.link_hash) == promised
        ends = {kept.ends_at - booking.ends_at for kept in booking.allocations.all()}
        assert ends == {timedelta(minutes=15), timedelta(minutes=5)}
        assert findings(now=NOW) == []

    def test_a_visit_stays_where_it_is_if_the_other_time_is_taken(self, scene):
        booking = confirm(scene, on(scene, 4, 9))
        hold(scene, on(scene, 4, 13))

        with pytest.raises(SlotTaken):
            move(booking, on(scene, 4, 12, 45))

        booking.refresh_from_db()
        assert (booking.starts_at, booking.moves) == (on(scene, 4, 9), 0)
        assert booking.allocations.count() == 3

    def test_a_time_whose_hold_ran_out_can_be_moved_to(self, scene):
        booking = confirm(scene, on(scene, 4, 9))
        hold(scene, on(scene, 4, 13))

        move(booking, on(scene, 4, 13), now=NOW + timedelta(minutes=10))

        assert booking.starts_at == on(scene, 4, 13)

    def test_moving_twice_to_the_same_time_counts_once(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        move(booking, on(scene, 4, 13))
        move(booking, on(scene, 4, 13))

        assert (booking.moves, booking.schedule_version) == (1, 1)
        assert booking.events.filter(what="moved").count() == 1

    def test_a_client_moves_as_often_as_was_promised_and_staff_as_often_as_they_must(self, scene):
        booking = confirm(scene, on(scene, 4, 9))
        move(booking, on(scene, 5, 9))
        move(booking, on(scene, 6, 9))

        with pytest.raises(NotNow, match="as often as it can be online"):
            move(booking, on(scene, 7, 9))
        move(booking, on(scene, 7, 9), actor=staff(UserFactory()))

        assert (booking.starts_at, booking.moves) == (on(scene, 7, 9), 2)

    def test_a_client_does_not_move_into_notice_but_staff_may(self, scene):
        booking = confirm(scene, on(scene, 4, 9))
        now = on(scene, 3, 13)

        with pytest.raises(TooSoon):
            move(booking, on(scene, 3, 14), now=now)
        move(booking, on(scene, 3, 14), now=now, actor=staff(UserFactory()))

        assert booking.starts_at == on(scene, 3, 14)

    def test_a_visit_moves_to_another_provider_only_if_one_is_named(self):
        scene = open_clinic(providers=2, rooms=2, consoles=2)
        booking = confirm(scene, on(scene, 4, 9))
        first, other = scene.providers
        assert booking.provider == first

        move(booking, on(scene, 4, 11))
        assert booking.provider == first
        move(booking, on(scene, 4, 11), wish=Wish.of(booking).with_(other))
        assert booking.provider == other
        assert booking.events.filter(what="moved").last().data["provider"] == [first.pk, other.pk]

    def test_who_saw_the_visit_before_it_changed_moves_nothing(self):
        scene = open_clinic(providers=2, rooms=2, consoles=2)
        booking = confirm(scene, on(scene, 4, 9))
        seen_before = Booking.objects.get(pk=booking.pk)
        move(booking, on(scene, 4, 9), wish=Wish.of(booking).with_(scene.providers[1]))

        with pytest.raises(NotNow, match="changed in the meantime"):
            move(seen_before, on(scene, 4, 13))

        assert seen_before.provider == scene.providers[1]
        assert seen_before.starts_at == on(scene, 4, 9)

    def test_nobody_is_moved_into_another_visit_of_theirs(self):
        scene = open_clinic(providers=2, rooms=2, consoles=2)
        booking = confirm(scene, on(scene, 4, 9))
        booked(
            client=booking.client,
            provider=scene.providers[1],
            option=scene.option,
            location=scene.location,
            starts_at=on(scene, 4, 13),
            room=scene.rooms[1],
            devices=[scene.devices[1]],
        )

        with pytest.raises(AskTheClinic):
            move(booking, on(scene, 4, 13, 30))
        assert Message.objects.filter(code="R01").count() == 1
        with pytest.raises(NotNow, match="another visit at that time"):
            move(booking, on(scene, 4, 13, 30), actor=staff(UserFactory()))
        assert Message.objects.filter(code="R01").count() == 1

    def test_a_visit_is_as_long_in_the_night_the_clock_goes_back(self):
        scene = open_clinic(opens=time(1), closes=time(6))
        booking = confirm(scene, on(scene, 4, 2))
        half_past_one = datetime(2030, 11, 3, 1, 30, tzinfo=scene.location.zone)

        move(booking, half_past_one, actor=staff(UserFactory()))

        assert booking.ends_at - booking.starts_at == timedelta(minutes=75)

    def test_what_has_not_gone_yet_tells_of_the_new_time(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        move(booking, on(scene, 4, 13))

        letters = Message.objects.filter(code="M01", channel="email")
        told = letters.values_list("version", "status")
        assert sorted(told) == [(0, "void"), (1, "planned")]

    @pytest.mark.parametrize("after", [timedelta(0), HOUR], ids=["at its start", "afterwards"])
    def test_a_visit_that_has_begun_is_not_moved(self, scene, after):
        booking = confirm(scene, on(scene, 4, 9))

        with pytest.raises(NotNow):
            move(booking, on(scene, 8, 9), now=booking.starts_at + after)


class TestMovingAroundTheHours:
    """Doors are open from nine to six; who works here may say why that counts for nothing."""

    @pytest.mark.parametrize(
        ("when", "rule"), [((5, 20), "doors"), ((5, 17, 15), "doors"), ((6, 10), "closure")]
    )
    def test_staff_move_there_for_a_reason_that_is_kept(self, scene, when, rule):
        ClosureFactory(location=scene.location, starts_on=date(2030, 3, 6))
        booking = confirm(scene, on(scene, 4, 9))
        desk = {"actor": staff(UserFactory()), "is_at_any_hour": True}

        for reason in ("", " "):
            with pytest.raises(ReasonMissing):
                move(booking, on(scene, *when), reason=reason, **desk)
        move(booking, on(scene, *when), reason="Her flight leaves at nine", **desk)

        event = booking.events.get(what="moved")
        assert booking.starts_at == on(scene, *when)
        assert (event.reason, event.data["broken"]) == ("Her flight leaves at nine", [rule])
        assert findings(now=NOW) == []

    def test_within_hours_nobody_has_to_say_why(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        move(booking, on(scene, 5, 16, 30), actor=staff(UserFactory()), is_at_any_hour=True)

        assert "broken" not in booking.events.get(what="moved").data

    @pytest.mark.parametrize("who", ["client", "staff who chose what is on offer"])
    def test_nobody_else_does_whatever_they_say(self, scene, who):
        booking = confirm(scene, on(scene, 4, 9))
        how = {"is_at_any_hour": True} if who == "client" else {"actor": staff(UserFactory())}

        with pytest.raises(SlotTaken):
            move(booking, on(scene, 5, 20), reason="Please", **how)
        assert booking.starts_at == on(scene, 4, 9)

    @pytest.mark.parametrize("what", ["visit", "time off", "elsewhere", "the client"])
    def test_never_over_what_is_in_the_way(self, what):
        scene = open_clinic(providers=2, rooms=2, consoles=2)
        booking, there = confirm(scene, on(scene, 4, 9)), on(scene, 5, 20)
        desk = {"actor": staff(UserFactory()), "is_at_any_hour": True, "reason": "Please"}
        taken = {"resource": booking.provider, "starts_at": there, "ends_at": there + HOUR}
        if what == "visit":
            booked(provider=booking.provider, starts_at=there)
        elif what == "the client":
            booked(provider=scene.providers[1], client=booking.client, starts_at=there)
        elif what == "time off":
            TimeOffFactory(**taken)
        else:
            calendar = OutsideCalendar.objects.create(
                provider=booking.provider, address="https://calendar.example/a.ics", added_at=NOW
            )
            OutsideBusy.objects.create(calendar=calendar, **taken)

        with pytest.raises(NotNow if what == "the client" else SlotTaken):
            move(booking, there, **desk)
        assert booking.starts_at == on(scene, 4, 9)

    def test_moved_there_and_taken_back_it_stands_as_before(self, scene):
        booking, actor = confirm(scene, on(scene, 4, 9)), staff(UserFactory())
        move(booking, on(scene, 5, 20), actor=actor, is_at_any_hour=True, reason="Her flight")
        move(booking, on(scene, 5, 9), actor=actor)

        step = booking.events.latest("pk")
        services.undo(booking=booking, step=step, actor=actor, now=NOW)

        assert booking.starts_at == on(scene, 5, 20)
        assert findings(now=NOW) == []


class TestCancelling:
    def test_a_cancelled_visit_gives_its_time_back_and_is_kept(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        cancel(booking, reason="A trip")

        assert booking.status == Status.CANCELLED_CLIENT
        assert not booking.allocations.exists()
        assert walls(slots_on(scene, 4))[0] == "09:00"
        assert booking.events.get(what="cancelled").reason == "A trip"
        assert {message.status for message in Message.objects.filter(code="M01")} == {"void"}

    @pytest.mark.parametrize(
        ("before", "status", "owed"),
        [
            (DAY + timedelta(seconds=1), Status.CANCELLED_CLIENT, 0),
            (DAY, Status.CANCELLED_CLIENT, 0),
            (DAY - timedelta(seconds=1), Status.CANCELLED_LATE, 85),
        ],
        ids=["a second before", "to the second", "a second late"],
    )
    def test_it_is_free_until_24_hours_before_and_half_the_price_after(
        self, scene, before, status, owed
    ):
        booking = confirm(scene, on(scene, 4, 9))

        cancel(booking, now=booking.starts_at - before)

        assert (booking.status, booking.fee_owed) == (status, Decimal(owed))

    def test_the_fee_is_that_of_the_promise_and_without_add_ons(self, scene):
        booking = booked(price=Decimal("160.50"), starts_at=on(scene, 4, 9))
        booking.lines.create(position=1, code="X01", name="LED", amount=Decimal(40))
        PolicyVersionFactory(values={"late_fee_percent": 100})

        cancel(booking, now=booking.starts_at - HOUR)

        assert booking.fee_owed == Decimal("80.25")

    def test_a_health_reason_is_free_at_any_time_and_no_word_of_it_is_kept(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        cancel(booking, now=booking.starts_at - HOUR, is_health_reason=True, reason="A rash")

        event = booking.events.get(what="cancelled")
        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLIENT, Decimal(0))
        assert event.data["health"] is True
        assert event.reason == ""

    def test_nobody_owes_anything_when_the_clinic_cancels(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        cancel(booking, now=booking.starts_at - HOUR, actor=staff(UserFactory()))

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLINIC, Decimal(0))

    def test_the_hour_that_counts_is_that_of_the_visit_as_it_is_now(self, scene):
        booking = confirm(scene, on(scene, 4, 9))
        seen_before = Booking.objects.get(pk=booking.pk)
        move(booking, on(scene, 6, 9))

        cancel(seen_before, now=on(scene, 4, 8))

        assert (seen_before.status, seen_before.fee_owed) == (Status.CANCELLED_CLIENT, Decimal(0))

    def test_cancelling_twice_does_nothing_the_second_time(self, scene):
        booking = confirm(scene, on(scene, 4, 9))
        seen_before = Booking.objects.get(pk=booking.pk)
        cancel(booking)

        for who in (booking, seen_before):
            with pytest.raises(NotNow):
                cancel(who, now=booking.starts_at - HOUR)

        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED_CLIENT
        assert booking.events.filter(what="cancelled").count() == 1

    def test_a_hold_is_let_go_not_cancelled(self, scene):
        booking = hold(scene, on(scene, 4, 9))

        with pytest.raises(NotNow):
            cancel(booking)

    def test_a_time_given_back_can_be_had_by_somebody_else(self, scene):
        booking = confirm(scene, on(scene, 4, 9))
        with pytest.raises(SlotTaken):
            hold(scene, on(scene, 4, 9))

        cancel(booking)

        assert hold(scene, on(scene, 4, 9), who=visitor()).status == Status.HELD


def test_a_provider_without_the_skill_is_not_moved_to(scene):
    booking = confirm(scene, on(scene, 4, 9))
    other = open_clinic().provider
    give_hours(other, scene.location)

    with pytest.raises(SlotTaken):
        move(
            booking,
            on(scene, 5, 9),
            wish=Wish.of(booking).with_(other),
            actor=staff(UserFactory()),
        )
