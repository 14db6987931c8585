"""Sending a message of a visit once more, because somebody asks for it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from booking.models import Booking, Happened
from booking.services.ledger import Actor, record
from clinic.messaging import services as messaging
from clinic.messaging.models import Message


@transaction.atomic
def send_again(
    *, message: Message, booking: Booking, actor: Actor, reason: str, now: datetime
) -> Message:
    """Plan a copy of `message`, which is about `booking`; who asked and why stays with the visit.

    Raises MessageError where it did not go, or would not be true or wanted any more.
    """
    by = f"staff:{actor.user.pk}" if actor.user else actor.by
    copy = messaging.send_again(message=message, by=by, now=now)
    record(
        booking,
        Happened.SENT_AGAIN,
        actor=actor,
        now=now,
        reason=reason,
        code=message.code,
        message=copy.pk,
    )
    return copy
