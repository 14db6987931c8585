from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.scheduling.slots import (
    Demand,
    Diary,
    Kept,
    choose_resources,
    free_starts,
    merged_needs,
    quiet_starts,
    starts_within,
)
from booking.scheduling.spans import Span, intersect, merged, subtract
from booking.scheduling.wallclock import day_span, span_on, week_is_on
from tests.booking.scheduling import oracle
from tests.booking.scheduling.oracle import Hours, Scene
from tests.booking.scheduling.scenes import KINDS, scenes

pytestmark = pytest.mark.once

NEW_YORK = ZoneInfo("America/New_York")
MINUTE, HOUR, DAY = 60, 3600, 86_400
ANA, ROOM, OTHER_ROOM = 1, 11, 12
HANDHELD, CONSOLE, OTHER_CONSOLE, LED = 21, 22, 23, 24
ANY_DEVICE = frozenset({"handheld", "console"})
DEVICES = {HANDHELD: "handheld", CONSOLE: "console", OTHER_CONSOLE: "console", LED: "led_panel"}


def visit(minutes: int = 60, *, buffer: int = 15, needs: tuple[frozenset[str], ...] = ()) -> Demand:
    return Demand(
        treatment_seconds=minutes * MINUTE,
        provider_turnover_seconds=buffer * MINUTE,
        room_turnover_seconds=buffer * MINUTE,
        device_turnover_seconds=5 * MINUTE,
        needs=needs,
    )


def at(text: str, zone: ZoneInfo = NEW_YORK) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def on_the_wall(starts: list[int]) -> list[str]:
    return [f"{datetime.fromtimestamp(start, NEW_YORK):%H:%M %Z}" for start in starts]


def open_every_day(first_day: date, days: int, starts_at: time, ends_at: time) -> list[Span]:
    spans = (
        span_on(first_day + timedelta(days=n), starts_at, ends_at, NEW_YORK) for n in range(days)
    )
    return [span for span in spans if span]


def diary_of(working: list[Span], **changes) -> Diary:
    return replace(Diary(working={ANA: working}, rooms=[ROOM], devices=DEVICES, busy={}), **changes)


def starts(working: list[Span], demand: Demand, window: Span | None = None, **changes) -> list[int]:
    """Ana's free starts in New York, with one room and all devices unless `changes` say more."""
    diary = diary_of(working, **changes)
    window = window or (working[0][0], working[-1][1])
    return free_starts(diary, demand, window=window, zone=NEW_YORK)[ANA]


NINE_TO_NOON = [(at("2027-06-08T09:00"), at("2027-06-08T12:00"))]


class TestClockChanges:
    def test_opening_time_keeps_its_place_on_the_wall_when_the_clock_goes_back(self):
        working = open_every_day(date(2027, 11, 5), 4, time(9), time(18))

        found = starts(working, visit())

        first = [starts_within(found, day_span(date(2027, 11, n), NEW_YORK))[0] for n in (5, 6, 8)]
        assert [f"{datetime.fromtimestamp(start, UTC):%m-%d %H:%M}" for start in first] == [
            "11-05 13:00",
            "11-06 13:00",
            "11-08 14:00",
        ]
        assert {wall.split()[0] for wall in on_the_wall(first)} == {"09:00"}

    def test_nothing_starts_at_times_the_clock_skips(self):
        working = open_every_day(date(2027, 3, 14), 1, time(1), time(5))

        found = on_the_wall(starts(working, visit(30, buffer=0)))

        assert found[:4] == ["01:00 EST", "01:15 EST", "01:30 EST", "01:45 EST"]
        assert found[4] == "03:00 EDT"
        assert found[-1] == "04:30 EDT"
        assert len(found) == 11

    def test_a_time_the_clock_shows_twice_is_offered_twice(self):
        working = open_every_day(date(2027, 11, 7), 1, time(1), time(3))

        assert on_the_wall(starts(working, visit(30, buffer=0))) == [
            *("01:00 EDT", "01:15 EDT", "01:30 EDT", "01:45 EDT"),
            *("01:00 EST", "01:15 EST", "01:30 EST", "01:45 EST"),
            *("02:00 EST", "02:15 EST", "02:30 EST"),
        ]

    def test_24_hours_of_notice_are_elapsed_hours_and_leave_the_month_alone(self):
        working = open_every_day(date(2027, 11, 6), 30, time(9), time(18))
        window = (at("2027-11-06T10:00") + 24 * HOUR, working[-1][1])

        found = starts(working, visit(), window)

        assert on_the_wall(found[:1]) == ["09:00 EST"]
        assert found[0] == at("2027-11-07T09:00")
        assert found == [start for start in starts(working, visit()) if start >= found[0]]
        assert len(found) == 29 * 32  # 09:00 to 16:45 on each day but the first


class TestWhatIsFree:
    def test_treatment_and_buffer_end_inside_working_hours(self):
        assert on_the_wall(starts(NINE_TO_NOON, visit(60)))[-1] == "10:45 EDT"

    def test_a_break_is_a_gap_no_visit_runs_into(self):
        start, end = NINE_TO_NOON[0]
        around_break = [(start, start + 60 * MINUTE), (start + 90 * MINUTE, end)]

        assert on_the_wall(starts(around_break, visit(45))) == [
            *("09:00 EDT", "10:30 EDT", "10:45 EDT", "11:00 EDT")
        ]

    def test_hours_that_touch_are_worked_through(self):
        start, end = NINE_TO_NOON[0]
        in_two = [(start + HOUR, end), (start, start + HOUR)]

        assert starts(in_two, visit(), NINE_TO_NOON[0]) == starts(NINE_TO_NOON, visit())

    def test_visits_touch_without_overlapping(self):
        start, end = NINE_TO_NOON[0]
        busy = {ANA: [(start, start + HOUR), (start + 135 * MINUTE, end)]}

        assert on_the_wall(starts(NINE_TO_NOON, visit(60), busy=busy)) == ["10:00 EDT"]

    def test_one_second_too_little_is_too_little(self):
        start, end = NINE_TO_NOON[0]
        busy = {ANA: [(start, start + HOUR), (start + 135 * MINUTE - 1, end)]}

        assert starts(NINE_TO_NOON, visit(60), busy=busy) == []

    def test_room_and_device_may_be_made_ready_after_closing(self):
        demand = Demand(
            treatment_seconds=60 * MINUTE,
            provider_turnover_seconds=0,
            room_turnover_seconds=15 * MINUTE,
            device_turnover_seconds=5 * MINUTE,
            needs=(frozenset({"console"}),),
        )

        assert on_the_wall(starts(NINE_TO_NOON, demand))[-1] == "11:00 EDT"

    def test_a_room_and_a_device_must_be_free_until_they_are_ready_again(self):
        start, end = NINE_TO_NOON[0]
        demand = Demand(
            treatment_seconds=60 * MINUTE,
            provider_turnover_seconds=0,
            room_turnover_seconds=15 * MINUTE,
            device_turnover_seconds=5 * MINUTE,
            needs=(frozenset({"led_panel"}),),
        )

        def last_start(resource: int, minutes_free: int) -> list[str]:
            busy = {resource: [(start + minutes_free * MINUTE, end + HOUR)]}
            return on_the_wall(starts(NINE_TO_NOON, demand, busy=busy))[-1:]

        assert last_start(ROOM, 90) == ["09:15 EDT"]
        assert last_start(ROOM, 89) == ["09:00 EDT"]
        assert last_start(LED, 80) == ["09:15 EDT"]
        assert last_start(LED, 79) == ["09:00 EDT"]
        assert last_start(ANA, 60) == ["09:00 EDT"]
        assert last_start(ANA, 59) == []

    def test_two_half_free_rooms_do_not_make_one_free_room(self):
        start, end = NINE_TO_NOON[0]
        halves = {ROOM: [(start, start + 90 * MINUTE)], OTHER_ROOM: [(start + 90 * MINUTE, end)]}

        found = starts(NINE_TO_NOON, visit(60), rooms=[ROOM, OTHER_ROOM], busy=halves)

        assert on_the_wall(found) == ["09:00 EDT", "09:15 EDT", "10:30 EDT", "10:45 EDT"]

    def test_a_device_only_an_addon_needs_is_kept_for_the_whole_session(self):
        start, end = NINE_TO_NOON[0]
        demand = visit(60, needs=(frozenset({"console"}), frozenset({"led_panel"})))

        found = starts(NINE_TO_NOON, demand, busy={LED: [(start + 65 * MINUTE, end)]})

        assert on_the_wall(found) == ["09:00 EDT"]

    def test_without_a_room_or_a_device_that_would_do_there_are_no_times(self):
        led = visit(needs=(frozenset({"led_panel"}),))

        assert starts(NINE_TO_NOON, visit(), rooms=[]) == []
        assert starts(NINE_TO_NOON, led, devices={CONSOLE: "console"}) == []
        assert starts(NINE_TO_NOON, visit(), devices={}) != []

    def test_a_window_that_is_over_before_it_begins_has_no_times(self):
        start, _ = NINE_TO_NOON[0]

        assert starts(NINE_TO_NOON, visit(), (start + HOUR, start)) == []

    def test_a_provider_without_hours_is_listed_without_times(self):
        assert starts([], visit(), NINE_TO_NOON[0]) == []


class TestAgainstTheOracle:
    @given(scenes())
    def test_the_times_on_offer_are_those_found_minute_by_minute(self, scene):
        expected = oracle.free_minutes(scene)

        assert found_in(scene) == {
            provider: [minute * MINUTE for minute in minutes]
            for provider, minutes in expected.items()
        }

    @given(scenes(), st.data())
    def test_a_time_can_be_taken_exactly_when_it_is_on_offer(self, scene, data):
        offered = oracle.free_minutes(scene)
        asked = st.integers(scene.first_minute, scene.last_minute - 1)
        for provider, minutes in offered.items():
            listed = st.sampled_from(minutes) if minutes else asked
            minute = data.draw(st.one_of(asked, listed, listed))

            kept = choose_resources(
                diary_from(scene),
                demand_from(scene),
                provider=provider,
                start=minute * MINUTE,
                zone=ZoneInfo(scene.zone),
            )

            assert (kept is not None) == (minute in minutes)
            if kept:
                assert_serves(scene, minute, provider, kept)


def found_in(scene: Scene) -> dict[int, list[int]]:
    window = (scene.first_minute * MINUTE, scene.last_minute * MINUTE)
    zone = ZoneInfo(scene.zone)
    return free_starts(diary_from(scene), demand_from(scene), window=window, zone=zone)


def demand_from(scene: Scene) -> Demand:
    return Demand(
        treatment_seconds=scene.treatment_minutes * MINUTE,
        provider_turnover_seconds=scene.provider_turnover_minutes * MINUTE,
        room_turnover_seconds=scene.room_turnover_minutes * MINUTE,
        device_turnover_seconds=scene.device_turnover_minutes * MINUTE,
        needs=scene.needs,
    )


def diary_from(scene: Scene) -> Diary:
    """Put a scene together as the selector does: hours within opening hours, less closures."""
    zone = ZoneInfo(scene.zone)
    first_day = oracle.wall_clock(scene.first_minute, scene.zone).date() - timedelta(days=1)
    last_day = oracle.wall_clock(scene.last_minute, scene.zone).date() + timedelta(days=1)
    days = [first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1)]

    def spans_of(pattern: tuple[Hours, ...]) -> list[Span]:
        spans = (
            span_on(day, hours.starts_at, hours.ends_at, zone)
            for day in days
            for hours in pattern
            if day.weekday() == hours.weekday
            and day >= hours.valid_from
            and week_is_on(day, hours.valid_from, 2 if hours.is_fortnightly else 1)
        )
        return merged(span for span in spans if span)

    closed = merged(day_span(day, zone) for day in scene.closures)
    opening = subtract(spans_of(scene.opening), closed)
    return Diary(
        working={
            provider: intersect(spans_of(pattern), opening)
            for provider, pattern in scene.providers.items()
        },
        rooms=scene.rooms,
        devices=scene.devices,
        busy={
            resource: [(start * MINUTE, end * MINUTE) for start, end in spans]
            for resource, spans in scene.busy.items()
        },
    )


def assert_serves(scene: Scene, minute: int, provider: int, kept: list[Kept]) -> None:
    """What is kept is free, lasts as long as it must, and meets every need with few devices."""
    (who, room, *devices), start = kept, minute * MINUTE
    treatment_end = start + scene.treatment_minutes * MINUTE
    provider_end = treatment_end + scene.provider_turnover_minutes * MINUTE
    room_end = treatment_end + scene.room_turnover_minutes * MINUTE
    device_end = treatment_end + scene.device_turnover_minutes * MINUTE

    assert who == (provider, start, provider_end)
    assert room == (min(oracle.free_rooms(scene, minute)), start, room_end)
    assert all(device[1:] == (start, device_end) for device in devices)
    assert {device.resource for device in devices} <= set(oracle.free_devices(scene, minute))
    kinds = {scene.devices[device.resource] for device in devices}
    assert len(kinds) == len(devices)
    assert kinds in oracle.smallest_sets_of_kinds(scene.needs)


class TestNeeds:
    def test_a_console_that_is_needed_anyway_serves_the_addon_too(self):
        console, led = frozenset({"console"}), frozenset({"led_panel"})

        assert merged_needs([ANY_DEVICE, console]) == [console]
        assert merged_needs([console, led]) == [console, led]
        assert merged_needs([ANY_DEVICE, ANY_DEVICE]) == [ANY_DEVICE]
        assert merged_needs([]) == []

    def test_needs_that_share_only_the_console_take_the_console(self):
        assert merged_needs([ANY_DEVICE, frozenset({"console", "led_panel"})]) == [
            frozenset({"console"})
        ]

    def test_a_need_that_is_met_anyway_costs_no_choice(self):
        handheld_or_console, wand_or_led = ANY_DEVICE, frozenset({"wand", "led_panel"})

        result = merged_needs([wand_or_led, wand_or_led | {"console"}, handheld_or_console])

        assert result == [handheld_or_console, wand_or_led]

    @given(st.lists(st.frozensets(st.sampled_from("abcdef"), min_size=1), max_size=6), st.data())
    def test_merged_needs_meet_every_need_and_share_no_kind(self, needs, data):
        result = merged_needs(needs)

        assert all(any(kept <= need for kept in result) for need in needs)
        assert len(frozenset().union(*result)) == sum(len(kept) for kept in result)
        assert all(result)
        assert merged_needs(result) == result
        assert merged_needs(data.draw(st.permutations(needs))) == result

    def test_up_to_three_needs_are_met_by_the_fewest_devices_and_no_choice_is_lost(self):
        some_kinds = [
            frozenset(kind for kind, is_in in zip(KINDS, bits, strict=True) if is_in)
            for bits in product([False, True], repeat=3)
            if any(bits)
        ]
        each_pair_overlaps_differently = {need for need in some_kinds if len(need) == 2}
        for count in range(4):
            for needs in product(some_kinds, repeat=count):
                ways = {frozenset(way) for way in product(*merged_needs(needs))}
                smallest = {frozenset(way) for way in oracle.smallest_sets_of_kinds(needs)}
                if set(needs) == each_pair_overlaps_differently:
                    assert ways < smallest
                else:
                    assert ways == smallest


class TestChoosing:
    START = NINE_TO_NOON[0][0]

    def choose(self, *needs: frozenset[str], start: int = START, **changes) -> list[int] | None:
        diary = replace(diary_of(NINE_TO_NOON, rooms=[OTHER_ROOM, ROOM]), **changes)
        kept = choose_resources(
            diary,
            visit(needs=needs),
            provider=ANA,
            start=start,
            zone=NEW_YORK,
            spend_first=("handheld", "console"),
        )
        return kept and [one.resource for one in kept]

    def test_the_lowest_free_room_and_device_are_taken(self):
        console = frozenset({"console"})
        busy = {ROOM: [(self.START, self.START + 1)], CONSOLE: [(self.START, self.START + 1)]}

        assert self.choose(console) == [ANA, ROOM, CONSOLE]
        assert self.choose(console, busy=busy) == [ANA, OTHER_ROOM, OTHER_CONSOLE]

    def test_a_room_that_is_ready_at_the_start_and_needed_again_at_the_end_is_free(self):
        end = self.START + 75 * MINUTE
        busy = {ROOM: [(self.START - HOUR, self.START), (end, end + HOUR)]}

        assert self.choose(busy=busy) == [ANA, ROOM]

    def test_a_handheld_goes_before_a_console_when_either_would_do(self):
        devices = {1001: "console", 1002: "handheld"}
        busy = {1002: [(self.START + 64 * MINUTE, self.START + 66 * MINUTE)]}

        assert self.choose(ANY_DEVICE, devices=devices) == [ANA, ROOM, 1002]
        assert self.choose(ANY_DEVICE, devices=devices, busy=busy) == [ANA, ROOM, 1001]

    def test_a_kind_nobody_ranked_goes_last(self):
        devices = {1001: "wand", 1002: "console"}

        assert self.choose(frozenset({"wand", "console"}), devices=devices) == [ANA, ROOM, 1002]

    @pytest.mark.parametrize(
        "start",
        [START + 5 * MINUTE, START - 15 * MINUTE, START + 2 * HOUR],
        ids=["off the grid", "before work", "too late"],
    )
    def test_a_time_that_is_not_offered_is_not_kept(self, start):
        assert self.choose(start=start) is None

    def test_somebody_who_does_not_work_here_keeps_nothing(self):
        assert self.choose(working={}) is None


class TestQuietTimes:
    """Shortest visit: a quarter of an hour and ten minutes of buffer."""

    def quiet(self, gaps: list[Span], demand: Demand, **changes) -> list[str]:
        found = quiet_starts(
            starts(gaps, demand, **changes),
            gaps,
            demand,
            shortest_seconds=25 * MINUTE,
            zone=NEW_YORK,
        )
        return on_the_wall(found)

    def test_times_that_leave_too_little_before_or_after_are_not_quiet(self):
        start, _ = NINE_TO_NOON[0]
        gap = (start, start + 2 * HOUR)  # 09:00 to 11:00, a visit takes 75 minutes

        assert self.quiet([gap], visit(60)) == ["09:00 EDT", "09:45 EDT"]
        # 09:15 leaves 15 minutes before, 09:30 leaves 15 after

    def test_what_remains_is_not_lost_if_the_shortest_visit_just_fits(self):
        start, _ = NINE_TO_NOON[0]

        assert self.quiet([(start, start + 100 * MINUTE)], visit(60)) == ["09:00 EDT"]
        assert self.quiet([(start, start + 99 * MINUTE)], visit(60)) == []

    def test_minutes_nothing_could_start_in_are_not_counted_as_lost(self):
        start, _ = NINE_TO_NOON[0]
        gap = (start + 10 * MINUTE, start + 2 * HOUR)  # from 09:10: nothing can start before 09:15

        assert self.quiet([gap], visit(30, buffer=10)) == [
            "09:15 EDT",
            "09:45 EDT",
            "10:15 EDT",  # ends 10:55: five minutes are left in which nothing could start
        ]

    def test_only_the_providers_own_diary_counts_not_the_rooms(self):
        start, _ = NINE_TO_NOON[0]
        busy = {ROOM: [(start, start + 90 * MINUTE)]}

        assert self.quiet(NINE_TO_NOON, visit(60), busy=busy) == ["10:45 EDT"]

    @given(scenes())
    def test_quiet_times_are_times_on_offer_and_no_dead_gap_is_beside_them(self, scene):
        diary, demand, zone = diary_from(scene), demand_from(scene), ZoneInfo(scene.zone)
        shortest = 25
        for provider, offered in found_in(scene).items():
            busy = oracle.busy_minutes(scene, provider)
            free = oracle.working_minutes(scene, provider) - busy
            gaps = subtract(merged(diary.working[provider]), merged(diary.busy[provider]))

            quiet = quiet_starts(
                offered, gaps, demand, shortest_seconds=shortest * MINUTE, zone=zone
            )

            assert quiet == [
                start
                for start in offered
                if not leaves_dead_time(scene, free, start // MINUTE, shortest)
            ]


def leaves_dead_time(scene: Scene, free: set[int], start: int, shortest: int) -> bool:
    """Whether a gap beside the visit has a quarter hour in it but no room for the shortest."""
    end = start + scene.treatment_minutes + scene.provider_turnover_minutes
    before, after = [], []
    minute = start - 1
    while minute in free:
        before.insert(0, minute)
        minute -= 1
    minute = end
    while minute in free:
        after.append(minute)
        minute += 1
    for gap in (before, after):
        while gap and oracle.wall_clock(gap[0], scene.zone).minute % 15:
            gap.pop(0)
        if 0 < len(gap) < shortest:
            return True
    return False
