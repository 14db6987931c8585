"""What could become of visits that a change runs into: the nearest free times, without a promise.

The same arithmetic as `free_slots`, over one reading of each place's diary for all the visits of
a page. Choosing one of the times asks `free_slots` itself.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import ClassVar

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.models import (
    IN_DIARY,
    UPCOMING,
    Allocation,
    Booking,
    Provider,
    ScheduleChange,
    TouchedVisit,
)
from booking.models.resources import initials_of
from booking.scheduling.slots import Diary, Kept, choose_resources, free_starts
from booking.scheduling.spans import Span
from booking.scheduling.wallclock import day_span
from booking.selectors.diary import diary_of
from booking.wishes import Wish
from clinic.places.models import Location
from clinic.places.policies import Policy, policy_for
from treatments.models import DeviceKind

DAYS_BEFORE, DAYS_AFTER = 3, 14  # of a visit in which times are looked for
OF_EACH = 3  # offers that keep the hour, that keep the day, and on other days
MINUTE, DAY = 60, timedelta(days=1)
MOVE = re.compile(r"(20[0-9]{6}T[0-9]{4}Z)-([0-9]{1,9})")


@dataclass(frozen=True)
class Choice:
    """What is picked for a visit: to keep, cancel or move it, or to call its client first.

    As text "keep", "cancel", "call", or "20300304T1400Z-12": when, in UTC, and with whom.
    """

    what: str
    starts_at: datetime | None = None
    provider: int = 0

    KEEP: ClassVar[str] = "keep"
    CANCEL: ClassVar[str] = "cancel"
    CALL: ClassVar[str] = "call"
    MOVE: ClassVar[str] = "move"
    WRITTEN: ClassVar[str] = "%Y%m%dT%H%MZ"

    def __str__(self) -> str:
        if self.starts_at is None:
            return self.what
        return f"{self.starts_at.astimezone(UTC).strftime(self.WRITTEN)}-{self.provider}"

    @classmethod
    def read(cls, text: str) -> Choice | None:
        """Return the choice that `text` writes, or None."""
        if text in {cls.KEEP, cls.CANCEL, cls.CALL}:
            return cls(text)
        found = MOVE.fullmatch(text)
        if found is None:
            return None
        try:
            starts_at = datetime.strptime(found[1], cls.WRITTEN).replace(tzinfo=UTC)
        except ValueError:  # the 31st of a month that has 30
            return None
        return cls(cls.MOVE, starts_at, int(found[2]))


@dataclass(frozen=True)
class Offer:
    """A time a visit could be moved to. `nearness` is "same" hour, same "day", or "other" day."""

    starts_at: datetime
    provider: Provider
    nearness: str
    why: str

    @property
    def choice(self) -> Choice:
        """The choice of this time."""
        return Choice(Choice.MOVE, self.starts_at, self.provider.pk)


@dataclass
class Row:
    """A touched visit on the page: what could become of it, and what is picked."""

    touched: TouchedVisit
    offers: list[Offer] = field(default_factory=list)
    choice: Choice = field(default_factory=lambda: Choice(Choice.CALL))
    error: str = ""

    @property
    def visit(self) -> Booking:
        """The visit."""
        return self.touched.booking

    @property
    def initials(self) -> str:
        """Of the client, for the round picture."""
        return initials_of(str(self.visit.client))

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.touched.decision == TouchedVisit.Decision.OPEN

    @property
    def has_changed(self) -> bool:
        """Whether its client, or somebody elsewhere, has moved or ended it since it was listed."""
        return self.visit.status not in UPCOMING or (
            self.visit.schedule_version != self.touched.schedule_version
        )

    @property
    def offer(self) -> Offer | None:
        """The offer that is picked."""
        return next((offer for offer in self.offers if offer.choice == self.choice), None)

    @property
    def nearness(self) -> str:
        """How near the choice is, as the page colors it."""
        if self.choice.what == Choice.MOVE:
            return self.offer.nearness if self.offer else "other"
        return self.choice.what

    @property
    def tells(self) -> bool:
        """Whether doing so writes to the client."""
        is_moved = self.offer is not None and not self.stays
        return self.choice.what == Choice.CANCEL or is_moved

    @property
    def stays(self) -> bool:
        """Whether only a room or device is another one."""
        picked = self.offer
        return picked is not None and (
            (picked.starts_at, picked.provider.pk) == (self.visit.starts_at, self.visit.provider_id)
        )


def touched_visits(change: ScheduleChange) -> QuerySet[TouchedVisit]:
    """Return the visits of `change` with what a page says of them, in order of time. 3 queries."""
    bookings = Booking.objects.with_facts()
    return (
        TouchedVisit.objects.filter(change=change)
        .select_related("decided_by", "chosen_by")
        .prefetch_related(Prefetch("booking", bookings))
        .order_by("booking__starts_at", "pk")
    )


def replanned(
    touched: Sequence[TouchedVisit], *, change: ScheduleChange, now: datetime
) -> list[Row]:
    """Return a row for each of `touched`, with offers where it is open.

    The visits come in order of time, and none is offered what is picked for another of them.
    14 queries for visits of one place, 7 more for each further one, however many there are.
    """
    rows = [Row(each) for each in touched]
    is_retired = change.kind == ScheduleChange.Kind.RETIRING
    todo = [row for row in rows if row.is_open and not row.has_changed]
    if todo and not is_retired:
        givers = _Givers.read()
        own = _allocations([row.visit for row in todo])
        elsewhere = _visits_of_clients([row.visit for row in todo])
        by_place: dict[Location, list[Row]] = defaultdict(list)
        for row in todo:
            by_place[row.visit.location].append(row)
        for location, there in by_place.items():
            plan = _Plan.of(location, there, givers, own, elsewhere, now=now)
            picked = [row for row in there if row.touched.choice]
            free = [row for row in there if not row.touched.choice]
            for row in picked:
                plan.fill(row)
            for row in free:
                plan.keep_hour(row)
            for row in free:
                plan.fill(row)
    if is_retired:
        for row in todo:
            row.choice = Choice.read(row.touched.choice) or Choice(Choice.KEEP)
    return rows


@dataclass(frozen=True)
class _Givers:
    """Who is at work, and what each of them gives."""

    people: dict[int, Provider]
    treatments: dict[int, set[int]]
    add_ons: dict[int, set[int]]

    @classmethod
    def read(cls) -> _Givers:
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
class _Plan:
    """One place's diary, in which what is picked for one visit is taken for the others.

    `own` is what each visit keeps now, `elsewhere` when each client has visits, `taken` what each
    visit would keep instead.
    """

    location: Location
    policy: Policy
    diary: Diary
    givers: _Givers
    own: dict[int, list[Kept]]
    elsewhere: dict[int, list[tuple[int, int, int]]]
    now: datetime
    taken: dict[int, list[Kept]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        location: Location,
        rows: Iterable[Row],
        givers: _Givers,
        own: dict[int, list[Kept]],
        elsewhere: dict[int, list[tuple[int, int, int]]],
        *,
        now: datetime,
    ) -> _Plan:
        """Read the diary around the visits of `rows`. 7 queries."""
        days = [_day(row.visit.starts_at, location) for row in rows]
        diary, _busy, _open_days = diary_of(
            location=location,
            providers=list(givers.people),
            first_on=max(_day(now, location), min(days) - DAYS_BEFORE * DAY),
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
        day, zone = _day(visit.starts_at, self.location), self.location.zone
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
        was, day = int(visit.starts_at.timestamp()), _day(visit.starts_at, self.location)
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
        is_day = self._day_of(start) == _day(visit.starts_at, self.location)
        return [self._offer(visit, start, picked.provider, "day" if is_day else "other")]

    def _offer(self, visit: Booking, start: int, person: int, nearness: str) -> Offer:
        starts_at = datetime.fromtimestamp(start, UTC)
        provider = self.givers.people[person]
        return Offer(starts_at, provider, nearness, self._why(visit, starts_at, provider))

    def _why(self, visit: Booking, starts_at: datetime, provider: Provider) -> str:
        day, was = _day(starts_at, self.location), _day(visit.starts_at, self.location)
        if starts_at == visit.starts_at:
            if provider.pk == visit.provider_id:
                return _("Another room or device is free")
            return _("%(name)s is trained and free") % {"name": provider.first_name}
        if day == was:
            return _how_far(int((starts_at - visit.starts_at).total_seconds()) // MINUTE)
        days = (day - was).days
        if days > 0:
            words = ngettext("%(count)d day later", "%(count)d days later", days)
        else:
            words = ngettext("%(count)d day earlier", "%(count)d days earlier", -days)
        return words % {"count": abs(days)}

    def _rank(self, person: int) -> tuple[int, int]:
        return self.givers.people[person].position, person

    def _day_of(self, start: int) -> date:
        return datetime.fromtimestamp(start, self.location.zone).date()


def _how_far(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    length = " ".join(
        part
        for part in (
            hours and ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours},
            rest and ngettext("%(n)d minute", "%(n)d minutes", rest) % {"n": rest},
        )
        if part
    )
    words = _("%(length)s later") if minutes > 0 else _("%(length)s earlier")
    return words % {"length": length}


def _allocations(visits: Sequence[Booking]) -> dict[int, list[Kept]]:
    """What each of `visits` keeps. One query."""
    own: dict[int, list[Kept]] = defaultdict(list)
    rows = Allocation.objects.filter(booking__in=visits).order_by()
    for booking, resource, start, end in rows.values_list(
        "booking", "resource", "starts_at", "ends_at"
    ):
        own[booking].append(Kept(resource, int(start.timestamp()), int(end.timestamp())))
    return own


def _visits_of_clients(visits: Sequence[Booking]) -> dict[int, list[tuple[int, int, int]]]:
    """When the clients of `visits` have visits, by client: booking, start, end. One query."""
    found: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    theirs = Booking.objects.filter(
        client__in={visit.client_id for visit in visits},
        status__in=IN_DIARY,
        ends_at__gt=min(visit.starts_at for visit in visits) - (DAYS_BEFORE + 1) * DAY,
    )
    for client, booking, start, end in theirs.order_by().values_list(
        "client", "pk", "starts_at", "ends_at"
    ):
        found[client].append((booking, int(start.timestamp()), int(end.timestamp())))
    return found


def _day(moment: datetime, location: Location) -> date:
    return moment.astimezone(location.zone).date()
