"""How full the clinic is: time with clients beside time on the roster, by its working hours.

Of a period that is still going on, what has passed counts; nobody is measured by tomorrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Count, Q, Sum

from booking.constraints import Epoch
from booking.models import Allocation, Kind, Provider, Resource, Status, TimeOff
from booking.scheduling.spans import Span, intersect, merged, subtract
from booking.scheduling.wallclock import steady_stretches
from booking.selectors.diary import open_spans, working_spans
from booking.selectors.metrics.arithmetic import divided, number
from booking.selectors.metrics.scope import BEFORE, CURRENT, Period, Scope
from clinic.places.models import Location

HOUR = 3600
WEEK_HOURS = 7 * 24


@dataclass(frozen=True)
class Share:
    """A part of some time, both in seconds."""

    part: int = 0
    whole: int = 0


@dataclass(frozen=True)
class Occupancy:
    """Time there was, and time that was kept: by period, in seconds.

    `rostered` is each aesthetician's time at work, without breaks and time off. `fixtures` are
    rooms and devices: the time kept for visits of the time their doors were open.
    """

    rostered: dict[int, dict[int, int]]
    fixtures: dict[int, dict[str, Share]]
    heat: dict[tuple[int, int], Share]  # of the later period, by weekday and hour on the wall


def occupancy(scope: Scope, *, now: datetime) -> Occupancy:
    """Return how full the clinic was. 5 queries, and 4 for each place."""
    providers = _providers(scope)
    away = _away(scope, providers)
    rostered: dict[int, dict[int, int]] = {CURRENT: defaultdict(int), BEFORE: defaultdict(int)}
    at_work: dict[tuple[int, int], int] = defaultdict(int)
    doors: dict[int, dict[int, int]] = {}
    for place in scope.places:
        windows = _windows(scope, place, now)
        open_on = open_spans(location=place, days=scope.all_days)
        open_all = merged(span for spans in open_on.values() for span in spans or ())
        doors[place.pk] = {
            which: _seconds(intersect(open_all, [window])) for which, window in windows.items()
        }
        working = working_spans(
            location=place, providers=providers, days=scope.all_days, open_on=open_on
        )
        for provider, spans in working.items():
            there = subtract(merged(spans), away[provider])
            for which, window in windows.items():
                within = intersect(there, [window])
                rostered[which][provider] += _seconds(within)
                if which == CURRENT:
                    _add_hours(at_work, within, place)
    return Occupancy(
        rostered={which: dict(some) for which, some in rostered.items()},
        fixtures=_fixtures(scope, doors, now),
        heat=_heat(scope, at_work),
    )


def _providers(scope: Scope) -> list[int]:
    """The aestheticians whose roster counts, those who left included. One query."""
    people = Provider.objects.order_by("pk")
    if scope.provider_id is not None:
        people = people.filter(pk=scope.provider_id)
    return list(people.values_list("pk", flat=True))


def _away(scope: Scope, providers: list[int]) -> dict[int, list[Span]]:
    """When each of `providers` was off. One query."""
    windows = [scope.window(each, place) for each in _both(scope) for place in scope.places]
    start, end = (
        datetime.fromtimestamp(second, UTC)
        for second in (min(a for a, _ in windows), max(b for _, b in windows))
    )
    spans: dict[int, list[Span]] = {provider: [] for provider in providers}
    rows = TimeOff.objects.filter(resource__in=providers, ends_at__gt=start, starts_at__lt=end)
    for resource, begins, ends in rows.order_by().values_list(
        "resource", Epoch("starts_at"), Epoch("ends_at")
    ):
        spans[resource].append((begins, ends))
    return {provider: merged(some) for provider, some in spans.items()}


def _both(scope: Scope) -> Iterable[Period]:
    return (scope.period, scope.before)


def _windows(scope: Scope, place: Location, now: datetime) -> dict[int, Span]:
    """Return the two periods at `place`, as far as they have passed."""
    seconds = int(now.timestamp())
    windows = {}
    for which, period in ((CURRENT, scope.period), (BEFORE, scope.before)):
        start, end = scope.window(period, place)
        windows[which] = (min(start, seconds), min(end, seconds))
    return windows


def _fixtures(
    scope: Scope, doors: dict[int, dict[int, int]], now: datetime
) -> dict[int, dict[str, Share]]:
    """Return what was kept of rooms and devices, by kind. 2 queries."""
    standing: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = Resource.objects.filter(
        kind__in=[Kind.ROOM, Kind.DEVICE], is_active=True, location__in=scope.places
    )
    for pk, kind, where in rows.order_by().values_list("pk", "kind", "location"):
        standing[where][kind].append(pk)
    during = {CURRENT: Q(pk__in=[]), BEFORE: Q(pk__in=[])}
    there: dict[int, dict[str, int]] = {CURRENT: defaultdict(int), BEFORE: defaultdict(int)}
    for place in scope.places:
        fixtures = [pk for pks in standing[place.pk].values() for pk in pks]
        for which, (start, end) in _windows(scope, place, now).items():
            during[which] |= Q(
                resource__in=fixtures,
                starts_at__gte=datetime.fromtimestamp(start, UTC),
                starts_at__lt=datetime.fromtimestamp(end, UTC),
            )
            for kind, pks in standing[place.pk].items():
                there[which][kind] += len(pks) * doors[place.pk][which]
    length = Epoch("ends_at") - Epoch("starts_at")
    kept = (
        Allocation.objects.filter(during[CURRENT] | during[BEFORE])
        .order_by()
        .values_list("resource__kind")
        .annotate(
            current=Sum(length, filter=during[CURRENT]), before=Sum(length, filter=during[BEFORE])
        )
    )
    reserved = {kind: {CURRENT: lately or 0, BEFORE: then or 0} for kind, lately, then in kept}
    return {
        which: {
            kind: Share(reserved.get(kind, {}).get(which, 0), whole)
            for kind, whole in there[which].items()
        }
        for which in (CURRENT, BEFORE)
    }


def _booked_quarters(scope: Scope) -> dict[tuple[int, int], int]:
    """Return how many visits of the period began in which quarter hour of the week.

    Keys are (quarters since Monday, 0:00 on the wall; length in seconds). Visits that came to
    nothing before their time are not in it. One query.
    """
    kept = (
        Status.CONFIRMED,
        Status.CHECKED_IN,
        Status.IN_PROGRESS,
        Status.COMPLETED,
        Status.NO_SHOW,
    )
    quarter = divided(scope.wall_seconds(), 900) + number(3 * 96)  # 1970 began on a Thursday
    rows = (
        scope.visits(scope.period)
        .filter(status__in=kept)
        .annotate(quarter=quarter % number(7 * 96), length=Epoch("ends_at") - Epoch("starts_at"))
        .values_list("quarter", "length")
        .annotate(count=Count("pk"))
    )
    found: dict[tuple[int, int], int] = defaultdict(int)
    for quarter_of_week, length, count in rows:
        found[quarter_of_week, length] += count
    return dict(found)


def _heat(scope: Scope, at_work: dict[tuple[int, int], int]) -> dict[tuple[int, int], Share]:
    """Return the share of working time with a visit, by weekday and hour on the wall. One query."""
    booked: dict[tuple[int, int], int] = defaultdict(int)
    for (quarter, length), count in _booked_quarters(scope).items():
        begins = quarter * 900
        for hour, seconds in _by_hour(begins, begins + length):
            booked[hour] += seconds * count
    return {hour: Share(booked[hour], whole) for hour, whole in at_work.items()}


def _add_hours(hours: dict[tuple[int, int], int], spans: list[Span], place: Location) -> None:
    """Add `spans` to the hours of the week, as the wall clock of `place` counts them."""
    for start, end, offset in steady_stretches(spans, place.zone):
        for begins, ends in intersect(spans, [(start, end)]):
            shift = offset + 3 * 24 * HOUR  # 1970 began on a Thursday
            for hour, seconds in _by_hour(begins + shift, ends + shift):
                hours[hour] += seconds


def _by_hour(start: int, end: int) -> Iterable[tuple[tuple[int, int], int]]:
    """Yield ((weekday, hour), seconds) of a span counted from a Monday."""
    while start < end:
        stop = min(end, (start // HOUR + 1) * HOUR)
        weekday, hour = divmod(start // HOUR % WEEK_HOURS, 24)
        yield (weekday, hour), stop - start
        start = stop


def _seconds(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)
