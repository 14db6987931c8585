"""What a client changes about themselves, and what that changes about their visits."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from booking.models import UPCOMING
from clinic.accounts.models import User
from clinic.clients import services as clients
from clinic.clients.models import Client


@transaction.atomic
def change_details(*, client: Client, name: str, phone: str, time_zone: str, now: datetime) -> None:
    """Keep how `client` is called, reached, and by which clock; visits ahead are told by it too.

    Raises ValidationError for the name of a twin.
    """
    clients.change_details(client=client, name=name, phone=phone, time_zone=time_zone)
    _follow_zone(client, now=now)


@transaction.atomic
def change_contact(
    *, client: Client, name: str, email: str, phone: str, time_zone: str, user: User, now: datetime
) -> None:
    """Keep what the desk was told of `client`; visits ahead are told by their clock too.

    Raises ValidationError for the name of a twin.
    """
    clients.change_contact(
        client=client,
        name=name,
        email=email,
        phone=phone,
        time_zone=time_zone,
        user=user,
        now=now,
    )
    _follow_zone(client, now=now)


def _follow_zone(client: Client, *, now: datetime) -> None:
    ahead = client.bookings.filter(status__in=UPCOMING, starts_at__gt=now)
    ahead.update(time_zone=client.time_zone)
