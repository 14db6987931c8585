"""What was published, by whom and why, and what counted before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, QuerySet

from clinic.places.models import Location
from treatments.cells import Cell
from treatments.models import Price, PriceChange
from treatments.selectors.rules import PriceRules, cell_of, has_begun


@dataclass(frozen=True)
class Published:
    """A price as it was published, and what counted there for its first day until then.

    `was_own` says whether that was a price of its own; `new` is what it costs since, be it
    inherited.
    """

    price: Price
    old: Decimal | None
    was_own: bool
    new: Decimal | None


def published(
    *,
    treatment: str = "",
    price_list: int | None = None,
    location: int | None = None,
) -> QuerySet[Price]:
    """Return what was published, the latest first, undone or not.

    `treatment` is the code of a treatment or add-on.
    """
    found = Price.objects.select_related(
        "option__treatment", "add_on", "price_list", "location", "published_by", "change"
    ).order_by("-published_at", "-pk")
    if treatment:
        found = found.filter(Q(option__treatment__code=treatment) | Q(add_on__code=treatment))
    if price_list is not None:
        found = found.filter(price_list=price_list)
    if location is not None:
        found = found.filter(location=location)
    return found


def with_old(prices: Iterable[Price]) -> list[Published]:
    """Return each of `prices` with what counted there before. One query."""
    prices = list(prices)
    rows = _all_of(prices)
    found = []
    for price in prices:
        cell, day = cell_of(price), price.effective_from
        known = [row for row in rows[cell.offer] if _was_known(row, price)]
        together = [row for row in rows[cell.offer] if _is_together(row, price)]
        old = PriceRules(row for row in known if row not in together).row(cell, day)
        new: Price | None = price
        if price.amount is None:
            new = PriceRules([*known, *together]).inherited(cell, day)
        found.append(
            Published(
                price,
                old=old.amount if old else None,
                was_own=old is not None and cell_of(old) == cell,
                new=new.amount if new else None,
            )
        )
    return found


def latest_changes(
    *, count: int, places: Sequence[Location], now: datetime
) -> list[tuple[PriceChange, int, bool]]:
    """Return the latest that were published: how many prices, and whether they are ahead. 1 query.

    Their authors included.
    """
    rows = (
        PriceChange.objects.filter(published_at__isnull=False, effective_from__isnull=False)
        .select_related("made_by")
        .annotate(count=Count("prices"))
        .order_by("-published_at", "-pk")
    )
    return [
        (row, row.count, not has_begun(row.effective_from, [Cell()], places, now))
        for row in rows[:count]
        if row.effective_from
    ]


def _all_of(prices: Iterable[Price]) -> dict[tuple[int | None, int | None], list[Price]]:
    """All that was ever published for what `prices` are for, by (option, add-on). One query."""
    options = {price.option_id for price in prices if price.option_id}
    add_ons = {price.add_on_id for price in prices if price.add_on_id}
    rows = defaultdict(list)
    for row in Price.objects.filter(Q(option__in=options) | Q(add_on__in=add_ons)).order_by():
        rows[row.option_id, row.add_on_id].append(row)
    return rows


def _was_known(row: Price, price: Price) -> bool:
    """Whether `row` counted when `price` was published."""
    is_earlier = (row.published_at, row.pk) < (price.published_at, price.pk)
    return is_earlier and (row.withdrawn_at is None or row.withdrawn_at > price.published_at)


def _is_together(row: Price, price: Price) -> bool:
    return row.change_id is not None and row.change_id == price.change_id
