"""The owner's numbers in words: what each means, what it came to, and the visits behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from booking.constraints import Epoch
from booking.models import Allocation, Booking, Kind, Status
from booking.selectors import metrics
from booking.selectors.metrics import (
    BEFORE,
    CANCELLED,
    CURRENT,
    DUE,
    Care,
    MessageHealth,
    Rebooked,
    Returning,
    Scope,
    Sums,
    Totals,
)
from booking.selectors.metrics_time import Occupancy, Share, occupancy
from clinic.web.money import money

Number = float | Decimal


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of the handbook, section 14: how it is counted, and what others have."""

    slug: str
    name: str | Promise
    definition: str | Promise
    reference: str | Promise = ""
    unit: str = "percent"  # or money, days, count
    better: str = ""  # "up" or "down" where more or less of it is good
    part: str = ""  # the visits behind it, by name of BEHIND
    whole: str = ""


METRICS = (
    Metric(
        slug="revenue",
        name=_("Revenue"),
        definition=_("The prices of completed visits, as they were promised, add-ons included."),
        unit="money",
        better="up",
        part="completed",
    ),
    Metric(
        slug="time_booked",
        name=_("Time booked"),
        definition=_(
            "Minutes of completed visits, without turnover, of the minutes on the roster: working "
            "hours without breaks, closures and time off. Of days still to come nothing counts."
        ),
        reference=_("70 to 85% is healthy; suppliers aim for 90 to 95%."),
        better="up",
        part="completed",
    ),
    Metric(
        slug="no_show",
        name=_("No-shows"),
        definition=_(
            "Visits whose client did not come, of those that were completed, missed or canceled "
            "late, by the day of the visit."
        ),
        reference=_("Medical spas have 5%; 10 to 15% is often quoted."),
        better="down",
        part="no_show",
        whole="due",
    ),
    Metric(
        slug="rebooking",
        name=_("Rebooked"),
        definition=_(
            "Completed visits whose client made another appointment between their beginning and "
            "24 hours after their end, of all completed visits."
        ),
        reference=_("43 to 57% by trade; 75% is a good aim."),
        better="up",
        part="rebooked",
        whole="completed",
    ),
    Metric(
        slug="late_cancel",
        name=_("Canceled late"),
        definition=_("Visits canceled by their client after the free hours, of all booked."),
        better="down",
        part="cancelled_late",
        whole="booked",
    ),
    Metric(
        slug="cancel",
        name=_("Canceled by clients"),
        definition=_("Visits canceled by their client, late or in time, of all booked."),
        reference=_("Medical spas have 16%."),
        better="down",
        part="cancelled",
        whole="booked",
    ),
    Metric(
        slug="retention",
        name=_("Came again within 92 days"),
        definition=_(
            "Clients treated in the period with another completed visit within 92 days of one of "
            "these, of all clients treated. It still grows until 92 days have passed."
        ),
        better="up",
        part="retained",
        whole="completed",
    ),
    Metric(
        slug="second",
        name=_("New clients who came again"),
        definition=_(
            "Clients whose first completed visit ever is in the period and who had a second one "
            "within 92 days, of all such new clients. It still grows until 92 days have passed."
        ),
        reference=_("45% on average, 70% in the best tenth."),
        better="up",
        part="second",
        whole="first",
    ),
    Metric(
        slug="completed",
        name=_("Completed visits"),
        definition=_("Visits that took place, by the day of the visit."),
        unit="count",
        better="up",
        part="completed",
    ),
    Metric(
        slug="booked",
        name=_("Booked visits"),
        definition=_("All visits promised for these days, whatever came of them."),
        unit="count",
        better="up",
        part="booked",
    ),
    Metric(
        slug="revenue_per_hour",
        name=_("Revenue per treatment hour"),
        definition=_("Revenue by the hours of completed visits, turnover not counted."),
        unit="money",
        better="up",
        part="completed",
    ),
    Metric(
        slug="average_spend",
        name=_("Average spend"),
        definition=_("Revenue by the number of completed visits."),
        unit="money",
        better="up",
        part="completed",
    ),
    Metric(
        slug="add_on_rate",
        name=_("With an add-on"),
        definition=_("Completed visits with at least one add-on, of all completed visits."),
        better="up",
        part="add_on",
        whole="completed",
    ),
    Metric(
        slug="lead_time",
        name=_("Lead time"),
        definition=_("The median of whole days from booking to visit, of all booked visits."),
        unit="days",
        part="booked",
    ),
    Metric(
        slug="fees",
        name=_("Fees owed"),
        definition=_(
            "Fees for missed and late-canceled visits of these days, without waived ones."
        ),
        unit="money",
        part="fees",
    ),
    Metric(
        slug="rooms",
        name=_("Rooms in use"),
        definition=_(
            "Minutes for which rooms were kept for visits, turnover included, of the minutes "
            "their doors were open. Rooms that are in use today count."
        ),
        better="up",
        part="rooms",
    ),
    Metric(
        slug="devices",
        name=_("Devices in use"),
        definition=_(
            "Minutes for which devices were kept for visits, wiping included, of the minutes "
            "the doors were open. Devices that are in use today count."
        ),
        better="up",
        part="devices",
    ),
)
GROWING = {"retention", "second"}  # until 92 days have passed for everybody


@dataclass(frozen=True)
class Figure:
    """One metric as it came out, beside the period before. Percentages are of a hundred."""

    metric: Metric
    value: Number | None
    before: Number | None
    part: int | None = None
    whole: int | None = None
    is_growing: bool = False  # too early to compare it

    @property
    def text(self) -> str:
        return written(self.value, self.metric.unit)

    @property
    def before_text(self) -> str:
        return written(self.before, self.metric.unit)

    @property
    def difference(self) -> float | None:
        """Points for a percentage, days for days, else per cent of what it was before."""
        if self.value is None or self.before is None or self.is_growing:
            return None
        if self.metric.unit in {"percent", "days"}:
            return round(float(self.value) - float(self.before), 1)
        if not self.before:
            return None
        return round(100 * (float(self.value) / float(self.before) - 1))

    @property
    def difference_text(self) -> str:
        """Return "+ 4 points", "− 6%", that nothing changed, or that it is too early to say."""
        if self.is_growing:
            return _g("still growing")
        if self.difference is None:
            return ""
        if not self.difference:
            return _g("no change")
        sign = "+" if self.difference > 0 else "\N{MINUS SIGN}"
        amount = abs(self.difference)
        number = f"{amount:.0f}" if amount == int(amount) or amount >= 10 else f"{amount:.1f}"
        if self.metric.unit == "percent":
            words = ngettext("%(sign)s %(n)s point", "%(sign)s %(n)s points", int(amount == 1) or 2)
            return words % {"sign": sign, "n": number}
        if self.metric.unit == "days":
            words = ngettext("%(sign)s %(n)s day", "%(sign)s %(n)s days", int(amount == 1) or 2)
            return words % {"sign": sign, "n": number}
        return f"{sign} {number}%"

    @property
    def is_better(self) -> bool | None:
        """Whether that is good news; None where it is neither."""
        if not self.difference or not self.metric.better:
            return None
        return (self.difference > 0) == (self.metric.better == "up")

    @property
    def is_up(self) -> bool:
        return bool(self.difference and self.difference > 0)


def written(value: Number | None, unit: str) -> str:
    """Return a value as it stands on the page; a dash where there is none."""
    if value is None:
        return "–"
    if unit == "money":
        return money(Decimal(value))
    if unit == "percent":
        return f"{value:.0f}%" if value >= 10 or value == int(value) else f"{value:.1f}%"
    if unit == "days":
        number = f"{value:.0f}" if value == int(value) else f"{value:.1f}"
        return ngettext("%(n)s day", "%(n)s days", int(value == 1) or 2) % {"n": number}
    return f"{value:,}"


@dataclass(frozen=True)
class Line:
    """What one aesthetician's visits came to."""

    provider_id: int
    totals: Totals
    time: float | None
    rebooked: float | None

    @property
    def revenue_text(self) -> str:
        return money(self.totals.revenue)

    @property
    def time_text(self) -> str:
        return written(self.time, "percent")

    @property
    def rebooked_text(self) -> str:
        return written(self.rebooked, "percent")


@dataclass(frozen=True)
class Report:
    """Everything the page of numbers shows."""

    scope: Scope
    now: datetime
    sums: Sums
    returning: dict[int, Returning]
    rebooking: dict[tuple[int, int | None], Rebooked]
    lead: dict[int, float | None]
    occupancy: Occupancy
    care: Care | None
    messages: MessageHealth

    def figures(self) -> list[Figure]:
        """Return every metric that means something within the scope, in order."""
        now, then = self._values(CURRENT), self._values(BEFORE)
        return [
            Figure(
                metric,
                now[metric.slug][0],
                then[metric.slug][0],
                *now[metric.slug][1:],
                is_growing=metric.slug in GROWING and not self.is_settled,
            )
            for metric in METRICS
            if metric.slug in now
        ]

    @property
    def is_settled(self) -> bool:
        """Whether everybody treated in the period has had 92 days to come again."""
        ends = [self.scope.window(self.scope.period, place)[1] for place in self.scope.places]
        return max(ends) + metrics.RETENTION.total_seconds() <= self.now.timestamp()

    def lines(self) -> list[Line]:
        """Return what each aesthetician's visits came to, the highest revenue first."""
        rostered = self.occupancy.rostered[CURRENT]
        found = []
        for provider in self.sums.providers | rostered.keys():
            totals = self.sums.total(self.scope.period, provider_id=provider)
            if not totals.booked and not rostered.get(provider):
                continue
            again = self.rebooking.get((CURRENT, provider), Rebooked())
            is_part = self.scope.treatment_id is not None
            found.append(
                Line(
                    provider,
                    totals,
                    None if is_part else percent(totals.treated_seconds, rostered.get(provider, 0)),
                    percent(again.rebooked, again.completed),
                )
            )
        return sorted(found, key=lambda line: (-line.totals.revenue, line.provider_id))

    def _values(self, which: int) -> dict[str, tuple[Number | None, int | None, int | None]]:
        """Return value, part and whole of each metric in one of the periods."""
        scope = self.scope
        totals = self.sums.total(scope.period if which == CURRENT else scope.before)
        again = self.rebooking.get((which, None), Rebooked())
        people = self.returning[which]
        hours = Decimal(totals.treated_seconds) / 3600
        values: dict[str, tuple[Number | None, int | None, int | None]] = {
            "revenue": (totals.revenue, None, None),
            "no_show": _rate(totals.no_show, totals.due),
            "rebooking": _rate(again.rebooked, again.completed),
            "late_cancel": _rate(totals.cancelled_late, totals.booked),
            "cancel": _rate(totals.cancelled, totals.booked),
            "retention": _rate(people.retained, people.clients),
            "second": _rate(people.second, people.new),
            "completed": (totals.completed, None, None),
            "booked": (totals.booked, None, None),
            "revenue_per_hour": (totals.revenue / hours if hours else None, None, None),
            "average_spend": (
                totals.revenue / totals.completed if totals.completed else None,
                None,
                None,
            ),
            "add_on_rate": _rate(totals.with_add_on, totals.completed),
            "lead_time": (self.lead[which], None, None),
            "fees": (totals.fees_owed, None, None),
        }
        if scope.treatment_id is None:  # a roster is not divided by treatments
            whole = sum(self.occupancy.rostered[which].values())
            values["time_booked"] = (percent(totals.treated_seconds, whole), None, None)
            if scope.provider_id is None:  # nor do rooms belong to anybody
                for slug, kind in (("rooms", Kind.ROOM), ("devices", Kind.DEVICE)):
                    share = self.occupancy.fixtures[which].get(kind, Share())
                    values[slug] = (percent(share.part, share.whole), None, None)
        return values


def report(scope: Scope, *, now: datetime) -> Report:
    """Count everything. 13 queries, and 4 for each place, however many visits there are."""
    added = metrics.sums(scope)
    return Report(
        scope=scope,
        now=now,
        sums=added,
        returning=metrics.returning(scope),
        rebooking=metrics.rebooking(scope),
        lead=metrics.lead_days(scope),
        occupancy=occupancy(scope, now=now),
        care=metrics.care(scope, declined=added.total(scope.period).declined),
        messages=metrics.messages(scope),
    )


def percent(part: int, whole: int) -> float | None:
    """Return what `part` is of `whole` in per cent, None of nothing."""
    return 100 * part / whole if whole else None


def _rate(part: int, whole: int) -> tuple[Number | None, int | None, int | None]:
    return percent(part, whole), part, whole


# The visits behind the numbers

Visits = QuerySet[Booking]
Behind = Callable[[Scope, datetime], Visits]


@dataclass(frozen=True)
class Added:
    """What visits come to together, whatever became of them."""

    minutes: int
    fees: Decimal
    prices: Decimal


def added(visits: Visits) -> Added:
    """Add up `visits`. One query."""
    sums = visits.aggregate(
        seconds=Sum(Epoch("ends_at") - Epoch("starts_at")),
        fees=Sum("fee_owed"),
        prices=Sum("price"),
    )
    cent = Decimal("0.01")  # SQLite adds up in floating point
    return Added(
        (sums["seconds"] or 0) // 60,
        *(Decimal(sums[name] or 0).quantize(cent) for name in ("fees", "prices")),
    )


def _with(condition: Q) -> Behind:
    return lambda scope, _now: scope.visits(scope.period).filter(condition)


def _again(**condition: bool) -> Behind:
    return lambda scope, _now: metrics.completed_visits(scope, scope.period).filter(**condition)


def _keeping(kind: Kind) -> Behind:
    """Visits for which something of `kind` that is in use is kept, as far as they have begun."""

    def visits(scope: Scope, now: datetime) -> Visits:
        kept = Allocation.objects.filter(
            booking=OuterRef("pk"),
            resource__kind=kind,
            resource__is_active=True,
            starts_at__lt=now,
        )
        return scope.visits(scope.period).filter(Exists(kept))

    return visits


BEHIND: dict[str, tuple[str | Promise, Behind]] = {
    "booked": (_("All booked visits"), _with(Q())),
    "completed": (_("Completed visits"), _with(Q(status=Status.COMPLETED))),
    "due": (_("Completed, missed or canceled late"), _with(Q(status__in=DUE))),
    "no_show": (_("Missed visits"), _with(Q(status=Status.NO_SHOW))),
    "cancelled_late": (_("Canceled late"), _with(Q(status=Status.CANCELLED_LATE))),
    "cancelled": (_("Canceled by clients"), _with(Q(status__in=CANCELLED))),
    "fees": (_("Visits with a fee"), _with(Q(fee_owed__gt=0))),
    "add_on": (
        _("Completed visits with an add-on"),
        lambda scope, now: _with(Q(status=Status.COMPLETED, add_ons__isnull=False))(
            scope, now
        ).distinct(),
    ),
    "rebooked": (_("Visits that led to the next"), _again(is_rebooked=True)),
    "retained": (_("Visits whose clients came again"), _again(came_again=True)),
    "first": (_("First visits"), _again(is_first=True)),
    "second": (_("First visits whose clients came again"), _again(is_first=True, came_again=True)),
    "rooms": (_("Visits that rooms were kept for"), _keeping(Kind.ROOM)),
    "devices": (_("Visits that devices were kept for"), _keeping(Kind.DEVICE)),
}
