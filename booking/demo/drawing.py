"""Drawing a diary: who comes when, for what, and what became of it.

What is free is asked of `booking.scheduling`, as for everybody else; chance only chooses among it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from django.db.models import Q

from booking import links
from booking.demo.guests import Book, Guest
from booking.errors import NotOffered
from booking.models import ACTIVE, Booking, Provider, Resource, Status
from booking.scheduling.slots import (
    Demand,
    Diary,
    Kept,
    choose_resources,
    free_starts,
    quiet_starts,
)
from booking.scheduling.spans import Span, intersect, merged, subtract
from booking.scheduling.wallclock import day_span
from booking.selectors.diary import diary_of
from booking.selectors.slots import SHORTEST_VISIT_SECONDS
from booking.services.confirming import CONSENT_WORDING
from booking.services.holds import REFERENCE_LETTERS
from booking.wishes import Wish
from clinic.places.models import Location
from clinic.places.policies import Policy, policy_for
from clinic.web.money import rounded
from treatments.errors import NoPrice
from treatments.models import AddOn, DeviceKind, Option, Price, Visibility
from treatments.selectors import PriceBook, VisitPrice

FULLNESS = (0.40, 0.78, 0.58)  # lowest, highest and likeliest share of a day: 60 % in the end
USUAL_VISIT_SECONDS = 75 * 60  # 45 minutes, a new client's talk and the buffer
TRIES = 5  # for one provider's day before it is left as it is
NOTICE = timedelta(hours=24)
POPULARITY = {"T06": 5, "T02": 4, "T01": 3, "T03": 3, "T04": 3, "T07": 3, "T08": 3, "T09": 3}
LIKELY = 2  # of what is not named there
ADD_ON_SHARES = [0.68, 0.27, 0.05]  # of visits with none, one and two
CANCELLED_IN_TIME, CANCELLED_LATE, MISSED = 0.06, 0.02, 0.03  # shares of all visits
CANCELLED = {Status.CANCELLED_CLIENT, Status.CANCELLED_LATE}


@dataclass(frozen=True)
class Drawn:
    """A visit that is not written yet; `kept` is empty once it was cancelled."""

    booking: Booking
    add_ons: tuple[AddOn, ...]
    price: VisitPrice
    kept: list[Kept]


@dataclass(frozen=True)
class Skills:
    """What a provider gives that can be booked online."""

    options: list[tuple[Option, int]]  # and how likely each is
    add_ons: list[AddOn]


@dataclass(frozen=True)
class Place:
    """One location with all that a draw needs, read once."""

    location: Location
    policy: Policy
    diary: Diary
    providers: dict[int, Provider]
    skills: dict[int, Skills]
    prices: list[Price]
    book: Book
    references: set[str]  # that name a booking; drawing adds to it
    now: datetime

    @classmethod
    def at(
        cls,
        location: Location,
        *,
        days: list[date],
        book: Book,
        references: set[str],
        now: datetime,
    ) -> Place:
        """Read `location` for `days`, which follow each other, and lock its diary. 14 queries."""
        works_here = Provider.objects.filter(working_hours__location=location, is_active=True)
        providers = {
            provider.pk: provider
            for provider in works_here.distinct().prefetch_related(
                "treatments", "add_ons__not_with"
            )
        }
        Resource.objects.lock_candidates(locations=[location], providers=providers)
        diary, _, _ = diary_of(
            location=location, providers=providers, first_on=days[0], last_on=days[-1], now=now
        )
        options = list(Option.objects.bookable())
        skills = {pk: _skills(provider, options) for pk, provider in providers.items()}
        return cls(
            location=location,
            policy=policy_for(location, now=now),
            diary=diary,
            providers=providers,
            skills=skills,
            prices=list(Price.objects.filter(Q(location=None) | Q(location=location))),
            book=book,
            references=references,
            now=now,
        )

    def draw(self, day: date, *, seed: int) -> list[Drawn]:
        """Return the visits of `day`, in the order in which they were drawn."""
        return Day(self, day, Random(f"{seed} {self.location.slug} {day}")).fill()


class Day:
    """One day at one place while it is being filled."""

    def __init__(self, place: Place, on: date, rng: Random) -> None:
        self.place, self.on, self.rng = place, on, rng
        self.window = window = day_span(on, place.location.zone)
        self.diary = replace(
            place.diary,
            working={
                pk: intersect(merged(spans), [window]) for pk, spans in place.diary.working.items()
            },
            busy={
                pk: [span for span in spans if span[0] < window[1] and window[0] < span[1]]
                for pk, spans in place.diary.busy.items()
            },
        )

    def fill(self) -> list[Drawn]:
        """Draw visits until everybody's day is as full as chance wants it."""
        wanted = {
            pk: self.rng.triangular(*FULLNESS) * sum(end - start for start, end in self._gaps(pk))
            for pk in self.diary.working
            if self.place.skills[pk].options
        }
        misses: Counter[int] = Counter()
        drawn: list[Drawn] = []
        while wanted:
            provider = max(wanted, key=wanted.__getitem__)
            if wanted[provider] < SHORTEST_VISIT_SECONDS / 2 or misses[provider] == TRIES:
                del wanted[provider]
            elif visit := self._draw(self.place.providers[provider]):
                drawn.append(visit)
                for resource, start, end in visit.kept:
                    self.diary.busy.setdefault(resource, []).append((start, end))  # type: ignore[attr-defined]
                    wanted[provider] -= end - start if resource == provider else 0
            else:
                misses[provider] += 1
        return drawn

    def _gaps(self, provider: int) -> list[Span]:
        """What is left of a provider's day."""
        return subtract(self.diary.working[provider], merged(self.diary.busy.get(provider, ())))

    def _draw(self, provider: Provider) -> Drawn | None:
        """Draw one visit with `provider`, or None where it comes to nothing."""
        place = self.place
        guest = place.book.guest_on(self.on, self.rng)
        wish = self._wish(provider, guest)
        if guest.is_known and wish.option.treatment.is_consultation:
            return None
        demand = wish.demand(place.policy)
        start = self._start(provider.pk, demand)
        made_at = None if start is None else self._made_at(start, guest)
        if start is None or made_at is None:
            return None
        try:
            price = self._price(wish, provider, made_at)
        except NoPrice:  # somebody offers it, but nobody has priced it yet
            return None
        booking = self._booking(wish, provider, guest, demand, start, made_at, price)
        place.book.note(guest, booking, self.on)
        return Drawn(booking, wish.add_ons, price, self._kept(booking, demand, start))

    def _wish(self, provider: Provider, guest: Guest) -> Wish:
        """What `guest` would like: most often the treatment alone, at times something with it."""
        skills = self.place.skills[provider.pk]
        offers, weights = zip(*skills.options, strict=True)
        option: Option = self.rng.choices(offers, weights)[0]
        wish = Wish(
            option=option, location=self.place.location, provider=provider, is_known=guest.is_known
        )
        count = self.rng.choices(range(len(ADD_ON_SHARES)), ADD_ON_SHARES)[0]
        extras = self.rng.sample(skills.add_ons, min(count, len(skills.add_ons)))
        with_extras = replace(wish, add_ons=tuple(extras))
        try:
            with_extras.check(self.place.policy)
        except NotOffered:
            return wish
        return wish if option.treatment.is_consultation else with_extras

    def _start(self, provider: int, demand: Demand) -> int | None:
        """A free start that leaves whole what is left of the day, as a receptionist would.

        What remains before and after fits a usual visit, or at least the shortest, if it can be.
        """
        zone = self.place.location.zone
        alone = replace(self.diary, working={provider: self.diary.working[provider]})
        starts = free_starts(alone, demand, window=self.window, zone=zone)[provider]
        gaps = self._gaps(provider)
        for shortest in (USUAL_VISIT_SECONDS, SHORTEST_VISIT_SECONDS):
            quiet = quiet_starts(starts, gaps, demand, shortest_seconds=shortest, zone=zone)
            if quiet:
                return self.rng.choice(quiet)
        return self.rng.choice(starts) if starts else None

    def _kept(self, booking: Booking, demand: Demand, start: int) -> list[Kept]:
        """What the visit keeps; nothing once it was canceled."""
        if booking.status not in ACTIVE:
            return []
        kept = choose_resources(
            self.diary,
            demand,
            provider=booking.provider_id,
            start=start,
            zone=self.place.location.zone,
            spend_first=[DeviceKind.HANDHELD],
        )
        return kept or []

    def _made_at(self, start: int, guest: Guest) -> datetime | None:
        """When it was booked: with notice, within the horizon, and not before a first visit."""
        starts_at = datetime.fromtimestamp(start, UTC)
        latest = min(self.place.now, starts_at - NOTICE)
        earliest = starts_at - self.place.policy.horizon
        if guest.first_done_at:
            earliest = max(earliest, guest.first_done_at)
        return self._between(earliest, latest, self.rng.betavariate(2, 1))

    def _price(self, wish: Wish, provider: Provider, made_at: datetime) -> VisitPrice:
        rows = [
            price
            for price in self.place.prices
            if price.published_at <= made_at
            and (price.withdrawn_at is None or price.withdrawn_at > made_at)
        ]
        book = PriceBook(wish.option, wish.add_ons, rows)
        return book.visit(price_list_id=provider.price_list_id, visit_on=self.on)

    def _booking(
        self,
        wish: Wish,
        provider: Provider,
        guest: Guest,
        demand: Demand,
        start: int,
        made_at: datetime,
        price: VisitPrice,
    ) -> Booking:
        policy, rng = self.place.policy, self.rng
        starts_at = datetime.fromtimestamp(start, UTC)
        ends_at = starts_at + timedelta(seconds=demand.treatment_seconds)
        status, since = self._outcome(made_at, starts_at, ends_at)
        nonce, link_hash = links.new_link()
        promise = policy.promise() | {"buffer_minutes": wish.turnover_minutes(policy)}
        percent = {
            Status.CANCELLED_LATE: policy.late_fee_percent,
            Status.NO_SHOW: policy.no_show_percent,
        }.get(status, 0)
        return Booking(
            reference=self._reference(),
            status=status,
            status_changed_at=since,
            client=guest.client,
            request_key=UUID(int=rng.getrandbits(128), version=4),
            location=wish.location,
            provider=provider,
            option=wish.option,
            starts_at=starts_at,
            ends_at=ends_at,
            extra_minutes=wish.talk_minutes(policy),
            created_at=made_at,
            priced_at=made_at,
            price=price.total,
            promise=promise,
            fee_owed=rounded(price.lines[0].amount * percent / 100),
            schedule_version=int(status in CANCELLED),
            link_nonce=nonce,
            link_hash=link_hash,
            time_zone=guest.client.time_zone,
            safety_confirmed_at=made_at,
            safety_wording=CONSENT_WORDING,
            is_demo=True,
        )

    def _reference(self) -> str:
        """A code that names no booking yet."""
        while True:
            letters = "".join(self.rng.choices(REFERENCE_LETTERS, k=6))
            reference = f"{letters[:3]}-{letters[3:]}"
            if reference not in self.place.references:
                self.place.references.add(reference)
                return reference

    def _outcome(
        self, made_at: datetime, starts_at: datetime, ends_at: datetime
    ) -> tuple[Status, datetime]:
        """What became of a visit by now, and when: most take place."""
        chance, now = self.rng.random(), self.place.now
        free_until = starts_at - timedelta(hours=self.place.policy.free_until_hours)
        part = self.rng.random()
        if chance < CANCELLED_IN_TIME:
            at = self._between(made_at, min(free_until, now), part)
            return Status.CANCELLED_CLIENT, at or made_at
        if chance < CANCELLED_IN_TIME + CANCELLED_LATE:
            late = self._between(max(free_until, made_at), min(starts_at, now), part)
            if late:
                return Status.CANCELLED_LATE, late
        if ends_at > now:
            return Status.CONFIRMED, made_at
        if chance > 1 - MISSED:
            return Status.NO_SHOW, ends_at
        return Status.COMPLETED, ends_at

    def _between(self, first: datetime, last: datetime, part: float) -> datetime | None:
        """The whole second at that part of the way, or None if there is no way."""
        if last < first:
            return None
        return first + timedelta(seconds=int((last - first).total_seconds() * part))


def _skills(provider: Provider, options: list[Option]) -> Skills:
    given = {treatment.pk for treatment in provider.treatments.all()}
    return Skills(
        options=[
            (option, POPULARITY.get(option.treatment.code, LIKELY))
            for option in options
            if option.treatment_id in given
        ],
        add_ons=[
            add_on for add_on in provider.add_ons.all() if add_on.visibility == Visibility.PUBLIC
        ],
    )
