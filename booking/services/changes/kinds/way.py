"""What every kind of change has to say, and the rows that several of them look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from booking.models import UPCOMING, Booking, Provider, Resource, ScheduleChange
from clinic.places.models import Location

Change = ScheduleChange


@dataclass(frozen=True, kw_only=True)
class Way:
    """How changes of a kind go about it; each function runs in a transaction of its caller.

    `hit` are the promised visits ahead, by primary key, that the change as written runs into.
    With `is_relative` those it hit before it was written are none of its business.
    """

    locks: Callable[[Change], Iterable[int]]
    write: Callable[[Change, datetime], None]
    take_back: Callable[[Change], None]
    hit: Callable[[Change, datetime], set[int]]
    is_relative: bool = False


def ahead(*, now: datetime) -> QuerySet[Booking]:
    """Return the visits that are promised and have not begun."""
    return Booking.objects.filter(status__in=UPCOMING, starts_at__gt=now)


def keys(visits: QuerySet[Booking]) -> set[int]:
    """Return the primary keys of `visits`. One query."""
    return set(visits.values_list("pk", flat=True))


def its_resource(change: Change) -> list[int]:
    """Return the person, room or device that the change is of."""
    return [change.resource_id] if change.resource_id else []


def all_of_its_place(change: Change) -> set[int]:
    """Return the rooms and devices of the place, and whoever works there. 2 queries."""
    fixtures = Resource.objects.filter(location=change.location)
    people = Provider.objects.filter(
        Q(working_hours__location=change.location) | Q(extra_openings__location=change.location)
    )
    return {*fixtures.values_list("pk", flat=True), *people.values_list("pk", flat=True)}


def resource_of(change: Change) -> Resource:
    """Return whom or what the change is of. Raises ValueError where it has none."""
    if change.resource is None:
        raise ValueError("A change of no resource")
    return change.resource


def provider_of(change: Change) -> Provider:
    """Return whose hours the change is of. One query."""
    return Provider.objects.get(pk=resource_of(change).pk)


def place_of(change: Change) -> Location:
    """Return where the change is. Raises ValueError where it has no place."""
    if change.location is None:
        raise ValueError("A change of no place")
    return change.location
