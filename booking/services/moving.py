"""Moving a promised visit: to another time, or into something else."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from booking.errors import NotNow, ReasonMissing, SlotTaken
from booking.message_plan import Trigger, follow
from booking.models import Booking, BookingEvent, Happened
from booking.selectors import FreeSlots, Slot, free_slots
from booking.selectors.changes import prices_after, why_not_move, why_settled
from booking.selectors.outside import outside_hours
from booking.services.holds import end_holds_in_the_way, slot_at, why_not
from booking.services.ledger import (
    Actor,
    explained_by_mail,
    lock_booking,
    lock_for,
    record,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.services.standing import Standing, differences, put
from booking.terms import late_fee
from booking.wishes import Wish
from clinic.places.policies import policy_for
from treatments.selectors import instructions_for


@explained_by_mail
@refused_by_database
@transaction.atomic
def move(
    *,
    booking: Booking,
    starts_at: datetime,
    wish: Wish | None = None,
    price_shown: Decimal | None = None,
    version: int | None = None,
    tell: bool = True,
    actor: Actor,
    reason: str = "",
    is_at_any_hour: bool = False,
    now: datetime,
) -> None:
    """Move a promised visit to `starts_at`, and make it what `wish` says, else leave it what it is.

    It keeps its reference, policy and history, and its price but for what changes; the old time is
    free at once. A client moves as often as was promised and not into notice, nor out of it;
    moving to where it stands changes nothing. `version` is the schedule version the time was
    chosen by, else the one `booking` was read at; without `tell` the client hears nothing new from
    us until something else changes. Staff who choose a time themselves may take one
    `is_at_any_hour`, where `reason` says why hours, breaks and doors count for nothing. Raises
    NotNow, NotOffered, SlotTaken and its kinds, ReasonMissing, or AskTheClinic.
    """
    starts_at = starts_at.astimezone(UTC)  # where hours added are hours elapsed
    is_client = actor.by == BookingEvent.By.CLIENT
    asked = wish or Wish.of(booking)
    seen = booking.schedule_version if version is None else version
    locked = lock_for(asked, client=booking.client, leaving=booking.location)
    lock_booking(booking)
    if stands_so(booking, asked, starts_at):
        return
    if booking.schedule_version != seen:
        raise NotNow
    if refusal := _why_not(booking, is_client=is_client, now=now):
        raise NotNow(refusal)
    if is_client and not asked.is_as(Wish.of(booking)):
        asked.check(policy_for(asked.location, now=now))
    end_holds_in_the_way(locked, now=now)
    free, slot = _slot(
        booking,
        asked,
        starts_at,
        price_shown,
        is_client=is_client,
        is_at_any_hour=is_at_any_hour and not is_client,
        now=now,
    )
    kept = free.resources_for(int(slot.starts_at.timestamp()), slot.provider)
    if kept is None:
        raise SlotTaken
    refuse_overlapping_visits(
        booking.client,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        besides=booking,
        actor=actor,
    )
    broken = outside_hours(free, slot.provider, int(slot.starts_at.timestamp()))
    if broken and not reason.strip():
        raise ReasonMissing
    before = Standing.of(booking)
    after = _after(booking, before, free, slot, is_client=is_client, now=now)
    put(booking, after, kept, moves=int(is_client))
    record(
        booking,
        Happened.MOVED,
        actor=actor,
        now=now,
        reason=reason,
        **times(before, after),
        version=booking.schedule_version,
        **differences(before, after),
        before=before.as_data(),
        **({} if tell else {"is_quiet": True}),
        **({"broken": [str(rule) for rule in broken]} if broken else {}),
    )
    follow(booking, Trigger.MOVED, now=now, quiet=not tell)


def stands_so(booking: Booking, wish: Wish, starts_at: datetime) -> bool:
    """Whether `booking` is at that time already, and is what `wish` asks for."""
    is_with_them = wish.provider in (None, booking.provider)
    return booking.starts_at == starts_at and is_with_them and wish.is_as(Wish.of(booking))


def times(before: Standing, after: Standing) -> dict[str, Any]:
    """Return from when to when a visit went, and until when it is, as events keep it.

    ISO instants, UTC.
    """
    moments = {"from": before.starts_at, "to": after.starts_at, "until": after.ends_at}
    return {word: at.astimezone(UTC).isoformat() for word, at in moments.items()}


def _why_not(booking: Booking, *, is_client: bool, now: datetime) -> str:
    if not is_client:
        return why_settled(booking, now=now)
    return why_not_move(booking, policy=policy_for(booking.location, now=now), now=now)


def _slot(
    booking: Booking,
    wish: Wish,
    starts_at: datetime,
    price_shown: Decimal | None,
    *,
    is_client: bool,
    is_at_any_hour: bool,
    now: datetime,
) -> tuple[FreeSlots, Slot]:
    """The time asked for, if it is free when the visit itself is left out."""
    day = starts_at.astimezone(wish.location.zone).date()
    prices = prices_after(booking, wish, is_staff=not is_client, now=now)
    free = free_slots(
        wish=wish,
        first_on=day,
        last_on=day,
        now=now,
        ignoring=booking,
        is_staff=not is_client,
        is_at_any_hour=is_at_any_hour,
    ).priced(prices)
    slot = slot_at(free, starts_at, price_shown, prices)
    if slot is None:
        raise why_not(free, starts_at, now) if is_client else SlotTaken
    return free, slot


def _after(
    booking: Booking,
    before: Standing,
    free: FreeSlots,
    slot: Slot,
    *,
    is_client: bool,
    now: datetime,
) -> Standing:
    """How the visit stands once it is moved."""
    wish = free.wish.with_(slot.provider)
    lines = slot.price.lines
    texts = before.texts
    if not wish.is_as(before.wish):
        versions = instructions_for(treatment=wish.option.treatment, add_ons=list(wish.add_ons))
        texts = sorted(version.pk for version in versions)
    return Standing(
        wish=wish,
        provider=slot.provider,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        lines=lines,
        priced_at=before.priced_at if lines == before.lines else now,
        promise=_promise(booking, wish.turnover_minutes(free.policy), is_client=is_client, now=now),
        texts=texts,
        held_until=before.held_until,
    )


def _promise(
    booking: Booking, buffer_minutes: int, *, is_client: bool, now: datetime
) -> dict[str, Any]:
    """The policy as it was promised, with the turnover of what is booked now.

    Who moves when changes are no longer free keeps the hour they had, and what canceling costs: a
    new time, or something shorter, would else be a way around it.
    """
    promise = booking.promise | {"buffer_minutes": buffer_minutes}
    for kept in ("free_until", "late_fee"):
        promise.pop(kept, None)
    if is_client and now > booking.free_until:
        promise["free_until"] = booking.free_until.isoformat()
        promise["late_fee"] = str(late_fee(booking))
    return promise
