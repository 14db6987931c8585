"""The log as it is read: searched, and checked for tampering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from clinic.trail import subjects
from clinic.trail.models import Entry, Seal
from clinic.trail.services import GENESIS, PURGED, digest_of


@dataclass(frozen=True, kw_only=True)
class Search:
    """What to look for in the log; what is empty does not matter."""

    user_id: int | None = None
    subject: str = ""
    what: str = ""
    since: datetime | None = None
    until: datetime | None = None  # that instant no longer


def found(search: Search) -> QuerySet[Entry]:
    """Return the entries of `search`, the latest first.

    A subject is named as it is written ("booking:12", or "booking" for all of them), or as people
    name it (a reference), which takes one query for each kind that knows such names. "price" as
    `what` means all that was done to prices.
    """
    entries = Entry.objects.order_by("-pk")
    if search.user_id is not None:
        entries = entries.filter(user_id=search.user_id)
    if search.what:
        is_whole = "." in search.what
        entries = entries.filter(
            **{"what" if is_whole else "what__startswith": search.what.strip().lower()}
        )
    if typed := search.subject.strip():
        named = subjects.named(typed)
        if named:
            entries = entries.filter(subject__in=named)
        elif ":" in typed:
            entries = entries.filter(subject=typed.lower())
        else:
            entries = entries.filter(subject__startswith=f"{typed.lower()}:")
    if search.since:
        entries = entries.filter(at__gte=search.since)
    if search.until:
        entries = entries.filter(at__lt=search.until)
    return entries


def whats() -> list[str]:
    """Return what the log has entries of, in alphabetical order. One query, by the index."""
    return list(Entry.objects.order_by("what").values_list("what", flat=True).distinct())


def unsealed() -> int:
    """Return how many entries wait for their seal. One query."""
    return Entry.objects.filter(seal=None).count()


def verify() -> int | None:
    """Return the first position at which the chain is broken, None if it is whole.

    It is broken where an entry differs from what was sealed, where one is missing, and where the
    chain begins later than a purge says. At most 2 queries; reads the whole log, row by row.
    """
    position, digest = 0, GENESIS
    for seal in Seal.objects.select_related("entry").order_by("position").iterator():
        entry = seal.entry if seal.entry_id else None
        if position == 0 and entry is None and _is_left_by_a_purge(seal):
            position, digest = seal.position, seal.digest
            continue
        if seal.position != position + 1 or entry is None:
            return position + 1
        if seal.digest != digest_of(digest, entry):
            return seal.position
        position, digest = seal.position, seal.digest
    return None


def _is_left_by_a_purge(seal: Seal) -> bool:
    """Whether an entry of the log names `seal` as the last one that was purged."""
    return Entry.objects.filter(
        what=PURGED, facts__position=seal.position, facts__digest=seal.digest
    ).exists()


def end() -> Seal | None:
    """Return the last link of the chain, to be kept where nobody of the clinic writes."""
    return Seal.objects.order_by("-position").first()
