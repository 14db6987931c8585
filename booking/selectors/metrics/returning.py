"""Who comes again, and how far ahead people book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from booking.constraints import Epoch
from booking.models import HOLDS, Booking, Status
from booking.scheduling.wallclock import DAY_SECONDS
from booking.selectors.metrics.arithmetic import divided, number
from booking.selectors.metrics.scope import BEFORE, CURRENT, Period, Scope

REBOOKING = timedelta(hours=24)
RETENTION = timedelta(days=92)


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
                    made__lte=OuterRef("ended") + number(int(REBOOKING.total_seconds()))
                )
            ),
            came_again=Exists(
                completed.annotate(again=Epoch("starts_at")).filter(
                    starts_at__gt=OuterRef("starts_at"),
                    again__lte=OuterRef("began") + number(int(RETENTION.total_seconds())),
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
        .annotate(which=scope.which(), days=divided(seconds, DAY_SECONDS))
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
