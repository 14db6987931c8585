"""Any message with any visit's data, as the people who work here look at it before it goes.

A sample is read, never acted on: its links are as long as the real ones and lead nowhere, and a
test carries no calendar file, so that nobody who works here does anything in a client's name.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from booking import letters
from booking.letters.desk import WRITERS
from booking.models import Alert, Booking
from booking.selectors.agenda import visits_on
from clinic.accounts.models import User
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message

SUBJECT = "test"
EMAIL = Message.Channel.EMAIL
TIMES = {"M02": ("1", "2"), "M13": ("1", "2"), "M15": ("1", "2")}  # codes that come more than once
TO_STAFF = (("M19", "staff", EMAIL), ("M20", "staff", EMAIL))
PERMISSION = "booking.preview_booking"
WORD = re.compile(r"[a-z-]{0,12}")  # a part of an address that can be no token


class Sample(NamedTuple):
    """One message of the plan: its code, the role it is for, how it goes, and which of several."""

    code: str
    role: str
    channel: str
    occurrence: str

    @property
    def slug(self) -> str:
        """Its name within its channel, for addresses: "M04", "M09-provider", "M13-2"."""
        role = "-provider" if self.role == "provider" else ""
        return f"{self.code}{role}{'' if self.occurrence == '1' else f'-{self.occurrence}'}"


SAMPLES = [
    Sample(code, role, channel, occurrence)
    for code, role, channel in sorted((*WRITERS, *TO_STAFF))
    for occurrence in TIMES.get(code, ("1",))
]


def sample_letter(sample: Sample, *, booking: Booking, user: User, now: datetime) -> Letter:
    """Return what `sample` would say about `booking` at `now`, with links that lead nowhere.

    `user` looks at it, and is whom messages to staff are for. `booking` comes with its facts.
    """
    if sample.code == "M19":
        alert = Alert(booking=booking, kind=Alert.Kind.CALL, raised_at=now)
        letter = letters.alert_letter(alert, user, now)
    elif sample.code == "M20":
        day = booking.starts_at.astimezone(booking.location.zone).date()
        visits = visits_on(provider=booking.provider, day=day)
        letter = letters.day_sheet(booking.provider, day, visits, user, now)
    else:
        letter = letters.letter(_message(sample, booking, now), booking, now)
    return replace(letter, text=dead(letter.text), html=dead(letter.html), headers={})


def letter_of_test(message: Message, now: datetime) -> Letter:
    """Return the letter of a test, which goes to whoever asked for it."""
    booking = Booking.objects.with_facts().get(pk=message.subject.split(":")[1])
    user = User.objects.get(pk=message.recipient.partition(":")[2])
    letter = sample_letter(_sample(message), booking=booking, user=user, now=now)
    return replace(
        letter,
        to=user.email,
        subject=_("[Test] %(subject)s") % {"subject": letter.subject},
        attachments=tuple(
            file for file in letter.attachments if not file.mimetype.startswith("text/calendar")
        ),
        content_versions=(),
    )


def why_no_test(message: Message, now: datetime) -> str | None:
    """Return None while whoever asked for a test may look at it."""
    user = User.objects.filter(pk=message.recipient.partition(":")[2]).first()
    return None if user and user.has_perm(PERMISSION) else "they may not look at it any more"


def subject_of_test(sample: Sample, booking: Booking) -> str:
    """Return what a test is about: "test:12:client:1", which names the visit and the sample."""
    return f"{SUBJECT}:{booking.pk}:{sample.role}:{sample.occurrence}"


def dead(words: str) -> str:
    """Return `words` with the tokens in links of ours blotted out, at the same length."""
    address = re.compile(rf"{re.escape(settings.SITE_URL)}/[^\s\"'<>]*")
    return address.sub(lambda link: _blotted(link[0]), words)


def _blotted(url: str) -> str:
    parts = url.removeprefix(settings.SITE_URL).split("/")
    kept = (part if WORD.fullmatch(part) else re.sub(r"\w", "x", part) for part in parts)
    return settings.SITE_URL + "/".join(kept)


def _message(sample: Sample, booking: Booking, now: datetime) -> Message:
    return Message(
        subject=f"booking:{booking.pk}",
        code=sample.code,
        recipient=sample.role,
        channel=sample.channel,
        occurrence=sample.occurrence,
        version=booking.schedule_version,
        due_at=now,
    )


def _sample(message: Message) -> Sample:
    _test, _booking, role, occurrence = message.subject.split(":")
    return Sample(message.code, role, message.channel, occurrence)
