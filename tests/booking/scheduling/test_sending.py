"""When a message may go: the same hour on the wall, and never at night."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.scheduling.sending import (
    Hours,
    days_before,
    earlier,
    is_open,
    later,
    morning_after,
)

pytestmark = pytest.mark.once
NEW_YORK = ZoneInfo("America/New_York")
HOURS = Hours(time(9), time(20))

zones = st.sampled_from(
    [ZoneInfo(name) for name in ("America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")]
)
moments = st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


def wall(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("visit", "day_before"),
    [
        (wall(2027, 3, 14, 15), wall(2027, 3, 13, 15)),
        (wall(2027, 11, 7, 10), wall(2027, 11, 6, 10)),
        (wall(2027, 3, 15, 2, 30), wall(2027, 3, 14, 3)),  # half past two is skipped that night
    ],
    ids=["spring", "autumn", "a time the clock skips"],
)
def test_the_day_before_has_the_same_hour_on_the_wall_whatever_the_clock_does(visit, day_before):
    assert days_before(visit, 1, NEW_YORK) == day_before


def test_a_reminder_that_falls_into_the_night_goes_the_evening_before():
    assert earlier(wall(2027, 6, 8, 8), NEW_YORK, HOURS) == wall(2027, 6, 7, 19, 30)
    assert earlier(wall(2027, 6, 8, 20), NEW_YORK, HOURS) == wall(2027, 6, 8, 19, 30)
    assert earlier(wall(2027, 6, 8, 9), NEW_YORK, HOURS) == wall(2027, 6, 8, 9)


def test_a_question_that_falls_into_the_night_goes_in_the_morning():
    assert later(wall(2027, 6, 8, 8, 59), NEW_YORK, HOURS) == wall(2027, 6, 8, 9)
    assert later(wall(2027, 6, 8, 20), NEW_YORK, HOURS) == wall(2027, 6, 9, 9)
    assert later(wall(2027, 6, 8, 19, 59), NEW_YORK, HOURS) == wall(2027, 6, 8, 19, 59)


def test_the_morning_after_is_the_next_day_on_the_wall():
    assert morning_after(wall(2027, 3, 13, 18), NEW_YORK, HOURS) == wall(2027, 3, 14, 9)


@given(moment=moments, zone=zones)
def test_what_is_put_off_lands_in_the_hours_within_a_day(moment, zone):
    for put, sign in ((earlier, -1), (later, 1)):
        moved = put(moment, zone, HOURS)
        assert is_open(moved, zone, HOURS)
        assert timedelta(0) <= sign * (moved - moment) <= timedelta(hours=15)


@given(moment=moments, zone=zones)
def test_the_hours_are_half_open(moment, zone):
    shown = moment.astimezone(zone).time()
    assert is_open(moment, zone, HOURS) == (time(9) <= shown < time(20))
