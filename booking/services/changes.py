"""Moving and cancelling a promised visit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from booking import message_plan
from booking.errors import NotNow, SlotTaken
from booking.message_plan import Trigger
from booking.models import UPCOMING, Booking, BookingEvent, Provider, Status
from booking.selectors import free_slots
from booking.services.holds import end_holds_in_the_way, why_not
from booking.services.ledger import (
    Actor,
    allocate,
    change_status,
    explained_by_mail,
    free,
    lock_booking,
    lock_for,
    record,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.terms import fee
from booking.wishes import Wish


@explained_by_mail
@refused_by_database
@transaction.atomic
def move(
    *,
    booking: Booking,
    starts_at: datetime,
    provider: Provider | None = None,
    actor: Actor,
    reason: str = "",
    now: datetime,
) -> None:
    """Move a promised visit to `starts_at`, with the same provider unless another is named.

    It keeps its reference, price, policy and history; the old time is free at once. A client moves
    as often as was promised and not into notice; moving to where it stands changes nothing. Raises
    NotNow, SlotTaken or AskTheClinic.
    """
    starts_at = starts_at.astimezone(UTC)  # where hours added are hours elapsed
    is_client = actor.by == BookingEvent.By.CLIENT
    locked = lock_for(Wish.of(booking), client=booking.client)
    lock_booking(booking)
    _must_be_ahead(booking, now=now)
    taken_by = provider or booking.provider
    before, was_with = booking.starts_at, booking.provider
    if (starts_at, taken_by) == (booking.starts_at, booking.provider):
        return
    if is_client and booking.moves >= booking.promise["moves_at_most"]:
        raise NotNow(_("This visit was moved as often as it can be online. Please call us."))
    end_holds_in_the_way(locked, now=now)
    day = starts_at.astimezone(booking.location.zone).date()
    slots = free_slots(
        wish=Wish.of(booking).with_(taken_by),
        first_on=day,
        last_on=day,
        now=now,
        ignoring=booking,
        is_staff=not is_client,
    )
    start = starts_at.timestamp()
    kept = slots.resources_for(int(start), taken_by) if start == int(start) else None
    if kept is None:
        raise why_not(slots, starts_at, now) if is_client else SlotTaken
    ends_at = starts_at + booking.duration
    if booking.client is not None:
        refuse_overlapping_visits(
            booking.client, starts_at=starts_at, ends_at=ends_at, besides=booking, actor=actor
        )
    _swap(booking, starts_at, ends_at, taken_by, is_client=is_client, now=now)
    free(booking)
    allocate(booking, kept)
    facts: dict[str, Any] = {"from": _utc(before), "to": _utc(starts_at)}
    if booking.provider != was_with:
        facts["provider"] = [was_with.pk, booking.provider_id]
    facts["version"] = booking.schedule_version
    record(booking, "moved", actor=actor, now=now, reason=reason, **facts)
    message_plan.follow(booking, Trigger.MOVED, former=was_with, now=now)


@transaction.atomic
def cancel(
    *,
    booking: Booking,
    actor: Actor,
    is_health_reason: bool = False,
    reason: str = "",
    now: datetime,
) -> None:
    """Cancel a promised visit; its time is free for others on the next look.

    A client owes nothing until the hour the policy names, nor ever for a health reason, of which
    nothing more is stored, not even `reason`; after that the promised share. Nobody owes anything
    when the clinic cancels. Raises NotNow.
    """
    lock_booking(booking)
    _must_be_ahead(booking, now=now)
    status, owed = Status.CANCELLED_CLINIC, Decimal(0)
    if actor.by == BookingEvent.By.CLIENT:
        status = Status.CANCELLED_CLIENT
        if now > booking.free_until and not is_health_reason:
            status = Status.CANCELLED_LATE
            owed = fee(booking, percent=booking.promise["late_fee_percent"])
    change_status(
        booking,
        "cancelled",
        allowed=UPCOMING,
        to=status,
        actor=actor,
        now=now,
        reason="" if is_health_reason else reason,
        data={"health": True} if is_health_reason else None,
        fee_owed=owed,
        schedule_version=F("schedule_version") + 1,
    )
    message_plan.follow(booking, Trigger.CANCELLED, now=now)


def _must_be_ahead(booking: Booking, *, now: datetime) -> None:
    if booking.status not in UPCOMING or booking.starts_at <= now:
        raise NotNow(_("This visit has begun, is over or was cancelled already."))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _swap(
    booking: Booking,
    starts_at: datetime,
    ends_at: datetime,
    provider: Provider,
    *,
    is_client: bool,
    now: datetime,
) -> None:
    moved = Booking.objects.filter(
        pk=booking.pk, status__in=UPCOMING, schedule_version=booking.schedule_version
    ).update(
        starts_at=starts_at,
        ends_at=ends_at,
        provider=provider,
        moves=F("moves") + int(is_client),
        schedule_version=F("schedule_version") + 1,
    )
    if not moved:
        raise NotNow
    booking.refresh_from_db()
