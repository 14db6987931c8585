"""One day at one place as the workspace shows it: who comes, what is between, what is next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _

from booking.models import (
    ACTIVE,
    UPCOMING,
    Alert,
    Allocation,
    Booking,
    ExtraOpening,
    Kind,
    OutsideBusy,
    Reading,
    Resource,
    Status,
    TimeOff,
    WorkingHours,
)
from booking.models.resources import LONGEST_ALLOCATION
from booking.scheduling.spans import Span, intersect, merged, subtract
from booking.scheduling.wallclock import day_span
from booking.selectors.arrivals import Lateness, minutes_late, minutes_left
from booking.selectors.diary import applies, open_spans, working_spans
from booking.selectors.proof import is_acknowledged
from booking.terms import late_fee
from clinic.places.models import Location
from clinic.places.policies import Policy
from clinic.web.money import money
from clinic.web.templatetags.lumen import clock_time
from treatments.models import InstructionKind, InstructionVersion

OVER = frozenset(
    {
        Status.CANCELLED_CLIENT,
        Status.CANCELLED_LATE,
        Status.CANCELLED_CLINIC,
        Status.DECLINED_AT_VISIT,
    }
)
NEXT_STEPS = {"check-in", "late", "start", "complete"}
PREPARATION = {"cleanse", "lower", "change", "unprepared"}  # choices of "decline"
SHORTEST_FREE = 15 * 60  # seconds; what is shorter nobody could book


@dataclass(frozen=True)
class Schedule:
    """Whose day it is: everyone's at a place, or one provider's, room's or device's.

    `day` is the local date, `is_on` whether a provider works or is expected there that day.
    """

    location: Location
    day: date
    resource: Resource | None = None
    is_on: bool = True

    @property
    def key(self) -> str:
        """How addresses and forms name it: "alder-street", or "alder-street.7"."""
        slug = self.location.slug
        return f"{slug}.{self.resource.pk}" if self.resource else slug

    def of(self, other: Resource) -> bool:
        """Whether it is the schedule of `other`, whichever kind of row that is."""
        return self.resource is not None and self.resource.pk == other.pk

    @property
    def is_of_provider(self) -> bool:
        return self.resource is not None and self.resource.kind == Kind.PROVIDER


class Shelf(NamedTuple):
    """The schedules of one place, in the order of a menu."""

    location: Location
    schedules: list[Schedule]


class Press(NamedTuple):
    """Something that can be done to a visit now; `choice` says which way, where there are some."""

    verb: str
    choice: str = ""
    amount: Decimal = Decimal(0)  # what it makes the client owe
    minutes: int = 0  # what is left of the visit


class Chip(NamedTuple):
    """A fact about a visit as `components/status.html` draws it."""

    icon: str
    word: str | Promise
    kind: str = ""


class Can(NamedTuple):
    """What somebody can do about a visit now: the next step in one tap, and the rest in a menu."""

    next: Press | None = None
    others: Sequence[Press] = ()
    may_move: bool = False  # it is ahead, and may be moved and canceled

    @property
    def is_asking(self) -> bool:
        """Whether somebody has to choose how it goes on: the client is late."""
        return self.next is None and any(press.verb == "late" for press in self.others)

    @property
    def for_preparation(self) -> list[Press]:
        """What is done where the client came unprepared."""
        return [press for press in self.others if press.choice in PREPARATION]

    @property
    def otherwise(self) -> list[Press]:
        """The rest of the menu."""
        return [press for press in self.others if press.choice not in PREPARATION]


@dataclass(frozen=True)
class Card:
    """A visit of the day, with its badges and what can be done now."""

    booking: Booking
    kept: dict[str, list[str]]  # names of what it keeps, by kind
    is_first: bool
    is_followed_up: bool  # somebody should call the client
    owed: Decimal  # by the client, for any visit
    is_read: bool | None  # the preparation; None where there is nothing to read
    can: Can
    ran: int  # minutes since it was to begin

    @property
    def status(self) -> str:
        return self.booking.status

    @property
    def starts(self) -> int:
        return int(self.booking.starts_at.timestamp())

    @property
    def room(self) -> str:
        return self._names(Kind.ROOM)

    @property
    def devices(self) -> str:
        return self._names(Kind.DEVICE)

    def _names(self, kind: str) -> str:
        """What is kept, without the name of the place that everybody is in."""
        place = f"{self.booking.location.name}, "
        names = (name.removeprefix(place) for name in self.kept.get(kind, ()))
        return ", ".join(name[:1].upper() + name[1:] for name in names)

    @property
    def left(self) -> int:
        """Minutes until the visit in treatment ends; below zero when it runs over."""
        return self.booking.minutes - self.ran

    @property
    def over(self) -> int:
        """Minutes by which the visit in treatment runs over."""
        return -self.left

    @property
    def initials(self) -> str:
        """Of the client, for the round picture."""
        words = str(self.booking.client).split()
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def chips(self) -> list[Chip]:
        """Where it stands, then what else there is to know; never by color alone."""
        return [_state_chip(self.booking), *_badges(self)]

    @property
    def needs_somebody(self) -> bool:
        """Whether there is a badge on it that asks for a person, and the visit is not over."""
        if self.is_over or self.status in {Status.COMPLETED, Status.NO_SHOW}:
            return False
        return self.is_followed_up or self.status in {
            Status.PENDING_FORM,
            Status.PENDING_CLEARANCE,
        }


class Gap(NamedTuple):
    """A stretch without a visit: free, a break, away, or what a calendar elsewhere says."""

    kind: str
    starts_at: datetime
    ends_at: datetime

    @property
    def starts(self) -> int:
        return int(self.starts_at.timestamp())

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


@dataclass(frozen=True)
class Day:
    """A day, in order of time."""

    schedule: Schedule
    cards: list[Card]
    gaps: list[Gap]
    now: datetime

    @cached_property
    def rows(self) -> list[tuple[str, Card | Gap | None]]:
        """Cards, gaps and, on the day itself, the line of now, each with what it is."""
        both: list[Card | Gap] = sorted([*self.cards, *self.gaps], key=lambda row: row.starts)
        rows: list[tuple[str, Card | Gap | None]] = [
            ("visit" if isinstance(row, Card) else row.kind, row) for row in both
        ]
        if self.is_today:
            second = self.now.timestamp()
            before = sum(row.starts <= second for row in both)
            rows.insert(before, ("now", None))
        return rows

    @property
    def before(self) -> date:
        return self.schedule.day - timedelta(days=1)

    @property
    def after(self) -> date:
        return self.schedule.day + timedelta(days=1)

    @cached_property
    def is_today(self) -> bool:
        return self.schedule.day == self.now.astimezone(self.schedule.location.zone).date()

    @cached_property
    def expected(self) -> list[Card]:
        """The visits that are not off."""
        return [card for card in self.cards if not card.is_over]

    @property
    def last_ends_at(self) -> datetime | None:
        return max((card.booking.ends_at for card in self.expected), default=None)

    @cached_property
    def next(self) -> Card | None:
        """Who is waiting, else who comes next; on the day itself only."""
        if not self.is_today:
            return None
        waiting = [card for card in self.cards if card.status == Status.CHECKED_IN]
        coming = [card for card in self.cards if card.status in UPCOMING]
        return next(iter([*waiting, *coming]), None)

    def count(self, *statuses: str) -> int:
        return sum(card.status in statuses for card in self.cards)

    @property
    def done(self) -> int:
        return self.count(Status.COMPLETED)

    @property
    def in_treatment(self) -> int:
        return self.count(Status.IN_PROGRESS)

    @property
    def waiting(self) -> int:
        return self.count(Status.CHECKED_IN)

    @property
    def to_come(self) -> int:
        return self.count(*UPCOMING)

    @property
    def need_somebody(self) -> int:
        return sum(card.needs_somebody for card in self.cards)


def shelves(*, asked: date | None, own: Resource | None = None, now: datetime) -> list[Shelf]:
    """Return whose day can be looked at: all of each place, or only what is `own`. 5 queries.

    The day is the one `asked` for, else today by the clock of each place. Providers stand where
    they have hours or are expected; a place where there is nobody to look at is left out.
    """
    places = list(Location.objects.filter(is_active=True))
    days = {place.pk: asked or now.astimezone(place.zone).date() for place in places}
    here: dict[int, dict[int, bool]] = {place.pk: {} for place in places}
    patterns = WorkingHours.objects.filter(Q(valid_until=None) | Q(valid_until__gte=now.date()))
    for hours in patterns.order_by("provider__position", "provider__name"):
        there = here.get(hours.location_id, {})
        is_on = there.get(hours.provider_id, False)
        there[hours.provider_id] = is_on or applies(hours, days.get(hours.location_id, now.date()))
    for provider, place in _expected(places, days):
        here[place][provider] = True
    things = {
        thing.pk: thing for thing in Resource.objects.order_by("kind", "name") if thing.is_active
    }
    found = [
        Shelf(place, _on_shelf(place, days[place.pk], here[place.pk], things, own))
        for place in places
    ]
    return [shelf for shelf in found if shelf.schedules]


def _expected(places: Iterable[Location], days: dict[int, date]) -> set[tuple[int, int]]:
    """Return who is at which place on its day besides weekly hours. 2 queries."""
    extra = ExtraOpening.objects.filter(day__in=set(days.values()))
    found = {
        (provider, key)
        for provider, key, day in extra.values_list("provider", "location", "day")
        if days.get(key) == day
    }
    visits = Booking.objects.filter(client__isnull=False)
    on_its_day = Q(pk__in=())
    for place in places:
        start, end = _instants(days[place.pk], place)
        on_its_day |= Q(location=place, starts_at__gte=start, starts_at__lt=end)
    return found | set(visits.filter(on_its_day).values_list("provider", "location").distinct())


def _on_shelf(
    place: Location,
    day: date,
    here: dict[int, bool],
    things: dict[int, Resource],
    own: Resource | None,
) -> list[Schedule]:
    people = [Schedule(place, day, things[pk], is_on) for pk, is_on in here.items() if pk in things]
    if own is not None:
        return [schedule for schedule in people if schedule.of(own)]
    fixed = [thing for thing in things.values() if thing.location_id == place.pk]
    rooms = [Schedule(place, day, thing) for thing in fixed if thing.kind == Kind.ROOM]
    devices = [Schedule(place, day, thing) for thing in fixed if thing.kind == Kind.DEVICE]
    return [Schedule(place, day), *people, *rooms, *devices]


def day_of(
    schedule: Schedule,
    *,
    visits: QuerySet[Booking],
    policy: Policy,
    may_press: bool = True,
    now: datetime,
) -> Day:
    """Return the day of `schedule` with those of `visits` that are in it.

    6 queries, and 5 more for the gaps of one provider, room or device; one or twenty visits cost
    the same. `policy` is the place's, for late arrivals.
    """
    rows = _visits(schedule, visits=visits)
    cards = [_card(visit, policy=policy, may_press=may_press, now=now) for visit in rows]
    gaps = _gaps(schedule, schedule.resource, now=now) if schedule.resource else []
    return Day(schedule, cards, gaps, now)


def sheet_of(schedule: Schedule, *, visits: QuerySet[Booking]) -> list[Booking]:
    """Return who is expected that day, person by person, in order of time. 4 queries."""
    start, end = _instants(schedule.day, schedule.location)
    rows = visits.filter(
        location=schedule.location,
        starts_at__gte=start,
        starts_at__lt=end,
        status__in=ACTIVE - {Status.HELD},
    )
    rows = _of_resource(rows, schedule)
    rooms = Allocation.objects.filter(resource__kind=Kind.ROOM).select_related("resource")
    return list(
        rows.select_related("client", "option__treatment", "provider__resource_ptr")
        .prefetch_related("lines", Prefetch("allocations", rooms, to_attr="rooms"))
        .order_by("provider__position", "provider__name", "provider", "starts_at")
    )


def _visits(schedule: Schedule, *, visits: QuerySet[Booking]) -> QuerySet[Booking]:
    """Who comes that day, and who was to come until the day itself, with all a card says."""
    start, end = _instants(schedule.day, schedule.location)
    before = Booking.objects.filter(
        client=OuterRef("client"), status=Status.COMPLETED, starts_at__lt=OuterRef("starts_at")
    )
    wants_call = Alert.objects.filter(
        seen_at=None, kind=Alert.Kind.CALL, booking__client=OuterRef("client")
    )
    owed = (
        Booking.objects.filter(client=OuterRef("client"), fee_owed__gt=0)
        .order_by()
        .values("client")
        .annotate(owed=Sum("fee_owed"))
        .values("owed")
    )
    rows = visits.filter(
        location=schedule.location, starts_at__gte=start, starts_at__lt=end, client__isnull=False
    ).exclude(
        Q(status__in=[Status.HELD, Status.EXPIRED_HOLD])
        | Q(status__in=OVER, status_changed_at__lt=start)
    )
    rows = _of_resource(rows, schedule)
    texts = InstructionVersion.objects.filter(instruction__kind=InstructionKind.PREP)
    readings = Reading.objects.filter(page=Reading.Page.PREPARATION)
    return (
        rows.select_related("client", "location", "option__treatment", "provider__resource_ptr")
        .prefetch_related(
            "add_ons",
            "lines",
            Prefetch("allocations", Allocation.objects.select_related("resource")),
            Prefetch("instruction_versions", texts.only("pk"), to_attr="preparation"),
            Prefetch("readings", readings, to_attr="prep_readings"),
        )
        .annotate(
            has_come=Exists(before),
            wants_call=Exists(wants_call),
            client_owes=Subquery(owed),
        )
        .order_by("starts_at", "provider__position", "pk")
    )


def _card(visit: Booking, *, policy: Policy, may_press: bool, now: datetime) -> Card:
    kept: dict[str, list[str]] = {}
    for allocation in visit.allocations.all():
        kept.setdefault(allocation.resource.kind, []).append(allocation.resource.name)
    texts, readings = visit.preparation, visit.prep_readings  # type: ignore[attr-defined]
    return Card(
        booking=visit,
        kept=kept,
        is_first=not visit.has_come,  # type: ignore[attr-defined]
        is_followed_up=visit.wants_call,  # type: ignore[attr-defined]
        owed=visit.client_owes or Decimal(0),  # type: ignore[attr-defined]
        is_read=is_acknowledged(next(iter(readings), None), texts) if texts else None,
        can=what_can_be_done(visit, policy=policy, now=now) if may_press else Can(),
        ran=max(0, minutes_late(visit, now=now)),
    )


def what_can_be_done(visit: Booking, *, policy: Policy, now: datetime) -> Can:
    """Return what can be done about `visit` now. No query where its lines are prefetched."""
    found = _presses(visit, policy=policy, now=now)
    may_move = visit.status in UPCOMING and visit.starts_at > now
    if found and found[0].verb in NEXT_STEPS and not found[0].choice:
        return Can(found[0], found[1:], may_move)
    return Can(None, found, may_move)


def _presses(visit: Booking, *, policy: Policy, now: datetime) -> list[Press]:
    """Return what can be noted of `visit` now, the next step first."""
    zone = visit.location.zone
    today = now.astimezone(zone).date()
    is_day = visit.starts_at.astimezone(zone).date() == today
    is_fresh = visit.status_changed_at.astimezone(zone).date() == today
    is_ahead = visit.status in UPCOMING and visit.starts_at > now
    ways = ["cleanse", "lower", *(["change"] if is_ahead else []), "unprepared"]
    unprepared = [Press("decline", way) for way in ways]
    stop = [*(unprepared if is_day else []), Press("decline")]
    back = [Press("take-back")] if is_fresh else []
    match visit.status:
        case Status.CONFIRMED:
            late = Lateness.of(visit, policy=policy, now=now)
            came = _arrivals(visit, late, now=now) if is_day else []
            missed = [Press("no-show")] if late > Lateness.NONE else []
            return [*came, *missed, *(stop if is_day else [])]
        case Status.CHECKED_IN:
            done = [Press("complete")] if now >= visit.starts_at else []
            return [Press("start"), *done, *stop, *back]
        case Status.IN_PROGRESS:
            return [Press("complete"), *stop, *back]
        case Status.COMPLETED | Status.NO_SHOW | Status.DECLINED_AT_VISIT:
            return back
        case Status.CANCELLED_LATE if is_fresh and visit.status_changed_at > visit.starts_at:
            return back  # too late, and not canceled by the client
    return []


def _arrivals(visit: Booking, late: Lateness, *, now: datetime) -> Iterator[Press]:
    """Yield how a client can arrive, by how late it is."""
    left = minutes_left(visit, now=now)
    if late == Lateness.NONE:
        yield Press("check-in")
    elif late in {Lateness.KEPT, Lateness.SHORTENED}:
        yield Press("late", minutes=left if late == Lateness.SHORTENED else 0)
    else:
        if late == Lateness.TOO_LATE:
            yield Press("late", "anyway", minutes=left)
        yield Press("late", "fee", amount=late_fee(visit))
        yield Press("late", "free")


def _state_chip(visit: Booking) -> Chip:
    """Where the visit stands, by the words of the design (section 5)."""
    since = clock_time(visit.status_changed_at)
    match visit.status:
        case Status.CONFIRMED:
            return Chip(icon="check2", word=_("Confirmed"))
        case Status.CHECKED_IN:
            said = _("Checked in %(time)s") % {"time": since}
            return Chip(icon="person-check", word=said, kind="info")
        case Status.IN_PROGRESS:
            return Chip(icon="activity", word=_("In treatment"), kind="live")
        case Status.COMPLETED:
            return Chip(icon="check2-all", word=_("Completed"), kind="ok")
        case Status.NO_SHOW:
            return Chip(icon="person-x", word=_("No-show"), kind="danger")
        case Status.PENDING_FORM:
            return Chip(icon="hourglass-split", word=_("Details missing"), kind="warn")
        case Status.PENDING_CLEARANCE:
            return Chip(icon="hourglass-split", word=_("Doctor’s word missing"), kind="warn")
        case Status.DECLINED_AT_VISIT:
            return Chip(icon="shield-x", word=_("Declined"))
    return Chip(icon="x-lg", word=_("Canceled"))


def _badges(card: Card) -> list[Chip]:
    found = []
    if card.is_followed_up:
        found.append(Chip(icon="telephone", word=_("Follow-up wanted"), kind="warn"))
    if card.owed:
        owed = _("Owes %(fee)s") % {"fee": money(card.owed)}
        found.append(Chip(icon="cash-coin", word=owed, kind="warn"))
    if card.status in UPCOMING or card.status in {Status.CHECKED_IN, Status.IN_PROGRESS}:
        if card.is_first:
            found.append(Chip(icon="stars", word=_("First visit")))
        if card.is_read is not None:
            found.append(
                Chip(icon="envelope-check", word=_("Preparation read"))
                if card.is_read
                else Chip(icon="envelope", word=_("Preparation not read"))
            )
    return found


def _gaps(schedule: Schedule, resource: Resource, *, now: datetime) -> list[Gap]:
    """What is between the visits of one provider, room or device. 5 queries at most.

    Breaks lie between stretches of work; what is free is so for a visit and its turnover; what is
    over by now is not worth a line.
    """
    location, day = schedule.location, schedule.day
    window = day_span(day, location.zone)
    open_on = open_spans(location=location, days=[day])
    working: Collection[Span] = open_on[day] or []
    if schedule.is_of_provider:
        working = working_spans(
            location=location, providers=[resource.pk], days=[day], open_on=open_on
        )[resource.pk]
    working = merged(working)
    whole = [(working[0][0], working[-1][1])] if working else []
    away = _spans(TimeOff.objects.filter(resource=resource), window)
    elsewhere = _spans(OutsideBusy.objects.filter(resource=resource), window)
    taken = _spans(_kept(resource, window, now), window)
    ahead = [(max(window[0], int(now.timestamp())), max(window[1], int(now.timestamp())))]
    breaks = subtract(subtract(whole, working), merged([*away, *taken]))
    free = intersect(subtract(working, merged([*away, *elsewhere, *taken])), ahead)
    found = [
        *(("break", span) for span in breaks),
        *(("away", span) for span in intersect(away, whole or [window])),
        *(("elsewhere", span) for span in intersect(elsewhere, whole or [window])),
        *(("free", span) for span in free if span[1] - span[0] >= SHORTEST_FREE),
    ]
    return [
        Gap(kind, datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for kind, (start, end) in found
    ]


def _kept(resource: Resource, window: Span, now: datetime) -> QuerySet[Allocation]:
    lapsed = Q(booking__status=Status.HELD, booking__held_until__lte=now)
    earliest = datetime.fromtimestamp(window[0], UTC) - LONGEST_ALLOCATION
    return Allocation.objects.filter(resource=resource, starts_at__gt=earliest).exclude(lapsed)


def _spans(rows: QuerySet[Any], window: Span) -> list[Span]:
    """Those of `rows` that reach into `window`, in order and merged. One query."""
    start, end = (datetime.fromtimestamp(second, UTC) for second in window)
    found = rows.filter(ends_at__gt=start, starts_at__lt=end).order_by()
    return merged(
        (int(first.timestamp()), int(last.timestamp()))
        for first, last in found.values_list("starts_at", "ends_at")
    )


def _of_resource(rows: QuerySet[Booking], schedule: Schedule) -> QuerySet[Booking]:
    """Those of `rows` that a provider gives, or that keep a room or a device."""
    if schedule.resource is None:
        return rows
    if schedule.is_of_provider:
        return rows.filter(provider=schedule.resource.pk)
    kept = Allocation.objects.filter(resource=schedule.resource, booking=OuterRef("pk"))
    return rows.filter(Exists(kept))


def _instants(day: date, location: Location) -> tuple[datetime, datetime]:
    """Return when `day` begins and ends there, in UTC."""
    start, end = day_span(day, location.zone)
    return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
