"""What clients change about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from clinic.accounts.models import User
from clinic.clients.models import Client, Consent, ConsentKind, email_key
from clinic.clients.selectors import preferences


def record_consent(
    *,
    client: Client,
    kind: ConsentKind,
    is_given: bool,
    wording_version: str,
    source: str,
    now: datetime,
) -> Consent:
    """Write down one answer of `client`; earlier ones stay."""
    return Consent.objects.create(
        client=client,
        kind=kind,
        is_given=is_given,
        wording_version=wording_version,
        source=source,
        given_at=now,
    )


@transaction.atomic
def change_preferences(
    *,
    client: Client,
    wanted: Mapping[ConsentKind, bool],
    wording_version: str,
    source: str,
    now: datetime,
) -> list[Consent]:
    """Write down which of `wanted` differ from what `client` said last; return those answers."""
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    before = preferences(client)
    return [
        record_consent(
            client=client,
            kind=kind,
            is_given=is_given,
            wording_version=wording_version,
            source=source,
            now=now,
        )
        for kind, is_given in wanted.items()
        if before[kind] != is_given
    ]


@transaction.atomic
def save_preferences(
    *,
    client: Client,
    wanted: Mapping[ConsentKind, bool],
    phone: str,
    wording_version: str,
    now: datetime,
) -> None:
    """Keep what `client` said on the preferences page, and the number if another was typed."""
    change_preferences(
        client=client,
        wanted=wanted,
        wording_version=wording_version,
        source="preferences",
        now=now,
    )
    if phone and phone != client.phone:
        client.phone = phone
        client.save(update_fields=["phone"])


@transaction.atomic
def change_details(*, client: Client, name: str, phone: str, time_zone: str) -> None:
    """Keep how `client` is called and reached. Raises ValidationError for the name of a twin."""
    family = Client.objects.filter(email_key=client.email_key).order_by("pk")
    list(family.select_for_update(no_key=True))  # two of them take no name at once
    client.name, client.phone, client.time_zone = name, phone, time_zone
    client.clean()
    client.save(update_fields=["name", "phone", "time_zone"])


def join_account(*, user: User, email: str) -> int:
    """Put everybody who was booked as a guest with `email` into the account of `user`.

    For an address its owner has proved, never before. A family that shares an address stays
    several people, and who is in an account stays there. Returns how many joined. 1 query.
    """
    return Client.objects.filter(email_key=email_key(email), user=None).update(user=user)


@transaction.atomic
def follow_address(*, user: User, before: str, email: str) -> None:
    """Write to the people of `user` at the account's new address, where they had the old one.

    Not to somebody whose name is known at the new address already: that is another client.
    """
    people = Client.objects.filter(user=user, email_key=email_key(before))
    known = Client.objects.filter(email_key=email_key(email)).values("name_key")
    people.exclude(name_key__in=known).update(email=email, email_key=email_key(email))
