"""Which messages a booking gives rise to, whether they still hold, and what they say.

The codes are those of the handbook's message plan, section 6. `R01` is ours: the reason why a
visit could not be confirmed online, told by mail to the person it concerns and to nobody else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from booking import links
from booking.calendar import invitation
from booking.models import Booking, Status
from booking.terms import terms
from clinic.messaging import services
from clinic.messaging.letters import Attachment, Letter, render_letter
from clinic.messaging.models import Message
from clinic.messaging.services import Draft as Planned
from treatments.models import InstructionKind
from treatments.selectors import instruction_lines

SUBJECT = "booking"
FULL_PREP_WITHIN = timedelta(hours=72)  # a visit nearer than this gets no prep mail of its own
PROMISED = {Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS}


def subject_of(booking: Booking) -> str:
    """Return the text that names `booking` in the outbox."""
    return f"{SUBJECT}:{booking.pk}"


def planned_messages(booking: Booking, *, now: datetime) -> list[Planned]:
    """Return what a confirmed booking's people are to be told, and when."""
    return [
        Planned(
            subject=subject_of(booking),
            code="M01",
            recipient="client",
            version=booking.schedule_version,
            due_at=now,
            useful_until=booking.starts_at,
        )
    ]


def plan_messages(booking: Booking, *, now: datetime) -> None:
    """Write down what is to be told of a booking just confirmed."""
    services.plan(messages=planned_messages(booking, now=now), now=now)


def plan_again(booking: Booking, *, now: datetime) -> None:
    """Let what has not gone yet tell of the visit as it is now."""
    if services.void(subject=subject_of(booking), reason="the visit has changed", now=now):
        plan_messages(booking, now=now)


def withdraw(booking: Booking, *, now: datetime) -> None:
    """Send nothing more about a visit that will not take place."""
    services.void(subject=subject_of(booking), reason="the visit was cancelled", now=now)


def tell_why_refused(booking: Booking, *, now: datetime) -> None:
    """Plan the letter that names the appointment a client has already; once a day at most."""
    letter = Planned(
        subject=subject_of(booking),
        code="R01",
        occurrence=f"{now:%Y%m%d}",
        recipient="client",
        version=booking.schedule_version,
        due_at=now,
        useful_until=booking.starts_at,
    )
    services.plan(messages=[letter], now=now)


def why_not(message: Message, now: datetime) -> str | None:
    """Return why `message` should not go any more, or None while it should. One query."""
    booking = _booking(message)
    if booking is None:
        return "the booking is gone"
    if booking.status not in PROMISED:
        return f"the booking is {booking.status}"
    if booking.schedule_version != message.version:
        return "the visit has changed since"
    return None


def letter(message: Message, now: datetime) -> Letter:
    """Return what `message` says now. Raises LookupError for a code nobody wrote."""
    booking = Booking.objects.with_facts().get(pk=_key(message))
    return {"M01": _confirmation, "R01": _already_booked}[message.code](booking, now)


def _confirmation(booking: Booking, now: datetime) -> Letter:
    prep, versions = _preparation(booking, now)
    wording = render_letter(
        "email/confirmation",
        {
            "visit": _visit(booking),
            "lines": [(line.name, line.amount) for line in booking.lines.all()],
            "talk_minutes": booking.extra_minutes,
            "total": booking.price,
            "policy": [term.sentence for term in terms(booking, now=now)],
            "prep": prep,
            "manage_url": links.manage_url(booking),
            "calendar": _("The attached file puts the appointment into your calendar."),
        },
    )
    invite = Attachment(
        "appointment.ics", invitation(booking, now=now), "text/calendar; method=REQUEST"
    )
    return Letter(
        to=booking.client.email if booking.client else "",
        subject=wording.subject,
        text=wording.text,
        html=wording.html,
        attachments=(invite,),
        content_versions=versions,
    )


def _already_booked(booking: Booking, now: datetime) -> Letter:
    wording = render_letter(
        "email/already_booked",
        {"visit": _visit(booking), "manage_url": links.manage_url(booking)},
    )
    return Letter(
        to=booking.client.email if booking.client else "",
        subject=wording.subject,
        text=wording.text,
        html=wording.html,
    )


def _visit(booking: Booking) -> dict[str, Any]:
    place = booking.location
    return {
        "starts_at": booking.starts_at,
        "ends_at": booking.ends_at,
        "zone_name": place.time_zone,
        "client_zone_name": _other_zone(booking),
        "client_first_name": booking.client.first_name if booking.client else "",
        "provider_first_name": booking.provider.first_name,
        "location_name": place.name,
        "location_address": place.address,
    }


def _other_zone(booking: Booking) -> str:
    """The client's zone, where its clock shows another time at the visit than the location's."""
    if not booking.time_zone:
        return ""
    there = booking.starts_at.astimezone(ZoneInfo(booking.time_zone))
    here = booking.starts_at.astimezone(booking.location.zone)
    return booking.time_zone if there.utcoffset() != here.utcoffset() else ""


def _preparation(booking: Booking, now: datetime) -> tuple[list[str] | None, tuple[str, ...]]:
    """The full preparation in paragraphs and the versions used, if the visit is near."""
    if booking.starts_at - now >= FULL_PREP_WITHIN:
        return None, ()
    versions = [
        version
        for version in booking.instruction_versions.select_related("instruction").order_by(
            "instruction__position", "instruction__code"
        )
        if version.instruction.kind == InstructionKind.PREP
    ]
    said: set[str] = set()
    paragraphs = []
    for version in versions:
        fresh = [line for line in instruction_lines([version]) if line not in said]
        said.update(fresh)
        paragraphs.append(" ".join(fresh))
    return paragraphs, tuple(str(version.pk) for version in versions)


def _booking(message: Message) -> Booking | None:
    return Booking.objects.filter(pk=_key(message)).first()


def _key(message: Message) -> int:
    return int(message.subject.partition(":")[2])
