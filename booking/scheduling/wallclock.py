"""The clock on the wall and the seconds behind it. Clock changes are dealt with here, once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from booking.scheduling.spans import Span, intersect

DAY_SECONDS = 86_400
GRID_SECONDS = 900  # visits start at minutes divisible by 15 (architecture, "What is free")


@lru_cache(maxsize=16_384)  # a week's hours recur for every provider and on every request
def instant(day: date, at: time, zone: ZoneInfo, *, last: bool) -> int:
    """Return the second at which the wall clock of `zone` shows `at` on `day`.

    A time the clock skips means the moment it jumps. A time it shows twice means the second
    showing if `last`, else the first.
    """
    first = _seconds(day, at.replace(fold=0), zone)
    second = _seconds(day, at.replace(fold=1), zone)
    if first > second:  # skipped: PEP 495 reads it with the offset before, then the one after
        return _clock_change(second, first, zone)
    return second if last else first


def span_on(day: date, starts_at: time, ends_at: time, zone: ZoneInfo) -> Span | None:
    """Return hours of one day, from the first showing of `starts_at` to the last of `ends_at`.

    None when nothing of them is left: all of it skipped by the clock, or not `starts_at` before
    `ends_at` (hours never cross midnight).
    """
    if starts_at >= ends_at:
        return None
    start = instant(day, starts_at, zone, last=False)
    end = instant(day, ends_at, zone, last=True)
    return (start, end) if start < end else None


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Return `day` from local midnight to local midnight: 23, 24 or 25 hours, as it happens."""
    midnight, next_day = time(0), day + timedelta(days=1)
    return (
        instant(day, midnight, zone, last=False),
        instant(next_day, midnight, zone, last=False),
    )


def week_is_on(day: date, valid_from: date, every_weeks: int) -> bool:
    """Whether a pattern that recurs every so many weeks applies in the week of `day`.

    Weeks begin on Monday, and the week of `valid_from` is on.
    """
    weeks = (_monday(day) - _monday(valid_from)).days // 7
    return weeks % every_weeks == 0


def grid_points(spans: list[Span], zone: ZoneInfo, step: int = GRID_SECONDS) -> list[int]:
    """Return the seconds within `spans` at which the wall clock shows a multiple of `step`.

    `spans` are in order and without overlaps, `step` divides an hour. A time shown twice is
    there twice, a skipped one is not there.
    """
    points: list[int] = []
    for start, end, offset in steady_stretches(spans, zone):
        for first, stop in intersect(spans, [(start, end)]):
            points.extend(range(first + -(first + offset) % step, stop, step))
    return points


def steady_stretches(spans: list[Span], zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, offset) from the first span to the last, split where the clock changes.

    Looks once a day: no zone changes its clock and changes it back within 24 hours.
    """
    if not spans:
        return
    start, stop = spans[0][0], spans[-1][1]
    offset = _offset_at(start, zone)
    looked_at = start
    while looked_at < stop:
        look_at = min(looked_at + DAY_SECONDS, stop)
        if (new_offset := _offset_at(look_at, zone)) != offset:
            change = _clock_change(looked_at, look_at, zone)
            yield start, change, offset
            start, offset = change, new_offset
        looked_at = look_at
    yield start, stop, offset


def _clock_change(before: int, after: int, zone: ZoneInfo) -> int:
    """Return the first second of the new offset; `before` has the old one, `after` the new."""
    old_offset = _offset_at(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset_at(middle, zone) == old_offset:
            before = middle
        else:
            after = middle
    return after


def _offset_at(second: int, zone: ZoneInfo) -> int:
    """Return how many seconds the wall clock is ahead of UTC."""
    shown = datetime.fromtimestamp(second, zone)
    return int(shown.replace(tzinfo=UTC).timestamp()) - second


def _seconds(day: date, at: time, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, at, tzinfo=zone).timestamp())


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
