from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

from clinic.web import clock

NOW = datetime(2026, 5, 12, 19, 52, tzinfo=UTC)  # Tuesday, 12:52 pm in Portland, Oregon
PORTLAND = ZoneInfo("America/Los_Angeles")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def in_portland(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with timezone.override(PORTLAND):
        yield


def shown(expression: str, **context) -> str:
    """Render `expression`; no-break spaces come back as "_", so that a test can see them."""
    text = Template("{% load lumen %}" + expression).render(Context(context))
    return text.replace("\N{NO-BREAK SPACE}", "_")


@pytest.mark.parametrize(
    ("utc_hour", "text"),
    [(17, "10:30_am"), (19, "12:30_pm"), (7, "12:30_am"), (23, "4:30_pm")],
)
def test_a_time_is_shown_on_the_clock_of_the_place(utc_hour, text):
    instant = datetime(2026, 5, 14, utc_hour, 30, tzinfo=UTC)
    assert shown("{{ at|clock_time }}", at=instant) == text


def test_a_time_that_comes_twice_that_night_says_which_it_is():
    first = datetime(2027, 11, 7, 5, 30, tzinfo=UTC)
    with timezone.override(NEW_YORK):
        assert shown("{{ at|clock_time }}", at=first) == "1:30_am_EDT"
        assert shown("{{ at|clock_time }}", at=first + timedelta(hours=1)) == "1:30_am_EST"
        assert shown("{{ at|clock_time }}", at=first + timedelta(hours=2)) == "2:30_am"


def test_a_zone_without_letters_labels_its_double_hour_by_the_offset():
    with timezone.override(ZoneInfo("Australia/Lord_Howe")):
        text = shown("{{ at|clock_time }}", at=datetime(2026, 4, 4, 14, 45, tzinfo=UTC))
    assert text == "1:45_am_UTC+1100"


def test_opening_hours_leave_out_the_minutes_of_a_full_hour():
    assert shown("{{ at|clock_short }}", at=time(9)) == "9_am"
    assert shown("{{ at|clock_short }}", at=time(12, 30)) == "12:30_pm"
    assert shown("{{ at|clock_short }}", at=time(0)) == "12_am"


def test_a_range_names_the_half_of_the_day_once_where_it_can():
    start = datetime(2026, 5, 14, 17, 30, tzinfo=UTC)
    assert shown("{{ a|time_range:b }}", a=start, b=start + timedelta(minutes=70)) == (
        "10:30 to 11:40_am"
    )
    assert shown("{{ a|time_range:b }}", a=start, b=start + timedelta(hours=2)) == (
        "10:30_am to 12:30_pm"
    )


def test_a_day_names_its_year_only_when_it_is_another_one():
    assert shown("{{ day|day_full }}", day=date(2026, 5, 14)) == "Thursday, May_14"
    assert shown("{{ day|day_short }}", day=date(2026, 5, 14)) == "Thu, May_14"
    assert shown("{{ day|day_full }}", day=date(2027, 1, 4)) == "Monday, January_4, 2027"


def test_the_day_of_an_instant_is_the_day_at_the_place():
    late = datetime(2026, 5, 15, 5, tzinfo=UTC)  # still Thursday evening in Portland
    assert shown("{{ at|day_full }}", at=late) == "Thursday, May_14"


@pytest.mark.parametrize(
    ("day", "text"),
    [(11, ""), (12, "today"), (13, "tomorrow"), (14, "in_2_days"), (18, "in_6_days"), (19, "")],
)
def test_a_day_is_near_only_while_that_is_true(day, text):
    assert shown("{{ day|day_relative }}", day=date(2026, 5, day)) == text


def test_a_day_is_said_as_people_say_it():
    assert shown("{{ day|day_said }}", day=date(2026, 5, 12)) == "today"
    assert shown("{{ day|day_said }}", day=date(2026, 5, 14)) == "Thu, May_14"


def test_lengths_and_money_are_short():
    assert shown("{{ n|minutes }}", n=45) == "45_min"
    assert shown("{{ n|minutes }}", n=timedelta(hours=1, minutes=10)) == "70_min"
    assert shown("{{ sum|money }}", sum=Decimal("180.00")) == "$180"
    assert shown("{{ sum|money }}", sum=Decimal("85.5")) == "$85.50"


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("America/Los_Angeles", "Pacific Time"),
        ("America/New_York", "Eastern Time"),
        ("Asia/Kathmandu", "Nepal Time"),
        ("UTC", "UTC"),
    ],
)
def test_a_zone_has_the_name_its_people_use(zone, name):
    assert shown("{{ zone|zone_name }}", zone=zone) == name
    assert shown("{{ zone|zone_name }}", zone=ZoneInfo(zone)) == name


def test_a_large_count_is_written_as_it_is_read():
    assert shown("{{ 999|thousands }}, {{ 1226|thousands }}") == "999, 1,226"


def test_a_number_is_linked_without_its_spaces():
    assert shown("{{ number|tel }}", number="+1 503 555 0142") == "+15035550142"


def test_an_icon_is_hidden_from_screen_readers():
    assert shown('{% icon "clock" "inline" %}') == (
        '<svg class="icon inline" aria-hidden="true"><use href="/static/icons.svg#clock"/></svg>'
    )
