"""One place's diary, in which many visits look for a time at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from booking.models import Booking, Provider
from booking.scheduling.slots import Diary, Kept, choose_resources, free_starts
from booking.scheduling.spans import Span
from booking.scheduling.wallclock import day_span
from booking.selectors.diary import diary_of
from booking.selectors.replanning.choices import Choice, Offer, Row
from booking.selectors.replanning.words import day_at, why
from booking.wishes import Wish
from clinic.places.models import Location
from clinic.places.policies import Policy, policy_for
from treatments.models import DeviceKind

DAYS_BEFORE, DAYS_AFTER = 3, 14  # of a visit in which times are looked for
OF_EACH = 3  # offers that keep the hour, that keep the day, and on other days
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Givers:
    """Who is at work, and what each of them gives."""

    people: dict[int, Provider]
    treatments: dict[int, set[int]]
    add_ons: dict[int, set[int]]

    @classmethod
    def read(cls) -> Givers:
        """Read them. 3 queries."""
        people = Provider.objects.filter(is_active=True)
        treatments, add_ons = defaultdict(set), defaultdict(set)
        for provider, treatment in Provider.treatments.through.objects.values_list(
            "provider_id", "treatment_id"
        ):
            treatments[provider].add(treatment)
        for provider, add_on in Provider.add_ons.through.objects.values_list(
            "provider_id", "addon_id"
        ):
            add_ons[provider].add(add_on)
        return cls({person.pk: person for person in people}, treatments, add_ons)

    def of(self, wish: Wish) -> list[int]:
        """Return who gives what `wish` asks for."""
        extras = {add_on.pk for add_on in wish.add_ons}
        return [
            person
            for person in self.people
            if wish.option.treatment_id in self.treatments[person]
            and extras <= self.add_ons[person]
        ]


@dataclass
class Plan:
    """One place's diary, in which what is picked for one visit is taken for the others.

    `own` is what each visit keeps now, `elsewhere` when each client has visits, `taken` what each
    visit would keep instead.
    """

    location: Location
    policy: Policy
    diary: Diary
    givers: Givers
    own: dict[int, list[Kept]]
    elsewhere: dict[int, list[tuple[int, int, int]]]
    now: datetime
    taken: dict[int, list[Kept]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        location: Location,
        rows: Iterable[Row],
        givers: Givers,
        own: dict[int, list[Kept]],
        elsewhere: dict[int, list[tuple[int, int, int]]],
        *,
        now: datetime,
    ) -> Plan:
        """Read the diary around the visits of `rows`. 7 queries."""
        days = [day_at(row.visit.starts_at, location) for row in rows]
        diary, _busy, _open_days = diary_of(
            location=location,
            providers=list(givers.people),
            first_on=max(day_at(now, location), min(days) - DAYS_BEFORE * DAY),
            last_on=max(days) + DAYS_AFTER * DAY,
            now=now,
        )
        policy = policy_for(location, now=now)
        return cls(location, policy, diary, givers, own, elsewhere, now)

    def keep_hour(self, row: Row) -> None:
        """Take the hour of the visit with somebody else, or in another room, where it is free.

        Before any visit is offered another hour, in which it might be in the way of one of these.
        """
        start = int(row.visit.starts_at.timestamp())
        free = self._free(row.visit, (start, start + 1))
        for offer in self._at_its_hour(row.visit, free):
            self._take(row.visit, offer.choice)
            return

    def fill(self, row: Row) -> None:
        """Give `row` its offers and a choice, and take what is picked."""
        visit = row.visit
        free = self._free(visit, self._window(visit))
        row.offers = list(self._offers(visit, free))
        picked = Choice.read(row.touched.choice)
        if picked is not None and picked not in {offer.choice for offer in row.offers}:
            row.offers += self._as_picked(visit, picked, free)
        row.choice = row.offers[0].choice if row.offers else row.choice
        is_there = picked and picked in {offer.choice for offer in row.offers}
        if picked and (is_there or picked.what != Choice.MOVE):
            row.choice = picked
        self._take(visit, row.choice)

    def _take(self, visit: Booking, choice: Choice) -> None:
        """Let the others do without what `choice` keeps for `visit`."""
        self.taken.pop(visit.pk, None)
        if choice.starts_at is None:
            return
        wish = Wish.of(visit)
        self.taken[visit.pk] = (
            choose_resources(
                self._diary_for(visit, wish, self._window(visit)),
                wish.demand(self.policy),
                provider=choice.provider,
                start=int(choice.starts_at.timestamp()),
                zone=self.location.zone,
                spend_first=[DeviceKind.HANDHELD],
            )
            or []
        )

    def _window(self, visit: Booking) -> Span:
        """Where times are looked for: around the visit, and never before now."""
        day, zone = day_at(visit.starts_at, self.location), self.location.zone
        first = day_span(day - DAYS_BEFORE * DAY, zone)[0]
        return max(first, int(self.now.timestamp()) + 1), day_span(day + DAYS_AFTER * DAY, zone)[1]

    def _free(self, visit: Booking, window: Span) -> dict[int, list[int]]:
        """When each of those who give it could give `visit` in `window`, its client being free."""
        wish = Wish.of(visit)
        demand = wish.demand(self.policy)
        diary = self._diary_for(visit, wish, window)
        length = demand.treatment_seconds
        away = [
            (start, end)
            for booking, start, end in self.elsewhere.get(visit.client_id or 0, ())
            if booking != visit.pk
        ]
        starts = free_starts(diary, demand, window=window, zone=self.location.zone)
        return {
            person: [s for s in found if not any(a < s + length and s < b for a, b in away)]
            for person, found in starts.items()
        }

    def _diary_for(self, visit: Booking, wish: Wish, window: Span) -> Diary:
        """The diary of who gives it, without what the visit keeps, with what others would take."""
        first, last = window[0] - int(DAY.total_seconds()), window[1] + int(DAY.total_seconds())
        busy = {
            resource: [span for span in spans if span[1] > first and span[0] < last]
            for resource, spans in self.diary.busy.items()
        }
        for resource, start, end in self.own[visit.pk]:
            if (start, end) in busy.get(resource, ()):
                busy[resource].remove((start, end))  # once: time off may last as long
        for other, kept in self.taken.items():
            for resource, start, end in kept if other != visit.pk else ():
                busy[resource] = [*busy.get(resource, ()), (start, end)]
        working = {
            person: [
                span for span in self.diary.working[person] if span[1] > first and span[0] < last
            ]
            for person in self.givers.of(wish)
        }
        return replace(self.diary, working=working, busy=busy)

    def _offers(self, visit: Booking, free: dict[int, list[int]]) -> Iterable[Offer]:
        """Offers for `visit`, the best first: its hour, its day, then other days.

        On another day only with the notice that a known client would have to give.
        """
        was, day = int(visit.starts_at.timestamp()), day_at(visit.starts_at, self.location)
        noticed = int((self.now + self.policy.notice(is_known=True)).timestamp())
        mine = visit.provider_id
        by_start: dict[int, list[int]] = defaultdict(list)
        for person, found in free.items():
            for start in found:
                by_start[start].append(person)

        def first(start: int) -> int:
            return min(by_start[start], key=lambda person: (person != mine, self._rank(person)))

        yield from islice(self._at_its_hour(visit, free), OF_EACH)
        for nearness in ("day", "other"):
            times = [
                start
                for start in by_start
                if start != was
                and (self._day_of(start) == day) == (nearness == "day")
                and (nearness == "day" or start >= noticed)
            ]
            times.sort(key=lambda start: abs(start - was))
            if nearness == "other":
                times = list({self._day_of(start): start for start in reversed(times)}.values())
                times.reverse()  # the nearest of each day, the nearest day first
            for start in times[:OF_EACH]:
                yield self._offer(visit, start, first(start), nearness)

    def _at_its_hour(self, visit: Booking, free: dict[int, list[int]]) -> Iterable[Offer]:
        """The hour of the visit: in another room with who gives it, or with somebody else."""
        start = int(visit.starts_at.timestamp())
        people = [person for person, found in free.items() if start in found]
        for person in sorted(people, key=lambda p: (p != visit.provider_id, self._rank(p))):
            yield self._offer(visit, start, person, "same")

    def _as_picked(self, visit: Booking, picked: Choice, free: dict[int, list[int]]) -> list[Offer]:
        """What somebody picked earlier, where it is still free but no longer among the nearest."""
        if picked.starts_at is None:
            return []
        start = int(picked.starts_at.timestamp())
        if start not in free.get(picked.provider, ()):
            return []
        is_day = self._day_of(start) == day_at(visit.starts_at, self.location)
        return [self._offer(visit, start, picked.provider, "day" if is_day else "other")]

    def _offer(self, visit: Booking, start: int, person: int, nearness: str) -> Offer:
        starts_at = datetime.fromtimestamp(start, UTC)
        provider = self.givers.people[person]
        return Offer(starts_at, provider, nearness, why(visit, starts_at, provider))

    def _rank(self, person: int) -> tuple[int, int]:
        return self.givers.people[person].position, person

    def _day_of(self, start: int) -> date:
        return datetime.fromtimestamp(start, self.location.zone).date()
