"""Prices as CSV files: what is written, and what people send, read as they save it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from clinic.places.policies import DEAREST, Policy
from clinic.web.money import rounded
from treatments.cells import Cell, Edit
from treatments.models import wrong_amount
from treatments.selectors.matrix import Column, House, Offered, Square, plain
from treatments.selectors.price_history import Published
from treatments.selectors.rules import PriceRules, cell_of

INHERITED = "inherited"  # instead of an amount: no price of its own from then on
SURPLUS = ""  # names what stands beyond the columns of a file
LARGEST = 256 * 1024  # bytes: some thousand prices
COLUMNS = ["code", "name", "minutes", "price_list", "location", "price"]
SHOWN = [*COLUMNS, "from", "next_price", "next_from"]
HISTORY = [
    "published",
    "by",
    "code",
    "name",
    "minutes",
    "price_list",
    "location",
    "old_price",
    "price",
    "effective_from",
    "reason",
    "undone",
]


class Unreadable(Exception):
    """A file that is no list of prices, with the sentence that says why."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one line of a file: its number, as spreadsheets count, and the column."""

    line: int
    column: str
    says: str


@dataclass(frozen=True)
class Taken:
    """What a file says: prices that differ from those that count, and how many do not."""

    edits: list[Edit]
    wrong: list[Wrong]
    same: int


def matrix_lines(squares: Iterable[Square]) -> Iterator[list[object]]:
    """Return the table as lines of SHOWN, one for each cell that has a price."""
    return (_matrix_line(square) for square in squares if square.is_given)


def history_lines(rows: Iterable[Published]) -> Iterator[list[object]]:
    """Return what was published as lines of HISTORY."""
    return map(_history_line, rows)


def decoded(data: bytes) -> str:
    """Return the text of an uploaded file. Raises Unreadable.

    What is no UTF-8 is read as Excel writes a plain CSV on Windows: a name read wrongly is none we
    know, and its line is refused.
    """
    if len(data) > LARGEST:
        raise Unreadable(_("This file is larger than 256 KB. Send the prices in parts."))
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable(
        _("We cannot read the letters in this file. Save it as “CSV UTF-8” and send it again.")
    )


def taken(
    text: str,
    house: House,
    rules: PriceRules,
    *,
    bands: Mapping[int | None, Policy],
    now: datetime,
) -> Taken:
    """Return what a file of prices would change, and what is wrong with which line.

    Commas, semicolons or tabs between the columns; columns we do not know are left aside. Raises
    Unreadable where the first line does not name ours.
    """
    rows = _read(text)
    edits: dict[Cell, Edit] = {}
    lines: dict[Cell, int] = {}
    wrong: list[Wrong] = []
    same = 0
    places = _Places(house, bands)
    for number, row in rows:
        try:
            cell, column, amount = places.of(row, now)
        except _WrongCell as error:
            wrong.append(Wrong(number, error.column, error.says))
            continue
        if cell in lines:
            says = _("Line %(line)d says this price already.") % {"line": lines[cell]}
            wrong.append(Wrong(number, "price", says))
            continue
        lines[cell] = number
        (_today, present), *later = rules.timeline(cell, column.today)
        if amount is None:
            counting = (present, *(row for _day, row in later))
            is_same = not any(row and cell_of(row) == cell for row in counting)
        else:
            is_same = present is not None and present.amount == amount
        if is_same:
            same += 1
        else:
            edits[cell] = Edit(cell, amount, rules.seen(cell, column.today))
    return Taken(list(edits.values()), wrong, same)


def price_of(text: str) -> Decimal | None:
    """Return the amount that `text` writes, None where it says "inherited". Raises ValueError."""
    typed = text.strip().removeprefix("'").casefold()
    return None if typed in (INHERITED, _("inherited").casefold()) else amount_of(text)


def amount_of(text: str) -> Decimal:
    """Return the amount people write as "170", "$170.50" or "170,50 €". Raises ValueError."""
    typed = text.strip().removeprefix("'").strip("$€£¥ \xa0")
    if typed.count(",") == 1 and "." not in typed and len(typed.partition(",")[2]) != 3:
        typed = typed.replace(",", ".")
    try:
        amount = Decimal(typed.replace(",", ""))
    except InvalidOperation:
        raise ValueError(_("Write an amount, such as 170 or 170.50.")) from None
    if not amount.is_finite():
        raise ValueError(_("Write an amount, such as 170 or 170.50."))
    if amount < 0:
        raise ValueError(_("A price is not below zero."))
    if amount > DEAREST:
        raise ValueError(_("That is more than anything here costs."))
    if amount != rounded(amount):
        raise ValueError(_("There is no such coin."))
    return abs(rounded(amount))  # "-0" is 0


class _WrongCell(Exception):
    """A line that names nothing we know; `column` says where."""

    def __init__(self, column: str, says: str) -> None:
        self.column, self.says = column, says
        super().__init__(says)


class _Places:
    """Finds the cell a line of a file is about."""

    def __init__(self, house: House, bands: Mapping[int | None, Policy]) -> None:
        self._house, self._bands = house, bands
        self._offers = {(o.code, str(o.minutes) if o.is_option else ""): o for o in house.offered}
        self._codes = {o.code for o in house.offered}
        self._add_ons = {o.code for o in house.offered if not o.is_option}
        self._lists = {each.name: each.pk for each in house.lists}
        self._places = {each.name: each.pk for each in house.places}

    def of(self, row: dict[str, str], now: datetime) -> tuple[Cell, Column, Decimal | None]:
        """Return the cell, its column and the amount of a line, or None. Raises _WrongCell."""
        if row[SURPLUS]:
            says = _(
                "This line has more cells than the first line has names. Is “%(more)s” a part of "
                "the price?"
            )
            raise _WrongCell("price", says % {"more": row[SURPLUS]})
        offered = self._offered(row["code"], row["minutes"])
        price_list = self._named("price_list", row["price_list"], self._lists)
        location = self._named("location", row["location"], self._places)
        option, add_on = offered.pks
        cell = Cell(option, add_on, price_list, location)
        column = self._house.column_of(cell, now)
        if column is None or not self._house.gives(cell):
            says = _("%(list)s does not give %(name)s.")
            raise _WrongCell("price_list", says % {"list": row["price_list"], "name": offered.name})
        try:
            amount = price_of(row["price"])
        except ValueError as error:
            raise _WrongCell("price", str(error)) from None
        if amount is None:
            says = _("A base price has nothing to inherit from.") if cell.is_base else ""
        else:
            says = wrong_amount(amount, offer=offered.offer, policy=self._bands[location])
        if says:
            raise _WrongCell("price", says)
        return cell, column, amount

    def _offered(self, code: str, minutes: str) -> Offered:
        if code not in self._codes:
            raise _WrongCell(
                "code", _("Nothing we offer has the code “%(code)s”.") % {"code": code}
            )
        if code in self._add_ons:
            return self._offers[code, ""]
        offered = self._offers.get((code, minutes.lstrip("0")))
        if offered is None:
            says = _("%(code)s has no length of “%(minutes)s” minutes.")
            raise _WrongCell("minutes", says % {"code": code, "minutes": minutes})
        return offered

    def _named(self, column: str, name: str, known: dict[str, int]) -> int | None:
        if not name:
            return None
        if name not in known:
            raise _WrongCell(column, _("We know no “%(name)s”.") % {"name": name})
        return known[name]


def _read(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a file that say something, by number; their cells are trimmed."""
    header, _newline, _rest = text.lstrip().partition("\n")
    signs = max(",;\t", key=header.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=signs, strict=True)
        head = next((cells for cells in reader if any(cells)), [])
        names = [name.strip().lower().removeprefix("'") for name in head]
        missing = [name for name in COLUMNS if name not in names and name != "name"]
        if missing:
            says = _("The first line has to name these columns: %(names)s. Missing: %(missing)s.")
            raise Unreadable(says % {"names": ", ".join(COLUMNS), "missing": ", ".join(missing)})
        for cells in reader:
            if any(cell.strip() for cell in cells):
                trimmed = [cell.strip().removeprefix("'") for cell in cells]
                filled = [*trimmed, *[""] * (len(names) - len(trimmed))]
                row = dict(zip(names, filled, strict=False))
                yield reader.line_num, row | {SURPLUS: " ".join(trimmed[len(names) :]).strip()}
    except csv.Error:
        raise Unreadable(_("A line of this file has a quotation mark that never ends.")) from None


def _matrix_line(square: Square) -> list[object]:
    column, offered = square.column, square.offered
    next_on, next_amount = square.upcoming[0] if square.upcoming else ("", None)
    return [
        offered.code,
        offered.name,
        offered.minutes,
        column.price_list.name if column.price_list else "",
        column.location.name if column.location else "",
        plain(square.amount),
        square.source or (_("its own") if square.row else ""),
        plain(next_amount),
        next_on,
    ]


def _history_line(row: Published) -> list[object]:
    price = row.price
    option, add_on = price.option, price.add_on
    code, name, minutes = (
        (option.treatment.code, option.treatment.name, option.minutes)
        if option
        else (add_on.code, add_on.name, add_on.minutes)
        if add_on
        else ("", "", 0)
    )
    return [
        price.published_at.isoformat(timespec="seconds"),
        price.published_by or "",
        code,
        name,
        minutes,
        price.price_list or "",
        price.location or "",
        plain(row.old),
        INHERITED if price.amount is None else plain(price.amount),
        price.effective_from.isoformat(),
        price.reason,
        price.withdrawn_at.isoformat(timespec="seconds") if price.withdrawn_at else "",
    ]
