"""The day of the visit: who comes, what is noted of it, and what is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from booking.message_plan import REMINDERS, Trigger
from booking.models import ACTIVE, Allocation, Booking, Status
from booking.services.standing import Standing
from tests.model.clients import Clients
from tests.model.truth import HOUR, MINUTE
from tests.model.words import often, picks

TAKEN_BACK = {"checked_in", "started", "completed", "no_show", "declined", "too_late"}
STEPS = ["check_in", "check_in", "start", "complete", "mark_no_show", "decline", "take_back"]


class Day(Clients):
    """What may be noted of a visit, in the order of its day and in others."""

    @precondition(lambda self: self.visits)
    @rule(pick=picks, what=st.sampled_from(STEPS), is_time=often)
    def treat(self, pick: int, what: str, is_time: bool) -> None:
        getattr(self, what)(pick, is_time)

    @precondition(lambda self: self.visits)
    @rule(pick=picks, steps=st.integers(1, 4))
    def come(self, pick: int, steps: int) -> None:
        for what in ["check_in", "start", "complete", "take_back"][:steps]:
            if self.visits:  # the last may be let go while we wait for it
                getattr(self, what)(pick, True)
                self.look()

    def check_in(self, pick: int, is_time: bool) -> None:
        booking = self.pick(pick, Status.CONFIRMED)
        self.wait_for(booking, -20 * MINUTE if is_time else None)
        zone = booking.location.zone
        is_today = self.now.astimezone(zone).date() == booking.starts_at.astimezone(zone).date()
        if self.note("check_in", booking, booking.status == Status.CONFIRMED and is_today):
            self.is_here(booking)

    def is_here(self, booking: Booking) -> None:
        """Nobody reminds them any more."""
        kept = self.expected[booking.pk].items()
        self.expected[booking.pk] = {
            key: due for key, due in kept if key.split(":")[2] not in REMINDERS
        }

    def start(self, pick: int, _is_time: bool) -> None:
        booking = self.pick(pick, Status.CHECKED_IN)
        self.note("start", booking, booking.status == Status.CHECKED_IN)

    def complete(self, pick: int, is_time: bool) -> None:
        booking = self.pick(pick, Status.CHECKED_IN, Status.IN_PROGRESS)
        self.wait_for(booking, HOUR if is_time else None)
        has_begun = booking.starts_at <= self.now
        may = booking.status == Status.IN_PROGRESS or (
            booking.status == Status.CHECKED_IN and has_begun
        )
        if self.note("complete", booking, may):
            self.expect(booking, Trigger.COMPLETED)

    def mark_no_show(self, pick: int, is_time: bool) -> None:
        booking = self.pick(pick, Status.CONFIRMED)
        self.wait_for(booking, 15 * MINUTE if is_time else None)
        may = booking.status == Status.CONFIRMED and booking.starts_at <= self.now
        if self.note("mark_no_show", booking, may):
            assert booking.fee_owed == self.half_of_treatment(booking)
            self.expect(booking, Trigger.NO_SHOW)

    def decline(self, pick: int, _is_time: bool) -> None:
        booking = self.pick(pick, Status.CONFIRMED, Status.CHECKED_IN)
        may = booking.status in {Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS}
        if self.note("decline", booking, may):
            self.expect(booking, Trigger.DECLINED)

    def take_back(self, pick: int, _is_time: bool) -> None:
        booking = self.pick(pick)
        last, zone = self.events[booking.pk][-1], booking.location.zone
        is_today = last.at.astimezone(zone).date() == self.now.astimezone(zone).date()
        may: bool | None = None  # of several steps, an earlier one may be next
        shortened = last.data.get("shortened", 0) * MINUTE
        if last.what in TAKEN_BACK:
            may = is_today and (
                self.may_grow_back(booking, shortened)
                if booking.status in ACTIVE
                else self.is_free_again(booking)
            )
        if self.note("take_back", booking, may):
            if last.what == "checked_in" and shortened:
                assert (booking.starts_at, booking.ends_at) == self.before_late[booking.pk]
            is_ahead = booking.status == Status.CONFIRMED and booking.starts_at > self.now
            self.expect(booking, Trigger.UNDONE if is_ahead else Trigger.TAKEN_BACK)

    def may_grow_back(self, booking: Booking, by: timedelta) -> bool:
        """Whether nothing is in the minutes that a late visit gave up."""
        given_up = {"starts_at__lt": booking.starts_at, "ends_at__gt": booking.starts_at - by}
        kept = booking.allocations.values("resource")
        others = Allocation.objects.filter(resource__in=kept, **given_up).exclude(booking=booking)
        starts_at = booking.starts_at - by
        return not by or not (
            others.exists()
            or self.has_visit(booking.client_id, starts_at, booking.starts_at, booking.pk)
        )

    def is_free_again(self, booking: Booking) -> bool | None:
        """Whether a visit that ended may have its time again; None where it began at any minute."""
        if self.has_visit(booking.client_id, booking.starts_at, booking.ends_at, booking.pk):
            return False
        if booking.starts_at.minute % 15:
            return None
        how: dict[str, Any] = {"asked_at": booking.starts_at, "is_at_any_hour": True}
        return self.is_free(booking, Standing.of(booking), is_staff=True, **how)
