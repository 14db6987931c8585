"""When people work and things are in use, as the page of a schedule says it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from booking.models import (
    ExtraOpening,
    Provider,
    Resource,
    ScheduleChange,
    TimeOff,
    TouchedVisit,
    WorkingHours,
)
from booking.models import Kind as ResourceKind
from booking.selectors.calendars import home_of
from booking.selectors.diary import applies
from clinic.accounts.models import User
from clinic.places.models import Location, Weekday

State = ScheduleChange.State
Hours = list[tuple[time, time]]
SHOWN = 25  # of the past


@dataclass(frozen=True)
class Pattern:
    """Weekly hours at one place that hold from one day on, until another or for good."""

    location: Location
    valid_from: date
    valid_until: date | None
    every_weeks: int
    days: list[tuple[str, Hours]]


@dataclass(frozen=True)
class Roster:
    """What is known of the schedule of one person, room or device from `now` on."""

    resource: Resource
    provider: Provider | None
    patterns: list[Pattern]
    extras: list[ExtraOpening]
    away: list[TimeOff]
    changes: list[ScheduleChange]


def roster_of(resource: Resource, *, now: datetime) -> Roster:
    """Return the schedule of `resource` from `now` on. 5 queries, or 2 for a room or device."""
    is_person = resource.kind == ResourceKind.PROVIDER
    provider = Provider.objects.select_related("user").get(pk=resource.pk) if is_person else None
    yesterday = now.date() - timedelta(days=1)  # somewhere it still is
    patterns, extras = list[Pattern](), list[ExtraOpening]()
    if provider is not None:
        rows = WorkingHours.objects.filter(
            Q(valid_until=None) | Q(valid_until__gte=yesterday), provider=provider
        ).select_related("location")
        patterns = patterns_in(rows)
        extras = list(
            ExtraOpening.objects.filter(provider=provider, day__gte=yesterday).select_related(
                "location"
            )
        )
    away = TimeOff.objects.filter(resource=resource, ends_at__gt=now).select_related("change")
    theirs = with_counts(ScheduleChange.objects.filter(resource=resource))
    return Roster(resource, provider, patterns, extras, list(away), list(theirs[:SHOWN]))


def patterns_in(rows: Iterable[WorkingHours]) -> list[Pattern]:
    """Return `rows` as weekly patterns: by place, and in the order in which they begin."""

    def key(row: WorkingHours) -> tuple[int, date, date, int]:
        return row.location_id, row.valid_from, row.valid_until or date.max, row.every_weeks

    found = []
    for _key, group in groupby(sorted(rows, key=lambda row: (key(row), row.starts_at)), key):
        same = list(group)
        days = [
            (
                str(day.label),
                [(row.starts_at, row.ends_at) for row in same if row.weekday == day.value],
            )
            for day in Weekday
        ]
        first = same[0]
        found.append(
            Pattern(first.location, first.valid_from, first.valid_until, first.every_weeks, days)
        )
    return sorted(found, key=lambda pattern: (pattern.location.position, pattern.valid_from))


def hours_on(rows: QuerySet[WorkingHours], since: date) -> dict[int, Hours]:
    """Return the hours of each weekday in the week from `since` on. One query."""
    found: dict[int, Hours] = {}
    standing = list(rows.order_by("starts_at"))
    for ahead in range(7):
        day = since + timedelta(days=ahead)
        hours = [(row.starts_at, row.ends_at) for row in standing if applies(row, day)]
        if hours:
            found[day.weekday()] = hours
    return found


def with_counts(changes: QuerySet[ScheduleChange]) -> QuerySet[ScheduleChange]:
    """Return `changes` with who asked, and how many visits they touch and still wait for."""
    is_open = Q(visits__decision=TouchedVisit.Decision.OPEN)
    return changes.select_related("asked_by", "answered_by", "resource", "location").annotate(
        touched=Count("visits"), left=Count("visits", filter=is_open)
    )


def zone_of(resource: Resource) -> ZoneInfo:
    """Return the zone in which somebody's or something's times are said. Up to 2 queries."""
    location = resource.location
    if location is None:
        location = home_of(Provider.objects.get(pk=resource.pk)) or Location.objects.first()
    return location.zone if location else ZoneInfo("UTC")


def waiting_changes(user: User) -> int:
    """How many changes wait for `user`: to approve, or with visits to decide. One query."""
    states = set()
    if user.has_perm("booking.approve_schedulechange"):
        states.add(State.ASKED)
    if user.has_perm("booking.change_schedulechange"):
        states.add(State.PENDING)
    return ScheduleChange.objects.filter(state__in=states).count() if states else 0
