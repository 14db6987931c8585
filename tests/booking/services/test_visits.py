from datetime import timedelta
from decimal import Decimal

import pytest

from booking import services
from booking.errors import NotNow, SlotTaken
from booking.models import Booking, Happened, Status
from booking.services.audit import findings
from booking.services.fees import owe_again, settle_fee
from booking.services.ledger import CLIENT, record, staff
from booking.services.visits import Unprepared
from tests.booking.scenes import NOW, confirm, hold, on
from tests.factories import (
    OptionFactory,
    PolicyVersionFactory,
    Scene,
    TimeOffFactory,
    UserFactory,
    booked,
    open_clinic,
)

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

    def test_after_a_fee_that_was_paid_by_mistake_too(self, booking, desk):
        steps(booking, desk, "mark_no_show")
        paid = settle_fee(booking=booking, actor=desk, now=booking.starts_at)

        with pytest.raises(NotNow, match="was paid"):
            step("take_back", booking, desk, booking.starts_at + MINUTE)
        owe_again(booking=booking, step=paid, actor=desk, now=booking.starts_at + MINUTE)
        step("take_back", booking, desk, booking.starts_at + MINUTE)

        assert (booking.status, booking.fee_owed) == (Status.CONFIRMED, 0)

    def test_after_a_fee_that_was_waived_and_a_message_that_went_again_too(self, booking, desk):
        steps(booking, desk, "mark_no_show")
        now = booking.starts_at + MINUTE
        services.waive_fee(booking=booking, actor=desk, reason="The bus", now=now)
        record(booking, Happened.SENT_AGAIN, actor=desk, now=now)

        step("take_back", booking, desk, now)

        assert booking.status == Status.CONFIRMED

    def test_a_visit_booked_out_of_hours_stands_there_again(self, scene, desk):
        late = booked(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            room=scene.room,
            devices=[scene.console],
            starts_at=on(scene, 4, 19),
        )
        steps(late, desk, "check_in", "decline", "take_back")

        assert late.status == Status.CHECKED_IN
        assert late.allocations.count() == 3

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


class TestArrivingLate:
    """To 10 minutes the visit keeps its length, to 15 it is shortened, then it is a late change."""

    def late(self, booking: Booking, desk, minutes: float, **how: bool) -> None:
        at = booking.starts_at + minutes * MINUTE
        services.check_in_late(booking=booking, actor=desk, now=at, **how)

    @pytest.mark.parametrize("minutes", [0, 1, 10])
    def test_to_ten_minutes_nothing_is_lost(self, booking, desk, minutes):
        booked_until = booking.ends_at
        self.late(booking, desk, minutes)

        assert booking.status == Status.CHECKED_IN
        assert (booking.ends_at, booking.adjusted_minutes) == (booked_until, 0)
        assert booking.events.last().data["late"] == minutes

    @pytest.mark.parametrize(("minutes", "left"), [(10.5, 65), (12, 63), (15, 60)])
    def test_to_fifteen_it_is_shortened_to_what_is_left_at_the_full_price(
        self, booking, desk, minutes, left
    ):
        booked_until, price = booking.ends_at, booking.price
        self.late(booking, desk, minutes)

        assert (booking.status, booking.minutes, booking.price) == (Status.CHECKED_IN, left, price)
        assert booking.ends_at == booked_until
        assert {kept.starts_at for kept in booking.allocations.all()} == {booking.starts_at}
        assert findings(now=booking.starts_at) == []

    def test_after_that_staff_choose(self, booking, desk):
        with pytest.raises(NotNow, match="16 minutes late"):
            self.late(booking, desk, 16)

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_who_is_treated_anyway_gets_what_is_left(self, booking, desk):
        self.late(booking, desk, 40, is_waived=True)

        assert (booking.status, booking.minutes, booking.fee_owed) == (Status.CHECKED_IN, 35, 0)
        assert findings(now=booking.starts_at) == []

    def test_when_nothing_is_left_nobody_is_treated(self, booking, desk):
        with pytest.raises(NotNow, match="Nothing is left"):
            self.late(booking, desk, 75, is_waived=True)

    def test_who_is_not_late_is_not_late(self, booking, desk):
        with pytest.raises(NotNow, match=r"It is not .*9:00.am yet"):
            self.late(booking, desk, -1)

    @pytest.mark.parametrize(("is_waived", "owed"), [(False, 85), (True, 0)])
    def test_too_late_is_a_late_change_whose_fee_may_be_waived(
        self, booking, desk, is_waived, owed
    ):
        services.turn_away(
            booking=booking, actor=desk, is_waived=is_waived, now=booking.starts_at + 16 * MINUTE
        )

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_LATE, owed)
        assert not booking.allocations.exists()
        assert findings(now=booking.starts_at) == []

    def test_nobody_is_turned_away_before_that(self, booking, desk):
        with pytest.raises(NotNow, match="not 15 minutes late yet"):
            services.turn_away(booking=booking, actor=desk, now=booking.starts_at + 15 * MINUTE)

    def test_the_rules_are_the_policy_s(self, scene, booking, desk):
        PolicyVersionFactory(values={"late_keep_minutes": 20, "late_shorten_minutes": 30})
        self.late(booking, desk, 20)

        assert booking.adjusted_minutes == 0

    def test_taken_back_it_has_its_minutes_again(self, booking, desk):
        promised = booking.starts_at
        self.late(booking, desk, 12)
        step("take_back", booking, desk, promised + 13 * MINUTE)

        assert (booking.status, booking.starts_at, booking.minutes) == ("confirmed", promised, 75)
        assert booking.adjusted_minutes == 0
        assert {kept.starts_at for kept in booking.allocations.all()} == {promised}
        assert findings(now=promised) == []

    def test_minutes_that_somebody_else_has_by_now_are_not_taken_again(self, scene, booking, desk):
        promised = booking.starts_at
        self.late(booking, desk, 12)
        booked(
            provider=scene.provider,
            option=OptionFactory(minutes=15, buffer_minutes=0, treatment=scene.treatment),
            location=scene.location,
            starts_at=promised - 10 * MINUTE,
        )

        with pytest.raises(NotNow, match="Another visit is in the minutes"):
            step("take_back", booking, desk, promised + 13 * MINUTE)

        booking.refresh_from_db()
        assert (booking.status, booking.minutes) == (Status.CHECKED_IN, 63)

    def test_minutes_in_which_the_client_is_elsewhere_are_not_taken_again(self, booking, desk):
        promised = booking.starts_at
        self.late(booking, desk, 12)
        booked(client=booking.client, starts_at=promised - 50 * MINUTE)

        with pytest.raises(NotNow, match="another visit at that time"):
            step("take_back", booking, desk, promised + 13 * MINUTE)

        booking.refresh_from_db()
        assert (booking.status, booking.minutes) == (Status.CHECKED_IN, 63)

    def test_too_late_is_taken_back_too(self, booking, desk):
        at = booking.starts_at + 20 * MINUTE
        step("turn_away", booking, desk, at)
        step("take_back", booking, desk, at + MINUTE)

        assert (booking.status, booking.fee_owed) == (Status.CONFIRMED, 0)
        assert booking.allocations.count() == 3
        assert findings(now=at) == []

    def test_who_was_late_and_then_declined_is_taken_back_step_by_step(self, booking, desk):
        promised = booking.starts_at
        self.late(booking, desk, 12)
        step("decline", booking, desk, promised + 13 * MINUTE)
        step("take_back", booking, desk, promised + 14 * MINUTE)

        assert (booking.status, booking.minutes) == (Status.CHECKED_IN, 63)
        step("take_back", booking, desk, promised + 15 * MINUTE)
        assert (booking.starts_at, booking.minutes) == (promised, 75)
        assert findings(now=promised) == []


class TestComingUnprepared:
    @pytest.mark.parametrize("choice", list(Unprepared))
    def test_what_is_done_then_is_noted_and_nothing_else_changes(self, booking, desk, choice):
        steps(booking, desk, "check_in")
        at = booking.starts_at + MINUTE
        services.go_on_unprepared(booking=booking, choice=choice, actor=desk, now=at)

        assert booking.status == Status.CHECKED_IN
        event = booking.events.last()
        assert (event.what, event.data, event.reason) == ("unprepared", {"choice": choice}, "")

    def test_the_note_does_not_stand_in_the_way_of_taking_back(self, booking, desk):
        steps(booking, desk, "check_in")
        at = booking.starts_at + MINUTE
        services.go_on_unprepared(booking=booking, choice=Unprepared.LOWER, actor=desk, now=at)
        step("take_back", booking, desk, at)

        assert booking.status == Status.CONFIRMED

    def test_to_be_declined_for_it_is_free_the_first_time_and_half_the_price_the_next(
        self, scene, booking, desk
    ):
        at = booking.starts_at
        services.decline(booking=booking, actor=desk, is_unprepared=True, now=at)
        assert booking.fee_owed == 0

        second = confirm(scene, on(scene, 6, 9), now=at + HOUR)
        services.decline(booking=second, actor=desk, is_unprepared=True, now=second.starts_at)
        assert second.fee_owed == 85

        third = confirm(scene, on(scene, 8, 9), now=second.starts_at + HOUR)
        services.decline(booking=third, actor=desk, now=third.starts_at)
        assert third.fee_owed == 0  # for safety, whatever was before

    def test_a_decline_that_was_taken_back_does_not_count(self, scene, booking, desk):
        at = booking.starts_at
        services.decline(booking=booking, actor=desk, is_unprepared=True, now=at)
        steps(booking, desk, "take_back", "mark_no_show")
        second = confirm(scene, on(scene, 6, 9), now=at + HOUR)
        services.decline(booking=second, actor=desk, is_unprepared=True, now=second.starts_at)

        assert second.fee_owed == 0


class TestPressingWhatIsNoLongerSo:
    """Each sentence says who did what and when, and how the visit stands."""

    def refusal(self, name: str, booking: Booking, desk, at) -> str:
        with pytest.raises(NotNow) as refused:
            step(name, booking, desk, at)
        return str(refused.value.message).replace("\N{NO-BREAK SPACE}", " ")

    def test_completing_twice(self, booking):
        dana = staff(UserFactory(full_name="Dana Whitlock"))
        steps(booking, dana, "check_in", "start", "complete")

        assert self.refusal("complete", booking, dana, booking.starts_at + HOUR) == (
            "Dana Whitlock completed this visit Mon, Mar 4, 2030, 9:02 am. "
            "This visit is completed now; nothing was changed."
        )

    def test_checking_in_a_canceled_visit(self, booking, desk):
        services.cancel(booking=booking, actor=CLIENT, now=NOW)

        assert self.refusal("check_in", booking, desk, booking.starts_at) == (
            "Client canceled this visit Fri, Mar 1, 2030, 7:00 am. "
            "This visit is canceled by the client now; nothing was changed."
        )

    def test_completing_in_the_future(self, booking, desk):
        step("check_in", booking, desk, booking.starts_at - HOUR)

        assert self.refusal("complete", booking, desk, booking.starts_at - MINUTE) == (
            "This visit has not begun yet: it is on Mon, Mar 4, 2030, 9:00 am."
        )

    def test_starting_before_anybody_has_come(self, booking, desk):
        assert self.refusal("start", booking, desk, booking.starts_at) == (
            "The client is not checked in yet; nothing was changed."
        )

    def test_seen_on_another_screen(self, booking, desk):
        other_screen = Booking.objects.get(pk=booking.pk)
        step("check_in", booking, desk, booking.starts_at)

        said = self.refusal("check_in", other_screen, desk, booking.starts_at)

        assert "Robin Hale checked the client in Mon, Mar 4, 2030, 9:00 am." in said
