"""What a time that staff choose is outside of: what online booking would not have offered."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from booking.models import Provider
from booking.scheduling.spans import Span, merged
from booking.scheduling.wallclock import day_span
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
    visit = (start, start + free.demand.provider_seconds)
    hours = merged(free.hours[provider.pk])
    doors = free.doors[at.date()]
    if _is_within(visit, hours):
        return found
    if doors is None:
        return [*found, Outside.CLOSURE]
    if not _is_within(visit, doors):
        return [*found, Outside.DOORS]
    day = day_span(at.date(), free.zone)
    that_day = [span for span in hours if day[0] <= span[0] < day[1]]
    is_between = that_day and that_day[0][0] <= visit[0] and visit[1] <= that_day[-1][1]
    return [*found, Outside.BREAK if is_between else Outside.HOURS]


def _is_within(span: Span, spans: list[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in spans)
