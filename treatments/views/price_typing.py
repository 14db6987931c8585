"""What was typed into the price desk, as edits of the draft: by the cell, and many at once."""

from __future__ import annotations

from dataclasses import replace

from django.http import QueryDict
from django.utils.translation import gettext as _

from treatments.cells import Cell, Edit, read_name
from treatments.forms.prices import INHERIT, BulkForm
from treatments.models import Price
from treatments.price_files import price_of
from treatments.selectors import matrix
from treatments.selectors.rules import cell_of, first_seen
from treatments.views.price_desk import Desk

SKIPPED = {"csrfmiddlewaretoken", "save"}

Typed = dict[Cell, tuple[str, str]]


def read_table(desk: Desk, posted: QueryDict) -> tuple[list[Edit], list[Cell], Typed]:
    """Read the table: prices that differ from those seen, cells taken back, and what is no price.

    A field that holds what its price was when the page was made, or what the draft says, says
    nothing new. One that was emptied takes back what the draft says; where that says nothing, its
    own price ends and it is inherited.
    """
    found = _cells_named(posted)
    rows = Price.objects.in_bulk({pk for _cell, seen in found.values() for pk in seen if pk})
    written: list[Edit] = []
    dropped: list[Cell] = []
    typed: Typed = {}
    for name, (cell, seen) in found.items():
        text, had = str(posted[name]).strip(), desk.edits.get(cell)
        present = first_seen(seen, rows)
        is_own = any(
            row.amount is not None and cell_of(row) == cell for row in map(rows.get, seen) if row
        )
        if not text and (had or not present or not is_own):
            dropped += [] if had and had.amount is None else [cell]
            continue
        try:
            amount = price_of(text) if text else None
            if amount is None and cell.is_base:
                raise ValueError(_("A base price has nothing to inherit from."))
        except ValueError as error:
            typed[cell] = (text, str(error))
            continue
        if had is not None and had.amount == amount:
            continue
        if (present and amount == present.amount) or (amount is None and not is_own):
            dropped += [cell] if had else []
        elif desk.house.offered_of(cell) and desk.house.column_of(cell, desk.now):
            written.append(Edit(cell, amount, seen))
    return written, dropped, typed


def _cells_named(posted: QueryDict) -> dict[str, tuple[Cell, tuple[int, ...]]]:
    """Return the fields that name a cell, each with it and the prices that were seen there."""
    found = {}
    for name in posted:
        if name not in SKIPPED:
            try:
                found[name] = read_name(name)
            except ValueError:
                continue
    return found


def in_bulk(desk: Desk, form: BulkForm) -> tuple[list[Edit], list[Cell]]:
    """What the form makes of the prices it names, of the draft's where it has some.

    And the cells of which the draft is to say nothing any more.
    """
    offers, names = set(form.cleaned_data["offers"]), set(form.cleaned_data["columns"])
    shown = [column for column in desk.columns if column.key in names]
    squares = [
        matrix.square(desk.house, offered, column, desk.rules, edits=desk.edits)
        for offered in desk.house.offered
        if offered.key in offers
        for column in shown
    ]
    given = [square for square in squares if square.is_given]
    if form.cleaned_data["how"] == INHERIT:
        return _inherited(given)
    edits = []
    for square in given:
        edit = square.edit
        amount = edit.amount if edit else square.amount
        is_meant = square.is_own or edit is not None or form.cleaned_data["inherited"]
        if amount is None or not is_meant:
            continue
        changed = form.after(amount)
        if edit:
            edits.append(replace(edit, amount=changed))
        elif changed != amount or not square.is_own:
            edits.append(Edit(square.cell, changed, square.seen))
    return edits, []


def _inherited(squares: list[matrix.Square]) -> tuple[list[Edit], list[Cell]]:
    """Let what has a price of its own end, and forget what the draft says of the others."""
    edits, dropped = [], []
    for square in squares:
        if square.cell.is_base:
            continue
        if square.is_own:
            edits.append(Edit(square.cell, None, square.seen))
        elif square.edit:
            dropped.append(square.cell)
    return edits, dropped
