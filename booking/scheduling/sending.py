"""When a message may go: by the visit's clock on the wall, inside the hours of the day."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.scheduling.wallclock import instant

HASTE = timedelta(minutes=30)  # before the day ends, so that a late worker is still in time


class Hours(NamedTuple):
    """The hours of the day in which people are written to, [opens, closes), on their own clock."""

    opens: time
    closes: time


def days_before(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the moment so many days before `start` at which the clock shows the same (UTC).

    Where the clock skips that time, the moment of the jump.
    """
    wall = start.astimezone(zone)
    return at_wall(wall - timedelta(days=days), zone)


def morning_after(moment: datetime, zone: ZoneInfo, hours: Hours) -> datetime:
    """Return when `hours` open on the day after `moment` (UTC)."""
    return _on_day(moment.astimezone(zone) + timedelta(days=1), hours.opens, zone)


def is_open(moment: datetime, zone: ZoneInfo, hours: Hours) -> bool:
    """Whether people are written to at `moment`."""
    return hours.opens <= moment.astimezone(zone).time() < hours.closes


def earlier(moment: datetime, zone: ZoneInfo, hours: Hours) -> datetime:
    """Return `moment` if people are written to then, else half an hour before they last were."""
    if is_open(moment, zone, hours):
        return moment
    wall = moment.astimezone(zone)
    day = wall if wall.time() >= hours.closes else wall - timedelta(days=1)
    return _on_day(day, hours.closes, zone) - HASTE


def later(moment: datetime, zone: ZoneInfo, hours: Hours) -> datetime:
    """Return `moment` if people are written to then, else when they next are."""
    if is_open(moment, zone, hours):
        return moment
    wall = moment.astimezone(zone)
    day = wall if wall.time() < hours.opens else wall + timedelta(days=1)
    return _on_day(day, hours.opens, zone)


def at_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the clock of `zone` shows `wall` (UTC)."""
    return _on_day(wall, wall.time(), zone)


def _on_day(day: datetime, at: time, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(instant(day.date(), at, zone, last=False), UTC)
