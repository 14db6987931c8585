"""Which start times are free: the arithmetic behind `free_slots`, on numbers only.

It reasons about start points. A resource that is free over a gap [a, b) lets a visit of some
length start anywhere in [a, b - length]; what provider, rooms and devices all allow is the
overlap of such spans, and the times on offer are the quarter hours in it.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.scheduling.spans import Span, intersect, merged, subtract
from booking.scheduling.wallclock import GRID_SECONDS, grid_points

Kinds = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one visit takes.

    `treatment_seconds` is the client's time: option, add-ons and a new client's consultation.
    The turnovers come after it. Each of `needs` names the device kinds that would do.
    """

    treatment_seconds: int
    provider_turnover_seconds: int
    room_turnover_seconds: int
    device_turnover_seconds: int
    needs: Collection[Kinds] = ()

    @property
    def provider_seconds(self) -> int:
        return self.treatment_seconds + self.provider_turnover_seconds

    @property
    def room_seconds(self) -> int:
        return self.treatment_seconds + self.room_turnover_seconds

    @property
    def device_seconds(self) -> int:
        return self.treatment_seconds + self.device_turnover_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """Who and what is there at one location, by resource id.

    `working` is each provider's hours within opening hours and without closures; `busy` has the
    turnovers in it. Both come in any order, overlapping or not, and cover every visit that could
    begin in the window asked for, up to its end.
    """

    working: Mapping[int, Collection[Span]]
    rooms: Collection[int]
    devices: Mapping[int, str]  # id to kind
    busy: Mapping[int, Collection[Span]] = field(default_factory=dict)


class Kept(NamedTuple):
    """One resource kept for a visit over [start, end), turnover included."""

    resource: int
    start: int
    end: int


def merged_needs(needs: Iterable[Kinds]) -> list[Kinds]:
    """Return what to take so that every need is met and never two devices of one kind are.

    The result shares no kind between its members, and one kind out of each meets all of `needs`:
    a console that is needed anyway serves the add-on that would also run on a handheld. It does
    not depend on the order of `needs`.

    A need that contains another is simply met by it, which costs no choice. Needs that overlap in
    part ({handheld, console} and {console, led}) become what they share, {console}: a visit takes
    as few devices as it can, and is refused where there is no console although a handheld and an
    LED panel together would have done.
    """
    left = set(needs)
    while True:
        left = {need for need in left if not any(other < need for other in left)}
        ordered = sorted(left, key=lambda need: (len(need), sorted(need)))
        overlap = next(
            ((a, b) for i, a in enumerate(ordered) for b in ordered[i + 1 :] if a & b),
            None,
        )
        if overlap is None:
            return ordered
        left = left.difference(overlap) | {overlap[0] & overlap[1]}


def free_starts(
    diary: Diary,
    demand: Demand,
    *,
    window: Span,
    zone: ZoneInfo,
    step: int = GRID_SECONDS,
) -> dict[int, list[int]]:
    """Return for each provider of `diary` the seconds at which such a visit can start, in order.

    They lie in `window` and on the grid of `zone`'s wall clock. Treatment and the provider's
    turnover fit into working hours; one room, and one device for each of the merged needs, is
    free from the start to the end of its own turnover, which may run past closing.
    """
    possible = _any_of(diary, diary.rooms, demand.room_seconds, window)
    for need in merged_needs(demand.needs):
        devices = [device for device, kind in diary.devices.items() if kind in need]
        possible = intersect(possible, _any_of(diary, devices, demand.device_seconds, window))
    length = demand.provider_seconds
    starts = {}
    for provider, working in diary.working.items():
        within_hours = [(a, b - length + 1) for a, b in merged(working) if b - a >= length]
        fitting = subtract(within_hours, _blocked_starts(diary, provider, length))
        starts[provider] = grid_points(intersect(fitting, possible), zone, step)
    return starts


def choose_resources(
    diary: Diary,
    demand: Demand,
    *,
    provider: int,
    start: int,
    zone: ZoneInfo,
    step: int = GRID_SECONDS,
    spend_first: Sequence[str] = (),
) -> list[Kept] | None:
    """Return what a visit with `provider` at `start` keeps: provider, room, then its devices.

    None when `free_starts` does not list that start. The lowest free id is taken. Where several
    kinds would do, those of `spend_first` go first and in its order: a handheld before a console,
    so that consoles stay free for the treatments that need one.
    """
    alone = replace(diary, working={provider: diary.working.get(provider, ())})
    window = (start, start + 1)
    if not free_starts(alone, demand, window=window, zone=zone, step=step)[provider]:
        return None

    def is_free(resource: int, seconds: int) -> bool:
        end = start + seconds
        return not any(a < end and start < b for a, b in diary.busy.get(resource, ()))

    def reluctance(device: int) -> tuple[int, int]:
        kind = diary.devices[device]
        rank = spend_first.index(kind) if kind in spend_first else len(spend_first)
        return rank, device

    room = min(room for room in diary.rooms if is_free(room, demand.room_seconds))
    kept = [
        Kept(provider, start, start + demand.provider_seconds),
        Kept(room, start, start + demand.room_seconds),
    ]
    for need in merged_needs(demand.needs):
        free = (
            device
            for device, kind in diary.devices.items()
            if kind in need and is_free(device, demand.device_seconds)
        )
        kept.append(Kept(min(free, key=reluctance), start, start + demand.device_seconds))
    return kept


def quiet_starts(
    starts: Sequence[int],
    gaps: Iterable[Span],
    demand: Demand,
    *,
    shortest_seconds: int,
    zone: ZoneInfo,
    step: int = GRID_SECONDS,
) -> list[int]:
    """Return those of one provider's `starts` that leave no dead time in the diary.

    `gaps` are the working hours that can still be booked, less what is busy. What remains of a gap
    before and after the visit is either of no use anyway (no start on the grid in it) or, counted
    from its first such start, lasts at least `shortest_seconds`: the shortest visit, turnover
    included.
    """
    quiet = []
    for gap_start, gap_end in gaps:
        points = grid_points([(gap_start, gap_end)], zone, step)
        for start in starts_within(starts, (gap_start, gap_end)):
            before = start - points[0]
            next_point = bisect_left(points, start + demand.provider_seconds)
            after = gap_end - points[next_point] if next_point < len(points) else 0
            if all(rest == 0 or rest >= shortest_seconds for rest in (before, after)):
                quiet.append(start)
    return quiet


def starts_within(starts: Sequence[int], span: Span) -> Sequence[int]:
    """Return the part of `starts`, which are in order, that lies in `span`: a day's, say."""
    return starts[bisect_left(starts, span[0]) : bisect_left(starts, span[1])]


def _any_of(diary: Diary, resources: Iterable[int], length: int, window: Span) -> list[Span]:
    """Return the start points in `window` at which one of `resources` is free for `length`."""
    return merged(
        span
        for resource in resources
        for span in subtract([window], _blocked_starts(diary, resource, length))
    )


def _blocked_starts(diary: Diary, resource: int, length: int) -> list[Span]:
    """Return the start points from which `length` seconds would run into something busy."""
    return merged((a - length + 1, b) for a, b in diary.busy.get(resource, ()))
