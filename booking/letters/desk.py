"""Which letter a message becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.utils import timezone, translation

from booking.letters import after, before, forms, staff, texts, visits
from booking.models import Booking
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message

Writer = Callable[[Message, Booking, datetime], Letter]

EMAIL, SMS = Message.Channel.EMAIL, Message.Channel.SMS

WRITERS: dict[tuple[str, str, str], Writer] = {
    ("M01", "client", EMAIL): visits.confirmation,
    ("M01", "client", SMS): texts.confirmation,
    ("M02", "client", EMAIL): forms.due,
    ("M02", "client", SMS): texts.form_due,
    ("M03", "client", EMAIL): before.early,
    ("M04", "client", EMAIL): before.preparation,
    ("M04", "client", SMS): texts.preparation,
    ("M05", "client", EMAIL): before.reminder,
    ("M05", "client", SMS): texts.reminder,
    ("M06", "client", SMS): texts.morning_note,
    ("M09", "client", EMAIL): visits.changed,
    ("M09", "client", SMS): texts.changed,
    ("M09", "provider", EMAIL): staff.changed,
    ("M10", "client", EMAIL): after.missed,
    ("M11", "client", EMAIL): after.aftercare,
    ("M12", "client", EMAIL): after.check_in,
    ("M13", "client", EMAIL): after.tips,
    ("M15", "client", EMAIL): after.invitation,
    ("R01", "client", EMAIL): visits.already_booked,
    ("R02", "client", EMAIL): forms.let_go,
    ("R02", "client", SMS): texts.let_go,
}
"""By code, role of the recipient and channel."""


def letter(message: Message, booking: Booking, now: datetime) -> Letter:
    """Return what `message` about `booking` says at `now`, by the location's clock.

    `booking` comes from `Booking.objects.with_facts()`; the writers give their queries. Raises
    LookupError for a message that nobody wrote.
    """
    role = message.recipient.partition(":")[0]
    write = WRITERS[message.code, role, message.channel]
    # A preview is asked for by a browser, whose clock and language are not the letter's.
    with timezone.override(booking.location.zone), translation.override(settings.LANGUAGE_CODE):
        return write(message, booking, now)
