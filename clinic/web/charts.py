"""Charts worked out on the server: where bars, lines and cells stand in an SVG of fixed size.

Only numbers come out of here; templates draw them, with classes for colors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10

WIDTH, HEIGHT = 620, 290
LEFT, RIGHT, TOP, FLOOR = 56, 612, 20, 256
LABELS = 8  # under the axis; more would run into each other


@dataclass(frozen=True)
class Tick:
    """A line across the chart, and the value it stands for."""

    y: float
    value: float


@dataclass(frozen=True)
class Mark:
    """A bar or a point: `x` is its middle, `left` and `width` are of the bar."""

    label: str
    x: float
    y: float
    left: float
    width: float
    height: float
    value: float
    has_label: bool


@dataclass(frozen=True)
class Chart:
    """Marks in order, the line of what was before, and the ticks beside them."""

    marks: list[Mark]
    previous: str
    ticks: list[Tick]

    @property
    def line(self) -> str:
        """The marks as the points of a line."""
        return _points((mark.x, mark.y) for mark in self.marks)

    @property
    def area(self) -> str:
        """The surface under that line."""
        if not self.marks:
            return ""
        first, last = self.marks[0].x, self.marks[-1].x
        return f"{first:.1f},{FLOOR} {self.line} {last:.1f},{FLOOR}"


def chart(
    labels: Sequence[str], values: Sequence[float], before: Sequence[float] = (), *, least: float
) -> Chart:
    """Place `values`, and a line of `before`, over an axis of at least `least`."""
    top, step = scale(max([*values, *before, least]))
    count = max(len(values), 1)
    room = (RIGHT - LEFT) / count
    every = ceil(count / LABELS)

    def x(place: int) -> float:
        return LEFT + room * (place + 0.5)

    def y(value: float) -> float:
        return FLOOR - (FLOOR - TOP) * value / top

    marks = [
        Mark(
            label=label,
            x=round(x(place), 1),
            y=round(y(value), 1),
            left=round(x(place) - room * 0.3, 1),
            width=round(room * 0.6, 1),
            height=round(FLOOR - y(value), 1),
            value=value,
            has_label=place % every == 0,
        )
        for place, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
    ticks = [Tick(round(y(step * n), 1), step * n) for n in range(round(top / step) + 1)]
    previous = _points((x(place), y(value)) for place, value in enumerate(before[:count]))
    return Chart(marks, previous, ticks)


def scale(highest: float) -> tuple[float, float]:
    """Return the top of an axis that holds `highest`, and a round step of three to five to it."""
    rough = highest / 4
    power = 10.0 ** int(log10(rough) // 1)
    step = next(power * unit for unit in (1, 2, 2.5, 5, 10) if power * unit >= rough)
    return step * max(1, ceil(highest / step)), step


def _points(places: object) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)  # type: ignore[attr-defined]
