"""The texts promised to a visit, and their points on its calendar."""

from __future__ import annotations

from datetime import datetime, timedelta

from booking.models import Booking, Status
from clinic.messaging.models import Message
from treatments.models import InstructionKind, InstructionVersion
from treatments.selectors.instructions import Point, points

PREPARATION = "M04"
ASKED_FOR = timedelta(days=7)  # after the visit, the client may say so long how the skin is


def promised_texts(booking: Booking, kind: InstructionKind) -> list[InstructionVersion]:
    """Return the versions promised to `booking`, in reading order. One query."""
    texts = booking.instruction_versions.filter(instruction__kind=kind)
    return list(texts.order_by("instruction__position", "instruction__code"))


def has_own_preparation(booking: Booking) -> bool:
    """Whether the preparation has a letter of its own, as `booking` stands now. One query.

    Where it has none, the visit was made too late for it, and what confirms it brings the texts.
    """
    return (
        Message.objects.about(f"booking:{booking.pk}")
        .filter(
            code=PREPARATION,
            channel=Message.Channel.EMAIL,
            version=booking.schedule_version,
            status__in=[Message.Status.PLANNED, Message.Status.SENT],
        )
        .exists()
    )


def names_of(texts: list[InstructionVersion]) -> list[str]:
    """Return what proves later which texts were shown, as a Message keeps it too."""
    return [str(text.pk) for text in texts]


def timeline(
    texts: list[InstructionVersion], *, around: datetime, booking: Booking, now: datetime
) -> list[Point]:
    """Return the points of `texts` on the calendar of the place, in order of time.

    They lie `around` the start of a visit that is prepared, or its end in aftercare. Hours count on
    the clock of the wall: three days before 9:00 am is 9:00 am, whatever the clocks did.
    """
    zone = booking.location.zone
    return points(texts, around=around.astimezone(zone), now=now.astimezone(zone))


def is_asked(booking: Booking, *, now: datetime) -> bool:
    """Whether the client may say how the skin is: once completed, for a week."""
    return booking.status == Status.COMPLETED and now <= booking.ends_at + ASKED_FOR
