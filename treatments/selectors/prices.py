"""What a visit costs, by the ruling "Price"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from clinic.places.models import Location
from treatments.errors import NoPrice
from treatments.models import AddOn, Option, Price, PriceList


@dataclass(frozen=True)
class PriceLine:
    """One line of a bill: what it is for and how much."""

    code: str
    name: str
    amount: Decimal


@dataclass(frozen=True)
class VisitPrice:
    """What a visit costs: the option's line first, then one for each add-on."""

    lines: tuple[PriceLine, ...]

    @property
    def total(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))


def chain(rows: Iterable[Price], *, price_list_id: int | None, visit_on: date) -> list[Price]:
    """Return which of `rows`, all of one offer and for one place, say the price on `visit_on`.

    The most particular that has begun, of those the latest. Where that leaves the price to what is
    wider, the next one follows, and so on: the last has the amount, if anything has one.
    """
    begun = [
        row
        for row in rows
        if row.effective_from <= visit_on and row.price_list_id in (None, price_list_id)
    ]
    found: list[Price] = []
    while begun:
        found.append(max(begun, key=_rank))
        if found[-1].amount is not None:
            break
        ended = _rank(found[-1])[:2]  # with all that came before it in its list and place
        begun = [row for row in begun if _rank(row)[:2] < ended]
    return found


def decided(links: Sequence[Price]) -> Price | None:
    """Return the price of a chain that has the amount, if one has."""
    return links[-1] if links and links[-1].amount is not None else None


def deciding(rows: Iterable[Price], *, price_list_id: int | None, visit_on: date) -> Price | None:
    """Return which of `rows`, all of one offer and for one place, has the amount on `visit_on`."""
    return decided(chain(rows, price_list_id=price_list_id, visit_on=visit_on))


def _rank(row: Price) -> tuple[bool, bool, date, datetime, int]:
    return (
        row.price_list_id is not None,
        row.location_id is not None,
        row.effective_from,
        row.published_at,
        row.pk,
    )


class PriceBook:
    """The prices of one option and its add-ons at one location, for any provider and day."""

    def __init__(self, option: Option, add_ons: Sequence[AddOn], rows: Iterable[Price]) -> None:
        self.option, self.add_ons = option, add_ons
        self._by_offer: dict[tuple[int | None, int | None], list[Price]] = defaultdict(list)
        for row in rows:
            self._by_offer[row.option_id, row.add_on_id].append(row)
        self._known: dict[tuple[int | None, date], VisitPrice] = {}

    def visit(self, *, price_list_id: int | None, visit_on: date) -> VisitPrice:
        """Return what a visit on the local date `visit_on` costs. Raises NoPrice."""
        key = (price_list_id, visit_on)
        if key not in self._known:
            offers: tuple[Option | AddOn, ...] = (self.option, *self.add_ons)
            self._known[key] = VisitPrice(
                tuple(
                    self.line(offer, price_list_id=price_list_id, visit_on=visit_on)
                    for offer in offers
                )
            )
        return self._known[key]

    def has_price(self, *, price_list_id: int | None, visit_on: date) -> bool:
        """Whether such a visit has a price in every line."""
        try:
            self.visit(price_list_id=price_list_id, visit_on=visit_on)
        except NoPrice:
            return False
        return True

    def line(
        self, offer: Option | AddOn, *, price_list_id: int | None, visit_on: date
    ) -> PriceLine:
        """Return what `offer`, the option or one of the add-ons, costs by itself.

        The most particular row that counts on the day; of those, the latest. Raises NoPrice.
        """
        name = str(offer)
        row = self.row(offer, price_list_id=price_list_id, visit_on=visit_on)
        if row is None or row.amount is None:
            raise NoPrice(name)
        code = offer.treatment.code if isinstance(offer, Option) else offer.code
        return PriceLine(code, name, row.amount)

    def row(
        self, offer: Option | AddOn, *, price_list_id: int | None, visit_on: date
    ) -> Price | None:
        """Return the published price that decides what `offer` costs, if there is one."""
        return decided(self.chain(offer, price_list_id=price_list_id, visit_on=visit_on))

    def chain(
        self, offer: Option | AddOn, *, price_list_id: int | None, visit_on: date
    ) -> list[Price]:
        """Return that price, after those that leave it to what is wider."""
        pks = (offer.pk, None) if isinstance(offer, Option) else (None, offer.pk)
        return chain(self._by_offer[pks], price_list_id=price_list_id, visit_on=visit_on)


def price_books(
    *,
    options: Collection[Option],
    add_ons: Sequence[AddOn] = (),
    locations: Collection[Location],
    priced_at: datetime,
) -> dict[tuple[int, int], PriceBook]:
    """Return a book for each of `options` at each of `locations`, by their two pks. One query.

    They hold what was published by `priced_at` and not undone by then.
    """
    rows = Price.objects.filter(
        Q(option__in=options) | Q(add_on__in=add_ons),
        Q(location=None) | Q(location__in=locations),
        Q(withdrawn_at=None) | Q(withdrawn_at__gt=priced_at),
        published_at__lte=priced_at,
    )
    by_option: dict[int | None, list[Price]] = defaultdict(list)
    for row in rows:
        by_option[row.option_id].append(row)  # None: the add-ons, which every option shares
    return {
        (option.pk, location.pk): PriceBook(
            option,
            add_ons,
            (
                row
                for row in (*by_option[option.pk], *by_option[None])
                if row.location_id in (None, location.pk)
            ),
        )
        for option in options
        for location in locations
    }


def price_book(
    *, option: Option, add_ons: Sequence[AddOn], location: Location, priced_at: datetime
) -> PriceBook:
    """Return the prices at `location` among those published by `priced_at`. One query."""
    books = price_books(
        options=[option], add_ons=add_ons, locations=[location], priced_at=priced_at
    )
    return books[option.pk, location.pk]


def price_visit(
    *,
    option: Option,
    add_ons: Sequence[AddOn],
    price_list: PriceList | None,
    location: Location,
    visit_on: date,
    priced_at: datetime,
) -> VisitPrice:
    """Return what a visit costs, line by line. One query.

    The row with the latest `effective_from` on or before the local date `visit_on` counts, among
    those published by `priced_at`; provider and location together go before provider, provider
    before location, location before base, and a row without an amount leaves it to the next of
    them. Raises NoPrice where nothing was published.
    """
    book = price_book(option=option, add_ons=add_ons, location=location, priced_at=priced_at)
    return book.visit(price_list_id=price_list.pk if price_list else None, visit_on=visit_on)
