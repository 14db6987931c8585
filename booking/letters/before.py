"""Letters before a visit: how to get ready, and when to come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from booking import links
from booking.letters import care, facts
from booking.letters.mail import to_client
from booking.letters.parts import Button, Heading, Link, Say
from booking.models import Booking
from booking.selectors.care import promised_texts
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from clinic.web.templatetags.lumen import clock_time, day_full, day_short
from treatments.models import InstructionKind, InstructionVersion
from treatments.selectors import instruction_lines, instruction_steps

WEEK = 7 * 24  # hours


def early(message: Message, booking: Booking, now: datetime) -> Letter:
    """M03: what is to be thought of a week before. 1 query."""
    texts = promised_texts(booking, InstructionKind.PREP)
    ahead = [step for step in instruction_steps(texts) if (step.hours or 0) <= -WEEK]
    other = _("Is another treatment of your face planned before then? Please ask us first:")
    return to_client(
        booking,
        subject=_("Ahead of %(day)s") % {"day": day_full(booking.starts_at)},
        preview=_("What to think of a week before."),
        parts=[
            facts.hello(
                booking, _("Hello %(name)s, a few things are worth knowing early. You come on")
            ),
            facts.headline(booking.starts_at),
            *care.timeline(ahead),
            Say(other, facts.phone(booking)),
            Button(_("See all of it, day by day"), links.page_url(booking, "prepare")),
            changing(booking, now),
        ],
        texts=texts if ahead else (),
    )


def preparation(message: Message, booking: Booking, now: datetime) -> Letter:
    """M04: the full preparation if there is any, and whether anything has changed. 1 query."""
    texts = promised_texts(booking, InstructionKind.PREP)
    subject = _("How to prepare for %(day)s") if texts else _("Your appointment on %(day)s")
    return to_client(
        booking,
        subject=subject % {"day": day_full(booking.starts_at)},
        preview=_("A few things before your appointment."),
        parts=[
            facts.hello(booking, _("Hello %(name)s, we look forward to seeing you on")),
            facts.headline(booking.starts_at),
            facts.summary(booking),
            *care.section(_("Before you come"), instruction_lines(texts)),
            _way_on(booking, texts, _("Tell us that you have read this")),
            Heading(_("Has anything changed?")),
            Say(
                _("Is anything new with your health? Tell us before you travel:"),
                facts.phone(booking),
            ),
            changing(booking, now),
        ],
        texts=texts,
    )


def reminder(message: Message, booking: Booking, now: datetime) -> Letter:
    """M05: the day before, in short. 1 query."""
    texts = promised_texts(booking, InstructionKind.PREP)
    short = [version.short for version in texts if version.short]
    said = day_said(booking, now)
    when = {"day": said, "time": clock_time(booking.starts_at)}
    return to_client(
        booking,
        subject=_("See you %(day)s at %(time)s") % when,
        preview=_("When, where, and the last things to think of."),
        parts=[
            facts.hello(booking, _("Hello %(name)s, see you %(day)s."), day=said),
            facts.headline(booking.starts_at),
            facts.summary(booking),
            *care.section(_("In short"), list(dict.fromkeys(short))),
            _way_on(booking, texts, _("How to prepare")),
            changing(booking, now),
        ],
        texts=texts if short else (),
    )


def _way_on(booking: Booking, texts: Sequence[InstructionVersion], words: str) -> Button:
    """Return the way to the preparation; to the visit itself where it needs none."""
    if not texts:
        return facts.manage_button(booking)
    return Button(words, links.page_url(booking, "prepare"))


def changing(booking: Booking, now: datetime) -> Say:
    """Return how a visit is changed from `now` on; a letter about care names no sum."""
    if now <= booking.free_until:
        until = {"until": facts.day_and_time(booking.free_until)}
        return Say(
            _("Need another time?"),
            Link(
                _("Change or cancel at no charge until %(until)s") % until,
                links.manage_url(booking),
            ),
        )
    return Say(
        _(
            "Unwell, or something new with your health? Call us, we never charge for that. For "
            "any other change, your confirmation says what holds:"
        ),
        facts.phone(booking),
    )


def day_said(booking: Booking, now: datetime) -> str:
    """Write the day of the visit as one says it at `now`: "today", "tomorrow", "on Thu, May 14"."""
    zone = booking.location.zone
    days = (booking.starts_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    near = {0: _("today"), 1: _("tomorrow")}
    return near.get(days) or _("on %(day)s") % {"day": day_short(booking.starts_at)}
