"""Which letter a message becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from booking.letters import visits
from booking.models import Booking
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message

Writer = Callable[[Message, Booking, datetime], Letter]

EMAIL, SMS = Message.Channel.EMAIL, Message.Channel.SMS

WRITERS: dict[tuple[str, str, str], Writer] = {
    ("M01", "client", EMAIL): visits.confirmation,
    ("M09", "client", EMAIL): visits.changed,
    ("R01", "client", EMAIL): visits.already_booked,
}


def letter(message: Message, booking: Booking, now: datetime) -> Letter:
    """Return what `message` about `booking` says at `now`, by the location's clock.

    `booking` comes from `Booking.objects.with_facts()`; the writers give their queries. Raises
    LookupError for a message that nobody wrote.
    """
    write = WRITERS[message.code, message.recipient, message.channel]
    with timezone.override(booking.location.zone):
        return write(message, booking, now)
