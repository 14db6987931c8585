"""What each cell of the price desk costs, today and from the days on which that changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import DateField, F, Q, Value, Window
from django.db.models.functions import Greatest, RowNumber

from clinic.places.models import Location
from treatments.cells import Cell, Seen
from treatments.models import Price
from treatments.selectors.prices import chain, decided, deciding

# From when a publication counts. What is written in this time is priced without it, so that no
# booking is priced by half of it, or by what another database session does not see yet.
SETTLES = timedelta(seconds=5)


def cell_of(price: Price) -> Cell:
    """Return where `price` stands."""
    return Cell(price.option_id, price.add_on_id, price.price_list_id, price.location_id)


class PriceRules:
    """The prices that count and those to come, for every offer, list and place."""

    def __init__(self, rows: Iterable[Price]) -> None:
        self._by_offer: dict[tuple[int | None, int | None], list[Price]] = defaultdict(list)
        for row in rows:
            self._by_offer[row.option_id, row.add_on_id].append(row)

    def row(self, cell: Cell, on: date) -> Price | None:
        """Return the price that counts in `cell` for a visit on `on`, be it inherited."""
        return deciding(self._here(cell), price_list_id=cell.price_list, visit_on=on)

    def inherited(self, cell: Cell, on: date) -> Price | None:
        """Return what would count in `cell` on `on` if it had no price of its own."""
        wider = (row for row in self._here(cell) if cell_of(row) != cell)
        return deciding(wider, price_list_id=cell.price_list, visit_on=on)

    def chains(self, cell: Cell, today: date) -> list[tuple[date, list[Price]]]:
        """Return what says the price of `cell` from `today` on, with the day from which it does."""
        here = self._here(cell)
        days = sorted({row.effective_from for row in here if row.effective_from > today})
        found: list[tuple[date, list[Price]]] = []
        for day in (today, *days):
            links = chain(here, price_list_id=cell.price_list, visit_on=day)
            if not found or links != found[-1][1]:
                found.append((day, links))
        return found

    def timeline(self, cell: Cell, today: date) -> list[tuple[date, Price | None]]:
        """Return what counts in `cell` from `today` on, each with the day from which it does."""
        return timeline(self.chains(cell, today))

    def seen(self, cell: Cell, today: date) -> Seen:
        """Return the primary keys of what decides `cell` from `today` on; 0 for nothing."""
        return seen(self.chains(cell, today))

    def and_(self, rows: Iterable[Price]) -> PriceRules:
        """Return the rules as they were with `rows` too."""
        return PriceRules([row for group in self._by_offer.values() for row in group] + [*rows])

    def without(self, change: int) -> PriceRules:
        """Return the rules as they were without what one change published."""
        return PriceRules(
            row for group in self._by_offer.values() for row in group if row.change_id != change
        )

    def _here(self, cell: Cell) -> list[Price]:
        return [
            row
            for row in self._by_offer[cell.offer]
            if row.location_id in (None, cell.location)
            and row.price_list_id in (None, cell.price_list)
        ]


def timeline(chains: Iterable[tuple[date, list[Price]]]) -> list[tuple[date, Price | None]]:
    """Return which price counts, in the chains of a cell, from which days on."""
    found: list[tuple[date, Price | None]] = []
    for day, links in chains:
        row = decided(links)
        if not found or row is not found[-1][1]:
            found.append((day, row))
    return found


def seen(chains: Iterable[tuple[date, list[Price]]]) -> Seen:
    """Return the primary keys of the chains of a cell."""
    return tuple(
        pk
        for _day, links in chains
        for pk in (*(row.pk for row in links), *(() if decided(links) else (0,)))
    )


def first_seen(pks: Seen, rows: Mapping[int, Price]) -> Price | None:
    """Return which of `rows`, by primary key, counted in a cell when `pks` were seen there."""
    for pk in pks:
        row = rows.get(pk)
        if row is None or row.amount is not None:
            return row
    return None


def price_rules(*, today: date, now: datetime) -> PriceRules:
    """Return the rules from `today` on, as written by `now`. One query.

    Of each cell the last price that has begun, and those to come: years of history cost nothing.
    """
    written = now + SETTLES
    day = Greatest(F("effective_from"), Value(today, DateField()))
    latest = Window(
        RowNumber(),
        partition_by=[F("option"), F("add_on"), F("price_list"), F("location"), day],
        order_by=[F("effective_from").desc(), F("published_at").desc(), F("pk").desc()],
    )
    rows = (
        Price.objects.filter(
            Q(withdrawn_at=None) | Q(withdrawn_at__gt=written), published_at__lte=written
        )
        .annotate(age=latest)
        .filter(age=1)
        .select_related("published_by")
        .order_by()
    )
    return PriceRules(rows)


def today_at(location: Location, now: datetime) -> date:
    """Return the date at `location`."""
    return now.astimezone(location.zone).date()


def todays(cell: Cell, places: Sequence[Location], now: datetime) -> list[date]:
    """Return the dates at the places where `cell` counts: at its own, or at all of them."""
    here = [place for place in places if cell.location in (None, place.pk)]
    return [today_at(place, now) for place in here or places] or [now.date()]


def first_start(cells: Iterable[Cell], places: Sequence[Location], now: datetime) -> date:
    """Return the first day from which `cells` can change: nowhere is it over, or another one."""
    every = {day for cell in set(cells) for day in todays(cell, places, now)}
    return max(every, default=now.date())


def has_begun(
    effective_from: date, cells: Iterable[Cell], places: Sequence[Location], now: datetime
) -> bool:
    """Whether the day has come at any of the places where `cells` count, by its own clock."""
    return any(effective_from <= day for cell in set(cells) for day in todays(cell, places, now))
