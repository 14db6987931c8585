"""The visits behind the numbers, and what they come to together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from booking.constraints import Epoch
from booking.models import Allocation, Booking, Kind, Status
from booking.selectors.metrics.returning import completed_visits
from booking.selectors.metrics.scope import Scope
from booking.selectors.metrics.sums import CANCELLED, DUE

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
    return lambda scope, _now: completed_visits(scope, scope.period).filter(**condition)


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
