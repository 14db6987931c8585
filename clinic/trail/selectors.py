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


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a look at the links behind `since`, up to `until`, came to."""

    since: int
    until: int
    broken: int | None
    unsealed: int
    end: Seal | None

    @property
    def is_last(self) -> bool:
        """Whether it reached the end of the chain."""
        return self.end is None or self.until == self.end.position


def checked(*, at_most: int, until: int = 0) -> Checked:
    """Check the last links up to position `until`, or up to the end; not the whole log at once.

    7 queries at most, and `at_most` rows.
    """
    last = end()
    newest = last.position if last else 0
    until = min(until, newest) or newest
    since = max(until - at_most, 0)
    if not Seal.objects.filter(position__lt=since).exists():
        since = 0
    return Checked(
        since=since,
        until=until,
        broken=verify(since=since, until=until),
        unsealed=unsealed(),
        end=last,
    )


def verify(*, since: int = 0, until: int | None = None) -> int | None:
    """Return the first position at which the chain is broken, None if it is whole.

    It is broken where an entry differs from what was sealed, where one is missing, and where the
    chain begins later than a purge says. At most 3 queries; reads, row by row, the whole log, or
    the links behind position `since` up to `until`.
    """
    links = Seal.objects.select_related("entry").filter(position__gt=since).order_by("position")
    if until is not None:
        links = links.filter(position__lte=until)
    position, digest = since, GENESIS
    if since:
        digest = Seal.objects.filter(position=since).values_list("digest", flat=True).first() or ""
    for seal in links.iterator():
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
