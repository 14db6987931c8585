"""Where the instants of a day stand on paper: minutes, by the clock on the wall."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from booking.scheduling.spans import Span
from booking.scheduling.wallclock import day_span, instant

HOUR_MINUTES = 60
DAY_MINUTES = 24 * HOUR_MINUTES
USUAL = (9 * HOUR_MINUTES, 18 * HOUR_MINUTES)  # where nothing says from when to when


@dataclass(frozen=True)
class Axis:
    """A scale in minutes after midnight, from `opens` to `closes`, both whole hours.

    The days of a week share one scale, and all stand by the wall clock: an hour that is skipped
    stays empty, one that comes twice is drawn once. A day alone is drawn as long as it lasts: the
    scale runs on from its first hour, without the skipped hour and with the repeated one twice.
    """

    zone: ZoneInfo
    opens: int
    closes: int
    alone: date | None = None

    @classmethod
    def over(cls, spans: Iterable[Span], *, days: list[date], zone: ZoneInfo) -> Axis:
        """Return the scale of `days` on which all of `spans` have a place."""
        wall = cls(zone, 0, DAY_MINUTES)
        places = [wall.at(second) for start, end in spans for second in (start, end - 1)]
        opens, closes = (min(places), max(places) + 1) if places else USUAL
        hours = cls(zone, _floor(opens), _floor(closes + HOUR_MINUTES - 1))
        return hours._alone(days[0]) if len(days) == 1 else hours

    @property
    def is_plain(self) -> bool:
        """Whether each minute of it is that minute on the wall: no clock change is drawn out."""
        if self.alone is None:
            return True
        last = self.instant(self.closes, self.alone) - 1
        return self.at(last) == Axis(self.zone, self.opens, self.closes).at(last)

    def at(self, second: int) -> int:
        """Return where `second` stands, in minutes after midnight."""
        if self.alone is not None:
            return self.opens + (second - self._first(self.alone)) // 60
        shown = datetime.fromtimestamp(second, self.zone)
        return shown.hour * HOUR_MINUTES + shown.minute

    def shows(self, second: int, minutes: int) -> bool:
        """Whether a box of so many `minutes` that begins at `second` has its place."""
        return self.opens <= self.at(second) <= self.closes - minutes

    def place(self, span: Span, day: date) -> tuple[int, int]:
        """Return where `span` of `day` begins and how many minutes it takes, within the scale."""
        first, last = day_span(day, self.zone)
        start, end = max(span[0], first), min(span[1], last)
        at = self.at(start)
        until = self.closes if end == last else self.at(end)
        if until <= at:  # the clock was put back in between
            until = at + (end - start) // 60
        at, until = max(at, self.opens), min(until, self.closes)
        return at, max(until - at, 0)

    def instant(self, minutes: int, day: date) -> int:
        """Return the second that stands `minutes` after midnight; of two the first."""
        if self.alone is not None:
            return self._first(self.alone) + (minutes - self.opens) * 60
        return instant(day, time(*divmod(min(minutes, DAY_MINUTES - 1), 60)), self.zone, last=False)

    def hours(self) -> list[datetime | time]:
        """Return what stands beside each hour of the scale."""
        marks = range(self.opens, self.closes, HOUR_MINUTES)
        if self.alone is None:
            return [time(mark // HOUR_MINUTES) for mark in marks]
        return [datetime.fromtimestamp(self.instant(m, self.alone), self.zone) for m in marks]

    def _first(self, day: date) -> int:
        return instant(day, time(self.opens // HOUR_MINUTES), self.zone, last=False)

    def _alone(self, day: date) -> Axis:
        """Return the same hours of `day`, as long as they last that day."""
        if self.closes < DAY_MINUTES:
            last = instant(day, time(self.closes // HOUR_MINUTES), self.zone, last=True)
        else:
            last = day_span(day, self.zone)[1]
        lasts = (last - self._first(day)) // 60
        return Axis(self.zone, self.opens, self.opens + lasts, day)


def _floor(minutes: int) -> int:
    return minutes // HOUR_MINUTES * HOUR_MINUTES
