"""What is free, worked out a second time: slowly, minute by minute, from the rulings' sentences.

Shares no code with `booking.scheduling`, so that a mistake would have to be made twice. A minute is
the number of minutes since 1970 UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import combinations
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Hours:
    """Weekly hours on the wall clock; every second week if `is_fortnightly`."""

    weekday: int
    starts_at: time
    ends_at: time
    valid_from: date
    is_fortnightly: bool = False


@dataclass(frozen=True)
class Scene:
    """A clinic with its diary, and a visit somebody would like."""

    zone: str
    opening: tuple[Hours, ...]
    closures: frozenset[date]
    providers: dict[int, tuple[Hours, ...]]
    rooms: tuple[int, ...]
    devices: dict[int, str]
    busy: dict[int, tuple[tuple[int, int], ...]]
    treatment_minutes: int
    provider_turnover_minutes: int
    room_turnover_minutes: int
    device_turnover_minutes: int
    needs: tuple[frozenset[str], ...]
    first_minute: int
    last_minute: int


def free_minutes(scene: Scene) -> dict[int, list[int]]:
    """Return for each provider the minutes from `first_minute` on, before `last_minute`, to offer.

    "Start minutes divisible by 15 on the wall."
    """
    quarter_hours = [
        minute
        for minute in range(scene.first_minute, scene.last_minute)
        if wall_clock(minute, scene.zone).minute % 15 == 0
    ]
    working = {provider: working_minutes(scene, provider) for provider in scene.providers}
    return {
        provider: [
            minute
            for minute in quarter_hours
            if provider_can(scene, working[provider], provider, minute)
            and free_rooms(scene, minute)
            and devices_can(scene, minute)
        ]
        for provider in scene.providers
    }


def provider_can(scene: Scene, working: set[int], provider: int, start: int) -> bool:
    """ "Treatment and the provider's buffer lie inside working hours." """
    minutes = range(start, start + scene.treatment_minutes + scene.provider_turnover_minutes)
    busy = busy_minutes(scene, provider)
    return all(minute in working and minute not in busy for minute in minutes)


def free_rooms(scene: Scene, start: int) -> list[int]:
    """Rooms nobody is in, from the start until the room is ready again; rooms have no hours."""
    minutes = range(start, start + scene.treatment_minutes + scene.room_turnover_minutes)
    return [room for room in scene.rooms if busy_minutes(scene, room).isdisjoint(minutes)]


def free_devices(scene: Scene, start: int) -> list[int]:
    """ "A device is kept for the whole session", and until it is wiped."""
    minutes = range(start, start + scene.treatment_minutes + scene.device_turnover_minutes)
    return [device for device in scene.devices if busy_minutes(scene, device).isdisjoint(minutes)]


def devices_can(scene: Scene, start: int) -> bool:
    """ "Never two of one kind": one free device of each kind of some smallest set that does."""
    free_kinds = {scene.devices[device] for device in free_devices(scene, start)}
    return any(kinds <= free_kinds for kinds in smallest_sets_of_kinds(scene.needs))


@cache
def smallest_sets_of_kinds(needs: tuple[frozenset[str], ...]) -> list[set[str]]:
    """Return the sets of kinds that meet every need with as few devices as possible."""
    kinds = sorted(frozenset().union(*needs))
    for size in range(len(kinds) + 1):
        found = [
            set(chosen)
            for chosen in combinations(kinds, size)
            if all(need & set(chosen) for need in needs)
        ]
        if found:
            return found
    return []


def working_minutes(scene: Scene, provider: int) -> set[int]:
    """Return the minutes a provider works: own hours, clinic open, no closure that day."""
    own = minutes_of(scene.providers[provider], scene)
    return {
        minute
        for minute in own & minutes_of(scene.opening, scene)
        if wall_clock(minute, scene.zone).date() not in scene.closures
    }


def minutes_of(pattern: tuple[Hours, ...], scene: Scene) -> set[int]:
    """Return every minute of weekly hours on the days the scene touches."""
    day = wall_clock(scene.first_minute, scene.zone).date() - timedelta(days=1)
    minutes: set[int] = set()
    for _ in range((scene.last_minute - scene.first_minute) // 1440 + 4):
        for hours in pattern:
            if hours.weekday == day.weekday() and applies_in_week_of(day, hours):
                minutes |= minutes_on(day, hours.starts_at, hours.ends_at, scene.zone)
        day += timedelta(days=1)
    return minutes


def applies_in_week_of(day: date, hours: Hours) -> bool:
    """ "Fortnights count from the pattern's valid-from week." """
    if day < hours.valid_from:
        return False
    monday = hours.valid_from
    while monday.weekday() != 0:
        monday -= timedelta(days=1)
    is_on = True
    while monday + timedelta(days=7) <= day:
        monday += timedelta(days=7)
        is_on = not is_on
    return is_on or not hours.is_fortnightly


@cache
def minutes_on(day: date, starts_at: time, ends_at: time, zone: str) -> set[int]:
    """Return the minutes from the first showing of `starts_at` to the last of `ends_at`."""
    if starts_at >= ends_at:
        return set()
    return set(range(showings(day, starts_at, zone)[0], showings(day, ends_at, zone)[-1]))


@cache
def showings(day: date, at: time, zone: str) -> list[int]:
    """Return when the wall clock shows this; where it jumps over it, when it has jumped."""
    wanted = datetime.combine(day, at)
    readings = minutes_around(day, zone)
    shown = [minute for minute, reading in readings if reading == wanted]
    return shown or [next(minute for minute, reading in readings if reading > wanted)]


@cache
def minutes_around(day: date, zone: str) -> list[tuple[int, datetime]]:
    """Return each UTC minute that can belong to `day` anywhere, and what the wall clock says."""
    midnight = int(datetime.combine(day, time(0), tzinfo=UTC).timestamp()) // 60
    around = range(midnight - 16 * 60, midnight + 42 * 60)
    return [(minute, wall_clock(minute, zone)) for minute in around]


@cache
def wall_clock(minute: int, zone: str) -> datetime:
    """Return what the clock on the wall shows, as a naive datetime."""
    return datetime.fromtimestamp(minute * 60, ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def busy_minutes(scene: Scene, resource: int) -> set[int]:
    return {minute for start, end in scene.busy.get(resource, ()) for minute in range(start, end)}
