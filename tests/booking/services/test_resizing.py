"""A visit grows or shrinks: its price stays, its turnovers follow, nobody is run over."""

from datetime import timedelta

import pytest

from booking import services
from booking.errors import NotNow, NotOffered, SlotTaken
from booking.message_plan import REMINDERS
from booking.models import Booking, BookingEvent, Status
from booking.services.audit import findings
from booking.services.ledger import staff
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, hold, on
from tests.booking.written import sent
from tests.factories import Scene, TimeOffFactory, UserFactory, open_clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene: Scene) -> Booking:
    """75 minutes from nine: an hour and the talk of a first visit."""
    return confirm(scene, on(scene, 4, 9))


def resize(booking: Booking, minutes: int, **fields) -> BookingEvent:  # type: ignore[no-untyped-def]
    asked = {"actor": staff(UserFactory()), "now": NOW + timedelta(minutes=5)} | fields
    services.resize(booking=booking, minutes=minutes, **asked)
    return booking.events.order_by("pk").last()


def test_a_longer_visit_keeps_start_and_price_and_its_turnovers_follow(scene, booking):
    before = {each.resource_id: each.ends_at for each in booking.allocations.all()}

    resize(booking, 90, reason="Sensitive area")

    booking.refresh_from_db()
    assert (booking.starts_at, booking.minutes) == (on(scene, 4, 9), 90)
    assert (booking.adjusted_minutes, booking.price, booking.schedule_version) == (15, 170, 1)
    after = {each.resource_id: each.ends_at for each in booking.allocations.all()}
    assert after == {pk: end + timedelta(minutes=15) for pk, end in before.items()}
    assert findings(now=NOW) == []


def test_a_shorter_visit_gives_its_time_back(scene, booking):
    resize(booking, 45)

    confirm(scene, on(scene, 4, 10), email="sam@mail.example", name="Sam Ortiz")
    assert findings(now=NOW) == []


def test_it_never_runs_into_the_next_visit(scene, booking):
    confirm(scene, on(scene, 4, 10, 30), email="sam@mail.example", name="Sam Ortiz")

    with pytest.raises(SlotTaken, match="runs into the next visit"):
        resize(booking, 80)
    assert booking.minutes == 75


def test_nor_into_a_time_that_somebody_is_just_booking_or_that_is_blocked(scene, booking):
    held = hold(scene, on(scene, 4, 10, 30))
    with pytest.raises(SlotTaken):
        resize(booking, 80)
    resize(booking, 80, now=held.held_until)  # let go by then

    TimeOffFactory(
        resource=scene.provider, starts_at=on(scene, 4, 10, 35), ends_at=on(scene, 4, 12)
    )
    with pytest.raises(SlotTaken):
        resize(booking, 85, now=held.held_until)


@pytest.mark.parametrize("minutes", [5, 0, 110])
def test_there_is_a_least_and_a_most(booking, minutes):
    with pytest.raises(NotOffered, match="between 10 and 105 minutes"):
        resize(booking, minutes)


def test_it_goes_in_steps_of_five_minutes(booking):
    with pytest.raises(NotOffered, match="steps of five"):
        resize(booking, 77)


def test_a_visit_that_has_begun_can_still_be_shortened(scene, booking):
    Booking.objects.filter(pk=booking.pk).update(status=Status.CHECKED_IN)
    booking.refresh_from_db()

    resize(booking, 60, now=on(scene, 4, 9, 14))

    assert booking.minutes == 60
    assert not booking.events.filter(what="moved").exists()


def test_who_is_here_is_reminded_of_nothing_when_the_length_is_as_it_was(scene, booking):
    services.check_in(booking=booking, actor=staff(UserFactory()), now=on(scene, 4, 8, 50))

    resize(booking, 60, now=on(scene, 4, 9, 1))
    resize(booking, 75, now=on(scene, 4, 9, 2))

    assert not Message.objects.filter(code__in=REMINDERS, status="planned").exists()


def test_one_that_is_over_keeps_its_length(booking):
    Booking.objects.filter(pk=booking.pk).update(status=Status.COMPLETED)
    booking.refresh_from_db()

    with pytest.raises(NotNow, match="is over"):
        resize(booking, 60)


def test_chosen_by_a_version_that_is_gone_nothing_is_done(booking):
    resize(booking, 60, version=0)

    with pytest.raises(NotNow, match="changed in the meantime"):
        resize(booking, 90, version=0)
    assert booking.minutes == 60


def test_the_client_hears_of_it_once_and_only_if_they_are_to(booking):
    sent(booking, "M01")

    resize(booking, 60, tell=False)
    assert not Message.objects.filter(code="M09", recipient="client", status="planned").exists()

    resize(booking, 75)  # as the client was told at first
    assert not Message.objects.filter(code="M09", recipient="client", status="planned").exists()

    resize(booking, 90)
    assert Message.objects.get(code="M09", recipient="client", status="planned")


def test_it_can_be_taken_back_for_a_few_minutes(scene, booking):
    sent(booking, "M01")
    actor = staff(UserFactory())
    step = resize(booking, 90, actor=actor)

    services.undo(booking=booking, step=step, actor=actor, now=NOW + timedelta(minutes=6))

    booking.refresh_from_db()
    assert (booking.minutes, booking.adjusted_minutes, booking.schedule_version) == (75, 0, 2)
    assert not Message.objects.filter(code="M09", recipient="client", status="planned").exists()
    assert findings(now=NOW) == []


def test_moved_afterwards_it_keeps_its_length(scene, booking):
    resize(booking, 90)
    services.move(booking=booking, starts_at=on(scene, 5, 9), actor=staff(UserFactory()), now=NOW)

    assert booking.minutes == 90
    assert findings(now=NOW) == []
