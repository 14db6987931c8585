"""What the price desk asks about visits. Treatments know no booking: booking answers here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

Given = set[tuple[int, int | None, int | None]]
"""Who gives what: price list, treatment and add-on, of the last two one None."""


Works = set[tuple[int, int]]
"""Who works where: price list and place."""


class Promised(NamedTuple):
    """A visit ahead, or a hold, whose price stands: what prices it, and where its page is.

    `visit_on` is the date of the visit by its place's calendar; `offers` are its option and
    add-ons as (option, add-on); `at` is the aware start.
    """

    reference: str
    url: str
    at: datetime
    zone: str
    visit_on: date
    location: int
    price_list: int | None
    offers: tuple[tuple[int | None, int | None], ...]
    price: Decimal
    is_hold: bool


class Sold(NamedTuple):
    """What was sold of one kind: (option, add-on), the price list that counted, and where."""

    offer: tuple[int | None, int | None]
    price_list: int | None
    location: int


@dataclass(frozen=True)
class Diary:
    """What the price desk asks.

    `promised(first_on, now)` returns the visits ahead and live holds on `first_on` or later, by
    their places' calendars, in order of time. `sold(since, until)` counts what visits that took
    place between two instants were made of. `gives()` says what those with a list of their own
    give, `works()` where they work.
    """

    promised: Callable[[date, datetime], list[Promised]]
    sold: Callable[[datetime, datetime], Mapping[Sold, int]]
    gives: Callable[[], Given]
    works: Callable[[], Works]


_diaries: list[Diary] = []


def register(diary: Diary) -> None:
    """Answer what the price desk asks; called from an AppConfig.ready."""
    _diaries[:] = [diary]


def diary() -> Diary:
    """Return who answers. LookupError where nobody registered."""
    return _diaries[0]
