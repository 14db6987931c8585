"""What visits came to, by day and aesthetician."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, Sum, Value, When

from booking.constraints import Epoch
from booking.models import Booking, Status
from booking.scheduling.wallclock import DAY_SECONDS
from booking.selectors.metrics.arithmetic import date_of, divided
from booking.selectors.metrics.scope import Period, Scope

CANCELLED = (Status.CANCELLED_CLIENT, Status.CANCELLED_LATE)
DUE = (Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED_LATE)


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
            day=divided(scope.wall_seconds(), DAY_SECONDS),
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
    return Sums({(date_of(day), provider): _totals(values) for day, provider, *values in rows})


def _totals(values: Sequence[Any]) -> Totals:
    """Return a row of sums; the database says nothing of no visits, and SQLite knows no cents."""
    *counts, revenue, owed = (value or 0 for value in values)
    total = Totals(revenue=_exact(revenue), fees_owed=_exact(owed))
    for each, count in zip(fields(Totals), counts, strict=False):
        setattr(total, each.name, count)
    return total


def _exact(amount: Decimal | int) -> Decimal:
    """Return a sum to the cent; SQLite adds up in floating point."""
    return Decimal(amount).quantize(Decimal("0.01"))
