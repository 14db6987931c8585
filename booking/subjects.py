"""How visits, and the days of those who give them, are named in the outbox."""

from __future__ import annotations

from datetime import date

from booking.models import Booking

VISIT = "booking"
DAY_SHEET = "day"


def subject_of(booking: Booking) -> str:
    """Return the text that names `booking` in the outbox."""
    return f"{VISIT}:{booking.pk}"


def subject_of_day(provider_id: int, day: date) -> str:
    """Return the text that names what `provider_id` does on `day`."""
    return f"{DAY_SHEET}:{provider_id}:{day.isoformat()}"
