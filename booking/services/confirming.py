"""From a kept time to a promised visit."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from booking import links, message_plan
from booking.errors import AskTheClinic, DetailsMissing, HoldExpired, NotOffered, SlotTaken
from booking.message_plan import Trigger
from booking.models import Allocation, Booking, Draft, Happened, Status
from booking.selectors import free_slots
from booking.selectors.details import has_come, visits_ahead
from booking.services.holds import end_holds_in_the_way
from booking.services.ledger import (
    CLIENT,
    allocate,
    change_status,
    explained_by_mail,
    free,
    lock_client,
    lock_for,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.clients.services import client_called
from treatments.models import AddOn, Option, Visibility
from treatments.selectors import instructions_for

CONSENT_WORDING = "2026-11.2"
NEEDED = {ConsentKind.TREATMENT, ConsentKind.DATA}
ASKED = (
    ConsentKind.TREATMENT,
    ConsentKind.DATA,
    *([ConsentKind.SERVICE_SMS] if settings.HAS_SMS else []),
    ConsentKind.MARKETING_EMAIL,
)


def save_draft(*, visitor: Visitor, now: datetime, **details: Any) -> Draft:
    """Keep what the visitor typed. `details` are fields of Draft."""
    draft, _ = Draft.objects.update_or_create(
        visitor=visitor.id, defaults={**details, "updated_at": now}
    )
    return draft


def delete_draft(*, visitor: Visitor) -> None:
    """Forget what was typed and ticked: somebody else is at this browser and answers anew."""
    Draft.objects.filter(visitor=visitor.id).delete()


def is_complete(draft: Draft, *, is_known: bool) -> bool:
    """Whether `draft` says all that a visit needs: who comes, the consents, the safety list.

    Also after a form that came back, or one filled in while the browser was somebody else's.
    """
    says_who = is_known or all((draft.name, draft.email, draft.phone))
    is_safe = draft.safety_confirmed_at is not None and draft.safety_wording == CONSENT_WORDING
    return says_who and is_safe and set(draft.consents) >= NEEDED


@explained_by_mail
@refused_by_database
@transaction.atomic
def confirm_booking(*, booking: Booking, visitor: Visitor, now: datetime) -> Booking:
    """Promise the visit that `booking` holds, and plan the messages that say so.

    Doing it twice is harmless: the second time returns what the first one made. Raises
    DetailsMissing, HoldExpired, SlotTaken, or AskTheClinic after planning a letter with the reason
    to the client's own address.
    """
    draft = Draft.objects.filter(visitor=visitor.id).first()
    if draft is None or not is_complete(draft, is_known=booking.client is not None):
        booking.refresh_from_db()
        if booking.status == Status.CONFIRMED:
            return booking
        raise DetailsMissing
    client = lock_client(_client_of(booking, draft))
    wish = Wish.of(booking)
    locked = lock_for(wish, client=client)
    booking.refresh_from_db(from_queryset=Booking.objects.select_for_update(no_key=True))
    if booking.status == Status.CONFIRMED:
        return booking
    if booking.status != Status.HELD or booking.has_lapsed(now=now):
        raise HoldExpired
    refuse_overlapping_visits(
        client,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        besides=booking,
        actor=CLIENT,
    )
    refuse_second_first_visit(client, now=now)
    end_holds_in_the_way(locked, now=now)
    _check_again(booking, wish, now=now)
    _promise(booking, client, draft, now=now)
    return booking


def _client_of(booking: Booking, draft: Draft) -> Client:
    """The known client of the hold, or the one the details name, new or not."""
    if booking.client is not None:
        return booking.client
    return client_called(
        name=draft.name, email=draft.email, phone=draft.phone, time_zone=draft.time_zone
    )


def refuse_second_first_visit(client: Client, *, now: datetime) -> None:
    """Raise AskTheClinic if a client who has never come has a visit ahead already."""
    if not has_come(client) and (ahead := visits_ahead(client, now=now)):
        raise AskTheClinic(about=ahead[0])


def _check_again(booking: Booking, wish: Wish, *, now: datetime) -> None:
    """Ask the rule that offered the time once more, and keep what it says."""
    _refuse_retired(wish)
    day = booking.starts_at.astimezone(booking.location.zone).date()
    slots = free_slots(
        wish=wish,
        first_on=day,
        last_on=day,
        now=now,
        ignoring=booking,
        asked_at=booking.created_at,
    )
    kept = slots.resources_for(int(booking.starts_at.timestamp()), booking.provider)
    if kept is None or booking.starts_at <= now:
        raise SlotTaken
    held = set(Allocation.objects.filter(booking=booking).values_list("resource_id", flat=True))
    if held != {resource for resource, _start, _end in kept}:
        free(booking)
        allocate(booking, kept)


def _refuse_retired(wish: Wish) -> None:
    """Raise NotOffered where the clinic has stopped offering it since the hold. 1 query, or 2."""
    options = Option.objects.filter(pk=wish.option.pk, is_active=True)
    is_offered = options.exclude(treatment__visibility=Visibility.RETIRED).exists()
    extras = [add_on.pk for add_on in wish.add_ons]
    if extras and is_offered:
        gone = AddOn.objects.filter(pk__in=extras, visibility=Visibility.RETIRED)
        is_offered = not gone.exists()
    if not is_offered:
        raise NotOffered


def _promise(booking: Booking, client: Client, draft: Draft, *, now: datetime) -> None:
    nonce, link_hash = links.new_link()
    change_status(
        booking,
        Happened.CONFIRMED,
        allowed=[Status.HELD],
        to=Status.CONFIRMED,
        actor=CLIENT,
        now=now,
        client=client,
        held_until=None,
        link_nonce=nonce,
        link_hash=link_hash,
        time_zone=draft.time_zone,
        safety_confirmed_at=draft.safety_confirmed_at,
        safety_wording=draft.safety_wording,
    )
    booking.instruction_versions.set(
        instructions_for(treatment=booking.option.treatment, add_ons=list(booking.add_ons.all()))
    )
    keep_answers(client, draft.consents, source="booking", now=now)
    draft.delete()
    message_plan.follow(booking, Trigger.CONFIRMED, now=now)


def keep_answers(client: Client, consents: Collection[str], *, source: str, now: datetime) -> None:
    """Write down which `consents` were given on the form of `source`. One query, and one more.

    A box left empty is a no to whoever had not been asked before; it takes back nothing that was
    agreed to earlier, as these boxes are always empty at first.
    """
    answered = set(Consent.objects.filter(client=client).values_list("kind", flat=True))
    Consent.objects.bulk_create(
        Consent(
            client=client,
            kind=kind,
            is_given=kind in consents,
            wording_version=CONSENT_WORDING,
            source=source,
            given_at=now,
        )
        for kind in ASKED
        if kind in consents or kind not in answered
    )
