"""What we know of a client, and what has to be asked before a visit of theirs is confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from booking.models import UPCOMING, Booking, Status
from clinic.clients.models import Client, ConsentKind
from clinic.clients.selectors import preferences

SAFETY_LIST_HOLDS = timedelta(days=365)  # a full form is valid 12 months (handbook, section 2)


class Missing(StrEnum):
    """Something that a client has to say for themselves."""

    CONTACT = "contact"
    CONSENTS = "consents"
    SAFETY = "safety"


def missing_details(client: Client, *, wording: str, now: datetime) -> list[Missing]:
    """Return what `client` still has to say before a visit is confirmed. 2 queries.

    `wording` is the safety list as it is asked now: another one has to be asked anew.
    """
    missing = []
    if not client.email or not client.phone:
        missing.append(Missing.CONTACT)
    agreed = preferences(client)
    if not (agreed[ConsentKind.TREATMENT] and agreed[ConsentKind.DATA]):
        missing.append(Missing.CONSENTS)
    if safety_confirmed(client, wording=wording, now=now) is None:
        missing.append(Missing.SAFETY)
    return missing


def safety_confirmed(client: Client, *, wording: str, now: datetime) -> datetime | None:
    """Return when `client` last confirmed the safety list, if that still counts. One query."""
    latest = client.bookings.filter(
        safety_wording=wording, safety_confirmed_at__gt=now - SAFETY_LIST_HOLDS
    ).order_by("-safety_confirmed_at")
    return latest.values_list("safety_confirmed_at", flat=True).first()


def has_come(client: Client) -> bool:
    """Whether `client` ever was treated here. One query."""
    return client.bookings.filter(status=Status.COMPLETED).exists()


def visits_ahead(client: Client, *, now: datetime) -> list[Booking]:
    """Return the promised visits of `client` to come, the next one first. One query."""
    ahead = client.bookings.filter(status__in=UPCOMING, starts_at__gt=now)
    return list(ahead.select_related("location").order_by("starts_at"))


def times_missed(client: Client) -> int:
    """Return how many visits `client` did not come to. One query."""
    return client.bookings.filter(status=Status.NO_SHOW).count()
