"""The numbers of the clinic: what visits came to in a period, beside the period before.

Days are those of each place's own clock, instants are summed in seconds. Everything that grows with
the number of visits is added up by the database; Python sees a row for each day and aesthetician.
`booking.selectors.numbers` has the definitions in words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    Expression,
    ExpressionWrapper,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from booking.constraints import Epoch
from booking.models import HOLDS, Booking, BookingEvent, SkinCheck, Status
from booking.scheduling.spans import Span
from booking.scheduling.wallclock import DAY_SECONDS, day_span, steady_stretches
from clinic.messaging.models import Message, Suppression
from clinic.places.models import Location

REBOOKING = timedelta(hours=24)
RETENTION = timedelta(days=92)
HIDDEN_UNDER = 5  # where health is involved
ONE_DAY = timedelta(days=1)
CANCELLED = (Status.CANCELLED_CLIENT, Status.CANCELLED_LATE)
DUE = (Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED_LATE)
CURRENT, BEFORE = 1, 2


@dataclass(frozen=True)
class Period:
    """Days from the first to the last, both included."""

    first_on: date
    last_on: date

    @property
    def length(self) -> int:
        return (self.last_on - self.first_on).days + 1

    @property
    def days(self) -> list[date]:
        return [self.first_on + timedelta(days=n) for n in range(self.length)]

    def __contains__(self, day: date) -> bool:
        return self.first_on <= day <= self.last_on


@dataclass(frozen=True)
class Scope:
    """What to count: a period and the one it is compared with, where, with whom, and what.

    `is_part` says that somewhere else, with others or of other treatments there may be more.
    """

    period: Period
    before: Period
    places: Sequence[Location]
    provider_id: int | None = None
    treatment_id: int | None = None
    is_part: bool = False

    @cached_property
    def all_days(self) -> list[date]:
        """From the first day of the earlier period to the last of the later."""
        return Period(self.before.first_on, self.period.last_on).days

    def window(self, period: Period, place: Location) -> Span:
        """Return `period` as seconds, by the clock of `place`."""
        return (
            day_span(period.first_on, place.zone)[0],
            day_span(period.last_on + ONE_DAY, place.zone)[0],
        )

    def during(self, period: Period) -> Q:
        """Return the condition that a visit begins in `period`, each place by its own clock."""
        is_in = Q(pk__in=[])
        for place in self.places:
            start, end = map(_instant, self.window(period, place))
            is_in |= Q(location=place, starts_at__gte=start, starts_at__lt=end)
        return is_in

    def visits(self, *periods: Period) -> QuerySet[Booking]:
        """Return the visits promised for `periods`, or for both, whatever came of them."""
        is_in = Q(pk__in=[])
        for period in periods or (self.period, self.before):
            is_in |= self.during(period)
        found = Booking.objects.filter(is_in, client__isnull=False).exclude(status__in=HOLDS)
        if self.provider_id is not None:
            found = found.filter(provider=self.provider_id)
        if self.treatment_id is not None:
            found = found.filter(option__treatment=self.treatment_id)
        return found.order_by()

    def which(self) -> Expression:
        """Say of a visit in which of the two periods it is."""
        return Case(
            When(self.during(self.period), then=Value(CURRENT)),
            default=Value(BEFORE),
            output_field=IntegerField(),
        )

    def wall_seconds(self) -> Expression:
        """Return seconds since 1970 as the wall clock of the visit's place counts them."""
        offsets = []
        for place in self.places:
            window = self.window(Period(self.before.first_on, self.period.last_on), place)
            for _start, end, offset in steady_stretches([window], place.zone):
                is_then = Q(location=place, starts_at__lt=_instant(end))
                offsets.append(When(is_then, then=Value(offset, BigIntegerField())))
        shift = Case(*offsets, default=_number(0), output_field=BigIntegerField())
        return Epoch("starts_at") + shift


@dataclass
class Totals:
    """What visits came to. Money in the clinic's currency, time in seconds."""

    booked: int = 0
    completed: int = 0
    no_show: int = 0
    cancelled_late: int = 0
    cancelled: int = 0  # by their clients, late ones included
    declined: int = 0
    with_add_on: int = 0
    fees: int = 0
    treated_seconds: int = 0
    revenue: Decimal = Decimal(0)
    fees_owed: Decimal = Decimal(0)

    def __iadd__(self, other: Totals) -> Totals:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self

    @property
    def due(self) -> int:
        """Visits whose time came while they were promised, or almost."""
        return self.completed + self.no_show + self.cancelled_late


@dataclass(frozen=True)
class Sums:
    """Totals by day and aesthetician, of both periods."""

    rows: dict[tuple[date, int], Totals]

    def total(self, period: Period, *, provider_id: int | None = None) -> Totals:
        """Add up one period, of everybody or one aesthetician."""
        total = Totals()
        for (day, provider), row in self.rows.items():
            if day in period and provider_id in (None, provider):
                total += row
        return total

    def by_day(self, period: Period) -> dict[date, Totals]:
        """Return the totals of each day of `period`, empty days included."""
        days = {day: Totals() for day in period.days}
        for (day, _provider), row in self.rows.items():
            if day in days:
                days[day] += row
        return days

    @property
    def providers(self) -> set[int]:
        return {provider for _day, provider in self.rows}


def sums(scope: Scope) -> Sums:
    """Return what visits came to, by day and aesthetician. One query."""
    is_completed = Q(status=Status.COMPLETED)
    add_ons = Booking.add_ons.through.objects.filter(booking=OuterRef("pk"))
    rows = (
        scope.visits()
        .annotate(
            day=_divided(scope.wall_seconds(), DAY_SECONDS),
            has_add_on=Case(
                When(is_completed & Exists(add_ons), then=Value(1)),
                default=Value(0),
                output_field=IntegerField(),
            ),
        )
        .values_list("day", "provider")
        .annotate(
            booked=Count("pk"),
            completed=Count("pk", filter=is_completed),
            no_show=Count("pk", filter=Q(status=Status.NO_SHOW)),
            cancelled_late=Count("pk", filter=Q(status=Status.CANCELLED_LATE)),
            cancelled=Count("pk", filter=Q(status__in=CANCELLED)),
            declined=Count("pk", filter=Q(status=Status.DECLINED_AT_VISIT)),
            with_add_on=Sum("has_add_on"),
            fees=Count("pk", filter=Q(fee_owed__gt=0)),
            treated_seconds=Sum(Epoch("ends_at") - Epoch("starts_at"), filter=is_completed),
            revenue=Sum("price", filter=is_completed),
            fees_owed=Sum("fee_owed"),
        )
    )
    return Sums({(_date(day), provider): _totals(values) for day, provider, *values in rows})


def _totals(values: Sequence[Any]) -> Totals:
    """Return a row of sums; the database says nothing of no visits, and SQLite knows no cents."""
    *counts, revenue, owed = (value or 0 for value in values)
    total = Totals(revenue=_exact(revenue), fees_owed=_exact(owed))
    for each, count in zip(fields(Totals), counts, strict=False):
        setattr(total, each.name, count)
    return total


# Who comes again


@dataclass(frozen=True)
class Returning:
    """The clients treated in one period, and how many of them came again."""

    clients: int = 0
    retained: int = 0
    new: int = 0
    second: int = 0


@dataclass(frozen=True)
class Rebooked:
    """Completed visits, and those with another one made within a day."""

    rebooked: int = 0
    completed: int = 0


def completed_visits(scope: Scope, *periods: Period) -> QuerySet[Booking]:
    """Return completed visits with `is_rebooked`, `came_again` and `is_first` of each."""
    theirs = Booking.objects.filter(client=OuterRef("client")).order_by()
    completed = theirs.filter(status=Status.COMPLETED)
    made_after = theirs.exclude(status__in=HOLDS).filter(
        starts_at__gt=OuterRef("starts_at"), created_at__gte=OuterRef("starts_at")
    )
    return (
        scope.visits(*periods)
        .filter(status=Status.COMPLETED)
        .annotate(
            ended=Epoch("ends_at"),
            began=Epoch("starts_at"),
        )
        .annotate(
            is_rebooked=Exists(
                made_after.annotate(made=Epoch("created_at")).filter(
                    made__lte=OuterRef("ended") + _number(int(REBOOKING.total_seconds()))
                )
            ),
            came_again=Exists(
                completed.annotate(again=Epoch("starts_at")).filter(
                    starts_at__gt=OuterRef("starts_at"),
                    again__lte=OuterRef("began") + _number(int(RETENTION.total_seconds())),
                )
            ),
            is_first=~Exists(completed.filter(starts_at__lt=OuterRef("starts_at"))),
        )
    )


def returning(scope: Scope) -> dict[int, Returning]:
    """Return who came again, for CURRENT and BEFORE. One query.

    `distinct` makes the visits a table of their own, in which each asks once who came again.
    """
    visits = completed_visits(scope).annotate(which=scope.which())
    rows = visits.values("client", "which", "came_again", "is_first").distinct()
    asked = {
        "clients": Q(),
        "retained": Q(came_again=True),
        "new": Q(is_first=True),
        "second": Q(is_first=True, came_again=True),
    }
    counts = rows.aggregate(
        **{
            f"{name}_{which}": Count("client", distinct=True, filter=Q(which=which) & condition)
            for which in (CURRENT, BEFORE)
            for name, condition in asked.items()
        }
    )
    return {
        which: Returning(**{name: counts[f"{name}_{which}"] for name in asked})
        for which in (CURRENT, BEFORE)
    }


def rebooking(scope: Scope) -> dict[tuple[int, int | None], Rebooked]:
    """Return how many visits led to the next, by period and aesthetician; None is all. One query.

    Keys are CURRENT or BEFORE, and the aesthetician's primary key.
    """
    rows = (
        completed_visits(scope)
        .annotate(which=scope.which())
        .values_list("which", "provider")
        .annotate(rebooked=Count("pk", filter=Q(is_rebooked=True)), completed=Count("pk"))
    )
    found: dict[tuple[int, int | None], Rebooked] = {}
    for which, provider, rebooked, completed in rows:
        found[which, provider] = Rebooked(rebooked, completed)
        so_far = found.get((which, None), Rebooked())
        found[which, None] = Rebooked(so_far.rebooked + rebooked, so_far.completed + completed)
    return found


def lead_days(scope: Scope) -> dict[int, float | None]:
    """Return the median of whole days from booking to visit, for CURRENT and BEFORE. One query."""
    seconds = Epoch("starts_at") - Epoch("created_at")
    rows = (
        scope.visits()
        .annotate(which=scope.which(), days=_divided(seconds, DAY_SECONDS))
        .values_list("which", "days")
        .annotate(count=Count("pk"))
    )
    counts: dict[int, dict[int, int]] = {CURRENT: {}, BEFORE: {}}
    for which, days, count in rows:
        counts[which][days] = count
    return {which: median(some) for which, some in counts.items()}


def median(counts: dict[int, int]) -> float | None:
    """Return the median of values that occur so many times each; of two in the middle, halfway."""
    total = sum(counts.values())
    if not total:
        return None
    middle = []
    for place in ((total - 1) // 2, total // 2):
        seen = 0
        for value in sorted(counts):
            seen += counts[value]
            if seen > place:
                middle.append(value)
                break
    return sum(middle) / 2


# Where health is involved: counts only, and none that would say it of somebody


@dataclass(frozen=True)
class Care:
    """How often; None where it was fewer than five times."""

    declined: int | None
    cancelled_for_health: int | None
    calm: int | None
    needs_call: int | None


def care(scope: Scope, *, declined: int) -> Care | None:
    """Return what is counted of health in the period; None of a part of the clinic. 2 queries.

    Taken from the whole, the count of a part would tell the few of another.
    """
    if scope.is_part:
        return None
    visits = scope.visits(scope.period)
    why = BookingEvent.objects.filter(booking=OuterRef("pk"), what="cancelled", data__health=True)
    cancelled = visits.filter(Exists(why), status__in=CANCELLED).count()
    answers = SkinCheck.objects.filter(booking__in=visits).aggregate(
        calm=Count("pk", filter=Q(needs_call=False)), call=Count("pk", filter=Q(needs_call=True))
    )
    return Care(
        declined=shown(declined),
        cancelled_for_health=shown(cancelled),
        calm=shown(answers["calm"]),
        needs_call=shown(answers["call"]),
    )


def shown(count: int) -> int | None:
    """Return a count about health, or None if it is too small to be told."""
    return count if count >= HIDDEN_UNDER else None


# Messages: the outbox knows no place, so these are the clinic's


@dataclass(frozen=True)
class CodeHealth:
    """What came of the messages of one code that went over one channel."""

    code: str
    channel: str
    sent: int
    delivered: int
    failed: int

    def per_thousand(self, count: int) -> float | None:
        """Return `count` for each 1,000 that went or should have."""
        whole = self.sent + self.failed
        return 1000 * count / whole if whole else None

    @property
    def delivered_rate(self) -> float | None:
        return self.per_thousand(self.delivered)

    @property
    def failed_rate(self) -> float | None:
        return self.per_thousand(self.failed)


@dataclass(frozen=True)
class MessageHealth:
    """The messages of a period by code, and how many addresses asked for no more."""

    by_code: list[CodeHealth] = field(default_factory=list)
    opt_outs: int = 0

    @property
    def opt_out_rate(self) -> float | None:
        """Return opt-outs for each 1,000 messages sent."""
        sent = sum(code.sent for code in self.by_code)
        return 1000 * self.opt_outs / sent if sent else None


def messages(scope: Scope) -> MessageHealth:
    """Return what came of the messages due in the period, of all places. 2 queries."""
    place = scope.places[0]
    start, end = map(_instant, scope.window(scope.period, place))
    settled = (Message.Status.SENT, Message.Status.FAILED)
    rows = (
        Message.objects.filter(status__in=settled, due_at__gte=start, due_at__lt=end)
        .order_by("code", "channel")
        .values_list("code", "channel")
        .annotate(
            sent=Count("pk", filter=Q(status=Message.Status.SENT)),
            delivered=Count("pk", filter=Q(delivered_at__isnull=False)),
            failed=Count("pk", filter=Q(status=Message.Status.FAILED)),
        )
    )
    asked = (Suppression.Reason.STOPPED, Suppression.Reason.COMPLAINED)
    opt_outs = Suppression.objects.filter(reason__in=asked, since__gte=start, since__lt=end)
    return MessageHealth([CodeHealth(*row) for row in rows], opt_outs.count())


# When we are full


def booked_quarters(scope: Scope) -> dict[tuple[int, int], int]:
    """Return how many visits of the period began in which quarter hour of the week.

    Keys are (quarters since Monday, 0:00 on the wall; length in seconds). Visits that came to
    nothing before their time are not in it. One query.
    """
    kept = (
        Status.CONFIRMED,
        Status.CHECKED_IN,
        Status.IN_PROGRESS,
        Status.COMPLETED,
        Status.NO_SHOW,
    )
    quarter = _divided(scope.wall_seconds(), 900) + _number(3 * 96)  # 1970 began on a Thursday
    rows = (
        scope.visits(scope.period)
        .filter(status__in=kept)
        .annotate(quarter=quarter % _number(7 * 96), length=Epoch("ends_at") - Epoch("starts_at"))
        .values_list("quarter", "length")
        .annotate(count=Count("pk"))
    )
    found: dict[tuple[int, int], int] = defaultdict(int)
    for quarter_of_week, length, count in rows:
        found[quarter_of_week, length] += count
    return dict(found)


def _divided(seconds: Expression, by: int) -> Expression:
    """Whole units of `by` seconds; both databases divide whole numbers so."""
    return ExpressionWrapper(seconds / _number(by), output_field=BigIntegerField())


def _number(value: int) -> Value:
    return Value(value, output_field=BigIntegerField())


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _exact(amount: Decimal | int) -> Decimal:
    """Return a sum to the cent; SQLite adds up in floating point."""
    return Decimal(amount).quantize(Decimal("0.01"))
