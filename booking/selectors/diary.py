"""The diary of one place as numbers, for the arithmetic in `booking.scheduling`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import IntegerField, Q, QuerySet, Value

from booking.constraints import Epoch
from booking.models import (
    Allocation,
    Booking,
    ExtraOpening,
    Kind,
    OutsideBusy,
    Resource,
    Status,
    TimeOff,
)
from booking.models.resources import LONGEST_ALLOCATION
from booking.models.schedule import WorkingHours
from booking.scheduling.slots import Diary
from booking.scheduling.spans import Span, intersect, merged
from booking.scheduling.wallclock import day_span, span_on, week_is_on
from clinic.places.models import Closure, Location, OpeningHours


@dataclass(frozen=True)
class Busy:
    """When resources cannot be booked, and how many visits each provider has on a day."""

    spans: dict[int, list[Span]]
    visits: Counter[tuple[int, date]]


def days_between(first_on: date, last_on: date) -> list[date]:
    """Return the dates from `first_on` to `last_on`, both included."""
    return [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1)]


def diary_of(
    *,
    location: Location,
    providers: Collection[int],
    first_on: date,
    last_on: date,
    now: datetime,
    ignoring: Booking | None = None,
) -> tuple[Diary, Busy, dict[date, list[Span] | None]]:
    """Return the diary of `location`, what fills it, and when its doors are open. 6 queries.

    The doors as `open_spans` gives them: by day, None where it is closed for that day.
    """
    days = days_between(first_on, last_on)
    zone = location.zone
    open_on = open_spans(location=location, days=days)
    working = working_spans(location=location, providers=providers, days=days, open_on=open_on)
    rooms, devices = rooms_and_devices(location=location)
    window = (day_span(first_on, zone)[0], day_span(last_on + timedelta(days=1), zone)[1])
    busy = busy_spans(
        resources=[*providers, *rooms, *devices],
        window=window,
        zone=zone,
        now=now,
        ignoring=ignoring,
    )
    diary = Diary(working=working, rooms=rooms, devices=devices, busy=busy.spans)
    return diary, busy, open_on


def open_spans(*, location: Location, days: list[date]) -> dict[date, list[Span] | None]:
    """Return when the doors are open on each day; None on a day of closure. 2 queries."""
    weekly: dict[int, list[tuple[time, time]]] = defaultdict(list)
    hours = OpeningHours.objects.filter(location=location).order_by()
    for weekday, opens_at, closes_at in hours.values_list("weekday", "opens_at", "closes_at"):
        weekly[weekday].append((opens_at, closes_at))
    closures = list(
        Closure.objects.filter(
            location=location, starts_on__lte=days[-1], ends_on__gte=days[0]
        ).values_list("starts_on", "ends_on")
    )

    def is_closed(day: date) -> bool:
        return any(first <= day <= last for first, last in closures)

    return {
        day: None if is_closed(day) else _spans(day, weekly[day.weekday()], location.zone)
        for day in days
    }


def working_spans(
    *,
    location: Location,
    providers: Collection[int],
    days: list[date],
    open_on: dict[date, list[Span] | None],
) -> dict[int, list[Span]]:
    """Return when each provider works here: hours within open doors, and extra openings. 2 queries.

    An extra opening opens the doors too, but not on a day of closure.
    """
    working: dict[int, list[Span]] = {provider: [] for provider in providers}
    patterns: dict[int, list[Any]] = defaultdict(list)
    hours = WorkingHours.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=days[0]),
        location=location,
        provider__in=providers,
        weekday__in={day.weekday() for day in days},
        valid_from__lte=days[-1],
    )
    for pattern in hours.order_by():
        patterns[pattern.weekday].append(pattern)
    for day in days:
        doors = open_on[day]
        for pattern in patterns[day.weekday()] if doors else ():
            if applies(pattern, day):
                spans = _spans(day, [(pattern.starts_at, pattern.ends_at)], location.zone)
                working[pattern.provider_id] += intersect(spans, doors or [])
    extras = ExtraOpening.objects.filter(
        location=location, provider__in=providers, day__range=(days[0], days[-1])
    )
    for extra in extras.order_by():
        if open_on[extra.day] is not None:
            working[extra.provider_id] += _spans(
                extra.day, [(extra.starts_at, extra.ends_at)], location.zone
            )
    return working


def rooms_and_devices(*, location: Location) -> tuple[list[int], dict[int, str]]:
    """Return the rooms in use and the devices in use with their kinds. One query.

    A place that takes no bookings has none.
    """
    rows = Resource.objects.filter(
        location=location,
        location__is_active=True,
        kind__in=[Kind.ROOM, Kind.DEVICE],
        is_active=True,
    ).values_list("pk", "kind", "device__device_kind")
    rooms = [pk for pk, kind, _device_kind in rows if kind == Kind.ROOM]
    return rooms, {pk: device_kind for pk, kind, device_kind in rows if kind == Kind.DEVICE}


def busy_spans(
    *,
    resources: Collection[int],
    window: Span,
    zone: ZoneInfo,
    now: datetime,
    ignoring: Booking | None = None,
) -> Busy:
    """Return what keeps `resources` busy in `window`. One query.

    That is visits, live holds, time off, and what calendars kept elsewhere say. Instants come as
    seconds; thousands of datetimes would take longer than all else together.
    """
    start, end = (datetime.fromtimestamp(second, UTC) for second in window)
    # Few at a time, found by their own index: a join would read every booking there ever was.
    lapsed = Booking.objects.filter(status=Status.HELD, held_until__lte=now)
    allocations = Allocation.objects.filter(
        resource__in=resources, starts_at__gt=start - LONGEST_ALLOCATION, starts_at__lt=end
    ).exclude(booking__in=lapsed)
    if ignoring is not None:
        allocations = allocations.exclude(booking=ignoring)
    away = {"resource__in": resources, "ends_at__gt": start, "starts_at__lt": end}
    time_off = TimeOff.objects.filter(**away)
    elsewhere = OutsideBusy.objects.filter(**away)
    spans: dict[int, list[Span]] = defaultdict(list)
    visits: Counter[tuple[int, date]] = Counter()
    for resource, starts, ends, is_visit in _as_numbers(allocations, 1).union(
        _as_numbers(time_off, 0), _as_numbers(elsewhere, 0), all=True
    ):
        spans[resource].append((starts, ends))
        if is_visit:
            visits[resource, datetime.fromtimestamp(starts, zone).date()] += 1
    return Busy(spans, visits)


def _as_numbers(rows: QuerySet[Any], is_visit: int) -> QuerySet[Any, Any]:
    return rows.order_by().values_list(
        "resource_id",
        Epoch("starts_at"),
        Epoch("ends_at"),
        Value(is_visit, output_field=IntegerField()),
    )


def applies(pattern: WorkingHours, day: date) -> bool:
    """Whether `pattern` is worked on `day`."""
    return (
        pattern.weekday == day.weekday()
        and pattern.valid_from <= day
        and (pattern.valid_until is None or day <= pattern.valid_until)
        and week_is_on(day, pattern.valid_from, pattern.every_weeks)
    )


def _spans(day: date, hours: Iterable[tuple[time, time]], zone: ZoneInfo) -> list[Span]:
    spans = (span_on(day, starts_at, ends_at, zone) for starts_at, ends_at in hours)
    return merged(span for span in spans if span)
