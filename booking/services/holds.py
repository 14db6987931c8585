"""Keeping a time while somebody fills in the form."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from booking.errors import (
    HoldExpired,
    NoMoreTime,
    NotOffered,
    PriceChanged,
    SlotTaken,
    TimePassed,
    TooFarAhead,
    TooSoon,
)
from booking.models import Allocation, Booking, Draft, Happened, Status
from booking.selectors import FreeSlots, Slot, free_slots
from booking.selectors.slots import last_day
from booking.services.ledger import (
    CLIENT,
    CLINIC,
    allocate,
    change_status,
    explained_by_mail,
    lock_for,
    record,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.services.standing import write_lines
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.places.policies import policy_for
from treatments.selectors import PriceBook, price_book

REFERENCE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that look alike on paper
HOLDS_ARE_KEPT = timedelta(days=1)  # the handbook's retention, section 11
FORMS_ARE_KEPT = timedelta(days=30)  # the same


@explained_by_mail
@refused_by_database
@transaction.atomic
def hold_slot(
    *,
    wish: Wish,
    starts_at: datetime,
    price_shown: Decimal | None,
    visitor: Visitor,
    request_key: UUID,
    now: datetime,
) -> Booking:
    """Keep `starts_at` for the policy's hold time while the visitor fills in the form.

    With anyone, the provider least booked that day is taken among those who cost what was shown.
    One `request_key`, one hold; one visitor, one hold: an earlier one is let go. Raises
    NotOffered, SlotTaken and its kinds, or AskTheClinic; then an earlier hold stays as it was.
    """
    wish.check(policy_for(wish.location, now=now))
    locked = lock_for(wish, client=visitor.client)
    if earlier := Booking.objects.filter(request_key=request_key).first():
        return _same_hold(earlier, visitor, now)
    end_holds_in_the_way(locked, visitor=visitor, now=now)
    day = starts_at.astimezone(wish.location.zone).date()
    prices = price_book(
        option=wish.option, add_ons=wish.add_ons, location=wish.location, priced_at=now
    )
    free = free_slots(wish=wish, first_on=day, last_on=day, now=now).priced(prices)
    slot = slot_at(free, starts_at, price_shown, prices)
    if slot is None:
        raise why_not(free, starts_at, now)
    refuse_overlapping_visits(
        visitor.client,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        besides=None,
        actor=CLIENT,
    )
    return _keep(free, slot, visitor, request_key, now)


@transaction.atomic
def extend_hold(*, booking: Booking, now: datetime) -> Booking:
    """Keep the time some minutes more, as often as the policy allows.

    Locks as a new hold does: somebody may be about to take the time for lapsed. Raises HoldExpired
    when it ran out already and NoMoreTime after the last extension.
    """
    lock_for(Wish.of(booking), client=None, also=[booking.provider_id])
    policy = policy_for(booking.location, now=now)
    live = Booking.objects.filter(pk=booking.pk, status=Status.HELD, held_until__gt=now)
    more = timedelta(minutes=policy.hold_extension_minutes)
    extended = live.filter(hold_extensions__lt=policy.hold_extensions).update(
        held_until=F("held_until") + more,
        hold_extensions=F("hold_extensions") + 1,
    )
    if not extended:
        raise NoMoreTime if live.exists() else HoldExpired
    booking.refresh_from_db()
    record(booking, Happened.EXTENDED, actor=CLIENT, now=now)
    return booking


def hold_again(*, booking: Booking, visitor: Visitor, request_key: UUID, now: datetime) -> Booking:
    """Take the time of a lapsed hold once more: same provider, same price, if it is still free."""
    return hold_slot(
        wish=Wish.of(booking).as_asked_by(visitor),
        starts_at=booking.starts_at,
        price_shown=booking.price,
        visitor=visitor,
        request_key=request_key,
        now=now,
    )


@transaction.atomic
def let_go(*, booking: Booking, now: datetime) -> None:
    """Give a held time back; what was let go already stays so. Raises NotNow once promised."""
    booking.refresh_from_db(from_queryset=Booking.objects.select_for_update(no_key=True))
    if booking.status != Status.EXPIRED_HOLD:
        _end(booking, now=now)


def end_holds_in_the_way(
    resources: Collection[int], *, visitor: Visitor | None = None, now: datetime
) -> None:
    """End the lapsed holds that keep any of `resources`, which are locked, and the visitor's own.

    Whoever is ending one of them just now is waited for: until then its allocations stand, and
    would refuse ours. In pk order, so that no two wait for each other crosswise.
    """
    keeps = Allocation.objects.filter(booking=OuterRef("pk"), resource__in=resources)
    in_the_way = Q(Exists(keeps), held_until__lte=now)
    if visitor is not None:
        in_the_way |= Q(visitor=visitor.id)
    holds = Booking.objects.filter(in_the_way, status=Status.HELD).order_by("pk")
    for booking in holds.select_for_update(no_key=True):
        _end(booking, now=now)


@transaction.atomic
def end_lapsed_holds(*, now: datetime) -> int:
    """End the holds that ran out and return how many; their times are free for others."""
    ended = 0
    lapsed = Booking.objects.filter(status=Status.HELD, held_until__lte=now).order_by("pk")
    for booking in lapsed.select_for_update(skip_locked=True, of=("self",)):
        _end(booking, now=now)
        ended += 1
    return ended


@transaction.atomic
def delete_old_holds(*, now: datetime) -> None:
    """Forget holds that came to nothing, and what was typed for them, after a day.

    And visits that staff booked and whose client did not complete the details, after a month.
    """
    before = now - HOLDS_ARE_KEPT
    ended = Booking.objects.filter(status=Status.EXPIRED_HOLD)
    ended.filter(status_changed_at__lt=before, link_hash=None).delete()
    ended.filter(status_changed_at__lt=now - FORMS_ARE_KEPT).delete()
    Draft.objects.filter(updated_at__lt=before).delete()


def new_reference() -> str:
    """Return a short random code that names no booking yet."""
    while True:
        letters = [secrets.choice(REFERENCE_LETTERS) for _ in range(6)]
        reference = f"{''.join(letters[:3])}-{''.join(letters[3:])}"
        if not Booking.objects.filter(reference=reference).exists():
            return reference


def why_not(free: FreeSlots, starts_at: datetime, now: datetime) -> SlotTaken:
    """Return the error that says why `starts_at` cannot be had."""
    if starts_at <= now:
        return TimePassed()
    if starts_at < free.earliest:
        return TooSoon()
    day = starts_at.astimezone(free.zone).date()
    if day > last_day(free.policy, free.wish.location, now):
        return TooFarAhead()
    return SlotTaken()


def slot_at(
    free: FreeSlots, starts_at: datetime, price_shown: Decimal | None, prices: PriceBook
) -> Slot | None:
    """Return the slot with the fairest provider who costs what was seen; None if nobody is free.

    Raises PriceChanged where somebody is, at another price.
    """
    start = starts_at.timestamp()
    providers = free.providers_at(int(start)) if start == int(start) else []
    for provider in providers:
        slot = free.slot_with(provider, int(start), prices)
        if price_shown is None or slot.price.total == price_shown:
            return slot
    if providers:
        raise PriceChanged
    return None


def _same_hold(earlier: Booking, visitor: Visitor, now: datetime) -> Booking:
    """The answer to a press that came twice: what the first one got."""
    if earlier.visitor != visitor.id:
        raise NotOffered
    if earlier.status == Status.EXPIRED_HOLD or earlier.has_lapsed(now=now):
        raise HoldExpired
    return earlier


def _end(booking: Booking, *, now: datetime) -> None:
    """End a hold: by itself if it ran out, else by the visitor."""
    what, actor = (
        (Happened.EXPIRED, CLINIC) if booking.has_lapsed(now=now) else (Happened.LET_GO, CLIENT)
    )
    change_status(
        booking, what, allowed=[Status.HELD], to=Status.EXPIRED_HOLD, actor=actor, now=now
    )


def _keep(
    free: FreeSlots, slot: Slot, visitor: Visitor, request_key: UUID, now: datetime
) -> Booking:
    booking = write_down(
        free,
        slot,
        status=Status.HELD,
        client=visitor.client,
        visitor=visitor.id,
        request_key=request_key,
        held_until=now + free.policy.hold_time,
        now=now,
    )
    record(booking, Happened.HELD, actor=CLIENT, now=now)
    return booking


def write_down(free: FreeSlots, slot: Slot, *, now: datetime, **standing: Any) -> Booking:
    """Write the booking of `slot` with its price, its promise and all it keeps.

    `standing` are the fields that say whose it is and how it stands. Raises SlotTaken.
    """
    wish, policy = free.wish, free.policy
    kept = free.resources_for(int(slot.starts_at.timestamp()), slot.provider)
    if kept is None:
        raise SlotTaken
    booking = Booking.objects.create(
        reference=new_reference(),
        status_changed_at=now,
        location=wish.location,
        provider=slot.provider,
        option=wish.option,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        extra_minutes=wish.talk_minutes(policy),
        created_at=now,
        priced_at=now,
        price=slot.price.total,
        promise=policy.promise() | {"buffer_minutes": wish.turnover_minutes(policy)},
        **standing,
    )
    booking.add_ons.set(wish.add_ons)
    write_lines(booking, slot.price.lines)
    allocate(booking, kept)
    return booking
