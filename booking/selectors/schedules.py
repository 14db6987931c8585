"""Whose day can be looked at: everyone's at a place, one provider's, a room's, a device's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from booking.models import (
    Allocation,
    Booking,
    ExtraOpening,
    Kind,
    Resource,
    WorkingHours,
)
from booking.scheduling.wallclock import day_span
from booking.selectors.diary import applies
from clinic.places.models import Location


@dataclass(frozen=True)
class Schedule:
    """Whose day it is: everyone's at a place, or one provider's, room's or device's.

    `day` is the local date, `is_on` whether a provider works or is expected there that day.
    """

    location: Location
    day: date
    resource: Resource | None = None
    is_on: bool = True

    @property
    def key(self) -> str:
        """How addresses and forms name it: "alder-street", or "alder-street.7"."""
        slug = self.location.slug
        return f"{slug}.{self.resource.pk}" if self.resource else slug

    def of(self, other: Resource) -> bool:
        """Whether it is the schedule of `other`, whichever kind of row that is."""
        return self.resource is not None and self.resource.pk == other.pk

    @property
    def is_of_provider(self) -> bool:
        return self.resource is not None and self.resource.kind == Kind.PROVIDER


class Shelf(NamedTuple):
    """The schedules of one place, in the order of a menu."""

    location: Location
    schedules: list[Schedule]


def shelves(*, asked: date | None, own: Resource | None = None, now: datetime) -> list[Shelf]:
    """Return whose day can be looked at: all of each place, or only what is `own`. 5 queries.

    The day is the one `asked` for, else today by the clock of each place. Providers stand where
    they have hours or are expected, also where they have left by now; a place where there is
    nobody to look at is left out.
    """
    places = list(Location.objects.filter(is_active=True))
    days = {place.pk: asked or now.astimezone(place.zone).date() for place in places}
    here: dict[int, dict[int, bool]] = {place.pk: {} for place in places}
    last = Q(valid_until=None) | Q(valid_until__gte=min(days.values(), default=now.date()))
    patterns = WorkingHours.objects.filter(last, location__in=places)
    for hours in patterns.order_by("provider__position", "provider__name"):
        there = here[hours.location_id]
        is_on = there.get(hours.provider_id, False)
        there[hours.provider_id] = is_on or applies(hours, days[hours.location_id])
    expected = _expected(places, days)
    for provider, place in expected:
        here[place][provider] = True
    present = Q(is_active=True) | Q(pk__in={provider for provider, _place in expected})
    things = {
        thing.pk: thing for thing in Resource.objects.filter(present).order_by("kind", "name")
    }
    found = [
        Shelf(place, _on_shelf(place, days[place.pk], here[place.pk], things, own))
        for place in places
    ]
    return [shelf for shelf in found if shelf.schedules]


def in_schedule(rows: QuerySet[Booking], schedule: Schedule) -> QuerySet[Booking]:
    """Those of `rows` that a provider gives, or that keep a room or a device."""
    if schedule.resource is None:
        return rows
    if schedule.is_of_provider:
        return rows.filter(provider=schedule.resource.pk)
    kept = Allocation.objects.filter(resource=schedule.resource, booking=OuterRef("pk"))
    return rows.filter(Exists(kept))


def instants_of(day: date, location: Location) -> tuple[datetime, datetime]:
    """Return when `day` begins and ends there, in UTC."""
    start, end = day_span(day, location.zone)
    return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)


def _expected(places: Iterable[Location], days: dict[int, date]) -> set[tuple[int, int]]:
    """Return who is at which place on its day besides weekly hours. 2 queries."""
    extra = ExtraOpening.objects.filter(day__in=set(days.values()))
    found = {
        (provider, key)
        for provider, key, day in extra.values_list("provider", "location", "day")
        if days.get(key) == day
    }
    visits = Booking.objects.filter(client__isnull=False)
    on_its_day = Q(pk__in=())
    for place in places:
        start, end = instants_of(days[place.pk], place)
        on_its_day |= Q(location=place, starts_at__gte=start, starts_at__lt=end)
    return found | set(visits.filter(on_its_day).values_list("provider", "location").distinct())


def _on_shelf(
    place: Location,
    day: date,
    here: dict[int, bool],
    things: dict[int, Resource],
    own: Resource | None,
) -> list[Schedule]:
    people = [Schedule(place, day, things[pk], is_on) for pk, is_on in here.items() if pk in things]
    if own is not None:
        return [schedule for schedule in people if schedule.of(own)]
    fixed = [thing for thing in things.values() if thing.location_id == place.pk]
    rooms = [Schedule(place, day, thing) for thing in fixed if thing.kind == Kind.ROOM]
    devices = [Schedule(place, day, thing) for thing in fixed if thing.kind == Kind.DEVICE]
    return [Schedule(place, day), *people, *rooms, *devices]
