"""One day at one place as the workspace shows it: who comes, what is between, what is next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _

from booking.models import (
    CANCELED,
    COMING,
    HOLDS,
    IN_DIARY,
    UPCOMING,
    Alert,
    Allocation,
    Booking,
    Kind,
    Reading,
    Status,
)
from booking.models.resources import initials_of
from booking.selectors.arrivals import minutes_late
from booking.selectors.gaps import Gap, gaps_of
from booking.selectors.presses import Can, what_can_be_done
from booking.selectors.proof import is_acknowledged
from booking.selectors.schedules import Schedule, in_schedule, instants_of
from clinic.places.models import Location
from clinic.places.policies import Policy
from clinic.web.money import money
from clinic.web.templatetags.lumen import clock_time
from treatments.models import InstructionKind, InstructionVersion

OVER = CANCELED | {Status.DECLINED_AT_VISIT}


def name_here(name: str, place: Location) -> str:
    """Return what a room or device is called at its own place: "Alder Street, room 2" is Room 2."""
    short = name.removeprefix(f"{place.name}, ")
    return short[:1].upper() + short[1:]


class Chip(NamedTuple):
    """A fact about a visit as `components/status.html` draws it."""

    icon: str
    word: str | Promise
    kind: str = ""


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
        place = self.booking.location
        return ", ".join(name_here(name, place) for name in self.kept.get(kind, ()))

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
        return initials_of(str(self.booking.client))

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
    gaps = gaps_of(schedule, schedule.resource, now=now) if schedule.resource else []
    return Day(schedule, cards, gaps, now)


def sheet_of(schedule: Schedule, *, visits: QuerySet[Booking]) -> list[Booking]:
    """Return who is expected that day, person by person, in order of time. 4 queries."""
    start, end = instants_of(schedule.day, schedule.location)
    rows = visits.filter(
        location=schedule.location,
        starts_at__gte=start,
        starts_at__lt=end,
        status__in=IN_DIARY,
    )
    rows = in_schedule(rows, schedule)
    rooms = Allocation.objects.filter(resource__kind=Kind.ROOM).select_related("resource")
    return list(
        rows.select_related("client", "option__treatment", "provider__resource_ptr")
        .prefetch_related("lines", Prefetch("allocations", rooms, to_attr="rooms"))
        .order_by("provider__position", "provider__name", "provider", "starts_at")
    )


def _visits(schedule: Schedule, *, visits: QuerySet[Booking]) -> QuerySet[Booking]:
    """Who comes that day, and who was to come until the day itself, with all a card says."""
    start, end = instants_of(schedule.day, schedule.location)
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
    ).exclude(Q(status__in=HOLDS) | Q(status__in=OVER, status_changed_at__lt=start))
    rows = in_schedule(rows, schedule)
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
    if card.status in COMING:
        if card.is_first:
            found.append(Chip(icon="stars", word=_("First visit")))
        if card.is_read is not None:
            found.append(
                Chip(icon="envelope-check", word=_("Preparation read"))
                if card.is_read
                else Chip(icon="envelope", word=_("Preparation not read"))
            )
    return found
