"""Places where a price stands: what it is for, whose it is and where. Values without a database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from clinic.web.money import rounded

KEY = r"[0-9]{1,18}"  # of a row: every database holds as many digits
NAME = re.compile(rf"([oa])({KEY})-l({KEY})-p({KEY})(?::({KEY}(?:\.{KEY})*))?")


class Cell(NamedTuple):
    """Where a price stands, by primary keys: one of option and add-on, a list and a place or None.

    Written as "o12-l3-p1": the option 12 on the list 3 at the place 1; 0 is whoever, wherever.
    """

    option: int | None = None
    add_on: int | None = None
    price_list: int | None = None
    location: int | None = None

    def __str__(self) -> str:
        offer = f"o{self.option}" if self.option else f"a{self.add_on}"
        return f"{offer}-l{self.price_list or 0}-p{self.location or 0}"

    @classmethod
    def read(cls, name: str) -> Cell:
        """Return the cell that `name` writes. Raises ValueError."""
        return read_name(name)[0]

    @property
    def is_base(self) -> bool:
        """Whether there is nothing wider, from which it could be inherited."""
        return self.price_list is None and self.location is None

    @property
    def offer(self) -> tuple[int | None, int | None]:
        """What it is for: option and add-on, one of them None."""
        return self.option, self.add_on


Seen = tuple[int, ...]
"""Primary keys of the prices that decide a cell: today's first (0: none), then those to come.

Each after those that leave it to what is wider.
"""


@dataclass(frozen=True)
class Edit:
    """A price somebody typed into a cell, and which prices they saw there.

    Without an amount it is to be inherited again.
    """

    cell: Cell
    amount: Decimal | None
    seen: Seen

    @classmethod
    def read(cls, data: dict[str, Any]) -> Edit:
        """Return the edit a draft keeps as `data`. Inverse of `as_data`."""
        amount = None if data["amount"] is None else Decimal(data["amount"])
        return cls(Cell.read(data["cell"]), amount, tuple(data["seen"]))

    def as_data(self) -> dict[str, Any]:
        """Return it as a draft keeps it."""
        amount = None if self.amount is None else str(self.amount)
        return {"cell": str(self.cell), "amount": amount, "seen": list(self.seen)}


def name_of(cell: Cell, seen: Seen) -> str:
    """Write the name of a field: whose price is typed there, and over which prices."""
    return f"{cell}:{'.'.join(map(str, seen))}"


def read_name(name: str) -> tuple[Cell, Seen]:
    """Return what `name_of` wrote. Raises ValueError."""
    found = NAME.fullmatch(name)
    if found is None:
        raise ValueError(name)
    kind, offer, price_list, location, seen = found.groups()
    pks = (int(price_list) or None, int(location) or None)
    cell = Cell(int(offer), None, *pks) if kind == "o" else Cell(None, int(offer), *pks)
    return cell, tuple(map(int, (seen or "0").split(".")))


def still_so(seen: Seen, present: Seen) -> bool:
    """Whether `present` is what was seen, but for prices whose day has passed meanwhile."""
    return present == seen[len(seen) - len(present) :]


def stepped(amount: Decimal, step: int) -> Decimal:
    """Return `amount` rounded half up to a multiple of `step`; to a coin where that is 0."""
    if not step:
        return rounded(amount)
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step
