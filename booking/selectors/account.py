"""The visits and answers of one client, as their own area shows them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from booking.models import COMING, HOLDS, Booking
from clinic.clients.models import Client, Consent


def visits_ahead(client: Client, *, now: datetime) -> list[Booking]:
    """Return the visits of `client` that are to come or going on, the next first. 3 queries."""
    return list(ahead(_promised(client), now=now))


def visits_behind(client: Client, *, now: datetime) -> QuerySet[Booking]:
    """Return the other visits of `client`, the latest first; read, they take 3 queries."""
    return behind(_promised(client), now=now)


def ahead(visits: QuerySet[Booking], *, now: datetime) -> QuerySet[Booking]:
    """Return those of `visits` that are to come or going on, the next first."""
    return visits.filter(status__in=COMING, ends_at__gt=now).order_by("starts_at", "pk")


def behind(visits: QuerySet[Booking], *, now: datetime) -> QuerySet[Booking]:
    """Return the others of `visits`, the latest first."""
    return visits.exclude(status__in=COMING, ends_at__gt=now).order_by("-starts_at", "-pk")


def visit_of(client: Client, reference: str) -> Booking | None:
    """Return the promised visit of `client` with that reference. 3 queries."""
    return _promised(client).filter(reference=reference).first()


def zone_of(client: Client) -> ZoneInfo:
    """Return by whose clock `client` lives: their own, else that of the place of the latest visit.

    At most one query.
    """
    places = _promised(client).order_by("-starts_at").values_list("location__time_zone", flat=True)
    return ZoneInfo(client.time_zone or places.first() or settings.TIME_ZONE)


def answers_of(client: Client) -> dict[str, list[Consent]]:
    """Return what `client` agreed to or refused, by kind in words, the latest first. One query."""
    answers: dict[str, list[Consent]] = {}
    for answer in client.consents.all():
        answers.setdefault(answer.get_kind_display(), []).append(answer)
    return answers


def _promised(client: Client) -> QuerySet[Booking]:
    visits = Booking.objects.with_facts().filter(client=client)
    return visits.exclude(status__in=HOLDS)
