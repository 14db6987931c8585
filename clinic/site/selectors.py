"""Where the clinic is and when its doors are open, as the public pages tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import groupby

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clinic.places.models import Closure, Location, OpeningHours, Weekday


@dataclass(frozen=True)
class OpenDays:
    """Days in a row with the same hours; no hours means closed."""

    days: str
    hours: list[tuple[time, time]]


@dataclass(frozen=True)
class Place:
    """A location as the visit page shows it: its week and the closures that are near."""

    location: Location
    week: list[OpenDays]
    closures: list[Closure]


def open_locations() -> QuerySet[Location]:
    """Return the locations that take bookings, in the clinic's order. One query."""
    return Location.objects.filter(is_active=True)


def places(*, now: datetime, horizon: timedelta) -> list[Place]:
    """Return the open locations with their hours, and closures within `horizon`. 3 queries."""
    rows = open_locations().prefetch_related("opening_hours", "closures")
    shown = []
    for location in rows:
        today = now.astimezone(location.zone).date()
        closures = [
            closure
            for closure in location.closures.all()
            if closure.ends_on >= today and closure.starts_on <= today + horizon
        ]
        shown.append(Place(location, opening_week(location.opening_hours.all()), closures))
    return shown


def opening_week(hours: Iterable[OpeningHours]) -> list[OpenDays]:
    """Return the week from Monday on, days in a row with the same hours put together."""
    by_day: dict[int, list[tuple[time, time]]] = {day: [] for day in Weekday.values}
    for row in hours:
        by_day[row.weekday].append((row.opens_at, row.closes_at))
    week = []
    for spans, run in groupby(sorted(by_day), key=lambda day: sorted(by_day[day])):
        days = [str(Weekday(day).label) for day in run]
        pattern = _("%(first)s to %(last)s") if len(days) > 2 else _("%(first)s and %(last)s")
        names = days[0] if len(days) == 1 else pattern % {"first": days[0], "last": days[-1]}
        week.append(OpenDays(names, spans))
    return week
