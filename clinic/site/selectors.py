"""What the front page tells: what is offered for how much, where, and the first free time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import groupby

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from booking.models import Provider, WorkingHours
from booking.selectors.slots import Slot, free_slots
from booking.wishes import Wish
from clinic.places.models import Closure, Location, OpeningHours, Weekday
from treatments.errors import NoPrice
from treatments.models import Option, Price, Treatment
from treatments.selectors import PriceBook, price_book

FIRST_FREE_DAYS = 14  # how far the front page looks for a free time


@dataclass(frozen=True)
class Length:
    """One length of a treatment and what it costs: the least and the most, by who and where."""

    option: Option
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Offered:
    """A treatment clients can book, with its lengths, the shortest first."""

    treatment: Treatment
    lengths: list[Length]

    @property
    def low(self) -> Decimal:
        """The least it costs."""
        return min(length.low for length in self.lengths)


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


def catalogue(*, locations: Sequence[Location], now: datetime) -> list[Offered]:
    """Return what can be booked today at any of `locations`, with prices. 5 queries.

    A length that nobody gives, or that has no price yet, is left out.
    """
    where = {location.pk: location for location in locations}
    options = Option.objects.bookable().order_by("treatment__position", "treatment_id", "minutes")
    hours = WorkingHours.objects.filter(location__in=where)
    works_at = defaultdict(set)
    for provider_id, location_id in hours.values_list("provider", "location").distinct():
        works_at[provider_id].add(location_id)
    given_by = defaultdict(list)
    providers = Provider.objects.filter(is_active=True).prefetch_related(
        Prefetch("treatments", Treatment.objects.only("pk"))
    )
    for provider in providers:
        for treatment in provider.treatments.all():
            given_by[treatment.pk].append(provider)
    rows = defaultdict(list)
    for price in Price.objects.filter(option__isnull=False, published_at__lte=now):
        rows[price.option_id].append(price)

    def amounts(option: Option) -> Iterable[Decimal]:
        for location in where.values():
            here = [row for row in rows[option.pk] if row.location_id in (None, location.pk)]
            book = PriceBook(option, (), here)
            today = now.astimezone(location.zone).date()
            for provider in given_by[option.treatment_id]:
                if location.pk in works_at[provider.pk]:
                    try:
                        yield book.visit(price_list_id=provider.price_list_id, visit_on=today).total
                    except NoPrice:
                        continue

    offered = []
    for treatment, lengths in groupby(options, key=lambda option: option.treatment):
        priced = [(option, list(amounts(option))) for option in lengths]
        if found := [Length(option, min(all_), max(all_)) for option, all_ in priced if all_]:
            offered.append(Offered(treatment, found))
    return offered


def first_free(*, option: Option, location: Location, now: datetime) -> Slot | None:
    """Return the first time free for a new client in the next two weeks. 9 queries."""
    today = now.astimezone(location.zone).date()
    free = free_slots(
        wish=Wish(option=option, location=location),
        first_on=today,
        last_on=today + timedelta(days=FIRST_FREE_DAYS),
        now=now,
    )
    start = free.first()
    if start is None:
        return None
    prices = price_book(option=option, add_ons=(), location=location, priced_at=now)
    return free.slot(start, prices)


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
