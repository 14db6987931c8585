"""Taking back what was just done to a visit, in the few minutes in which nobody is told of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from booking.errors import NotFree, NotNow, SlotTaken, TimePassed
from booking.message_plan import Trigger, follow
from booking.models import Booking, BookingEvent, Happened
from booking.scheduling.slots import Kept
from booking.selectors import free_slots
from booking.selectors.changes import quiet_step
from booking.selectors.obstacles import in_the_way
from booking.services.cancelling import cancel
from booking.services.changes.deciding import reopen
from booking.services.confirming import refuse_second_first_visit
from booking.services.holds import end_holds_in_the_way
from booking.services.ledger import (
    Actor,
    allocate,
    change_status,
    explained_by_mail,
    lock_booking,
    lock_for,
    record,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.services.moving import times
from booking.services.resizing import stretch
from booking.services.standing import Standing, put
from booking.wishes import Wish


@explained_by_mail
@refused_by_database
@transaction.atomic
def undo(*, booking: Booking, step: BookingEvent, actor: Actor, now: datetime) -> None:
    """Take back `step`, the last thing done to the visit by the same side, while it is fresh.

    A booking is cancelled at no charge, a move goes back and is not counted, a visit has its
    length again, a cancelled one stands again and nothing is owed. Nothing was kept meanwhile:
    SlotTaken, or its kinds, where the time is gone. What a change of the schedule had counted as
    decided by that step is to be decided again. Doing it twice is harmless. Raises NotNow once
    the minutes are over or anything else has happened, or AskTheClinic.
    """
    if _is_undone(booking, step):
        return
    if step.what in {Happened.CANCELLED, Happened.MOVED}:
        reopen(booking, since=step.at, user=actor.user, now=now)
    if step.what in {Happened.BOOKED, Happened.CONFIRMED}:
        lock_booking(booking)
        _must_be_quiet(booking, step, actor=actor, now=now)
        cancel(booking=booking, actor=actor, fee_shown=Decimal(0), undoes=step, now=now)
    elif step.what == Happened.CANCELLED:
        _uncancel(booking, step, actor=actor, now=now)
    elif step.what == Happened.RESIZED:
        _resize_back(booking, step, actor=actor, now=now)
    elif step.what == Happened.MOVED:
        _move_back(booking, step, actor=actor, now=now)
    else:
        raise _too_late()


def _move_back(booking: Booking, step: BookingEvent, *, actor: Actor, now: datetime) -> None:
    former = Standing.read(step.data["before"], booking)
    locked = lock_for(former.wish, client=booking.client, leaving=booking.location)
    lock_booking(booking)
    _must_be_quiet(booking, step, actor=actor, now=now)
    kept = _kept_again(booking, former, locked, actor=actor, now=now)
    _refuse_overlap(booking, former, actor=actor)
    present = Standing.of(booking)
    put(booking, former, kept, moves=-int(step.by == BookingEvent.By.CLIENT))
    _write_down(booking, step, times(present, former), actor=actor, now=now)


def _resize_back(booking: Booking, step: BookingEvent, *, actor: Actor, now: datetime) -> None:
    locked = lock_for(Wish.of(booking), client=booking.client, also=[booking.provider_id])
    lock_booking(booking)
    _must_be_quiet(booking, step, actor=actor, now=now)
    end_holds_in_the_way(locked, now=now)
    had, has = step.data["adjusted_minutes"]
    stretch(booking, had - has, actor=actor, now=now)
    standing = Standing.of(booking)
    _write_down(booking, step, times(standing, standing), actor=actor, now=now)


def _uncancel(booking: Booking, step: BookingEvent, *, actor: Actor, now: datetime) -> None:
    locked = lock_for(Wish.of(booking), client=booking.client)
    lock_booking(booking)
    _must_be_quiet(booking, step, actor=actor, now=now)
    standing = Standing.of(booking)
    _refuse_overlap(booking, standing, actor=actor)
    if booking.client is not None and actor.by == BookingEvent.By.CLIENT:
        refuse_second_first_visit(booking.client, now=now)
    kept = _kept_again(booking, standing, locked, actor=actor, now=now)
    allocate(booking, kept)
    change_status(
        booking,
        Happened.UNDONE,
        allowed=[step.data["to"]],
        to=step.data["from"],
        actor=actor,
        now=now,
        data={
            "undoes": step.pk,
            **times(standing, standing),
            "version": booking.schedule_version + 1,
            "status": [step.data["to"], step.data["from"]],
        },
        fee_owed=Decimal(0),
        schedule_version=F("schedule_version") + 1,
    )
    follow(booking, Trigger.UNDONE, now=now)


def _write_down(
    booking: Booking, step: BookingEvent, when: dict[str, Any], *, actor: Actor, now: datetime
) -> None:
    """Record that `step` is taken back, with its `times`, and plan what says so."""
    record(
        booking,
        Happened.UNDONE,
        actor=actor,
        now=now,
        undoes=step.pk,
        **when,
        version=booking.schedule_version,
    )
    follow(booking, Trigger.UNDONE, now=now, quiet=step.data.get("is_quiet", False))


def _is_undone(booking: Booking, step: BookingEvent) -> bool:
    """Whether a press came twice."""
    last = booking.events.order_by("-pk").first()
    return last is not None and last.data.get("undoes") == step.pk


def _must_be_quiet(booking: Booking, step: BookingEvent, *, actor: Actor, now: datetime) -> None:
    """Raise NotNow unless `step` is the last that happened, and fresh. `booking` is locked."""
    if quiet_step(booking, by=actor.by, now=now) != step:
        raise _too_late()


def _too_late() -> NotNow:
    return NotNow(_("That can no longer be taken back. Nothing was done."))


def _kept_again(
    booking: Booking, standing: Standing, locked: list[int], *, actor: Actor, now: datetime
) -> list[Kept]:
    """What the visit keeps where it stood. Raises SlotTaken where that is gone; to staff, why.

    Neither notice, horizon nor hours count: the time was promised before.
    """
    wish, starts_at = standing.wish, standing.starts_at
    if starts_at <= now:
        raise TimePassed
    end_holds_in_the_way(locked, now=now)
    day = starts_at.astimezone(wish.location.zone).date()
    free = free_slots(
        wish=wish,
        first_on=day,
        last_on=day,
        now=now,
        ignoring=booking,
        is_staff=True,
        is_at_any_hour=True,
    )
    second = int(starts_at.timestamp())
    kept = free.resources_for(second, standing.provider)
    if kept is None:
        if actor.by == BookingEvent.By.CLIENT:
            raise SlotTaken
        why = {"why": in_the_way(free, standing.provider, second)}
        raise NotFree(_("It stays as it is now. %(why)s") % why)
    return kept


def _refuse_overlap(booking: Booking, standing: Standing, *, actor: Actor) -> None:
    refuse_overlapping_visits(
        booking.client,
        starts_at=standing.starts_at,
        ends_at=standing.ends_at,
        besides=booking,
        actor=actor,
    )
