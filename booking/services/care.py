"""Care around a visit: what was read, how the skin is a day later, and whom that concerns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from booking.errors import NotNow
from booking.message_work import alert_messages
from booking.models import Alert, Booking, Reading, SkinCheck
from booking.selectors.care import is_asked
from booking.services.ledger import lock_booking
from booking.subjects import subject_of
from clinic.accounts.models import User
from clinic.messaging import services as messaging
from clinic.messaging.models import Message

QUESTION, TIPS = "M12", "M13"
# E-mails without which a client does not know of the visit, or how to prepare and care for it.
MUST_ARRIVE = {"M01", "M02", "M03", "M04", "M05", "M09", "M11", QUESTION, TIPS, "R02"}


@transaction.atomic
def open_page(*, booking: Booking, page: Reading.Page, now: datetime) -> Reading:
    """Note that a person opened the page of `booking`; the first time counts."""
    reading, _ = Reading.objects.get_or_create(
        booking=booking, page=page, defaults={"opened_at": now}
    )
    return reading


@transaction.atomic
def acknowledge(
    *, booking: Booking, page: Reading.Page, versions: Sequence[str], now: datetime
) -> Reading:
    """Note that the client has read the texts of those `versions`; the first time counts."""
    reading = open_page(booking=booking, page=page, now=now)
    if reading.acknowledged_at is None or reading.versions != list(versions):
        reading.versions, reading.acknowledged_at = list(versions), now
        reading.save(update_fields=["versions", "acknowledged_at"])
    return reading


@transaction.atomic
def answer_check_in(*, booking: Booking, needs_call: bool, now: datetime) -> SkinCheck:
    """Keep the client's answer to the question a day after, and nothing but whether to call.

    A wish for a call stands, whatever is answered after it; calm may still become one. With it the
    care tips end, as a person speaks instead. Raises NotNow before the visit is completed and a
    week after it.
    """
    lock_booking(booking)
    if not is_asked(booking, now=now):
        raise NotNow
    check, is_first = SkinCheck.objects.get_or_create(
        booking=booking, defaults={"needs_call": needs_call, "answered_at": now}
    )
    if needs_call and not check.needs_call:
        check.needs_call, check.answered_at = True, now
        check.save(update_fields=["needs_call", "answered_at"])
    elif not is_first:
        return check
    _void(booking, QUESTION, reason="answered", now=now)
    if needs_call:
        _void(booking, TIPS, reason="somebody calls instead", now=now)
        raise_alert(booking=booking, kind=Alert.Kind.CALL, now=now)
    return check


@transaction.atomic
def raise_alert(*, booking: Booking, kind: Alert.Kind, detail: str = "", now: datetime) -> Alert:
    """Ask a person to look at `booking`, and tell the staff whom it concerns.

    While one alert of that kind is open there is no second, and nobody is told again.
    """
    alert, is_new = Alert.objects.get_or_create(
        booking=booking,
        kind=kind,
        seen_at=None,
        defaults={"detail": detail, "raised_at": now},
    )
    if is_new:
        messaging.plan(messages=alert_messages(alert, now=now), now=now)
    return alert


def mark_seen(*, alert: Alert, user: User, now: datetime) -> None:
    """Note that `user` has dealt with `alert`; the first to say so is kept."""
    Alert.objects.filter(pk=alert.pk, seen_at=None).update(seen_at=now, seen_by=user)
    alert.refresh_from_db()


def message_failed(message: Message, now: datetime) -> None:
    """Raise an alert if `message` was an e-mail that a client has to get.

    A text says nothing that no e-mail says too; and what fails on its way to staff raises nothing,
    or one alert would make the next.
    """
    is_to_client = message.recipient == "client" and message.channel == Message.Channel.EMAIL
    if not is_to_client or message.code not in MUST_ARRIVE:
        return
    booking = Booking.objects.filter(pk=message.subject.partition(":")[2]).first()
    if booking is not None:
        raise_alert(booking=booking, kind=Alert.Kind.NOT_DELIVERED, detail=message.code, now=now)


def _void(booking: Booking, code: str, *, reason: str, now: datetime) -> None:
    messaging.void(subject=subject_of(booking), codes=[code], reason=reason, now=now)
