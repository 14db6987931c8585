"""What there is: free times, bookings, diaries."""

from booking.selectors.slots import FreeSlots, Slot, free_slots, providers_for

__all__ = ["FreeSlots", "Slot", "free_slots", "providers_for"]
