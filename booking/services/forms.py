"""The details that a client completes by a link, against a deadline."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from booking.errors import FormOverdue, NotNow
from booking.message_plan import FORM_DUE, FORM_OVERDUE, Trigger, follow
from booking.models import Alert, Booking, Happened, Status
from booking.services import care
from booking.services.confirming import CONSENT_WORDING, keep_answers
from booking.services.ledger import (
    CLIENT,
    CLINIC,
    change_status,
    explained_by_mail,
    lock_booking,
    lock_client,
    refuse_overlapping_visits,
)
from booking.services.merging import merge_clients
from booking.subjects import subject_of
from clinic.clients.models import Client, ConsentKind, email_key, name_key
from clinic.clients.selectors import preferences
from clinic.clients.services import again_if_taken, client_called
from clinic.messaging import services as messaging


@dataclass(frozen=True)
class Details:
    """What a client said of themselves; contact is empty where we had it already."""

    consents: Collection[str]
    name: str = ""
    email: str = ""
    phone: str = ""
    time_zone: str = ""


@explained_by_mail
@again_if_taken
@transaction.atomic
def complete_form(*, booking: Booking, details: Details, source: str, now: datetime) -> None:
    """Confirm the visit that waited for `details`; the safety list was confirmed with them.

    Under the name and address of somebody we know, it is their visit. Doing it twice is harmless.
    Raises FormOverdue once the deadline is over or the time was freed, NotNow where the visit was
    canceled, AskTheClinic where the client has another visit at that time.
    """
    booking.refresh_from_db()
    if booking.client is None:
        raise NotNow
    asked = _lock_clients(booking.client, details)
    with suppress(NotNow):  # it ended, or was completed, while we waited: that is told below
        lock_booking(booking)
    if booking.status == Status.CONFIRMED:
        return
    if is_overdue(booking, now=now):
        raise FormOverdue
    client = _as_told(asked, details)
    refuse_overlapping_visits(
        client,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        besides=booking,
        actor=CLIENT,
    )
    if client != asked:
        _merge(asked, client, now=now)
    change_status(
        booking,
        Happened.CONFIRMED,
        allowed=[Status.PENDING_FORM],
        to=Status.CONFIRMED,
        actor=CLIENT,
        now=now,
        client=client,
        held_until=None,
        time_zone=details.time_zone or client.time_zone,
        safety_confirmed_at=now,
        safety_wording=CONSENT_WORDING,
    )
    keep_answers(client, details.consents, source=source, now=now)
    messaging.void(
        subject=subject_of(booking), codes=[FORM_DUE], reason="the form is complete", now=now
    )
    follow(booking, Trigger.CONFIRMED, now=now)


def end_overdue_forms(*, now: datetime) -> int:
    """Free the times whose clients did not complete the details, and return how many.

    The client is told. Where there is no way to, a person is asked to.
    """
    overdue = Booking.objects.filter(status=Status.PENDING_FORM, held_until__lte=now)
    keys = list(overdue.order_by("pk").values_list("pk", flat=True))
    return sum(_end(key, now=now) for key in keys)


@transaction.atomic
def _end(key: int, *, now: datetime) -> bool:
    """End one, unless somebody is just completing, moving or canceling it."""
    waiting = Booking.objects.filter(
        pk=key, status=Status.PENDING_FORM, held_until__lte=now
    ).select_related("client", "location", "provider")
    booking = waiting.select_for_update(skip_locked=True, of=("self",)).first()
    if booking is None or booking.client is None:
        return False
    change_status(
        booking,
        Happened.FORM_OVERDUE,
        allowed=[Status.PENDING_FORM],
        to=Status.EXPIRED_HOLD,
        actor=CLINIC,
        now=now,
    )
    follow(booking, Trigger.OVERDUE, now=now)
    if not can_be_told(booking.client):
        care.raise_alert(
            booking=booking, kind=Alert.Kind.NOT_DELIVERED, detail=FORM_OVERDUE, now=now
        )
    return True


def is_overdue(booking: Booking, *, now: datetime) -> bool:
    """Whether the time of `booking` was let go, or is about to be: nothing completes it now."""
    if booking.status == Status.EXPIRED_HOLD:
        return True
    is_waiting = booking.status == Status.PENDING_FORM
    return is_waiting and (booking.held_until is None or booking.held_until <= now)


def can_be_told(client: Client) -> bool:
    """Whether `client` gets our letters, or agreed to texts. One query, or none."""
    if client.email:
        return True
    return bool(settings.HAS_SMS and client.phone and preferences(client)[ConsentKind.SERVICE_SMS])


def _lock_clients(client: Client, details: Details) -> Client:
    """Lock the client of the visit and whom `details` name, in pk order; return the former."""
    rows = {client.pk: client} | {twin.pk: twin for twin in _twins(client, details)}
    locked = {pk: lock_client(row) for pk, row in sorted(rows.items())}
    return locked[client.pk]


def _twins(client: Client, details: Details) -> QuerySet[Client]:
    """Who else is known by the name and the address in `details`."""
    if not details.email:
        return Client.objects.none()
    same = Client.objects.filter(
        email_key=email_key(details.email), name_key=name_key(details.name)
    )
    return same.exclude(pk=client.pk)


def _as_told(client: Client, details: Details) -> Client:
    """The client with what `details` say; whoever we know by that name and address, else."""
    if not details.email:
        return client
    if _twins(client, details).exists():
        return lock_client(
            client_called(name=details.name, email=details.email, phone=details.phone, time_zone="")
        )
    client.name, client.email, client.phone = details.name, details.email, details.phone
    client.time_zone = details.time_zone or client.time_zone
    client.save(update_fields=["name", "email", "phone", "time_zone"])
    return client


def _merge(begun: Client, known: Client, *, now: datetime) -> None:
    """Let a record that the desk began, and that holds no other visit, be a duplicate of `known`.

    Its visit goes over, what was agreed to on the phone and the notes of the desk, as in any other
    merge, and like any other it can be taken apart.
    """
    if begun.user_id or begun.legal_hold or begun.bookings.count() > 1:
        return
    merge_clients(kept=known, merged=begun, user=None, now=now)
