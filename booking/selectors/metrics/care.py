"""Where health is involved: counts only, and none that would say it of somebody."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from booking.models import BookingEvent, Happened, SkinCheck
from booking.selectors.metrics.scope import Scope
from booking.selectors.metrics.sums import CANCELLED

HIDDEN_UNDER = 5


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
    why = BookingEvent.objects.filter(
        booking=OuterRef("pk"), what=Happened.CANCELLED, data__health=True
    )
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
