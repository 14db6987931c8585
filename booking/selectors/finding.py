"""Finding people: whom somebody at the desk may mean by what they type."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db import connection
from django.db.models import Case, Expression, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Greatest

from booking.models import COMING, Booking
from booking.permissions import clients_of
from booking.selectors.desk import references
from clinic.accounts.models import User
from clinic.clients.models import Client, name_key

FOUND_AT_MOST = 12
SHORTEST = 2  # letters of a name or an address to look for
SHORTEST_NUMBER = 3  # digits
NUMBER = re.compile(r"[\d\s().+/-]+")


@dataclass(frozen=True)
class FoundVisits:
    """The visit whose reference was typed, if any, and the next ones of the clients found."""

    named: Booking | None
    ahead: list[Booking]


def find_clients(
    text: str, *, user: User, now: datetime, at_most: int = FOUND_AT_MOST
) -> list[Client]:
    """Return the clients whom `text` may mean and `user` may see, the likeliest first. One query.

    Words of the name in any order, part of the e-mail address, or digits of the number in any
    spelling; on PostgreSQL names a letter or two away as well. Nobody who was merged or erased.
    """
    typed = name_key(text.replace("\0", ""))
    if len(typed) < SHORTEST:
        return []
    is_meant = is_found = _spelt(typed)
    likeness: Expression = Value(0.0)
    if connection.vendor == "postgresql":
        is_found |= Q(name_key__trigram_word_similar=typed) | Q(name_key__trigram_similar=typed)
        likeness = Greatest(
            TrigramWordSimilarity(typed, "name_key"), TrigramSimilarity("name_key", typed)
        )
    rank = Case(
        When(name_key__startswith=typed, then=Value(3.0)),
        When(is_meant, then=Value(2.0)),
        default=likeness,
        output_field=FloatField(),
    )
    clients = clients_of(user, now=now).filter(merged_into=None, erased_at=None)
    return list(clients.filter(is_found).order_by(rank.desc(), "name_key", "pk")[:at_most])


def find_visits(
    text: str, clients: Collection[Client], *, visits: QuerySet[Booking], now: datetime
) -> FoundVisits:
    """Return which of `visits` the reference in `text` names, and what is ahead for `clients`.

    2 queries at most.
    """
    named = None
    if any(map(str.isalnum, text)):
        promised = visits.filter(reference__in=references(text), client__isnull=False)
        named = promised.select_related("client", "location").first()
    coming = visits.filter(client__in=[client.pk for client in clients], ends_at__gt=now)
    listed = coming.filter(status__in=COMING).select_related("client", "location")
    return FoundVisits(
        named, list(listed.order_by("starts_at", "pk")[:FOUND_AT_MOST]) if clients else []
    )


def _spelt(typed: str) -> Q:
    """Whether name, address or number hold what was typed, letter by letter."""
    is_name = Q()
    for word in typed.split():
        is_name &= Q(name_key__contains=word)
    is_meant = is_name | Q(email_key__contains=typed)
    digits = re.sub(r"\D", "", typed).lstrip("0")
    if NUMBER.fullmatch(typed) and len(digits) >= SHORTEST_NUMBER:
        is_meant |= Q(phone__contains=digits)
    return is_meant
