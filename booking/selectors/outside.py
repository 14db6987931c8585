"""What a time that staff choose is outside of: what online booking would not have offered."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from booking.models import Booking, Provider
from booking.scheduling.spans import Span, merged
from booking.scheduling.wallclock import day_span
from booking.selectors.diary import open_spans, working_spans
from booking.selectors.slots import FreeSlots, last_day


class Outside(StrEnum):
    """A rule that staff may book around, for a reason that is kept."""

    NOTICE = "notice"
    HORIZON = "horizon"
    CLOSURE = "closure"
    DOORS = "doors"
    HOURS = "hours"
    BREAK = "break"


def outside_of(free: FreeSlots, provider: Provider, start: int, *, now: datetime) -> list[Outside]:
    """Return what a visit with `provider` at the second `start`, on a day of `free`, is outside of.

    Notice and horizon first; then why the hours do not hold it, the widest reason alone: a day of
    closure, closed doors, a break, or no hours of theirs. No query.
    """
    found = []
    policy, location = free.policy, free.wish.location
    at = datetime.fromtimestamp(start, free.zone)
    if (at - now) < policy.notice(is_known=free.wish.is_known):
        found.append(Outside.NOTICE)
    if at.date() > last_day(policy, location, now):
        found.append(Outside.HORIZON)
    return [*found, *outside_hours(free, provider, start)]


def outside_hours(free: FreeSlots, provider: Provider, start: int) -> list[Outside]:
    """Return why the hours of `provider` do not hold a visit at `start`: one reason, or none.

    Who moves a visit is asked about that alone: notice and horizon are for making a promise.
    """
    visit = (start, start + free.demand.provider_seconds)
    day = datetime.fromtimestamp(start, free.zone).date()
    return _why(visit, free.hours[provider.pk], free.doors[day], day_span(day, free.zone))


def outside_until(booking: Booking, ends_at: datetime) -> list[Outside]:
    """Return why hours do not hold `booking`, turnover included, if it ends then. 4 queries."""
    location, provider = booking.location, booking.provider_id
    until = ends_at + timedelta(minutes=booking.promise["buffer_minutes"])
    day = booking.starts_at.astimezone(location.zone).date()
    doors = open_spans(location=location, days=[day])
    hours = working_spans(location=location, providers=[provider], days=[day], open_on=doors)
    visit = (int(booking.starts_at.timestamp()), int(until.timestamp()))
    return _why(visit, hours[provider], doors[day], day_span(day, location.zone))


def _why(visit: Span, hours: list[Span], doors: list[Span] | None, day: Span) -> list[Outside]:
    hours = merged(hours)
    if _is_within(visit, hours):
        return []
    if doors is None:
        return [Outside.CLOSURE]
    if not _is_within(visit, doors):
        return [Outside.DOORS]
    that_day = [span for span in hours if day[0] <= span[0] < day[1]]
    is_between = that_day and that_day[0][0] <= visit[0] and visit[1] <= that_day[-1][1]
    return [Outside.BREAK if is_between else Outside.HOURS]


def _is_within(span: Span, spans: list[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in spans)
