"""Who gives treatments, where and when; what is kept and promised."""

from booking.models.bookings import (
    ACTIVE,
    CANCELED,
    COMING,
    HOLDS,
    IN_DIARY,
    UPCOMING,
    Booking,
    BookingLine,
    Draft,
    Status,
)
from booking.models.calendars import Feed, OutsideBusy, OutsideCalendar
from booking.models.care import Alert, Reading, SkinAnswer, SkinCheck
from booking.models.changes import ScheduleChange, TouchedVisit
from booking.models.events import BookingEvent, Happened
from booking.models.resources import Allocation, Device, Kind, Provider, Resource, Room
from booking.models.schedule import ExtraOpening, TimeOff, WorkingHours

__all__ = [
    "ACTIVE",
    "CANCELED",
    "COMING",
    "HOLDS",
    "IN_DIARY",
    "UPCOMING",
    "Alert",
    "Allocation",
    "Booking",
    "BookingEvent",
    "BookingLine",
    "Device",
    "Draft",
    "ExtraOpening",
    "Feed",
    "Happened",
    "Kind",
    "OutsideBusy",
    "OutsideCalendar",
    "Provider",
    "Reading",
    "Resource",
    "Room",
    "ScheduleChange",
    "SkinAnswer",
    "SkinCheck",
    "Status",
    "TimeOff",
    "TouchedVisit",
    "WorkingHours",
]
