"""What calendars show: the visits of a client or resource, and what an outside calendar brings."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, F, Max, OuterRef, Prefetch, QuerySet
from django.db.models.functions import Coalesce

from booking.models import (
    IN_DIARY,
    UPCOMING,
    Allocation,
    Booking,
    Feed,
    Kind,
    OutsideBusy,
    OutsideCalendar,
    Provider,
    Resource,
    TimeOff,
)
from booking.models.resources import LONGEST_ALLOCATION
from clinic.clients.models import Client
from clinic.places.models import Location


class Entry(NamedTuple):
    """A visit as a calendar shows it: from when until when, the room, and its last change."""

    booking: Booking
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    room: str = ""


def client_entries(client: Client, *, since: datetime) -> list[Entry]:
    """Return the visits of `client` that end after `since`, in order. One query."""
    visits = (
        Booking.objects.filter(client=client, status__in=IN_DIARY, ends_at__gt=since)
        .select_related("location")
        .annotate(changed_at=Coalesce(Max("events__at"), F("created_at")))
        .order_by("starts_at", "pk")
    )
    return [Entry(visit, visit.starts_at, visit.ends_at, visit.changed_at) for visit in visits]


def resource_entries(resource: Resource, *, since: datetime) -> list[Entry]:
    """Return when `resource` is kept for visits after `since`, turnover included. 2 queries."""
    rooms = Allocation.objects.filter(resource__kind=Kind.ROOM).select_related("resource")
    kept = (
        Allocation.objects.filter(
            resource=resource,
            booking__status__in=IN_DIARY,
            ends_at__gt=since,
            starts_at__gt=since - LONGEST_ALLOCATION,
        )
        .select_related("booking__location", "booking__provider")
        .prefetch_related(Prefetch("booking__allocations", rooms, to_attr="rooms"))
        .annotate(changed_at=Coalesce(Max("booking__events__at"), F("booking__created_at")))
        .order_by("starts_at", "pk")
    )
    return [
        Entry(
            keep.booking,
            keep.starts_at,
            keep.ends_at,
            keep.changed_at,
            room=" ".join(room.resource.name for room in keep.booking.rooms),  # type: ignore[attr-defined]
        )
        for keep in kept
    ]


def time_off_of(resource: Resource, *, since: datetime) -> QuerySet[TimeOff]:
    """Return when `resource` is away or out of use after `since`. One query."""
    away = TimeOff.objects.filter(resource=resource, ends_at__gt=since)
    return away.select_related("resource").order_by("starts_at", "pk")


def open_feed_of(owner: Client | Resource) -> Feed | None:
    """Return the address at which the visits of `owner` are read, if there is one. One query."""
    return owner.feeds.filter(revoked_at=None).first()


def rooms_with_feeds() -> QuerySet[Resource]:
    """Return the rooms in use, each with its open feed in `open_feeds`. 2 queries."""
    feeds = Prefetch("feeds", Feed.objects.filter(revoked_at=None), to_attr="open_feeds")
    rooms = Resource.objects.filter(kind=Kind.ROOM, is_active=True)
    return (
        rooms.select_related("location")
        .prefetch_related(feeds)
        .order_by("location__position", "location__name", "name")
    )


def home_of(provider: Provider) -> Location | None:
    """Return where `provider` works, the first of the clinic's places. One query."""
    return Location.objects.filter(working_hours__provider=provider).first()


def calendars_of(provider: Provider) -> QuerySet[OutsideCalendar]:
    """Return the outside calendars of `provider`, the first added first. One query."""
    return OutsideCalendar.objects.filter(provider=provider)


def collisions(provider: Provider, *, now: datetime) -> QuerySet[Booking]:
    """Return the promised visits of `provider` in a time that is busy elsewhere. One query."""
    elsewhere = OutsideBusy.objects.filter(
        resource=OuterRef("provider"),
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
    )
    return (
        Booking.objects.filter(
            Exists(elsewhere), provider=provider, status__in=UPCOMING, starts_at__gt=now
        )
        .select_related("location")
        .order_by("starts_at")
    )
