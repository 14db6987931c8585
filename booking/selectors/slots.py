"""`free_slots`: the one function that says what is free (architecture, idea 2)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet

from booking.models import Booking, Provider
from booking.models.schedule import ExtraOpening, WorkingHours
from booking.scheduling.slots import (
    Demand,
    Diary,
    Kept,
    choose_resources,
    free_starts,
    quiet_starts,
    starts_within,
)
from booking.scheduling.spans import Span, intersect, merged, subtract
from booking.scheduling.wallclock import day_span, grid_points
from booking.selectors.diary import Busy, days_between, diary_of
from booking.wishes import Wish
from clinic.places.models import Location
from clinic.places.policies import Policy, policy_for
from treatments.models import DeviceKind
from treatments.selectors import PriceBook, VisitPrice

SHORTEST_VISIT_SECONDS = 25 * 60  # 15 minutes of treatment and 10 of buffer (handbook, section 7)


class DayState(StrEnum):
    """Why a day has the times it has."""

    FREE = "free"
    FULL = "full"
    CLOSED = "closed"
    AWAY = "away"
    TOO_SOON = "too_soon"


@dataclass(frozen=True)
class Slot:
    """A start time on offer; worked out when asked, never a row."""

    starts_at: datetime
    ends_at: datetime
    provider: Provider
    price: VisitPrice

    @property
    def key(self) -> str:
        """The start and the price shown, as a form sends them back."""
        return f"{self.starts_at:%Y%m%dT%H%MZ}-{self.price.total:.2f}"


@dataclass(frozen=True)
class FreeSlots:
    """The free times of a range of days: starts in seconds, made into slots where asked.

    `hours` is when each provider works, `doors` when the place is open, None on a day of closure:
    also where staff book without regard to either.
    """

    wish: Wish
    policy: Policy
    demand: Demand
    diary: Diary
    busy: Busy
    providers: dict[int, Provider]
    starts: dict[int, list[int]]
    days: list[date]
    hours: dict[int, list[Span]]
    doors: dict[date, list[Span] | None]
    earliest: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The location's zone."""
        return self.wish.location.zone

    @cached_property
    def all_starts(self) -> list[int]:
        """Every second at which somebody is free, in order."""
        return sorted({start for starts in self.starts.values() for start in starts})

    def priced(self, prices: PriceBook) -> FreeSlots:
        """Return the times that can be offered: without those of people who have no price then."""
        starts = {
            pk: [
                start
                for day in self.days
                if prices.has_price(price_list_id=self.providers[pk].price_list_id, visit_on=day)
                for start in starts_within(free, day_span(day, self.zone))
            ]
            for pk, free in self.starts.items()
        }
        return replace(self, starts=starts)

    def at_any_hour(self) -> FreeSlots:
        """Return when it can be done if hours, breaks and doors count for nothing, as for staff.

        What is busy stays so: visits, holds, time off, and what calendars kept elsewhere say.
        """
        window = (
            max(day_span(self.days[0], self.zone)[0], -int(-self.earliest.timestamp() // 1)),
            day_span(self.days[-1], self.zone)[1],
        )
        longest = (window[0], window[1] + self.demand.provider_seconds)
        diary = replace(self.diary, working={pk: [longest] for pk in self.providers})
        starts = {pk: list[int]() for pk in self.providers}
        if window[0] < window[1]:
            starts = free_starts(diary, self.demand, window=window, zone=self.zone)
        return replace(self, diary=diary, starts=starts)

    def starts_on(self, day: date) -> list[int]:
        """The starts on the local date `day`."""
        return list(starts_within(self.all_starts, day_span(day, self.zone)))

    def counts(self) -> dict[date, int]:
        """How many start times each day has."""
        return {day: len(self.starts_on(day)) for day in self.days}

    def state_of(self, day: date) -> DayState:
        """Why `day` has times or has none."""
        if self.starts_on(day):
            return DayState.FREE
        span = day_span(day, self.zone)
        is_worked = any(
            start < span[1] and span[0] < end
            for spans in self.hours.values()
            for start, end in spans
        )
        if not is_worked and not self.doors[day]:
            return DayState.CLOSED
        if span[1] <= self.earliest.timestamp():
            return DayState.TOO_SOON
        return DayState.FULL if is_worked else DayState.AWAY

    def providers_at(self, start: int) -> list[Provider]:
        """Who is free at `start`, fairest first: least booked that day, then the clinic's order."""
        day = datetime.fromtimestamp(start, self.zone).date()
        free = [pk for pk, starts in self.starts.items() if _contains(starts, start)]
        free.sort(key=lambda pk: (self.busy.visits[pk, day], self.providers[pk].position, pk))
        return [self.providers[pk] for pk in free]

    def slot(self, start: int, prices: PriceBook) -> Slot:
        """Return the slot at `start` with the fairest of those who are free."""
        return self.slot_with(self.providers_at(start)[0], start, prices)

    def slot_with(self, provider: Provider, start: int, prices: PriceBook) -> Slot:
        """Return the slot at `start` with `provider`, who is free then. Raises NoPrice."""
        starts_at = datetime.fromtimestamp(start, UTC)
        day = datetime.fromtimestamp(start, self.zone).date()
        return Slot(
            starts_at=starts_at,
            ends_at=starts_at + timedelta(seconds=self.demand.treatment_seconds),
            provider=provider,
            price=prices.visit(price_list_id=provider.price_list_id, visit_on=day),
        )

    def slots(self, starts: Iterable[int], prices: PriceBook) -> list[Slot]:
        """Return the slots at `starts`, in their order."""
        return [self.slot(start, prices) for start in starts]

    def first(self) -> int | None:
        """The first free start of the range."""
        return self.all_starts[0] if self.all_starts else None

    def nearest(self, to: datetime, *, count: int = 3) -> list[int]:
        """Return the `count` free starts closest to the instant `to`, in order of time."""
        target = to.timestamp()
        return sorted(sorted(self.all_starts, key=lambda start: abs(start - target))[:count])

    def best_on(self, day: date, *, count: int = 3) -> list[int]:
        """Return up to `count` starts of `day` that leave no dead gap in anybody's diary."""
        span = day_span(day, self.zone)
        bookable = [(max(span[0], int(self.earliest.timestamp())), span[1])]
        quiet: set[int] = set()
        for provider, starts in self.starts.items():
            working = intersect(merged(self.diary.working[provider]), bookable)
            gaps = subtract(working, merged(self.diary.busy.get(provider, ())))
            quiet.update(
                quiet_starts(
                    starts_within(starts, span),
                    gaps,
                    self.demand,
                    shortest_seconds=SHORTEST_VISIT_SECONDS,
                    zone=self.zone,
                )
            )
        return sorted(quiet)[:count]

    def resources_for(self, start: int, provider: Provider) -> list[Kept] | None:
        """Return what a visit at `start` with `provider` keeps, or None if it is not free."""
        if provider.pk not in self.starts or not _contains(self.starts[provider.pk], start):
            return None  # not within notice and horizon, which the diary does not know
        return choose_resources(
            self.diary,
            self.demand,
            provider=provider.pk,
            start=start,
            zone=self.zone,
            spend_first=[DeviceKind.HANDHELD],
        )


def free_slots(
    *,
    wish: Wish,
    first_on: date,
    last_on: date,
    now: datetime,
    ignoring: Booking | None = None,
    asked_at: datetime | None = None,
    is_staff: bool = False,
    is_at_any_hour: bool = False,
) -> FreeSlots:
    """Return when `wish` can be fulfilled on the local dates `first_on` to `last_on`. 8 queries.

    Whatever the number of days, providers or bookings. `ignoring` leaves out what that booking
    itself keeps, as when it is moved or confirmed. Notice counts from `asked_at` (now, unless the
    time was chosen earlier and held); staff are bound by neither notice nor horizon, and
    `is_at_any_hour` not by hours, breaks and doors either.
    """
    location, zone = wish.location, wish.location.zone
    policy = policy_for(location, now=now)
    providers = {provider.pk: provider for provider in _able(wish)}  # no hours here, no times here
    diary, busy, doors = diary_of(
        location=location,
        providers=providers,
        first_on=first_on,
        last_on=last_on,
        now=now,
        ignoring=ignoring,
    )
    earliest = (asked_at or now).astimezone(UTC)  # where hours added are hours elapsed
    days_end = day_span(last_on, zone)[1]
    if not is_staff:
        earliest += policy.notice(is_known=wish.is_known)
        days_end = min(days_end, day_span(last_day(policy, location, asked_at or now), zone)[1])
    first_second = max(day_span(first_on, zone)[0], -int(-earliest.timestamp() // 1))
    demand = wish.demand(policy)
    starts = {pk: list[int]() for pk in providers}
    if first_second < days_end:
        starts = free_starts(diary, demand, window=(first_second, days_end), zone=zone)
    free = FreeSlots(
        wish=wish,
        policy=policy,
        demand=demand,
        diary=diary,
        busy=busy,
        providers=providers,
        starts=starts,
        days=days_between(first_on, last_on),
        hours={pk: list(spans) for pk, spans in diary.working.items()},
        doors=doors,
        earliest=earliest,
    )
    return free.at_any_hour() if is_at_any_hour else free


def last_day(policy: Policy, location: Location, now: datetime) -> date:
    """Return the last local date the diary of `location` is open for."""
    return now.astimezone(location.zone).date() + policy.horizon


def providers_for(wish: Wish) -> list[Provider]:
    """Return who gives what `wish` asks for, at its location, in the clinic's order. One query."""
    works_here = Exists(
        WorkingHours.objects.filter(provider=OuterRef("pk"), location=wish.location)
    ) | Exists(ExtraOpening.objects.filter(provider=OuterRef("pk"), location=wish.location))
    return list(_able(wish).filter(works_here))


def bookable(free: list[Span], zone: ZoneInfo) -> Iterator[Span]:
    """Yield what of `free` is left from the first time on the grid, if any visit fits in there."""
    for start, end in free:
        points = grid_points([(start, end)], zone)
        if points and end - points[0] >= SHORTEST_VISIT_SECONDS:
            yield points[0], end


def _able(wish: Wish) -> QuerySet[Provider]:
    """Who gives what `wish` asks for, wherever they work."""
    able = Provider.objects.filter(is_active=True, treatments=wish.option.treatment_id)
    for add_on in wish.add_ons:
        able = able.filter(add_ons=add_on)
    if wish.provider is not None:
        able = able.filter(pk=wish.provider.pk)
    return able


def _contains(starts: list[int], start: int) -> bool:
    place = bisect_left(starts, start)
    return place < len(starts) and starts[place] == start
