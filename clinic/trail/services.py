"""Writing to the log of the clinic, sealing it, and letting go of what is too old."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from clinic.trail import noting
from clinic.trail.constraints import unlocked
from clinic.trail.models import Entry, Seal

KEPT = timedelta(days=7 * 365)  # handbook, section 11
PURGED = "log.purged"
GENESIS = "0" * 64  # what the first digest is made of
LATE = 1000  # entries are numbered before they are committed; one comes at most this far behind
ONE_SEALER = 0x4C554D45  # the advisory lock of PostgreSQL; SQLite has one writer anyway


def note(
    *, user_id: int | None, what: str, subject: str = "", now: datetime, **facts: Any
) -> Entry:
    """Write down that `user_id` did `what` to `subject`, such as "price:12".

    In the transaction of the change; it is sealed once that is committed. `facts` are primary
    keys, numbers, dates and settings: never a name, an address, free text of a person, or a word
    of health. Amounts, dates and instants become text.
    """
    entry = Entry.objects.create(
        user_id=user_id, what=what, subject=subject, at=now, facts=plain(facts)
    )
    noting.noted(entry.pk)
    if not any(job is _seal_what_came for _, job, *_ in connection.run_on_commit):
        transaction.on_commit(_seal_what_came, robust=True)  # a failure is logged, beat seals later
    return entry


def plain(value: Any) -> Any:
    """Return `value` as JSON takes it."""
    match value:
        case dict():
            return {str(name): plain(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
        case None | bool() | int() | float():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal() | str():
            return str(value)
    return str(value)


# The chain


def digest_of(previous: str, entry: Entry) -> str:
    """Return the digest of the link that holds `entry` after the link of `previous`."""
    written = {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "user": entry.user_id,
        "what": entry.what,
        "subject": entry.subject,
        "facts": entry.facts,
    }
    text = json.dumps(written, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}{text}".encode()).hexdigest()


def seal(*, everything: bool = False) -> int:
    """Chain the entries that have no seal yet; return how many. 4 queries.

    Those that came lately, or, with `everything`, whatever is open. One at a time: who finds
    somebody sealing leaves it to them, or to the next.
    """
    with transaction.atomic():
        if not _is_alone():
            return 0
        entries = Entry.objects.filter(seal=None).order_by("pk")
        if not everything:
            newest = Entry.objects.aggregate(newest=Max("pk"))["newest"] or 0
            entries = entries.filter(pk__gt=newest - LATE)
        position, digest = _end()
        seals = []
        for entry in entries:
            position, digest = position + 1, digest_of(digest, entry)
            seals.append(Seal(position=position, entry=entry, digest=digest))
        Seal.objects.bulk_create(seals, batch_size=1000)
    return len(seals)


@transaction.atomic
def purge(*, now: datetime) -> int:
    """Delete the sealed entries that are older than seven years; return how many.

    The last seal of what goes stays as the beginning of the chain, and an entry names it.
    """
    if not _is_alone():
        return 0
    kept = Seal.objects.filter(entry__at__gte=now - KEPT).order_by("position").first()
    last_to_go = kept.position - 1 if kept else _end()[0]
    old = Entry.objects.filter(seal__position__lte=last_to_go)
    checkpoint = Seal.objects.filter(position=last_to_go).first()
    if checkpoint is None or not (count := old.count()):
        return 0
    with unlocked("purge"):
        old.delete()
        Seal.objects.filter(position__lt=last_to_go).delete()
    note(
        user_id=None,
        what=PURGED,
        now=now,
        position=last_to_go,
        digest=checkpoint.digest,
        count=count,
    )
    return count


def _seal_what_came() -> None:
    seal()


def _is_alone() -> bool:
    """Whether nobody else seals or purges now; until the transaction ends, nobody will."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_SEALER])
        return bool(cursor.fetchone()[0])


def _end() -> tuple[int, str]:
    """Return position and digest of the last link."""
    last = Seal.objects.order_by("-position").first()
    return (last.position, last.digest) if last else (0, GENESIS)
