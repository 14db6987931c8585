"""Tables for spreadsheets: CSV that no program takes for formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a cell begins with that is worked out
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # by which spreadsheets know UTF-8


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


def safe(value: Any) -> Any:
    """Return a cell of a sheet; text that would be taken for a formula stands behind a quote."""
    if isinstance(value, bool | int | float | Decimal):
        return value
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def sheet(name: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Answer with a CSV file called `name`.csv, written row by row as it leaves."""

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo(), lineterminator="\r\n")
        yield BYTE_ORDER_MARK
        for row in chain([head], rows):
            yield writer.writerow([safe(cell) for cell in row])

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
