"""The day of the visit: arrive, treat, done; or not."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from booking.errors import NotNow, SlotTaken
from booking.message_plan import Trigger, follow
from booking.models import ACTIVE, UPCOMING, Booking, BookingEvent, Status
from booking.selectors import free_slots
from booking.services.holds import end_holds_in_the_way
from booking.services.ledger import (
    Actor,
    allocate,
    change_status,
    lock_booking,
    lock_for,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.terms import fee
from booking.wishes import Wish

TAKEN_BACK = "taken_back"
UNDOABLE = {"checked_in", "started", "completed", "no_show", "declined"}


@transaction.atomic
def check_in(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Note that the client has arrived; on the day of the visit."""
    lock_booking(booking)
    if _local_day(booking, now) != _local_day(booking, booking.starts_at):
        raise NotNow(_("A client is checked in on the day of the visit."))
    change_status(
        booking,
        "checked_in",
        allowed=[Status.CONFIRMED],
        to=Status.CHECKED_IN,
        actor=actor,
        now=now,
    )
    follow(booking, Trigger.CHECKED_IN, now=now)


@transaction.atomic
def start(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Note that the treatment begins."""
    change_status(
        booking,
        "started",
        allowed=[Status.CHECKED_IN],
        to=Status.IN_PROGRESS,
        actor=actor,
        now=now,
    )


@transaction.atomic
def complete(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Note that the treatment is done; never before it could have begun."""
    lock_booking(booking)
    if now < booking.starts_at and booking.status != Status.IN_PROGRESS:
        raise NotNow(_("This visit has not begun yet."))
    change_status(
        booking,
        "completed",
        allowed=[Status.CHECKED_IN, Status.IN_PROGRESS],
        to=Status.COMPLETED,
        actor=actor,
        now=now,
    )
    follow(booking, Trigger.COMPLETED, now=now)


@transaction.atomic
def mark_no_show(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Note that the client did not come, and what is owed by the policy as promised."""
    lock_booking(booking)
    if now < booking.starts_at:
        raise NotNow(_("This visit has not begun yet."))
    change_status(
        booking,
        "no_show",
        allowed=[Status.CONFIRMED],
        to=Status.NO_SHOW,
        actor=actor,
        now=now,
        fee_owed=fee(booking, percent=booking.promise["no_show_percent"]),
    )
    follow(booking, Trigger.NO_SHOW, now=now)


@transaction.atomic
def decline(*, booking: Booking, actor: Actor, reason: str = "", now: datetime) -> None:
    """Note that we did not treat, for safety: no fee, and the time is free again."""
    change_status(
        booking,
        "declined",
        allowed=[Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS],
        to=Status.DECLINED_AT_VISIT,
        actor=actor,
        now=now,
        reason=reason,
        fee_owed=Decimal(0),
        schedule_version=F("schedule_version") + 1,
    )
    follow(booking, Trigger.DECLINED, now=now)


@refused_by_database
@transaction.atomic
def take_back(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Undo the last thing noted about the visit, on the same local day.

    A time that was given back is taken again only if it is still free. Raises NotNow or SlotTaken.
    """
    locked: list[int] = []
    if booking.status not in ACTIVE:
        locked = lock_for(Wish.of(booking), client=booking.client)
    lock_booking(booking)
    last = _last_step(booking)
    if last is None or _local_day(booking, now) != _local_day(booking, last.at):
        raise NotNow(_("There is nothing to take back."))
    if booking.status not in ACTIVE:
        end_holds_in_the_way(locked, now=now)
        _allocate_again(booking, actor=actor, now=now)
    change_status(
        booking,
        TAKEN_BACK,
        allowed=[last.data["to"]],
        to=last.data["from"],
        actor=actor,
        now=now,
        fee_owed=Decimal(0),
        schedule_version=F("schedule_version") + 1,  # so that what was withdrawn is planned anew
        data={"undone": last.pk},
    )
    is_ahead = booking.status in UPCOMING and booking.starts_at > now
    follow(booking, Trigger.UNDONE if is_ahead else Trigger.TAKEN_BACK, now=now)


def _last_step(booking: Booking) -> BookingEvent | None:
    """The latest step that stands and can be undone; None if the latest one cannot."""
    undone: set[int] = set()
    for event in booking.events.order_by("-pk"):
        if event.what == TAKEN_BACK:
            undone.add(event.data["undone"])
        elif event.pk not in undone:
            return event if event.what in UNDOABLE else None
    return None


def _allocate_again(booking: Booking, *, actor: Actor, now: datetime) -> None:
    refuse_overlapping_visits(
        booking.client,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        besides=booking,
        actor=actor,
    )
    day = _local_day(booking, booking.starts_at)
    slots = free_slots(
        wish=Wish.of(booking),
        first_on=day,
        last_on=day,
        now=now,
        asked_at=booking.starts_at,
        is_staff=True,
    )
    kept = slots.resources_for(int(booking.starts_at.timestamp()), booking.provider)
    if kept is None:
        raise SlotTaken
    allocate(booking, kept)


def _local_day(booking: Booking, at: datetime) -> date:
    return at.astimezone(booking.location.zone).date()
