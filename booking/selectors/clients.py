"""The record of a client as the clinic reads it, as far as the reader may see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from booking.models import HOLDS, UPCOMING, Booking, Reading, Status
from booking.selectors import desk
from clinic.clients.models import Client, ClientMerge
from clinic.messaging.models import Message

LOOKED_THROUGH = 200  # visits, the latest, whose messages are listed
LISTED = 10  # messages and readings, the latest


@dataclass(frozen=True)
class Record:
    """What is known of somebody's visits together."""

    completed: int
    no_shows: int
    cancelled_late: int
    owed: Decimal
    since: datetime | None  # the first visit


@dataclass(frozen=True)
class Seen:
    """When somebody was here last, and when they come next."""

    last: datetime | None
    next: datetime | None


def promised(visits: QuerySet[Booking], client: Client) -> QuerySet[Booking]:
    """Return those of `visits` that were promised to `client`, with the facts of each."""
    facts = visits.filter(client=client).exclude(status__in=HOLDS)
    return facts.select_related("location", "provider__resource_ptr", "option__treatment")


def record_of(visits: QuerySet[Booking]) -> Record:
    """Return what `visits` of one client come to. One query."""
    found: dict[str, Any] = visits.aggregate(
        completed=Count("pk", filter=Q(status=Status.COMPLETED)),
        no_shows=Count("pk", filter=Q(status=Status.NO_SHOW)),
        cancelled_late=Count("pk", filter=Q(status=Status.CANCELLED_LATE)),
        owed=Sum("fee_owed"),
        since=Min("starts_at"),
    )
    return Record(**found | {"owed": found["owed"] or Decimal(0)})


def seen(clients: Iterable[Client], visits: QuerySet[Booking], *, now: datetime) -> dict[int, Seen]:
    """Return by primary key when `clients` were here last and come next, of `visits`. One query."""
    came = Q(status=Status.COMPLETED)
    comes = Q(status__in=UPCOMING, starts_at__gt=now)
    theirs = visits.filter(client__in=list(clients)).order_by().values("client")
    rows = theirs.annotate(
        last=Max("starts_at", filter=came), next=Min("starts_at", filter=comes)
    ).values_list("client", "last", "next")
    return {client: Seen(last, coming) for client, last, coming in rows}


def told(visits: QuerySet[Booking]) -> list[desk.Row]:
    """Return what their client was told of `visits` or is to be told next, the latest first.

    3 queries.
    """
    keys = visits.order_by("-starts_at").values_list("pk", flat=True)[:LOOKED_THROUGH]
    messages = Message.objects.filter(
        subject__in=[f"booking:{key}" for key in keys], recipient="client"
    ).exclude(status__in=[Message.Status.VOID, Message.Status.PLANNED])
    return desk.rows(list(messages.order_by("-due_at", "-pk")[:LISTED]))


def readings(visits: QuerySet[Booking]) -> list[Reading]:
    """Return which pages of `visits` their client opened and read, the latest first. One query."""
    pages = Reading.objects.filter(booking__in=visits).select_related("booking__location")
    return list(pages.order_by("-opened_at", "-pk")[:LISTED])


def merges_of(client: Client) -> list[ClientMerge]:
    """Return which duplicates `client` stands for, the latest merged first. One query."""
    merges = ClientMerge.objects.filter(kept=client, undone_at=None)
    return list(merges.select_related("merged", "merged_by"))
