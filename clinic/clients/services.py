"""What clients change about themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from clinic.accounts.models import User
from clinic.clients.models import Client, ClientNote, Consent, ConsentKind, email_key, name_key
from clinic.clients.selectors import preferences
from clinic.trail.services import note

P = ParamSpec("P")
R = TypeVar("R")

ONE_PERSON = "one_client_per_email_and_name"


def again_if_taken(service: Callable[P, R]) -> Callable[P, R]:
    """Do `service` once more where somebody else took a name and address in the same instant.

    Two who are new find no row of that name to lock. The database gives it to one of them, and the
    other, who looks again, finds that client. Goes outside `transaction.atomic`.
    """

    @functools.wraps(service)
    def looked_twice(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except IntegrityError as error:
            if ONE_PERSON not in str(error):
                raise
            return service(*args, **kwargs)

    return looked_twice


def client_called(*, name: str, email: str, phone: str, time_zone: str) -> Client:
    """Return the client of that name and address: known, kept for a duplicate, or new.

    Up to 3 queries. What else is typed counts for who is new only.
    """
    same = Client.objects.filter(email_key=email_key(email), name_key=name_key(name))
    own_first = same.select_related("merged_into").order_by(F("merged_into").asc(nulls_first=True))
    if known := own_first.first():
        return known.kept
    client, _ = Client.objects.get_or_create(
        email_key=email_key(email),
        name_key=name_key(name),
        merged_into=None,
        defaults={"name": name, "email": email, "phone": phone, "time_zone": time_zone},
    )
    return client


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


@again_if_taken
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
    several people, and who is in an account stays there. An address of a duplicate is one of the
    client it was merged into. Returns how many joined. 1 query.
    """
    key = email_key(email)
    merged = Client.objects.filter(email_key=key).exclude(merged_into=None)
    is_known_by_it = Q(email_key=key) | Q(pk__in=merged.values("merged_into"))
    guests = Client.objects.filter(is_known_by_it, user=None, merged_into=None)
    return guests.update(user=user)


@again_if_taken
@transaction.atomic
def follow_address(*, user: User, before: str, email: str) -> None:
    """Write to the people of `user` at the account's new address, where they had the old one.

    Not to somebody whose name is known at the new address already: that is another client.
    """
    people = Client.objects.filter(user=user, email_key=email_key(before))
    known = Client.objects.filter(email_key=email_key(email), merged_into=None).values("name_key")
    people.exclude(name_key__in=known).update(email=email, email_key=email_key(email))


@again_if_taken
@transaction.atomic
def change_contact(
    *, client: Client, name: str, email: str, phone: str, time_zone: str, user: User, now: datetime
) -> None:
    """Keep what the desk was told of `client`. Raises ValidationError for the name of a twin.

    The address of somebody with an account is changed where they sign in: it stays as it is.
    """
    addresses = {email_key(client.email), email_key(email)}
    family = Client.objects.filter(Q(pk=client.pk) | Q(email_key__in=addresses - {""}))
    list(family.order_by("pk").select_for_update(no_key=True))  # two of them take no name at once
    client.refresh_from_db()
    client.name, client.phone, client.time_zone = name, phone, time_zone
    if client.user_id is None:
        client.email = email
    client.clean()
    client.save(update_fields=["name", "email", "phone", "time_zone"])
    note(user_id=user.pk, what="client.changed", subject=f"client:{client.pk}", now=now)


@transaction.atomic
def add_note(*, client: Client, text: str, user: User, now: datetime) -> ClientNote:
    """Write a plain note of the desk about `client`."""
    added = ClientNote.objects.create(client=client, text=text, written_by=user, written_at=now)
    note(user_id=user.pk, what="note.added", subject=f"client:{client.pk}", now=now, note=added.pk)
    return added


@transaction.atomic
def remove_note(*, taken: ClientNote, user: User, now: datetime) -> None:
    """Take a note away; twice is harmless."""
    if ClientNote.objects.filter(pk=taken.pk, removed_at=None).update(
        removed_at=now, removed_by=user
    ):
        about = f"client:{taken.client_id}"
        note(user_id=user.pk, what="note.removed", subject=about, now=now, note=taken.pk)


@transaction.atomic
def put_back_note(*, taken: ClientNote, user: User, now: datetime) -> None:
    """Put a note back that was taken away; twice is harmless."""
    gone = ClientNote.objects.filter(pk=taken.pk).exclude(removed_at=None)
    if gone.update(removed_at=None, removed_by=None):
        about = f"client:{taken.client_id}"
        note(user_id=user.pk, what="note.put_back", subject=about, now=now, note=taken.pk)
