"""Booking for somebody on the phone or at the desk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db import transaction

from booking import links
from booking.errors import ReasonMissing, SlotTaken, TimePassed
from booking.message_plan import Trigger, follow
from booking.models import Booking, Happened, Status
from booking.selectors import FreeSlots, Slot, free_slots
from booking.selectors.details import has_come, missing_details, safety_confirmed, visits_ahead
from booking.selectors.outside import Outside, outside_of
from booking.services.confirming import CONSENT_WORDING
from booking.services.holds import end_holds_in_the_way, slot_at, write_down
from booking.services.ledger import (
    Actor,
    lock_client,
    lock_for,
    record,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.wishes import Wish
from clinic.clients.models import Client, ConsentKind, email_key, name_key
from clinic.clients.selectors import preferences
from clinic.clients.services import again_if_taken, client_called, record_consent
from clinic.places.policies import policy_for
from treatments.selectors import instructions_for, price_book

BY_PHONE = "phone"  # where a consent came from


@dataclass(frozen=True)
class Newcomer:
    """Somebody with no record here yet; the address is told later, or never."""

    name: str
    phone: str
    email: str = ""


class Rule(StrEnum):
    """A rule about people that new to the clinic are, around which staff may book."""

    SECOND_VISIT = "second_visit"
    NO_TALK = "no_talk"


def known_as(person: Newcomer) -> Client | None:
    """Return the client `person` is already: of that name and address, or name and number.

    Families share a number as they share an address, so the name counts with either. One query,
    or 2.
    """
    same = Client.objects.filter(name_key=name_key(person.name), erased_at=None)
    same = same.select_related("merged_into").order_by("pk")
    found = same.filter(email_key=email_key(person.email)).first() if person.email else None
    found = found or same.filter(phone=person.phone).first()
    return found.kept if found else None


def wish_of(wish: Wish, client: Client | None, *, has_talk: bool = True) -> Wish:
    """Return `wish` as `client` may have it: who was never treated here has a first talk.

    Not where staff leave it out (`has_talk`). One query, or none.
    """
    is_known = client is not None and has_come(client)
    return replace(wish, is_known=is_known, extra_minutes=None if has_talk or is_known else 0)


def broken_rules(
    free: FreeSlots, slot: Slot, client: Client | None, *, now: datetime
) -> list[Outside | Rule]:
    """Return what a visit of `client` at `slot` breaks; staff say why they book it all the same.

    Two queries, or none for somebody new. `free` is of the wish that `wish_of` returns.
    """
    found: list[Outside | Rule] = [
        *outside_of(free, slot.provider, int(slot.starts_at.timestamp()), now=now)
    ]
    wish = free.wish
    is_treatment = not wish.option.treatment.is_consultation
    if not wish.is_known and is_treatment and wish.extra_minutes == 0:
        found.append(Rule.NO_TALK)
    if client is not None and not wish.is_known and visits_ahead(client, now=now):
        found.append(Rule.SECOND_VISIT)
    return found


@refused_by_database
@again_if_taken
@transaction.atomic
def book_visit(
    *,
    wish: Wish,
    starts_at: datetime,
    price_shown: Decimal | None,
    person: Client | Newcomer,
    has_talk: bool = True,
    agrees_to_texts: bool = False,
    reason: str = "",
    request_key: UUID,
    actor: Actor,
    now: datetime,
) -> Booking:
    """Book `starts_at` for `person`, whom staff speak to; one `request_key`, one visit.

    `wish` says with whom. Confirmed where we know all that a visit needs; else the client completes
    the details by the link, until the policy's hours are over or the visit begins, and then the
    time frees itself. Never over another visit, a hold, time off or what a calendar kept elsewhere
    says. Raises NotOffered, NoPrice, SlotTaken and its kinds, NotNow for a client with another
    visit at that time, and ReasonMissing where a rule is broken and `reason` does not say why.
    """
    if earlier := Booking.objects.filter(request_key=request_key).first():
        return earlier
    client = lock_client(person if isinstance(person, Client) else _client(person))
    asked = wish_of(wish, client, has_talk=has_talk)
    locked = lock_for(asked, client=client, also=[wish.provider.pk] if wish.provider else ())
    if earlier := Booking.objects.filter(request_key=request_key).first():
        return earlier
    end_holds_in_the_way(locked, now=now)
    free, slot = _slot(asked, starts_at, price_shown, now=now)
    refuse_overlapping_visits(
        client, starts_at=slot.starts_at, ends_at=slot.ends_at, besides=None, actor=actor
    )
    broken = broken_rules(free, slot, client, now=now)
    if broken and not reason.strip():
        raise ReasonMissing
    if agrees_to_texts and settings.HAS_SMS and not preferences(client)[ConsentKind.SERVICE_SMS]:
        record_consent(
            client=client,
            kind=ConsentKind.SERVICE_SMS,
            is_given=True,
            wording_version=CONSENT_WORDING,
            source=BY_PHONE,
            now=now,
        )
    is_complete = not missing_details(client, wording=CONSENT_WORDING, now=now)
    booking = _write(free, slot, client, is_complete, request_key, now=now)
    record(
        booking,
        Happened.CONFIRMED if is_complete else Happened.BOOKED,
        actor=actor,
        now=now,
        reason=reason.strip() if broken else "",
        to=booking.status,
        **({"broken": [str(rule) for rule in broken]} if broken else {}),
    )
    follow(booking, Trigger.CONFIRMED if is_complete else Trigger.BOOKED, now=now)
    return booking


def _client(person: Newcomer) -> Client:
    """The record of `person`, known or new. An address is taken down where we had none."""
    known = known_as(person)
    if known is None and person.email:
        return client_called(name=person.name, email=person.email, phone=person.phone, time_zone="")
    if known is None:
        return Client.objects.create(name=person.name, phone=person.phone)
    if person.email and not known.email:
        known.email = person.email
        known.save(update_fields=["email"])
    return known


def _slot(
    wish: Wish, starts_at: datetime, price_shown: Decimal | None, *, now: datetime
) -> tuple[FreeSlots, Slot]:
    wish.check(policy_for(wish.location, now=now), is_staff=True)
    day = starts_at.astimezone(wish.location.zone).date()
    prices = price_book(
        option=wish.option, add_ons=wish.add_ons, location=wish.location, priced_at=now
    )
    free = free_slots(
        wish=wish, first_on=day, last_on=day, now=now, is_staff=True, is_at_any_hour=True
    ).priced(prices)
    slot = slot_at(free, starts_at, price_shown, prices)
    if slot is None:
        raise TimePassed if starts_at <= now else SlotTaken
    return free, slot


def _write(
    free: FreeSlots,
    slot: Slot,
    client: Client,
    is_complete: bool,
    request_key: UUID,
    *,
    now: datetime,
) -> Booking:
    """The visit with its link; not complete, it waits for its client until a deadline."""
    nonce, link_hash = links.new_link()
    deadline = min(now + timedelta(hours=free.policy.form_hours), slot.starts_at)
    confirmed_at = safety_confirmed(client, wording=CONSENT_WORDING, now=now)
    booking = write_down(
        free,
        slot,
        status=Status.CONFIRMED if is_complete else Status.PENDING_FORM,
        client=client,
        request_key=request_key,
        held_until=None if is_complete else deadline,
        link_nonce=nonce,
        link_hash=link_hash,
        time_zone=client.time_zone,
        safety_confirmed_at=confirmed_at,
        safety_wording=CONSENT_WORDING if confirmed_at else "",
        now=now,
    )
    booking.instruction_versions.set(
        instructions_for(treatment=booking.option.treatment, add_ons=list(free.wish.add_ons))
    )
    return booking
