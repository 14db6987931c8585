"""Hypothesis strategies: clinics, diaries and visits around the clock changes of 2027."""

from datetime import date, time, timedelta

from hypothesis import strategies as st

from tests.booking.scheduling import oracle
from tests.booking.scheduling.oracle import Hours, Scene

CLOCK_CHANGES = {
    "America/New_York": [date(2027, 3, 14), date(2027, 11, 7)],
    "Europe/London": [date(2027, 3, 28), date(2027, 10, 31)],
    "Australia/Lord_Howe": [date(2027, 4, 4), date(2027, 10, 3)],  # by half an hour
    "Pacific/Chatham": [date(2027, 4, 4), date(2027, 9, 26)],  # at +12:45 and +13:45
    "Atlantic/Azores": [date(2027, 3, 28), date(2027, 10, 31)],  # at midnight
    "Asia/Kathmandu": [],  # +05:45 all year
    "Asia/Kolkata": [],  # +05:30 all year
}
KINDS = ["console", "handheld", "led_panel"]
NEEDS = [frozenset(kinds) for kinds in (["console"], ["handheld", "console"], ["led_panel"])]
ROOMS, DEVICES, PROVIDERS = (101, 102, 103), (201, 202, 203, 204), (301, 302, 303)


@st.composite
def days_near_clock_changes(draw) -> tuple[str, date]:
    """A zone and a day in it, most often the day of a clock change or one beside it."""
    zone, changes = draw(st.sampled_from(sorted(CLOCK_CHANGES.items())))
    day = draw(st.sampled_from([*changes, date(2027, 6, 7)]))
    return zone, day + timedelta(days=draw(st.integers(-2, 1)))


def times_of_day():
    """Any minute, with those around the clock changes often among them."""
    any_minute = st.integers(0, 24 * 60 - 1)
    at_night = st.integers(0, 7 * 4).map(lambda quarter: quarter * 15)
    return st.one_of(any_minute, at_night).map(lambda minutes: time(*divmod(minutes, 60)))


@st.composite
def weekly_hours(draw, around: date) -> tuple[Hours, ...]:
    """One to four spells on the days from `around` on; what lies between them is a break."""
    bounds = sorted(draw(st.lists(times_of_day(), min_size=2, max_size=4, unique=True)))
    weekdays = draw(st.sampled_from([(0,), (0, 1), (0, 1, 2)]))
    valid_from = around - timedelta(days=draw(st.integers(-1, 16)))
    is_fortnightly = draw(st.sampled_from([False, False, True]))
    return tuple(
        Hours((around.weekday() + days) % 7, starts_at, ends_at, valid_from, is_fortnightly)
        for days in weekdays
        for starts_at, ends_at in zip(bounds[::2], bounds[1::2], strict=False)
    )


@st.composite
def scenes(draw) -> Scene:
    """A clinic over one to three days, its diary busy at odd minutes, and a visit to place."""
    zone, day = draw(days_near_clock_changes())
    midnight = oracle.showings(day, time(0), zone)[0]
    last_minute = midnight + draw(st.integers(1, 3)) * 1440
    providers = draw(st.lists(st.sampled_from(PROVIDERS), min_size=1, max_size=3, unique=True))
    rooms = draw(st.lists(st.sampled_from(ROOMS), min_size=1, max_size=3, unique=True))
    devices = draw(st.dictionaries(st.sampled_from(DEVICES), st.sampled_from(KINDS), min_size=2))
    busy_spans = st.lists(
        st.tuples(st.integers(midnight - 300, last_minute + 200), st.integers(1, 240)).map(
            lambda pair: (pair[0], sum(pair))
        ),
        max_size=3,
    ).map(tuple)
    always = tuple(Hours(weekday, time(0), time(23, 59), day) for weekday in range(7))
    sometimes_closed = st.sets(st.sampled_from([day, day + timedelta(days=1)]), max_size=1)
    return Scene(
        zone=zone,
        opening=draw(st.one_of(st.just(always), st.just(always), weekly_hours(day))),
        closures=frozenset(draw(st.one_of(st.just(set()), sometimes_closed))),
        providers={provider: draw(weekly_hours(day)) for provider in providers},
        rooms=tuple(rooms),
        devices=devices,
        busy={resource: draw(busy_spans) for resource in [*providers, *rooms, *devices]},
        treatment_minutes=draw(st.sampled_from([15, 20, 30, 45, 60, 75, 90])),
        provider_turnover_minutes=draw(st.sampled_from([0, 10, 15])),
        room_turnover_minutes=draw(st.sampled_from([0, 10, 15])),
        device_turnover_minutes=draw(st.sampled_from([0, 5, 20])),
        needs=tuple(draw(st.lists(st.sampled_from(NEEDS), max_size=3))),
        first_minute=midnight + draw(st.integers(-60, 400)),
        last_minute=last_minute,
    )
