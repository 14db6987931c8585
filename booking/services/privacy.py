"""What a client may ask of us: everything we know, and to be forgotten.

How long what is kept stands in the handbook, sections 11 and 12; the accounts stay straight, so a
visit that was paid or owed keeps its price, and loses the person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from booking.errors import BookingError
from booking.models import (
    Alert,
    Booking,
    BookingEvent,
    Draft,
    Reading,
    SkinCheck,
    Status,
    TouchedVisit,
)
from booking.selectors.account import visits_ahead
from booking.services.holds import let_go
from booking.subjects import subject_of
from clinic.accounts.models import User
from clinic.clients.models import Client, Consent
from clinic.clients.selectors import preferences
from clinic.messaging import services as messaging
from clinic.messaging.models import Message, Suppression, address_key

YEAR = timedelta(days=365)
RECORDS_KEPT = 7 * YEAR  # after the last visit
CONSENTS_KEPT = 5 * YEAR  # after a later answer replaced them
MESSAGES_KEPT = 2 * YEAR  # the row; words are never kept
FORGOTTEN = "erased.invalid"


class StillToCome(BookingError):
    """Somebody who wants to be forgotten has visits ahead."""

    message = _("You have appointments ahead. Cancel them first, then we can erase your details.")


class OnHold(BookingError):
    """The law, or a dispute, keeps the record for now."""

    message = _("We cannot erase your details at the moment. Please call us, we will explain.")


def everything_about(client: Client, *, now: datetime) -> dict[str, Any]:
    """Return all we know about `client` in plain values, fit for JSON. 17 queries.

    Instants are UTC in ISO 8601, amounts are texts in the clinic's currency.
    """
    bookings = list(
        client.bookings.with_facts()
        .prefetch_related("events", "instruction_versions__instruction", "readings")
        .select_related("skin_check")
        .order_by("starts_at")
    )
    subjects = [subject_of(booking) for booking in bookings]
    messages = Message.objects.filter(subject__in=subjects, recipient="client").order_by("due_at")
    told: dict[str, list[Message]] = {}
    for message in messages:
        told.setdefault(message.subject, []).append(message)
    return {
        "asked_at": _at(now),
        "details": {
            "name": client.name,
            "email": client.email,
            "phone": str(client.phone),
            "time_zone": client.time_zone,
            "known_since": _at(client.created_at),
        },
        "preferences": {kind.value: wanted for kind, wanted in preferences(client).items()},
        "consents": [
            {
                "kind": consent.kind,
                "given": consent.is_given,
                "wording": consent.wording_version,
                "asked_on": consent.source,
                "at": _at(consent.given_at),
            }
            for consent in client.consents.all()
        ],
        "notes": [
            {
                "text": written.text,
                "at": _at(written.written_at),
                "taken_away_at": _at(written.removed_at),
            }
            for written in client.notes.all()
        ],
        "known_as_well": [
            {"name": other.name, "email": other.email, "phone": str(other.phone)}
            for other in client.merged.order_by("pk")
        ],
        "stopped": _stopped(client),
        "calendar_addresses": [
            {"made_at": _at(feed.created_at), "ended_at": _at(feed.revoked_at)}
            for feed in client.feeds.all()
        ],
        "account": _account(client.user) if client.user else None,
        "visits": [_visit(booking, told.get(subject_of(booking), [])) for booking in bookings],
    }


def _stopped(client: Client) -> list[dict[str, Any]]:
    """Return which addresses of `client` get nothing, or got nothing for a while. One query."""
    reached = {Message.Channel.EMAIL: client.email, Message.Channel.SMS: str(client.phone)}
    is_mine = Q()
    for channel, address in reached.items():
        if address:
            is_mine |= Q(channel=channel, address=address_key(channel, address))
    return [
        {
            "channel": row.channel,
            "reason": row.reason,
            "since": _at(row.since),
            "until": _at(row.lifted_at),
        }
        for row in Suppression.objects.filter(is_mine).order_by("since")
    ]


def _account(user: User) -> dict[str, Any]:
    """Return how and since when `user` signs in, without anything that signs in. 2 queries."""
    passkeys = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return {
        "email": user.email,
        "since": _at(user.date_joined),
        "last_sign_in_at": _at(user.last_login),
        "sessions": [
            {"signed_in_at": _at(session.created_at), "last_seen_at": _at(session.last_seen_at)}
            for session in UserSession.objects.filter(user=user).order_by("created_at")
        ],
        "passkeys": [
            {"added_at": _at(key.created_at), "last_used_at": _at(key.last_used_at)}
            for key in passkeys.order_by("created_at")
        ],
    }


def _visit(booking: Booking, messages: list[Message]) -> dict[str, Any]:
    skin = getattr(booking, "skin_check", None)
    return {
        "reference": booking.reference,
        "status": booking.status,
        "starts_at": _at(booking.starts_at),
        "ends_at": _at(booking.ends_at),
        "place": booking.location.name,
        "with": booking.provider.name,
        "treatment": str(booking.option.treatment),
        "lines": [{"name": line.name, "amount": str(line.amount)} for line in booking.lines.all()],
        "price": str(booking.price),
        "fee_owed": str(booking.fee_owed),
        "policy": booking.promise,
        "safety_list_confirmed_at": _at(booking.safety_confirmed_at),
        "texts": [str(version) for version in booking.instruction_versions.all()],
        "history": [
            {"what": event.what, "at": _at(event.at), "by": event.by, "why": event.reason}
            for event in booking.events.all()
        ],
        "messages": [
            {
                "code": message.code,
                "channel": message.channel,
                "status": message.status,
                "due_at": _at(message.due_at),
                "sent_at": _at(message.sent_at),
                "sent_to": message.sent_to,
            }
            for message in messages
        ],
        "read": [
            {
                "page": reading.page,
                "opened_at": _at(reading.opened_at),
                "said_to_be_read_at": _at(reading.acknowledged_at),
            }
            for reading in booking.readings.all()
        ],
        "check_in": skin and {"needs_call": skin.needs_call, "at": _at(skin.answered_at)},
    }


def _at(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


@transaction.atomic
def erase_client(*, client: Client, now: datetime) -> None:
    """Forget who `client` is. Visits keep time, price and fee; names, links and words go.

    An account that was this person's alone goes with it, and so do name and address of duplicates
    that were merged into this client. Doing it twice is harmless. Raises StillToCome while visits
    are ahead or going on, OnHold under a legal hold.
    """
    client.refresh_from_db(from_queryset=Client.objects.select_for_update(no_key=True))
    if client.erased_at:
        return
    if client.legal_hold:
        raise OnHold
    bookings = client.bookings.all()
    if visits_ahead(client, now=now):
        raise StillToCome
    for booking in bookings.filter(status=Status.HELD):
        let_go(booking=booking, now=now)
    for booking in bookings:
        messaging.void(subject=subject_of(booking), reason="the client was erased", now=now)
    _forget_visits(client)
    _forget_account(client)
    for record in (client, *client.merged.all()):
        _forget_who(record, now=now)


def _forget_who(client: Client, *, now: datetime) -> None:
    """Take name, addresses and notes from one record of a person."""
    client.feeds.all().delete()
    client.notes.all().delete()
    client.name = str(_("Erased client"))
    client.email = f"client-{client.pk}@{FORGOTTEN}"
    client.phone, client.time_zone, client.erased_at = "", "", now
    client.save()


def _forget_visits(client: Client) -> None:
    """Take what names or describes the client from visits and their messages."""
    bookings = client.bookings.all()
    subjects = [subject_of(booking) for booking in bookings]
    Message.objects.filter(subject__in=subjects, recipient="client").exclude(sent_to="").update(
        sent_to=FORGOTTEN, last_error=""
    )
    BookingEvent.objects.filter(booking__in=bookings).update(reason="")
    TouchedVisit.objects.filter(booking__in=bookings).update(note="")
    Alert.objects.filter(booking__in=bookings).delete()
    SkinCheck.objects.filter(booking__in=bookings).delete()
    Reading.objects.filter(booking__in=bookings).delete()
    browsers = bookings.exclude(visitor="").values("visitor")
    Draft.objects.filter(visitor__in=browsers).delete()
    bookings.update(link_hash=None, link_nonce="", time_zone="", visitor="")


def _forget_account(client: Client) -> None:
    user, client.user = client.user, None
    client.save(update_fields=["user"])
    if user:
        close_account(user=user)


@transaction.atomic
def close_account(*, user: User) -> bool:
    """Delete an account whose owner neither comes nor works here; return whether it went."""
    if user.works_here or user.clients.exists():
        return False
    user.delete()
    return True


def purge(*, now: datetime) -> dict[str, int]:
    """Delete what nobody may keep any longer; return how many rows of each kind.

    Clients seven years after their last visit, message rows after two, answers to consents five
    years after a later one replaced them. A legal hold keeps everything of its client.
    """
    gone = _last_seen(now - RECORDS_KEPT)
    for client in gone:
        erase_client(client=client, now=now)
    held = Booking.objects.filter(client__legal_hold=True)
    kept = [subject_of(booking) for booking in held]
    messages, _rows = (
        Message.objects.exclude(status=Message.Status.PLANNED)
        .exclude(subject__in=kept)
        .filter(settled_at__lt=now - MESSAGES_KEPT)
        .delete()
    )
    return {"clients": len(gone), "messages": messages, "consents": _old_consents(now)}


def _last_seen(before: datetime) -> list[Client]:
    """Return the clients whose last visit, or first word if they never came, was `before`.

    Duplicates that were merged go with whom they were merged into.
    """
    people = Client.objects.filter(erased_at=None, legal_hold=False, merged_into=None)
    seen = people.annotate(last=Max("bookings__ends_at"))
    return list(seen.filter(Q(last__lt=before) | Q(last=None, created_at__lt=before)))


def _old_consents(now: datetime) -> int:
    """Delete answers that were replaced more than five years ago; return how many."""
    newer = Consent.objects.filter(given_at__lt=now - CONSENTS_KEPT, client__legal_hold=False)
    pairs = newer.values_list("client", "kind").annotate(Max("given_at"))
    deleted = 0
    for client, kind, latest in pairs.iterator():
        old = Consent.objects.filter(client=client, kind=kind, given_at__lt=latest)
        deleted += old.delete()[0]
    return deleted
