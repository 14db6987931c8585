"""What it all came to: every number of a period, and what each aesthetician's visits did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from booking.models import Kind
from booking.selectors.metrics.care import Care, care
from booking.selectors.metrics.messages import MessageHealth, messages
from booking.selectors.metrics.occupancy import Occupancy, Share, occupancy
from booking.selectors.metrics.returning import (
    RETENTION,
    Rebooked,
    Returning,
    lead_days,
    rebooking,
    returning,
)
from booking.selectors.metrics.scope import BEFORE, CURRENT, Scope
from booking.selectors.metrics.sums import Sums, Totals, sums
from booking.selectors.numbers.definitions import GROWING, METRICS
from booking.selectors.numbers.figures import Figure, Number, percent, written
from clinic.web.money import money


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
        return max(ends) + RETENTION.total_seconds() <= self.now.timestamp()

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
    added = sums(scope)
    return Report(
        scope=scope,
        now=now,
        sums=added,
        returning=returning(scope),
        rebooking=rebooking(scope),
        lead=lead_days(scope),
        occupancy=occupancy(scope, now=now),
        care=care(scope, declined=added.total(scope.period).declined),
        messages=messages(scope),
    )


def _rate(part: int, whole: int) -> tuple[Number | None, int | None, int | None]:
    return percent(part, whole), part, whole
