"""Who gives treatments, where and when; what is kept and promised."""

from booking.models.bookings import (
    ACTIVE,
    UPCOMING,
    Booking,
    BookingEvent,
    BookingLine,
    Draft,
    Status,
)
from booking.models.resources import Allocation, Device, Kind, Provider, Resource, Room
from booking.models.schedule import ExtraOpening, TimeOff, WorkingHours

__all__ = [
    "ACTIVE",
    "UPCOMING",
    "Allocation",
    "Booking",
    "BookingEvent",
    "BookingLine",
    "Device",
    "Draft",
    "ExtraOpening",
    "Kind",
    "Provider",
    "Resource",
    "Room",
    "Status",
    "TimeOff",
    "WorkingHours",
]
