"""What there is: free times, bookings, diaries."""

from booking.selectors.offers import (
    Extra,
    Length,
    Offered,
    Quote,
    extras_with,
    next_free,
    offers,
)
from booking.selectors.slots import FreeSlots, Slot, free_slots, providers_for

__all__ = [
    "Extra",
    "FreeSlots",
    "Length",
    "Offered",
    "Quote",
    "Slot",
    "extras_with",
    "free_slots",
    "next_free",
    "offers",
    "providers_for",
]
