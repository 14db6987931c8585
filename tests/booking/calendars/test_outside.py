"""When calendars that other programs write keep their owner busy."""

import re
import subprocess
import sys
import time as stopwatch
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.scheduling import outside
from booking.scheduling.outside import CannotExpand, busy_in
from booking.scheduling.spans import Span, merged

pytestmark = pytest.mark.once

FILES = Path(__file__).parent / "files"
NEW_YORK = ZoneInfo("America/New_York")
MARCH = (
    int(datetime(2030, 3, 1, tzinfo=UTC).timestamp()),
    int(datetime(2030, 4, 15, tzinfo=UTC).timestamp()),
)


def calendar(*entries: str, head: str = "") -> bytes:
    """A calendar whose entries have lines with bars between: "DTSTART:...|DURATION:..."."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *filter(None, [head])]
    for number, entry in enumerate(entries):
        own = [] if "UID:" in entry else [f"UID:{number}@elsewhere.example"]
        lines += ["BEGIN:VEVENT", *own, "DTSTAMP:20300101T000000Z", *entry.split("|"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def walls(content: bytes, zone: ZoneInfo = NEW_YORK, **options: object) -> list[str]:
    """Busy spans as a clock on a wall in `zone` shows them."""
    spans = busy_in(content, zone=zone, within=MARCH, **options)  # type: ignore[arg-type]
    return [
        " to ".join(f"{datetime.fromtimestamp(second, zone):%m-%d %H:%M}" for second in span)
        for span in spans
    ]


def test_a_calendar_of_google():
    assert walls((FILES / "google.ics").read_bytes()) == [
        "03-04 09:00 to 03-04 10:00",
        "03-05 18:00 to 03-05 19:30",
        "03-09 00:00 to 03-11 00:00",  # two days, of which the clocks take an hour
        "03-19 20:00 to 03-19 21:00",  # moved; the 12th was left out, the 26th canceled
        "04-02 18:00 to 04-02 19:30",
        "04-09 18:00 to 04-09 19:30",
    ]


def test_a_calendar_of_outlook():
    assert walls((FILES / "outlook.ics").read_bytes()) == [
        "03-04 09:00 to 03-04 10:00",
        "03-06 10:00 to 03-06 11:00",  # a zone of its own making, 5:45 ahead
        "03-09 12:00 to 03-09 12:30",
        "03-10 12:00 to 03-10 12:30",
        "03-11 12:00 to 03-11 12:30",
    ]


def test_a_calendar_of_apple():
    assert walls((FILES / "apple.ics").read_bytes()) == [
        "03-04 09:00 to 03-04 09:45",
        "03-10 00:00 to 03-11 00:00",
        "03-25 10:00 to 03-25 11:00",
        "03-27 10:00 to 03-27 11:00",
        "04-01 09:00 to 04-01 10:00",  # Lisbon has changed its clocks by then, too
    ]


def test_what_names_no_zone_is_by_the_calendars_own_or_else_by_ours():
    entry = "DTSTART:20300304T090000|DURATION:PT1H"
    day = "DTSTART;VALUE=DATE:20300304"

    assert walls(calendar(entry)) == ["03-04 09:00 to 03-04 10:00"]
    assert walls(calendar(entry, head="X-WR-TIMEZONE:Asia/Kathmandu")) == [
        "03-03 22:15 to 03-03 23:15"
    ]
    assert walls(calendar(day, head="X-WR-TIMEZONE:Asia/Kathmandu")) == [
        "03-03 13:15 to 03-04 13:15"
    ]
    for nonsense in ("Nowhere/Else", "../etc/passwd", ""):
        assert walls(calendar(entry, head=f"X-WR-TIMEZONE:{nonsense}")) == walls(calendar(entry))


def test_whole_days_are_from_midnight_to_midnight_when_the_clocks_change():
    (span,) = busy_in(calendar("DTSTART;VALUE=DATE:20300310"), zone=NEW_YORK, within=MARCH)
    assert span[1] - span[0] == 23 * 3600


@pytest.mark.parametrize(
    "line", ["TRANSP:TRANSPARENT", "STATUS:CANCELLED", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"]
)
def test_what_keeps_nobody_busy_is_left_out(line):
    busy = "DTSTART:20300304T140000Z|DTEND:20300304T150000Z"
    assert walls(calendar(busy)) == ["03-04 09:00 to 03-04 10:00"]
    assert walls(calendar(f"{busy}|{line}")) == []


def test_our_own_entries_are_left_out():
    ours = re.compile(r"[a-z0-9]{3}-[a-z0-9]{3}@lumen\.example")
    entry = "DTSTART:20300304T140000Z|DTEND:20300304T150000Z"

    assert walls(calendar(f"UID:k7p-2qx@lumen.example|{entry}"), ours=ours) == []
    assert walls(calendar(f"UID:k7p-2qx@lumen.example.org|{entry}"), ours=ours) != []


def test_entries_that_overlap_are_one_span_and_a_moment_is_none():
    assert walls(
        calendar(
            "DTSTART:20300304T140000Z|DTEND:20300304T150000Z",
            "DTSTART:20300304T143000Z|DTEND:20300304T160000Z",
            "DTSTART:20300305T140000Z",
        )
    ) == ["03-04 09:00 to 03-04 11:00"]


def test_spans_end_where_the_look_ends():
    spans = busy_in(
        calendar("DTSTART;VALUE=DATE:20300101|DTEND;VALUE=DATE:20310101"),
        zone=NEW_YORK,
        within=MARCH,
    )
    assert spans == [MARCH]


def test_a_series_that_makes_no_sense_takes_no_other_with_it():
    sound = "DTSTART:20300304T140000Z|DTEND:20300304T150000Z"
    for broken in (
        "SUMMARY:never",
        "DTSTART:tomorrow",
        "DTSTART:20300304T140000Z|DURATION:long",
        "DTSTART:20300304T140000Z|RRULE:FREQ=SOMETIMES",
        "DTSTART:20300304T140000Z|RRULE:FREQ=WEEKLY;UNTIL=late",
        "DTSTART;VALUE=DATE:20300304|RRULE:FREQ=WEEKLY;BYDAY=XX",
        "DTSTART:20300304T140000Z|RECURRENCE-ID:never",
    ):
        assert "03-04 09:00 to 03-04 10:00" in walls(calendar(broken, sound)), broken


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!doctype html><title>Sign in</title>",
        b"\x00\xff\xfe\x00",
        b"BEGIN:VCALENDAR",
        b"BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20300304T140000Z\r\nEND:VEVENT\r\n",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    ],
)
def test_what_is_no_calendar_says_so(content):
    with pytest.raises(CannotExpand, match=outside.NOT_A_CALENDAR):
        busy_in(content, zone=NEW_YORK, within=MARCH)


def test_an_empty_calendar_keeps_nobody_busy():
    assert walls(calendar()) == []


def test_more_entries_than_we_read_are_too_many():
    entry = "DTSTART:20300304T140000Z"
    calendar_of = [entry] * outside.ENTRIES_AT_MOST

    assert walls(calendar(*calendar_of)) == []
    with pytest.raises(CannotExpand, match=outside.TOO_MANY):
        busy_in(calendar(*calendar_of, entry), zone=NEW_YORK, within=MARCH)


def test_a_few_entries_that_make_more_spans_than_we_keep_are_too_many():
    restless = "DTSTART:20300301T000000Z|DTEND:20300301T000100Z|RRULE:FREQ=MINUTELY;INTERVAL=3"

    with pytest.raises(CannotExpand, match=outside.TOO_MANY):
        busy_in(calendar(restless), zone=NEW_YORK, within=MARCH)


# A weekly entry against an oracle that walks the weeks


@given(
    zone=st.sampled_from(["America/New_York", "Europe/Lisbon", "Australia/Lord_Howe"]),
    first=st.dates(date(2029, 9, 1), date(2030, 12, 1)),
    minute=st.integers(0, 24 * 60 - 1),
    minutes=st.integers(5, 20 * 60),
    every=st.integers(1, 3),
    left_out=st.sets(st.integers(0, 40), max_size=5),
)
def test_a_weekly_entry_keeps_its_hour_on_the_wall(zone, first, minute, minutes, every, left_out):
    """Over both clock changes of a year: the wall shows the same, the instants move."""
    place = ZoneInfo(zone)
    starts = datetime.combine(first, time(minute // 60, minute % 60))
    ends = starts + timedelta(minutes=minutes)
    weeks = [starts + timedelta(weeks=every * n) for n in range(120)]
    window = (
        int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()),
        int(datetime(2031, 1, 1, tzinfo=UTC).timestamp()),
    )
    entry = [
        f"DTSTART;TZID={zone}:{starts:%Y%m%dT%H%M%S}",
        f"DTEND;TZID={zone}:{ends:%Y%m%dT%H%M%S}",
    ]
    entry.append(f"RRULE:FREQ=WEEKLY;INTERVAL={every}")
    entry += [f"EXDATE;TZID={zone}:{weeks[n]:%Y%m%dT%H%M%S}" for n in sorted(left_out)]

    expected = oracle(
        [week for n, week in enumerate(weeks) if n not in left_out], ends - starts, place, window
    )

    assert busy_in(calendar("|".join(entry)), zone=NEW_YORK, within=window) == expected


def oracle(
    starts: Iterable[datetime], length: timedelta, place: ZoneInfo, window: Span
) -> list[Span]:
    """Busy spans of entries that begin at these times on the wall and last `length` on it."""

    def second(wall: datetime) -> int:
        return int(wall.replace(tzinfo=place).timestamp())

    spans = [(second(start), second(start + length)) for start in starts]
    inside = [(max(window[0], start), min(window[1], end)) for start, end in spans]
    return merged((start, end) for start, end in inside if start < end)


# By a process of its own


def run(content: bytes, *, seconds: float = 20) -> str:
    done = subprocess.run(
        [sys.executable, "-m", outside.__name__, "UTC", *map(str, MARCH), "ours-.*"],
        input=content,
        capture_output=True,
        timeout=seconds,
        check=True,
    )
    return done.stdout.decode()


def test_the_process_of_its_own_says_the_same():
    content = (FILES / "google.ics").read_bytes()
    spans = busy_in(content, zone=ZoneInfo("UTC"), within=MARCH)

    assert run(content) == str([list(span) for span in spans])
    assert run(b"nothing") == '"not a calendar"'
    assert run(calendar("UID:ours-1|DTSTART:20300304T140000Z|DURATION:PT1H")) == "[]"


def test_it_knows_nothing_of_the_site():
    loaded = subprocess.run(
        [sys.executable, "-c", "import booking.scheduling.outside, sys; print(*sys.modules)"],
        capture_output=True,
        check=True,
    )
    names = {name.partition(".")[0] for name in loaded.stdout.decode().split()}
    assert "recurring_ical_events" in names
    assert not names & {"django", "clinic", "celery"}


def test_a_rule_without_end_is_stopped():
    endless = calendar(
        *["DTSTART:00010101T000000Z|RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"] * 3
    )
    began = stopwatch.monotonic()

    with pytest.raises(subprocess.TimeoutExpired):
        run(endless, seconds=2)
    assert stopwatch.monotonic() - began < 10
