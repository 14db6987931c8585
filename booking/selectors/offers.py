"""What is offered: by whom, where, for how much, and when next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby, islice

from booking.models import ExtraOpening, Provider, WorkingHours
from booking.selectors.slots import FreeSlots, Slot, free_slots
from booking.wishes import Wish
from clinic.places.models import Location
from treatments.errors import NoPrice
from treatments.models import AddOn, Option, Treatment
from treatments.selectors import (
    PriceBook,
    add_ons_for,
    options_on_offer,
    price_book,
    price_books,
)

NEXT_FREE_DAYS = 14  # how far a page looks for the next free times


@dataclass(frozen=True)
class Quote:
    """What somebody asks at one place for a visit today."""

    provider: Provider
    location: Location
    amount: Decimal


@dataclass(frozen=True)
class Length:
    """One length of a treatment with what it costs, by who and where; never without a quote."""

    option: Option
    quotes: list[Quote]

    @property
    def low(self) -> Decimal:
        """The least it costs."""
        return min(quote.amount for quote in self.quotes)

    @property
    def high(self) -> Decimal:
        """The most it costs."""
        return max(quote.amount for quote in self.quotes)

    @property
    def locations(self) -> list[Location]:
        """Where it is given, in the clinic's order."""
        return list(dict.fromkeys(quote.location for quote in self.quotes))


@dataclass(frozen=True)
class Offered:
    """A treatment clients can book, with its lengths, the shortest first; never without one."""

    treatment: Treatment
    lengths: list[Length]

    @property
    def low(self) -> Decimal:
        """The least it costs."""
        return min(length.low for length in self.lengths)

    @property
    def locations(self) -> list[Location]:
        """Where any length of it is given."""
        return list(dict.fromkeys(place for length in self.lengths for place in length.locations))

    def at(self, slug: str | None) -> Offered:
        """Return what of it is given at the place `slug` names; all of it where nothing is."""
        there = [
            Length(length.option, quotes)
            for length in self.lengths
            if (quotes := [quote for quote in length.quotes if quote.location.slug == slug])
        ]
        return Offered(self.treatment, there) if there else self


@dataclass(frozen=True)
class Extra:
    """An add-on that goes with a treatment, and the least it costs with it."""

    add_on: AddOn
    low: Decimal


def offers(
    *, locations: Sequence[Location], now: datetime, slug: str = "", is_staff: bool = False
) -> list[Offered]:
    """Return what can be booked at any of `locations`, with today's prices. 5 queries.

    All treatments, or the one that `slug` names; by staff also what is hidden on the site. What
    nobody gives and what has no price yet is left out.
    """
    options = options_on_offer(slug=slug, is_staff=is_staff)
    books = price_books(options=options, locations=locations, priced_at=now)
    staff = staff_at(locations)
    gives = set(Provider.treatments.through.objects.values_list("provider_id", "treatment_id"))
    offered = []
    for treatment, group in groupby(options, key=lambda option: option.treatment):
        people = [(place, person) for place, person in staff if (person.pk, treatment.pk) in gives]
        lengths = [Length(option, _quotes(option, option, people, books, now)) for option in group]
        if found := [length for length in lengths if length.quotes]:
            offered.append(Offered(treatment, found))
    return offered


def extras_with(offered: Offered, *, now: datetime, is_staff: bool = False) -> list[Extra]:
    """Return the extras that people who give the treatment give too, with prices. 3 queries."""
    option, quotes = offered.lengths[0].option, offered.lengths[0].quotes
    add_ons = add_ons_for(offered.treatment, is_staff=is_staff)
    gives = set(Provider.add_ons.through.objects.values_list("provider_id", "addon_id"))
    books = price_books(
        options=[option], add_ons=add_ons, locations=offered.lengths[0].locations, priced_at=now
    )
    extras = []
    for add_on in add_ons:
        people = [(q.location, q.provider) for q in quotes if (q.provider.pk, add_on.pk) in gives]
        if asked := _quotes(add_on, option, people, books, now):
            extras.append(Extra(add_on, min(quote.amount for quote in asked)))
    return extras


def next_free(*, option: Option, location: Location, now: datetime, count: int = 1) -> list[Slot]:
    """Return the first free time of each of the next `count` days that have one. 9 queries.

    For a new client, with anyone, within the next two weeks; at most one time a day.
    """
    free = free_slots(
        wish=Wish(option=option, location=location),
        first_on=_today(location, now),
        last_on=_today(location, now) + timedelta(days=NEXT_FREE_DAYS),
        now=now,
    )
    prices = price_book(option=option, add_ons=(), location=location, priced_at=now)
    offered = free.priced(prices)
    return offered.slots(islice(_first_of_each_day(offered), count), prices)


def staff_at(locations: Sequence[Location]) -> list[tuple[Location, Provider]]:
    """Return who works where, places and people in the clinic's order. 2 queries.

    The people `providers_for` chooses from when somebody asks for times.
    """
    hours, extra = (
        model._default_manager.filter(location__in=locations)
        .order_by()
        .values_list("provider_id", "location_id")
        for model in (WorkingHours, ExtraOpening)
    )
    works_at = set(hours.union(extra))
    people = Provider.objects.filter(is_active=True)
    return [
        (location, provider)
        for location in locations
        for provider in people
        if (provider.pk, location.pk) in works_at
    ]


def _quotes(
    offer: Option | AddOn,
    option: Option,
    people: Iterable[tuple[Location, Provider]],
    books: Mapping[tuple[int, int], PriceBook],
    now: datetime,
) -> list[Quote]:
    """What `people` ask today for `offer`, the option itself or an add-on with it."""
    quotes = []
    for location, provider in people:
        book, today = books[option.pk, location.pk], _today(location, now)
        with suppress(NoPrice):
            line = book.line(offer, price_list_id=provider.price_list_id, visit_on=today)
            quotes.append(Quote(provider, location, line.amount))
    return quotes


def _first_of_each_day(free: FreeSlots) -> Iterator[int]:
    return (starts[0] for day in free.days if (starts := free.starts_on(day)))


def _today(location: Location, now: datetime) -> date:
    return now.astimezone(location.zone).date()
