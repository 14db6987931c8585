from datetime import timedelta
from decimal import Decimal

import pytest

from booking import services
from booking.errors import NotNow, SlotTaken
from booking.models import Booking, Status
from booking.services.audit import findings
from booking.services.ledger import staff
from tests.booking.scenes import NOW, confirm, hold, on
from tests.factories import Scene, TimeOffFactory, UserFactory, booked, open_clinic

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene) -> Booking:
    """A visit on Monday at nine."""
    return confirm(scene, on(scene, 4, 9))


@pytest.fixture
def desk():
    return staff(UserFactory())


def step(name: str, booking: Booking, desk, at) -> None:
    getattr(services, name)(booking=booking, actor=desk, now=at)


def steps(booking: Booking, desk, *names: str) -> None:
    """Take the steps one minute apart, from the visit's start on."""
    for minutes, name in enumerate(names):
        step(name, booking, desk, booking.starts_at + minutes * MINUTE)


def events(booking: Booking) -> list[str]:
    return [event.what for event in booking.events.all()]


def test_a_visit_goes_from_arrival_to_done_and_keeps_its_place(booking, desk):
    steps(booking, desk, "check_in", "start", "complete")

    assert booking.status == Status.COMPLETED
    assert booking.allocations.count() == 3
    assert events(booking) == ["held", "confirmed", "checked_in", "started", "completed"]
    assert booking.events.last().user == desk.user


def test_a_client_may_come_early_but_on_the_day(scene, booking, desk):
    for at in (on(scene, 3, 23, 59), on(scene, 5, 0)):
        with pytest.raises(NotNow, match="on the day of the visit"):
            step("check_in", booking, desk, at)

    step("check_in", booking, desk, on(scene, 4, 0))

    assert booking.status == Status.CHECKED_IN


def test_a_visit_moved_to_another_day_is_not_checked_in_today(scene, booking, desk):
    seen_before = Booking.objects.get(pk=booking.pk)
    services.move(booking=booking, starts_at=on(scene, 5, 9), actor=desk, now=NOW)

    with pytest.raises(NotNow):
        step("check_in", seen_before, desk, on(scene, 4, 9))

    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


def test_a_visit_is_not_done_before_it_could_have_begun(booking, desk):
    step("check_in", booking, desk, booking.starts_at - HOUR)

    with pytest.raises(NotNow, match="not begun"):
        step("complete", booking, desk, booking.starts_at - MINUTE)
    step("start", booking, desk, booking.starts_at - MINUTE)
    step("complete", booking, desk, booking.starts_at - MINUTE)


def test_who_does_not_come_owes_half_and_the_time_stays_taken(booking, desk):
    with pytest.raises(NotNow, match="not begun"):
        step("mark_no_show", booking, desk, booking.starts_at - MINUTE)

    step("mark_no_show", booking, desk, booking.starts_at)

    assert (booking.status, booking.fee_owed) == (Status.NO_SHOW, Decimal(85))
    assert booking.allocations.count() == 3


def test_who_is_here_is_no_no_show(booking, desk):
    step("check_in", booking, desk, booking.starts_at)

    with pytest.raises(NotNow):
        step("mark_no_show", booking, desk, booking.starts_at + HOUR)


@pytest.mark.parametrize("before", [[], ["check_in"], ["check_in", "start"]])
def test_declining_for_safety_costs_nothing_and_frees_the_time(booking, desk, before):
    steps(booking, desk, *before)

    step("decline", booking, desk, booking.starts_at + HOUR)

    assert (booking.status, booking.fee_owed) == (Status.DECLINED_AT_VISIT, Decimal(0))
    assert not booking.allocations.exists()


@pytest.mark.parametrize("name", ["check_in", "start", "complete", "mark_no_show", "decline"])
@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED_CLIENT, Status.NO_SHOW])
def test_what_is_over_is_over(scene, desk, name, status):
    booking = booked(status=status, location=scene.location, starts_at=on(scene, 4, 9))

    with pytest.raises(NotNow):
        step(name, booking, desk, booking.starts_at)

    booking.refresh_from_db()
    assert booking.status == status


def test_two_at_the_desk_note_one_arrival(booking, desk):
    other_screen = Booking.objects.get(pk=booking.pk)
    step("check_in", booking, desk, booking.starts_at)

    with pytest.raises(NotNow):
        step("check_in", other_screen, desk, booking.starts_at)

    assert events(booking).count("checked_in") == 1


class TestTakingBack:
    def test_steps_are_taken_back_one_by_one_to_the_promise(self, booking, desk):
        steps(booking, desk, "check_in", "start", "complete")
        at = booking.starts_at + HOUR

        for status in (Status.IN_PROGRESS, Status.CHECKED_IN, Status.CONFIRMED):
            step("take_back", booking, desk, at)
            assert booking.status == status
        with pytest.raises(NotNow, match="nothing to take back"):
            step("take_back", booking, desk, at)

    def test_a_step_may_be_taken_again_after_it_was_taken_back(self, booking, desk):
        steps(booking, desk, "check_in", "take_back", "check_in", "take_back")

        assert booking.status == Status.CONFIRMED

    def test_pressing_it_on_two_screens_takes_back_one_step(self, booking, desk):
        steps(booking, desk, "check_in", "start")
        other_screen = Booking.objects.get(pk=booking.pk)
        step("take_back", booking, desk, booking.starts_at + HOUR)

        with pytest.raises(NotNow):
            step("take_back", other_screen, desk, booking.starts_at + HOUR)

        booking.refresh_from_db()
        assert booking.status == Status.CHECKED_IN

    def test_a_missed_visit_that_was_not_missed_owes_nothing(self, booking, desk):
        steps(booking, desk, "mark_no_show", "take_back")

        assert (booking.status, booking.fee_owed) == (Status.CONFIRMED, Decimal(0))

    def test_only_on_the_same_day(self, scene, booking, desk):
        step("mark_no_show", booking, desk, on(scene, 4, 18))

        with pytest.raises(NotNow):
            step("take_back", booking, desk, on(scene, 5, 0))
        step("take_back", booking, desk, on(scene, 4, 23, 59))

    def test_a_cancellation_is_not_taken_back(self, booking, desk):
        services.cancel(booking=booking, actor=desk, now=booking.starts_at - HOUR)

        with pytest.raises(NotNow):
            step("take_back", booking, desk, booking.starts_at - HOUR)

    def test_a_time_given_back_is_taken_again(self, booking, desk):
        steps(booking, desk, "check_in", "decline", "take_back")

        assert booking.status == Status.CHECKED_IN
        assert booking.allocations.count() == 3
        assert findings(now=booking.starts_at) == []

    def test_a_time_somebody_else_has_by_now_is_not(self, scene, booking, desk):
        early = on(scene, 4, 1)
        step("decline", booking, desk, early)
        other = booked(
            provider=scene.provider,
            option=scene.option,
            location=scene.location,
            starts_at=on(scene, 4, 10),
            room=scene.room,
            devices=scene.devices,
        )

        with pytest.raises(SlotTaken):
            step("take_back", booking, desk, early + HOUR)

        booking.refresh_from_db()
        assert booking.status == Status.DECLINED_AT_VISIT
        assert other.allocations.count() == 3

    def test_a_time_whose_new_hold_ran_out_is_taken_again(self, scene, booking, desk, caplog):
        declined_at = on(scene, 4, 1)
        step("decline", booking, desk, declined_at)
        hold(scene, on(scene, 4, 9), now=NOW)

        step("take_back", booking, desk, declined_at + HOUR)

        assert booking.status == Status.CONFIRMED
        assert findings(now=declined_at + HOUR) == []
        assert not caplog.records

    def test_a_time_in_which_the_client_is_elsewhere_by_now_is_not(self, scene, booking, desk):
        step("decline", booking, desk, on(scene, 4, 1))
        booked(client=booking.client, starts_at=on(scene, 4, 9, 30))

        with pytest.raises(NotNow, match="another visit at that time"):
            step("take_back", booking, desk, on(scene, 4, 2))

    def test_a_time_in_which_the_provider_is_away_by_now_is_not(self, scene, booking, desk):
        step("decline", booking, desk, on(scene, 4, 1))
        TimeOffFactory(resource=scene.provider, starts_at=on(scene, 4, 9), ends_at=on(scene, 4, 10))

        with pytest.raises(SlotTaken):
            step("take_back", booking, desk, on(scene, 4, 2))
