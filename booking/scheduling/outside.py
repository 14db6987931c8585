"""When a calendar kept elsewhere (RFC 5545) keeps its owner busy.

What a stranger's file makes a machine do has no bounds: a rule may repeat every second since the
year one. So it is read by a process of its own that can be stopped, without the site's secrets:
`python -m booking.scheduling.outside ZONE START END < calendar.ics` prints spans as JSON.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event

from booking.scheduling.spans import Span, merged

ENTRIES_AT_MOST = 5_000
MEMORY_AT_MOST = 1 << 30  # bytes
TOO_MANY, NOT_A_CALENDAR = "too many", "not a calendar"
A_DAY = timedelta(days=1)


class CannotExpand(Exception):
    """The file is none, or asks for more than we do; says TOO_MANY or NOT_A_CALENDAR."""


def busy_in(
    content: bytes, *, zone: ZoneInfo, within: Span, ours: re.Pattern[str] | None = None
) -> list[Span]:
    """Return when the entries of a calendar keep its owner busy inside `within`, merged.

    Entries that are cancelled or shown as free do not, nor those whose UID is one of `ours`. Times
    without a zone, and whole days from midnight to midnight, are by the calendar's own zone if it
    names one, else by `zone`. A series that makes no sense is left out. Raises CannotExpand.
    """
    if content.count(b"BEGIN:VEVENT") > ENTRIES_AT_MOST:
        raise CannotExpand(TOO_MANY)
    try:
        calendar = Calendar.from_ical(content)
    except Exception as error:  # a parser of strangers' files fails in many ways
        raise CannotExpand(NOT_A_CALENDAR) from error
    if not isinstance(calendar, Calendar):
        raise CannotExpand(NOT_A_CALENDAR)
    zone = _zone_of(calendar) or zone
    start, end = within
    spans = (
        _span(entry, zone)
        for series in _series(calendar)
        for entry in _expanded(series, within)
        if _is_busy(entry, ours)
    )
    busy = merged(
        (max(start, since), min(end, until))
        for since, until in spans
        if max(start, since) < min(end, until)
    )
    if len(busy) > ENTRIES_AT_MOST:
        raise CannotExpand(TOO_MANY)
    return busy


def _series(calendar: Calendar) -> Iterable[Calendar]:
    """The entries of each UID by themselves: a series and its exceptions share one."""
    series: dict[str, Calendar] = defaultdict(Calendar)
    for number, entry in enumerate(calendar.walk("VEVENT")):
        series[str(entry.get("UID", number))].add_component(entry)
    return series.values()


def _expanded(series: Calendar, within: Span) -> list[Event]:
    """Every entry of `series` near `within`; none if it makes no sense."""
    first, last = (datetime.fromtimestamp(second, UTC) for second in within)
    try:
        # A day more at both ends: whole days are compared by UTC here
        return recurring_ical_events.of(series).between(first - A_DAY, last + A_DAY)
    except MemoryError:
        raise
    except Exception:  # as many ways to fail as there are to write a calendar wrongly
        return []


def _is_busy(entry: Event, ours: re.Pattern[str] | None) -> bool:
    if ours is not None and ours.fullmatch(str(entry.get("UID", ""))):
        return False
    words = {
        name: str(entry.get(name, "")).upper()
        for name in ("STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")
    }
    return (
        words["STATUS"] != "CANCELLED"
        and words["TRANSP"] != "TRANSPARENT"
        and words["X-MICROSOFT-CDO-BUSYSTATUS"] != "FREE"
    )


def _span(entry: Event, zone: ZoneInfo) -> Span:
    """From start to end in seconds. Without an end, a whole day is one day and a time a moment."""
    return _second(entry.start, zone), _second(entry.end, zone)


def _second(when: date, zone: ZoneInfo) -> int:
    if not isinstance(when, datetime):
        when = datetime.combine(when, time(), zone)
    elif when.tzinfo is None:
        when = when.replace(tzinfo=zone)
    return int(when.timestamp())


def _zone_of(calendar: Calendar) -> ZoneInfo | None:
    name = str(calendar.get("X-WR-TIMEZONE", ""))
    with suppress(Exception):  # no such zone, or no name of one: a path, a word, nothing
        return ZoneInfo(name)
    return None


def main(arguments: Iterable[str]) -> None:
    """Read a calendar from standard input; print its spans, or the word for what is wrong."""
    zone, start, end, ours = arguments
    with suppress(ValueError, OSError):  # not every system can
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_AT_MOST, MEMORY_AT_MOST))
    try:
        answer: list[Span] | str = busy_in(
            sys.stdin.buffer.read(),
            zone=ZoneInfo(zone),
            within=(int(start), int(end)),
            ours=re.compile(ours),
        )
    except CannotExpand as error:
        answer = str(error)
    except MemoryError:
        answer = TOO_MANY
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
