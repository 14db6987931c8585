"""What is between the visits of a day: breaks, time off, other calendars, and what is free."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from booking.models import Allocation, OutsideBusy, Resource, Status, TimeOff
from booking.models.resources import LONGEST_ALLOCATION
from booking.scheduling.spans import Span, intersect, merged, subtract
from booking.scheduling.wallclock import day_span
from booking.selectors.diary import open_spans, working_spans
from booking.selectors.schedules import Schedule
from booking.selectors.slots import bookable


class Gap(NamedTuple):
    """A stretch without a visit: free, a break, away, or what a calendar elsewhere says."""

    kind: str
    starts_at: datetime
    ends_at: datetime

    @property
    def starts(self) -> int:
        return int(self.starts_at.timestamp())

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


def gaps_of(schedule: Schedule, resource: Resource, *, now: datetime) -> list[Gap]:
    """What is between the visits of one provider, room or device. 5 queries at most.

    Breaks lie between stretches of work; what is free is so for a visit and its turnover, as
    in the calendar; what is over by now is not worth a line.
    """
    location, day = schedule.location, schedule.day
    window = day_span(day, location.zone)
    open_on = open_spans(location=location, days=[day])
    working: Collection[Span] = open_on[day] or []
    if schedule.is_of_provider:
        working = working_spans(
            location=location, providers=[resource.pk], days=[day], open_on=open_on
        )[resource.pk]
    working = merged(working)
    whole = [(working[0][0], working[-1][1])] if working else []
    away = _spans(TimeOff.objects.filter(resource=resource), window)
    elsewhere = _spans(OutsideBusy.objects.filter(resource=resource), window)
    taken = _spans(_kept(resource, window, now), window)
    ahead = [(max(window[0], int(now.timestamp())), max(window[1], int(now.timestamp())))]
    breaks = subtract(subtract(whole, working), merged([*away, *taken]))
    free = intersect(subtract(working, merged([*away, *elsewhere, *taken])), ahead)
    found = [
        *(("break", span) for span in breaks),
        *(("away", span) for span in intersect(away, whole or [window])),
        *(("elsewhere", span) for span in intersect(elsewhere, whole or [window])),
        *(("free", span) for span in bookable(free, location.zone)),
    ]
    return [
        Gap(kind, datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for kind, (start, end) in found
    ]


def _kept(resource: Resource, window: Span, now: datetime) -> QuerySet[Allocation]:
    lapsed = Q(booking__status=Status.HELD, booking__held_until__lte=now)
    earliest = datetime.fromtimestamp(window[0], UTC) - LONGEST_ALLOCATION
    return Allocation.objects.filter(resource=resource, starts_at__gt=earliest).exclude(lapsed)


def _spans(rows: QuerySet[Any], window: Span) -> list[Span]:
    """Those of `rows` that reach into `window`, in order and merged. One query."""
    start, end = (datetime.fromtimestamp(second, UTC) for second in window)
    found = rows.filter(ends_at__gt=start, starts_at__lt=end).order_by()
    return merged(
        (int(first.timestamp()), int(last.timestamp()))
        for first, last in found.values_list("starts_at", "ends_at")
    )
