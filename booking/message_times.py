"""When the messages of the plan go: as moments of one visit, on the clocks that count.

Days before a visit keep its hour on the wall of the place; lengths after one are elapsed time
(architecture.md, "When mail goes").
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.models import Booking
from booking.scheduling import sending
from clinic.places.policies import DEFAULTS

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Visit(NamedTuple):
    """A booking at the moment something happened to it, and the clocks that count."""

    booking: Booking
    now: datetime

    @property
    def here(self) -> ZoneInfo:
        """The zone whose wall the visit's time stands on."""
        return self.booking.location.zone

    @property
    def theirs(self) -> ZoneInfo:
        """The zone in which the client is written to."""
        return client_zone(self.booking)

    @property
    def hours(self) -> sending.Hours:
        """The hours of the day in which the client is reminded, asked and texted."""
        return hours(self.booking)

    @property
    def undo_time(self) -> timedelta:
        """How long a change can be taken back without a word."""
        return timedelta(minutes=self.booking.undo_minutes)


When = Callable[[Visit], datetime | None]
"""A moment for a visit, or None where there is none."""


def hours(booking: Booking) -> sending.Hours:
    """Return in which hours the client of `booking` is reminded, asked and texted.

    As it was promised; the handbook's where it was booked before there was a rule for it.
    """
    promised = DEFAULTS | booking.promise
    opens, closes = promised["messages_from_hour"], promised["messages_until_hour"]
    return sending.Hours(time(opens), time(closes))


def client_zone(booking: Booking) -> ZoneInfo:
    """Return the client's own zone if known, else the location's."""
    known = booking.time_zone or (booking.client.time_zone if booking.client else "")
    return ZoneInfo(known) if known else booking.location.zone


def at_once(visit: Visit) -> datetime:
    return visit.now


def after_undo(visit: Visit) -> datetime:
    """Once the change cannot be taken back any more (ruling "When mail goes")."""
    return visit.now + visit.undo_time


def by_day(when: When) -> When:
    """That moment, or later if a text would disturb then."""

    def moment(visit: Visit) -> datetime | None:
        at = when(visit)
        return sending.later(at, visit.theirs, visit.hours) if at else None

    return moment


def days_before(days: int) -> When:
    """The same hour on the wall so many days before the visit, or a little earlier."""

    def when(visit: Visit) -> datetime:
        moment = sending.days_before(visit.booking.starts_at, days, visit.here)
        return sending.earlier(moment, visit.theirs, visit.hours)

    return when


def week_before_a_first_visit(visit: Visit) -> datetime | None:
    return days_before(7)(visit) if visit.booking.extra_minutes else None


def that_morning(visit: Visit) -> datetime | None:
    """So many hours before as the clinic chose to; never at night, and by default not at all."""
    ahead = visit.booking.promise.get("morning_note_hours", 0)
    moment = visit.booking.starts_at - ahead * HOUR
    return moment if ahead and sending.is_open(moment, visit.theirs, visit.hours) else None


def after(length: timedelta) -> When:
    """So much later."""
    return lambda visit: visit.now + length


def calmly_after(length: timedelta) -> When:
    """So much later, or when people are next written to."""
    return lambda visit: sending.later(visit.now + length, visit.theirs, visit.hours)


def next_morning(visit: Visit) -> datetime:
    return sending.morning_after(visit.now, visit.theirs, visit.hours)


def start(visit: Visit) -> datetime:
    return visit.booking.starts_at


def before_start(length: timedelta) -> When:
    return lambda visit: visit.booking.starts_at - length


def deadline(visit: Visit) -> datetime | None:
    """Until when the client may complete the details; None where nothing is missing."""
    return visit.booking.held_until


def last_call(visit: Visit) -> datetime | None:
    """Two days before the visit, or four hours before the deadline where that is sooner."""
    until = visit.booking.held_until
    if until is None:
        return None
    moment = min(visit.booking.starts_at - 2 * DAY, until - 4 * HOUR)
    return sending.earlier(moment, visit.theirs, visit.hours)


def a_day_on_or_start(visit: Visit) -> datetime:
    return max(visit.booking.starts_at, visit.now + DAY)
