"""Three minutes in which what was done can be taken back."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from booking import services
from booking.errors import AskTheClinic, NotFree, NotNow, SlotTaken
from booking.models import Booking, BookingEvent, OutsideBusy, OutsideCalendar, Status
from booking.services.audit import findings
from booking.services.ledger import CLIENT, staff
from booking.services.standing import Standing
from booking.wishes import Wish
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, hold, on
from tests.factories import (
    AddOnFactory,
    InstructionVersionFactory,
    PolicyVersionFactory,
    PriceFactory,
    Scene,
    TimeOffFactory,
    UserFactory,
    booked,
    open_clinic,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)  # long after the booking itself could be taken back
QUIET = timedelta(minutes=3)
SECOND = timedelta(seconds=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic(providers=2, rooms=2, consoles=2)


@pytest.fixture
def booking(scene: Scene) -> Booking:
    return confirm(scene, on(scene, 4, 9))


def move(booking: Booking, starts_at, **fields) -> BookingEvent:  # type: ignore[no-untyped-def]
    services.move(booking=booking, starts_at=starts_at, **{"actor": CLIENT, "now": LATER} | fields)
    return last(booking)


def cancel(booking: Booking, **fields) -> BookingEvent:  # type: ignore[no-untyped-def]
    services.cancel(booking=booking, **{"actor": CLIENT, "now": LATER} | fields)
    return last(booking)


def last(booking: Booking) -> BookingEvent:
    return booking.events.latest("pk")


def undo(booking: Booking, step: BookingEvent, **fields) -> None:  # type: ignore[no-untyped-def]
    services.undo(booking=booking, step=step, **{"actor": CLIENT, "now": LATER + SECOND} | fields)


class TestAMove:
    def test_goes_back_with_all_the_visit_was_and_does_not_count(self, scene, booking):
        extra = AddOnFactory(instructions=[InstructionVersionFactory().instruction])
        PriceFactory(option=None, add_on=extra, amount=30)
        for provider in scene.providers:
            provider.add_ons.add(extra)
        before = Standing.of(Booking.objects.get(pk=booking.pk)).as_data()
        own = Wish.of(booking)
        wish = own.instead(
            option=own.option,
            location=own.location,
            add_ons=[extra],
            provider=scene.providers[1],
        )
        step = move(booking, on(scene, 5, 13), wish=wish)
        assert booking.price == 200

        undo(booking, step)

        assert Standing.of(booking).as_data() == before
        assert (booking.moves, booking.schedule_version) == (0, 2)
        event = last(booking)
        assert (event.what, event.data["undoes"], event.data["version"]) == ("undone", step.pk, 2)
        assert event.data["from"] == on(scene, 5, 13).isoformat()
        assert event.data["to"] == on(scene, 4, 9).isoformat()
        assert findings(now=LATER) == []

    def test_goes_back_to_the_second_the_minutes_end(self, scene, booking):
        step = move(booking, on(scene, 5, 9))

        with pytest.raises(NotNow, match="no longer be taken back"):
            undo(booking, step, now=LATER + QUIET)
        undo(booking, step, now=LATER + QUIET - SECOND)

        assert booking.starts_at == on(scene, 4, 9)

    def test_goes_back_into_notice_since_that_time_was_promised(self, scene, booking):
        now = on(scene, 3, 21)  # twelve hours before
        step = move(booking, on(scene, 5, 9), now=now)

        undo(booking, step, now=now + SECOND)

        assert booking.starts_at == on(scene, 4, 9)
        assert "free_until" not in booking.promise

    def test_stays_where_its_time_is_gone(self, scene, booking):
        step = move(booking, on(scene, 5, 9))
        for _ in scene.providers:
            hold(scene, on(scene, 4, 9), now=LATER)

        with pytest.raises(SlotTaken):
            undo(booking, step)

        booking.refresh_from_db()
        assert (booking.starts_at, booking.schedule_version) == (on(scene, 5, 9), 1)

    @pytest.mark.parametrize(
        ("what", "said"),
        [
            ("time off", "Ana has time off then"),
            ("elsewhere", "Ana is busy elsewhere then, by their own calendar"),
            ("visit", "Somebody else has that time with Ana"),
            ("skill", "Ana does not give this any more"),
            ("rooms", "No room is free then"),
            ("devices", "The device it needs is not free then"),
        ],
    )
    def test_staff_read_what_is_in_the_way_of_its_old_time(self, scene, booking, what, said):
        desk, there = staff(UserFactory()), on(scene, 4, 9)
        step = move(booking, on(scene, 5, 9), actor=desk)
        taken = {"starts_at": there, "ends_at": there + timedelta(hours=1)}
        if what == "visit":
            booked(provider=booking.provider, starts_at=there)
        elif what == "skill":
            booking.provider.treatments.clear()
        elif what == "elsewhere":
            calendar = OutsideCalendar.objects.create(
                provider=booking.provider, address="https://calendar.example/a.ics", added_at=NOW
            )
            OutsideBusy.objects.create(calendar=calendar, resource=booking.provider, **taken)
        else:
            away = {"time off": [booking.provider], "rooms": scene.rooms, "devices": scene.devices}
            for resource in away[what]:
                TimeOffFactory(resource=resource, **taken)

        with pytest.raises(NotFree, match=f"It stays as it is now. {said}"):
            undo(booking, step, actor=desk)

        booking.refresh_from_db()
        assert booking.starts_at == on(scene, 5, 9)

    def test_pressed_twice_goes_back_once(self, scene, booking):
        step = move(booking, on(scene, 5, 9))
        seen_before = Booking.objects.get(pk=booking.pk)

        undo(booking, step)
        undo(seen_before, step)

        booking.refresh_from_db()
        assert (booking.moves, booking.schedule_version) == (0, 2)

    def test_that_something_followed_is_not_taken_back(self, scene, booking):
        first = move(booking, on(scene, 5, 9))
        move(booking, on(scene, 6, 9))

        with pytest.raises(NotNow):
            undo(booking, first)

        booking.refresh_from_db()
        assert booking.starts_at == on(scene, 6, 9)

    def test_of_the_clinic_is_not_the_clients_to_take_back(self, scene, booking):
        desk = staff(UserFactory())
        step = move(booking, on(scene, 5, 9), actor=desk)

        with pytest.raises(NotNow):
            undo(booking, step)
        undo(booking, step, actor=desk)

        assert booking.starts_at == on(scene, 4, 9)

    def test_can_be_taken_back_as_long_as_was_promised(self, scene):
        PolicyVersionFactory(values={"undo_minutes": 10})
        booking = confirm(scene, on(scene, 4, 9))
        step = move(booking, on(scene, 5, 9))

        undo(booking, step, now=LATER + 10 * timedelta(minutes=1) - SECOND)

        assert booking.starts_at == on(scene, 4, 9)


def test_what_is_no_change_of_a_promised_visit_is_not_taken_back(booking):
    held = booking.events.get(what="held")

    with pytest.raises(NotNow):
        undo(booking, held)


class TestTheLetters:
    """Nobody hears of what was taken back; what is to be told tells of the visit as it stands."""

    @pytest.mark.parametrize("change", ["move", "cancel"])
    def test_of_a_change_taken_back_never_go(self, scene, booking, change):
        told = Message.objects.filter(code="M01")
        told.update(status="sent", sent_to="maya@mail.example", sent_at=NOW, settled_at=NOW)
        before = waiting(booking)
        step = move(booking, on(scene, 5, 9)) if change == "move" else cancel(booking)
        assert waiting(booking) != before
        assert Message.objects.filter(code="M09", status="planned").exists()

        undo(booking, step)

        assert waiting(booking) == before
        assert not Message.objects.filter(code="M09", status="planned").exists()


def waiting(booking: Booking) -> set[tuple[str, str, str, datetime]]:
    """What is still to go to the client."""
    rows = Message.objects.filter(status="planned", recipient="client")
    return set(rows.values_list("code", "channel", "occurrence", "due_at"))


class TestACancelledVisit:
    def test_stands_again_and_nothing_is_owed(self, scene, booking):
        now = booking.starts_at - timedelta(hours=1)
        step = cancel(booking, now=now)
        assert booking.fee_owed == 85

        undo(booking, step, now=now + SECOND)

        assert (booking.status, booking.fee_owed) == (Status.CONFIRMED, Decimal(0))
        assert booking.allocations.count() == 3
        assert booking.schedule_version == 2
        assert last(booking).data["status"] == ["cancelled_late", "confirmed"]
        assert findings(now=now) == []

    def test_does_not_where_its_time_is_gone(self, scene, booking):
        step = cancel(booking)
        for _ in scene.providers:
            hold(scene, on(scene, 4, 9), now=LATER)

        with pytest.raises(SlotTaken):
            undo(booking, step)

        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED_CLIENT
        assert not booking.allocations.exists()

    def test_does_not_once_the_minutes_are_over(self, booking):
        step = cancel(booking)

        with pytest.raises(NotNow):
            undo(booking, step, now=LATER + QUIET)

    def test_does_not_beside_another_first_visit_of_a_new_client(self, scene, booking):
        step = cancel(booking)
        confirm(scene, on(scene, 5, 9), now=LATER)

        with pytest.raises(AskTheClinic):
            undo(booking, step, now=LATER + 2 * timedelta(minutes=1))

    def test_canceled_again_costs_what_it_did(self, booking):
        """Cancelling and taking it back is no way to a booking that costs nothing."""
        now = booking.starts_at - timedelta(hours=1)
        undo(booking, cancel(booking, now=now), now=now + SECOND)

        cancel(booking, now=now + 2 * SECOND)

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_LATE, 85)


class TestABookingJustMade:
    def test_is_taken_back_at_no_charge_however_near(self, scene):
        """A client we know books half a day ahead, when canceling costs already."""
        booking = confirm(scene, on(scene, 4, 9))
        at = booking.events.get(what="confirmed").at
        Booking.objects.update(promise=booking.promise | {"free_until_hours": 24 * 30})

        undo(booking, last(booking), now=at + QUIET - SECOND)

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLIENT, 0)
        assert not booking.allocations.exists()

    def test_costs_what_the_policy_says_once_the_minutes_are_over(self, scene, booking):
        Booking.objects.update(promise=booking.promise | {"free_until_hours": 24 * 30})
        at = last(booking).at

        with pytest.raises(NotNow):
            undo(booking, last(booking), now=at + QUIET)
        cancel(booking, now=at + QUIET)

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_LATE, 85)
