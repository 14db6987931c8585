"""What a visit costs, by the ruling "Price"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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


class PriceBook:
    """The prices of one option and its add-ons at one location, for any provider and day."""

    def __init__(self, option: Option, add_ons: Sequence[AddOn], rows: Sequence[Price]) -> None:
        self.option, self.add_ons = option, add_ons
        self._by_offer: dict[tuple[int | None, int | None], list[Price]] = defaultdict(list)
        for row in rows:
            self._by_offer[row.option_id, row.add_on_id].append(row)
        self._known: dict[tuple[int | None, date], VisitPrice] = {}

    def visit(self, *, price_list_id: int | None, visit_on: date) -> VisitPrice:
        """Return what a visit on the local date `visit_on` costs. Raises NoPrice."""
        key = (price_list_id, visit_on)
        if key not in self._known:
            option = self.option
            name = f"{option.treatment.name}, {option.minutes} min"
            offers = [(option.pk, None, option.treatment.code, name)]
            offers += [(None, extra.pk, extra.code, extra.name) for extra in self.add_ons]
            self._known[key] = VisitPrice(
                tuple(
                    PriceLine(code, name, self._amount(option_id, add_on_id, *key, name))
                    for option_id, add_on_id, code, name in offers
                )
            )
        return self._known[key]

    def _amount(
        self,
        option_id: int | None,
        add_on_id: int | None,
        price_list_id: int | None,
        visit_on: date,
        name: str,
    ) -> Decimal:
        """The most particular row that counts on the day; of those, the latest."""
        rows = [
            row
            for row in self._by_offer[option_id, add_on_id]
            if row.effective_from <= visit_on
            and (row.price_list_id is None or row.price_list_id == price_list_id)
        ]
        if not rows:
            raise NoPrice(name)
        return max(
            rows,
            key=lambda row: (
                row.price_list_id is not None,
                row.location_id is not None,
                row.effective_from,
                row.published_at,
                row.pk,
            ),
        ).amount


def price_book(
    *, option: Option, add_ons: Sequence[AddOn], location: Location, priced_at: datetime
) -> PriceBook:
    """Return the prices at `location` among those published by `priced_at`. One query."""
    rows = Price.objects.filter(
        Q(option=option) | Q(add_on__in=add_ons),
        Q(location=None) | Q(location=location),
        published_at__lte=priced_at,
    )
    return PriceBook(option, add_ons, list(rows))


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
    before location, location before base. Raises NoPrice where nothing was published.
    """
    book = price_book(option=option, add_ons=add_ons, location=location, priced_at=priced_at)
    return book.visit(price_list_id=price_list.pk if price_list else None, visit_on=visit_on)
