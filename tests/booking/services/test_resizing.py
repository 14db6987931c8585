"""A visit grows or shrinks: its price stays, its turnovers follow, nobody is run over."""

from datetime import time, timedelta

import pytest

from booking import services
from booking.errors import NotNow, NotOffered, ReasonMissing, SlotTaken
from booking.message_plan import REMINDERS
from booking.models import Booking, BookingEvent, Status
from booking.services.audit import findings
from booking.services.ledger import staff
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, hold, on
from tests.booking.written import sent
from tests.factories import (
    Scene,
    TimeOffFactory,
    UserFactory,
    WorkingHoursFactory,
    open_clinic,
)

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


class TestWhoGivesIt:
    """They hear of another length as of another time: by mail, once nobody can undo it."""

    @pytest.fixture(autouse=True)
    def diary(self, scene) -> None:
        scene.provider.user = UserFactory()
        scene.provider.save(update_fields=["user"])

    @staticmethod
    def news(booking: Booking) -> list[Message]:
        rows = Message.objects.planned().filter(recipient=f"provider:{booking.provider_id}")
        return list(rows.filter(code="M09"))

    def test_they_are_told_once_after_the_minutes_of_the_undo(self, booking):
        now = NOW + timedelta(minutes=5)
        resize(booking, 60, tell=False)
        resize(booking, 90)

        (news,) = self.news(booking)
        assert news.version == booking.schedule_version == 2
        assert news.due_at == now + timedelta(minutes=booking.undo_minutes)

    def test_taken_back_or_as_they_know_it_there_is_nothing_to_tell(self, booking):
        actor = staff(UserFactory())
        step = resize(booking, 90, actor=actor)
        services.undo(booking=booking, step=step, actor=actor, now=NOW + timedelta(minutes=6))
        assert self.news(booking) == []

        resize(booking, 90)
        sent(booking, "M09", recipient=f"provider:{booking.provider_id}")
        Message.objects.planned().filter(code="M09").delete()
        resize(booking, 60)
        resize(booking, 90)
        assert self.news(booking) == []


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


class TestPastTheHours:
    """Ana is in from nine to six, and a quarter of an hour is kept after each visit."""

    @pytest.fixture
    def last(self, scene) -> Booking:
        """Until half past five."""
        return confirm(scene, on(scene, 5, 16, 15), email="lea@mail.example", name="Lea Park")

    def test_it_grows_for_a_reason_that_is_kept(self, scene, last):
        with pytest.raises(ReasonMissing):
            resize(last, 95, reason=" ")
        assert last.minutes == 75

        event = resize(last, 95, reason="She stays for the mask")

        assert last.minutes == 95
        assert (event.reason, event.data["broken"]) == ("She stays for the mask", ["doors"])
        assert findings(now=NOW) == []

    def test_up_to_its_end_with_the_turnover_nobody_asks(self, last):
        assert "broken" not in resize(last, 90).data

    def test_past_the_end_of_her_own_hours_and_into_her_break(self, scene, last):
        WorkingHoursFactory(
            provider=scene.provider,
            location=scene.location,
            weekday=1,
            starts_at=time(18, 15),
            ends_at=time(19),
        )
        scene.location.opening_hours.filter(weekday=1).update(closes_at=time(20))

        assert resize(last, 95, reason="A new mask").data["broken"] == ["break"]
        scene.provider.working_hours.filter(weekday=1, starts_at=time(18, 15)).delete()
        assert resize(last, 100, reason="A new mask").data["broken"] == ["hours"]

    def test_shorter_again_it_needs_none(self, last):
        resize(last, 105, reason="She stays for the mask")

        assert "broken" not in resize(last, 100).data

    def test_its_length_is_taken_back_without_one(self, last):
        actor = staff(UserFactory())
        resize(last, 105, reason="She stays for the mask")
        step = resize(last, 75, actor=actor)

        services.undo(booking=last, step=step, actor=actor, now=NOW + timedelta(minutes=6))

        assert last.minutes == 105
        assert findings(now=NOW) == []

    def test_no_reason_runs_over_what_is_in_the_way(self, scene, last):
        TimeOffFactory(
            resource=scene.provider, starts_at=on(scene, 5, 18), ends_at=on(scene, 5, 20)
        )

        with pytest.raises(SlotTaken):
            resize(last, 95, reason="She stays for the mask")
