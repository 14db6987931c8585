"""What the charts of the numbers show: buckets of days, cells of a week, findings in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time

from django.utils import dates
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from booking.selectors.metrics.occupancy import Share
from booking.selectors.metrics.scope import Period
from booking.selectors.metrics.sums import Totals
from booking.selectors.numbers.figures import percent, written
from booking.selectors.numbers.report import Report
from clinic.web.charts import LEFT, RIGHT, Chart, chart
from clinic.web.templatetags.lumen import clock_short

DAYS_APART, WEEKS_APART = 14, 26 * 7  # longest periods drawn by day, and by week
ROW, CELL_TOP = 44.0, 26.0
STEPS = (45, 65, 80, 90)  # per cent at which a cell gets darker


@dataclass(frozen=True)
class Line:
    """One row of a chart's table."""

    label: str
    value: str
    before: str


@dataclass(frozen=True)
class Drawing:
    """A chart with its finding in words, its table, and how its axis reads."""

    chart: Chart
    finding: str
    lines: list[Line]
    ticks: list[tuple[float, str]]
    unit: str  # "day", "week" or "month", in the reader's language
    last: str


@dataclass(frozen=True)
class Cell:
    """One hour of the week: where it stands, how dark it is, what it says."""

    x: float
    y: float
    shade: str
    text: str
    is_dark: bool


@dataclass(frozen=True)
class Heat:
    """The week as cells, with its axes, its finding, and its table."""

    cells: list[Cell]
    width: float
    height: float
    hours: list[tuple[float, str]]
    weekdays: list[tuple[float, str]]
    rows: list[tuple[str, list[str]]]
    finding: str

    @property
    def middle(self) -> float:
        """Where a cell's number stands, from its left."""
        return round(self.width / 2, 1)


def revenue(report: Report) -> Drawing:
    """Draw the revenue of the period beside that of the period before."""
    finding = _("Revenue by %(unit)s: %(total)s in all, most from %(label)s on, with %(most)s.")
    return _drawn(report, lambda some: float(some.revenue), "money", least=100, finding=finding)


def no_shows(report: Report) -> Drawing:
    """Draw the share of visits that were missed."""
    finding = _("No-shows by %(unit)s: %(total)s in all, most from %(label)s on, with %(most)s.")
    return _drawn(
        report,
        lambda some: percent(some.no_show, some.due) or 0,
        "percent",
        least=4,
        finding=finding,
    )


def _drawn(
    report: Report, value: Callable[[Totals], float], unit: str, *, least: float, finding: str
) -> Drawing:
    word, labels, now, then = _buckets(report)
    values, before = [value(some) for some in now], [value(some) for some in then]
    total = report.sums.total(report.scope.period)
    highest = max(range(len(values)), key=lambda place: values[place])
    said = {
        "unit": word,
        "total": written(value(total), unit),
        "label": labels[highest],
        "most": written(values[highest], unit),
    }
    drawn = chart(labels, values, before, least=least)
    return Drawing(
        chart=drawn,
        finding=finding % said,
        lines=[
            Line(label, written(here, unit), written(there, unit))
            for label, here, there in zip(labels, values, before, strict=True)
        ],
        ticks=[(tick.y, written(tick.value, unit)) for tick in drawn.ticks],
        unit=word,
        last=written(values[-1], unit),
    )


def _buckets(report: Report) -> tuple[str, list[str], list[Totals], list[Totals]]:
    """Return the name of a bucket, their labels, and what each came to, now and before."""
    scope = report.scope
    now, then = report.sums.by_day(scope.period), report.sums.by_day(scope.before)
    word, starts = _starts(scope.period)
    ends = [*starts[1:], scope.period.length]
    days, earlier = scope.period.days, scope.before.days
    return (
        word,
        [_label(days[start], word) for start in starts],
        [_added(now, days[a:b]) for a, b in zip(starts, ends, strict=True)],
        [_added(then, earlier[a:b]) for a, b in zip(starts, ends, strict=True)],
    )


def _starts(period: Period) -> tuple[str, list[int]]:
    """Return the name of a bucket, and at which day of the period each begins."""
    days = period.days
    if period.length <= DAYS_APART:
        return _("day"), list(range(len(days)))
    if period.length <= WEEKS_APART:
        return _("week"), list(range(0, len(days), 7))
    return _("month"), [n for n, day in enumerate(days) if n == 0 or day.day == 1]


def _label(day: date, word: str) -> str:
    return date_format(day, "M Y" if word == _("month") else "M j")


def _added(days: dict[date, Totals], some: Sequence[date]) -> Totals:
    total = Totals()
    for day in some:
        total += days[day]
    return total


def heat(shares: dict[tuple[int, int], Share]) -> Heat | None:
    """Draw the share of working time with a visit, by weekday and hour; None without a roster."""
    at_work = {hour: share for hour, share in shares.items() if share.whole}
    if not at_work:
        return None
    hours = range(min(hour for _day, hour in at_work), max(hour for _day, hour in at_work) + 1)
    weekdays = sorted({day for day, _hour in at_work})
    column = (RIGHT - LEFT) / len(hours)
    cells, rows = [], []
    for place, weekday in enumerate(weekdays):
        row = []
        for hour in hours:
            share = at_work.get((weekday, hour))
            full = percent(min(share.part, share.whole), share.whole) if share else None
            text = "" if full is None else f"{full:.0f}"
            row.append(f"{text}%" if text else "–")
            shade = "h-off" if full is None else f"h{1 + sum(full >= step for step in STEPS)}"
            x = round(LEFT + column * (hour - hours[0]) + 1.5, 1)
            y = round(CELL_TOP + ROW * place + 1.5, 1)
            cells.append(Cell(x, y, shade, text, shade in {"h4", "h5"}))
        rows.append((str(dates.WEEKDAYS[weekday]), row))
    fullest = max(at_work, key=lambda key: at_work[key].part / at_work[key].whole)
    emptiest = min(at_work, key=lambda key: at_work[key].part / at_work[key].whole)
    return Heat(
        cells=cells,
        width=round(column - 3, 1),
        height=ROW - 3,
        hours=[
            (round(LEFT + column * (hour - hours[0] + 0.5), 1), clock_short(time(hour)))
            for hour in hours
        ],
        weekdays=[
            (CELL_TOP + ROW * (place + 0.6), str(dates.WEEKDAYS_ABBR[weekday]))
            for place, weekday in enumerate(weekdays)
        ],
        rows=rows,
        finding=_("Fullest on %(full)s, emptiest on %(empty)s.")
        % {"full": _when(fullest), "empty": _when(emptiest)},
    )


def _when(hour: tuple[int, int]) -> str:
    """Return "Saturday at 9 am"."""
    weekday, at = hour
    said = {"day": dates.WEEKDAYS[weekday], "hour": clock_short(time(at))}
    return _("%(day)s at %(hour)s") % said
