"""A day on paper: by the clock on the wall, also when somebody changes it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from booking.scheduling.axis import Axis
from booking.scheduling.wallclock import day_span
from clinic.web.templatetags.lumen import clock_short

NEW_YORK = ZoneInfo("America/New_York")
SPRING, FALL, PLAIN = date(2030, 3, 10), date(2030, 11, 3), date(2030, 3, 4)
NBSP = "\N{NO-BREAK SPACE}"


def at(day: date, hour: int, minute: int = 0, *, fold: int = 0) -> int:
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK, fold=fold)
    return int(moment.timestamp())


def whole(*days: date) -> Axis:
    spans = [day_span(day, NEW_YORK) for day in days]
    return Axis.over(spans, days=list(days), zone=NEW_YORK)


def said(axis: Axis) -> list[str]:
    with timezone.override(NEW_YORK):
        return [clock_short(mark).replace(NBSP, " ") for mark in axis.hours()]


def test_a_visit_stands_where_the_clock_shows_its_start():
    axis = Axis.over([(at(PLAIN, 9, 15), at(PLAIN, 17, 40))], days=[PLAIN], zone=NEW_YORK)

    assert (axis.opens, axis.closes) == (540, 1080)
    assert axis.place((at(PLAIN, 10, 30), at(PLAIN, 11, 40)), PLAIN) == (630, 70)
    assert said(axis)[0] == "9 am"


def test_nothing_at_all_is_a_usual_day():
    axis = Axis.over([], days=[PLAIN], zone=NEW_YORK)

    assert (axis.opens, axis.closes) == (540, 1080)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (PLAIN, 24), (FALL, 25)])
def test_a_day_alone_is_as_long_as_it_lasts(day, hours):
    axis = whole(day)

    assert axis.closes - axis.opens == hours * 60
    assert len(axis.hours()) == hours


def test_the_hour_that_comes_twice_says_which_it_is():
    assert said(whole(FALL))[:4] == ["12 am", "1 am EDT", "1 am EST", "2 am"]
    assert said(whole(SPRING))[:3] == ["12 am", "1 am", "3 am"]


def test_both_showings_of_a_time_have_a_place_of_their_own():
    axis = whole(FALL)
    first = (at(FALL, 1, 30), at(FALL, 1, 30) + 1800)
    second = (at(FALL, 1, 30, fold=1), at(FALL, 1, 30, fold=1) + 1800)

    assert axis.place(first, FALL) == (90, 30)
    assert axis.place(second, FALL) == (150, 30)


def test_in_a_week_every_day_stands_by_the_wall():
    axis = whole(FALL, FALL + timedelta(days=1))

    for day in (FALL, FALL + timedelta(days=1)):
        assert axis.place((at(day, 9), at(day, 10)), day) == (540, 60)
    assert axis.place((at(FALL, 1, 45), at(FALL, 1, 45) + 3600), FALL) == (105, 60)


@given(
    day=st.dates(date(2025, 1, 1), date(2035, 12, 31)),
    start=st.integers(0, 22 * 60 - 1),
    lasts=st.integers(1, 120),
)
def test_a_day_alone_puts_every_minute_in_its_order(day, start, lasts):
    axis = whole(day)
    first, last = day_span(day, NEW_YORK)
    span = (first + start * 60, min(first + (start + lasts) * 60, last))

    assert axis.place(span, day) == (start, (span[1] - span[0]) // 60)
    assert axis.instant(start, day) == span[0]


def test_only_where_a_clock_change_is_drawn_out_a_place_is_not_what_the_wall_shows():
    noon = [(at(FALL, 9), at(FALL, 18))]

    assert whole(PLAIN).is_plain
    assert whole(FALL, PLAIN).is_plain
    assert Axis.over(noon, days=[FALL], zone=NEW_YORK).is_plain
    assert not whole(FALL).is_plain
    assert not whole(SPRING).is_plain
