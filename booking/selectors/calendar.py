"""The diary of a place as staff look at it: columns of visits, and why the rest is not free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from booking.models import (
    ACTIVE,
    Alert,
    Allocation,
    Booking,
    Kind,
    OutsideBusy,
    Provider,
    Resource,
    Status,
    TimeOff,
)
from booking.models.schedule import ExtraOpening, WorkingHours
from booking.scheduling.axis import Axis
from booking.scheduling.spans import Span, intersect, merged, subtract
from booking.scheduling.wallclock import day_span
from booking.selectors.diary import open_spans, working_spans
from booking.selectors.slots import bookable
from clinic.places.models import Closure, Location

MINUTE = 60
WHEN = ("resource", "starts_at", "ends_at")
DRAWN = (  # of a visit; a week has hundreds
    "reference",
    "status",
    "starts_at",
    "ends_at",
    "promise",
    "schedule_version",
    "client__name",
    "option__treatment__name",
    "provider__name",
    "provider__lane",
    "provider__user",
    "location__name",
)


class Why(StrEnum):
    """Why nothing can be booked in a stretch of a column."""

    CLOSED = "closed"
    NOT_IN = "not in"
    BREAK = "break"
    TIME_OFF = "time off"
    ELSEWHERE = "elsewhere"  # an outside calendar says so
    OTHER_PLACE = "other place"  # a visit at another location


@dataclass(frozen=True, slots=True)
class Off:
    """A stretch in which nothing can be booked. `says` is its reason, where somebody gave one."""

    span: Span
    why: Why
    says: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One day of one person, room or device. Spans are seconds; `free` is what can be booked."""

    day: date
    resource: Resource
    working: list[Span]
    visits: list[Booking]
    off: list[Off]
    free: list[Span]


@dataclass(frozen=True)
class Calendar:
    """Some days of one place, and the scale they are drawn on."""

    location: Location
    days: list[date]
    by: Kind
    resources: list[Resource]  # all there are to choose from
    shown: list[Resource]
    columns: dict[date, list[Column]]
    axis: Axis
    now: datetime

    def now_on(self, day: date) -> int | None:
        """Return where now stands on `day`, in minutes of the scale; None on another day."""
        start, end = day_span(day, self.axis.zone)
        second = int(self.now.timestamp())
        if not start <= second < end:
            return None
        at = self.axis.at(second)
        return at if self.axis.opens <= at < self.axis.closes else None


@dataclass
class _Rows:
    """What was read of some days, by resource."""

    visits: dict[int, list[Booking]] = field(default_factory=lambda: defaultdict(list))
    off: dict[int, list[Off]] = field(default_factory=lambda: defaultdict(list))


def calendar(
    *,
    location: Location,
    first_on: date,
    last_on: date,
    by: Kind = Kind.PROVIDER,
    chosen: Collection[int] = (),
    now: datetime,
) -> Calendar:
    """Return the local dates `first_on` to `last_on` of `location`, in columns. 10 queries.

    One column for each day and each person, room or device; `chosen` ones, by primary key, or
    all. Of several days those on which nothing is open and nobody comes are left out. The queries
    are as many for one visit as for a thousand.
    """
    days = [first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1)]
    zone = location.zone
    window = (day_span(days[0], zone)[0], day_span(days[-1], zone)[1])
    resources = _resources(location, by, window)
    shown = [each for each in resources if not chosen or each.pk in chosen] or resources
    keys = [each.pk for each in shown]
    doors = open_spans(location=location, days=days)
    working = _working(location, by, shown, days, doors)
    rows = _rows(location, by, keys, window, now=now)
    closed = _closed(location, days)
    columns = {
        day: [
            _column(day, each, rows, working[each.pk], doors[day], closed.get(day), location, now)
            for each in shown
        ]
        for day in days
    }
    kept = [day for day in days if _is_worth_a_look(columns[day], doors[day], day in closed)]
    kept = kept if len(days) > 1 and kept else days
    spans = [
        span
        for day in kept
        for column in columns[day]
        for span in [*column.working, *(doors[day] or []), *map(_span, column.visits)]
    ]
    return Calendar(
        location=location,
        days=kept,
        by=by,
        resources=resources,
        shown=shown,
        columns={day: columns[day] for day in kept},
        axis=Axis.over(spans, days=kept, zone=zone),
        now=now,
    )


def _resources(location: Location, by: Kind, window: Span) -> list[Resource]:
    """Who or what has a column: in use here, or with a visit in the window. One query."""
    if by == Kind.PROVIDER:
        at_this_place = {"provider": OuterRef("pk"), "location": location}
        works = Exists(WorkingHours.objects.filter(**at_this_place)) | Exists(
            ExtraOpening.objects.filter(**at_this_place)
        )
        has_visits = Exists(_starting_in(window).filter(**at_this_place))
        return list(Provider.objects.filter(Q(works, is_active=True) | has_visits))
    has_visits = Exists(
        Allocation.objects.filter(
            resource=OuterRef("pk"), starts_at__gte=_at(window[0]), starts_at__lt=_at(window[1])
        )
    )
    rows = Resource.objects.filter(Q(is_active=True) | has_visits, location=location, kind=by)
    return list(rows.select_related("location").order_by("pk"))


def _working(
    location: Location,
    by: Kind,
    resources: list[Resource],
    days: list[date],
    doors: dict[date, list[Span] | None],
) -> dict[int, list[Span]]:
    """When each can be booked but for what is in the way: hours, or open doors. 2 queries or 0.

    Who has left, or what is no longer in use, never can.
    """
    never: dict[int, list[Span]] = {each.pk: [] for each in resources}
    keys = [each.pk for each in resources if each.is_active]
    if by == Kind.PROVIDER:
        found = working_spans(location=location, providers=keys, days=days, open_on=doors)
        return never | {pk: merged(spans) for pk, spans in found.items()}
    opened = merged(span for day in days for span in doors[day] or ())
    return never | dict.fromkeys(keys, opened)


def _rows(location: Location, by: Kind, keys: list[int], window: Span, *, now: datetime) -> _Rows:
    """Visits and what is in the way, by resource. 3 queries, or 4."""
    rows = _Rows()
    for resource, visit in _visits(location, by, keys, window, now=now):
        if visit.location_id == location.pk:
            rows.visits[resource].append(visit)
        else:
            rows.off[resource].append(Off(_span(visit), Why.OTHER_PLACE, visit.location.name))
    in_the_way = {
        "resource__in": keys,
        "starts_at__lt": _at(window[1]),
        "ends_at__gt": _at(window[0]),
    }
    away = TimeOff.objects.filter(**in_the_way)
    for resource, starts_at, ends_at, reason in away.values_list(*WHEN, "reason"):
        span = (int(starts_at.timestamp()), int(ends_at.timestamp()))
        rows.off[resource].append(Off(span, Why.TIME_OFF, reason))
    outside: dict[int, list[Span]] = defaultdict(list)
    for resource, starts_at, ends_at in OutsideBusy.objects.filter(**in_the_way).values_list(*WHEN):
        outside[resource].append((int(starts_at.timestamp()), int(ends_at.timestamp())))
    for resource, spans in outside.items():
        rows.off[resource] += [Off(span, Why.ELSEWHERE) for span in merged(spans)]
    return rows


def _visits(
    location: Location, by: Kind, keys: list[int], window: Span, *, now: datetime
) -> Iterator[tuple[int, Booking]]:
    """Yield each visit in order of time, with whom or what it is drawn at. 1 query, or 2."""
    has_alert = Exists(Alert.objects.filter(booking=OuterRef("pk"), seen_at=None))
    visits = (
        _starting_in(window)
        .exclude(status=Status.HELD, held_until__lte=now)
        .select_related("client", "option__treatment", "provider", "location")
        .only(*DRAWN)
        .annotate(has_alert=has_alert)
        .order_by("starts_at")
    )
    if by == Kind.PROVIDER:
        yield from ((visit.provider_id, visit) for visit in visits.filter(provider__in=keys))
        return
    here = visits.filter(location=location)
    kept: dict[int, list[int]] = defaultdict(list)
    allocations = Allocation.objects.filter(
        resource__in=keys, starts_at__gte=_at(window[0]), starts_at__lt=_at(window[1])
    )
    for booking, resource in allocations.order_by("pk").values_list("booking", "resource"):
        kept[booking].append(resource)
    yield from ((resource, visit) for visit in here for resource in kept[visit.pk])


def _closed(location: Location, days: list[date]) -> dict[date, str]:
    """Return on which days the place is closed, and why. One query."""
    closures = list(
        Closure.objects.filter(
            location=location, starts_on__lte=days[-1], ends_on__gte=days[0]
        ).values_list("starts_on", "ends_on", "reason")
    )
    return {day: reason for day in days for first, last, reason in closures if first <= day <= last}


def _column(
    day: date,
    resource: Resource,
    rows: _Rows,
    working: list[Span],
    doors: list[Span] | None,
    closed: str | None,
    location: Location,
    now: datetime,
) -> Column:
    whole = day_span(day, location.zone)
    hours = intersect(working, [whole])
    visits = [each for each in rows.visits[resource.pk] if whole[0] <= _span(each)[0] < whole[1]]
    blocked = [
        Off(shared, each.why, each.says)
        for each in rows.off[resource.pk]
        for shared in intersect([each.span], [whole])
    ]
    off = [*_out_of_hours(whole, hours, closed), *blocked]
    busy = merged([*(each.span for each in blocked), *map(_kept_span, visits)])
    ahead = [(int(now.timestamp()), whole[1])]
    free = intersect(subtract(hours, busy), ahead) if ahead[0][0] < whole[1] else []
    return Column(day, resource, hours, visits, off, list(bookable(free, location.zone)))


def _out_of_hours(whole: Span, hours: list[Span], closed: str | None) -> Iterator[Off]:
    """Yield the stretches of a day that are not worked, and what they are."""
    if closed is not None:
        yield Off(whole, Why.CLOSED, closed)
        return
    for start, end in subtract([whole], hours):
        is_between = bool(hours) and start > hours[0][0] and end < hours[-1][1]
        yield Off((start, end), Why.BREAK if is_between else Why.NOT_IN)


def _is_worth_a_look(columns: list[Column], doors: list[Span] | None, is_closed: bool) -> bool:
    return bool(doors) or is_closed or any(each.visits or each.working for each in columns)


def _starting_in(window: Span) -> QuerySet[Booking]:
    return Booking.objects.filter(
        status__in=ACTIVE, starts_at__gte=_at(window[0]), starts_at__lt=_at(window[1])
    )


def _span(visit: Booking) -> Span:
    return int(visit.starts_at.timestamp()), int(visit.ends_at.timestamp())


def _kept_span(visit: Booking) -> Span:
    """When its person is kept for a visit, turnover included."""
    start, end = _span(visit)
    return start, end + int(visit.promise.get("buffer_minutes", 0)) * MINUTE


def _at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
