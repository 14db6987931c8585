"""The visits of a change, each with the times that it could have instead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from booking.models import IN_DIARY, Allocation, Booking, ScheduleChange, TouchedVisit
from booking.scheduling.slots import Kept
from booking.selectors.replanning.choices import Choice, Row
from booking.selectors.replanning.plan import DAY, DAYS_BEFORE, Givers, Plan
from clinic.places.models import Location


def touched_visits(change: ScheduleChange) -> QuerySet[TouchedVisit]:
    """Return the visits of `change` with what a page says of them, in order of time. 3 queries."""
    bookings = Booking.objects.with_facts()
    return (
        TouchedVisit.objects.filter(change=change)
        .select_related("decided_by", "chosen_by")
        .prefetch_related(Prefetch("booking", bookings))
        .order_by("booking__starts_at", "pk")
    )


def replanned(
    touched: Sequence[TouchedVisit], *, change: ScheduleChange, now: datetime
) -> list[Row]:
    """Return a row for each of `touched`, with offers where it is open.

    The visits come in order of time, and none is offered what is picked for another of them.
    14 queries for visits of one place, 7 more for each further one, however many there are.
    """
    rows = [Row(each) for each in touched]
    is_retired = change.kind == ScheduleChange.Kind.RETIRING
    todo = [row for row in rows if row.is_open and not row.has_changed]
    if todo and not is_retired:
        givers = Givers.read()
        own = _allocations([row.visit for row in todo])
        elsewhere = _visits_of_clients([row.visit for row in todo])
        by_place: dict[Location, list[Row]] = defaultdict(list)
        for row in todo:
            by_place[row.visit.location].append(row)
        for location, there in by_place.items():
            plan = Plan.of(location, there, givers, own, elsewhere, now=now)
            picked = [row for row in there if row.touched.choice]
            free = [row for row in there if not row.touched.choice]
            for row in picked:
                plan.fill(row)
            for row in free:
                plan.keep_hour(row)
            for row in free:
                plan.fill(row)
    if is_retired:
        for row in todo:
            row.choice = Choice.read(row.touched.choice) or Choice(Choice.KEEP)
    return rows


def _allocations(visits: Sequence[Booking]) -> dict[int, list[Kept]]:
    """What each of `visits` keeps. One query."""
    own: dict[int, list[Kept]] = defaultdict(list)
    rows = Allocation.objects.filter(booking__in=visits).order_by()
    for booking, resource, start, end in rows.values_list(
        "booking", "resource", "starts_at", "ends_at"
    ):
        own[booking].append(Kept(resource, int(start.timestamp()), int(end.timestamp())))
    return own


def _visits_of_clients(visits: Sequence[Booking]) -> dict[int, list[tuple[int, int, int]]]:
    """When the clients of `visits` have visits, by client: booking, start, end. One query."""
    found: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    theirs = Booking.objects.filter(
        client__in={visit.client_id for visit in visits},
        status__in=IN_DIARY,
        ends_at__gt=min(visit.starts_at for visit in visits) - (DAYS_BEFORE + 1) * DAY,
    )
    for client, booking, start, end in theirs.order_by().values_list(
        "client", "pk", "starts_at", "ends_at"
    ):
        found[client].append((booking, int(start.timestamp()), int(end.timestamp())))
    return found
