from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.scheduling.wallclock import day_span, grid_points, instant, span_on, week_is_on
from tests.booking.scheduling import oracle
from tests.booking.scheduling.scenes import days_near_clock_changes, times_of_day

pytestmark = pytest.mark.once

NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SPRING_FORWARD = date(2027, 3, 14)
FALL_BACK = date(2027, 11, 7)


def at_utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_hours_that_begin_in_the_gap_of_the_clock_begin_at_its_end():
    assert span_on(SPRING_FORWARD, time(2, 30), time(5), NEW_YORK) == (
        at_utc("2027-03-14T07:00"),  # 03:00 EDT
        at_utc("2027-03-14T09:00"),
    )


def test_hours_that_end_in_the_gap_of_the_clock_end_when_it_jumps():
    assert span_on(SPRING_FORWARD, time(1), time(2, 30), NEW_YORK) == (
        at_utc("2027-03-14T06:00"),  # 01:00 EST
        at_utc("2027-03-14T07:00"),
    )


def test_hours_that_lie_in_the_gap_of_the_clock_do_not_happen():
    assert span_on(SPRING_FORWARD, time(2), time(2, 45), NEW_YORK) is None


def test_hours_that_end_no_later_than_they_begin_do_not_happen():
    assert span_on(date(2027, 6, 1), time(22), time(2), NEW_YORK) is None
    assert span_on(FALL_BACK, time(1, 30), time(1, 30), NEW_YORK) is None


def test_hours_around_a_repeated_time_last_from_its_first_to_its_last_showing():
    assert span_on(FALL_BACK, time(1, 30), time(1, 45), NEW_YORK) == (
        at_utc("2027-11-07T05:30"),  # 01:30 EDT
        at_utc("2027-11-07T06:45"),  # 01:45 EST
    )


def test_a_clock_that_moves_by_half_an_hour_has_half_an_hour_of_gap():
    jumped_at = at_utc("2027-10-02T15:30")  # 02:00 at +10:30 becomes 02:30 at +11

    for at in (time(2), time(2, 10), time(2, 30)):
        assert instant(date(2027, 10, 3), at, LORD_HOWE, last=False) == jumped_at
    assert instant(date(2027, 10, 3), time(2, 45), LORD_HOWE, last=False) == jumped_at + 900


def test_ten_in_new_york_is_a_quarter_to_eight_at_night_in_kathmandu():
    kathmandu = ZoneInfo("Asia/Kathmandu")

    assert instant(date(2027, 6, 8), time(19, 45), kathmandu, last=False) == instant(
        date(2027, 6, 8), time(10), NEW_YORK, last=False
    )


@pytest.mark.parametrize(
    ("day", "hours"), [(SPRING_FORWARD, 23), (date(2027, 3, 15), 24), (FALL_BACK, 25)]
)
def test_a_day_lasts_as_long_as_the_clock_makes_it(day, hours):
    start, end = day_span(day, NEW_YORK)

    assert end - start == hours * 3600


def test_a_day_without_midnight_begins_when_the_clock_has_jumped():
    start, end = day_span(date(2027, 3, 28), ZoneInfo("Atlantic/Azores"))  # 00:00 becomes 01:00

    assert start == at_utc("2027-03-28T01:00")
    assert end - start == 23 * 3600


@given(days_near_clock_changes(), times_of_day(), times_of_day())
def test_hours_are_the_minutes_between_their_showings_on_the_wall(place, starts_at, ends_at):
    zone, day = place
    span = span_on(day, starts_at, ends_at, ZoneInfo(zone))

    minutes = oracle.minutes_on(day, starts_at, ends_at, zone)
    expected = (min(minutes) * 60, max(minutes) * 60 + 60) if minutes else None
    assert span == expected


@given(days_near_clock_changes(), st.integers(0, 90_000), st.integers(1, 200_000))
def test_the_grid_is_every_quarter_hour_the_wall_shows(place, seconds_in, length):
    zone, day = place
    start = day_span(day, ZoneInfo(zone))[0] + seconds_in
    end = start + length

    on_the_wall = [
        minute * 60
        for minute in range(start // 60, end // 60 + 1)
        if start <= minute * 60 < end and oracle.wall_clock(minute, zone).minute % 15 == 0
    ]
    assert grid_points([(start, end)], ZoneInfo(zone)) == on_the_wall


# On Lord Howe 02:00 is skipped that night, but noon of the next day still comes within 24 hours.
@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham"])
def test_a_grid_of_hours_is_on_the_hour_of_that_wall(zone):
    noon = instant(date(2027, 10, 2), time(12), ZoneInfo(zone), last=False)

    points = grid_points([(noon, noon + 86_400)], ZoneInfo(zone), step=3600)

    assert {oracle.wall_clock(point // 60, zone).minute for point in points} == {0}
    assert points[0] == noon
    assert len(points) == 24


@given(days_near_clock_changes())
def test_days_follow_each_other_without_a_second_between(place):
    zone, day = place

    assert day_span(day, ZoneInfo(zone))[1] == day_span(day + timedelta(days=1), ZoneInfo(zone))[0]


@given(st.dates(date(2026, 12, 1), date(2027, 3, 1)), st.integers(0, 60), st.booleans())
def test_fortnights_count_from_the_week_the_pattern_begins_in(valid_from, days, is_fortnightly):
    day = valid_from + timedelta(days=days)
    hours = oracle.Hours(day.weekday(), time(9), time(17), valid_from, is_fortnightly)

    assert week_is_on(day, valid_from, 2 if is_fortnightly else 1) == oracle.applies_in_week_of(
        day, hours
    )
