"""What a visit's people have been told so far."""

from __future__ import annotations

from datetime import datetime

from booking.models import Booking
from clinic.messaging.models import Message

MOVES = ("moved", "undone")  # events that say from when to when
SAY_WHEN = ("M01", "M09")  # the codes that tell a time


def told(booking: Booking, recipient: str) -> datetime | None:
    """Return the start that `recipient` was told last, or None before anything went. 2 queries."""
    version = (
        Message.objects.about(f"booking:{booking.pk}")
        .filter(code__in=SAY_WHEN, recipient=recipient, status=Message.Status.SENT)
        .order_by("-version")
        .values_list("version", flat=True)
        .first()
    )
    return None if version is None else start_at(booking, version)


def start_at(booking: Booking, version: int) -> datetime:
    """Return when `booking` was to begin at one of its schedule versions, in UTC. 1 query."""
    moves = booking.events.filter(what__in=MOVES).order_by("-pk").values_list("data", flat=True)
    start = booking.starts_at
    for move in moves:
        if move.get("version", 0) <= version:
            break
        start = datetime.fromisoformat(move["from"])
    return start
