"""Publishing rules of the clinic."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from clinic.accounts.models import User
from clinic.places.errors import ChangedMeanwhile, NothingChanges
from clinic.places.models import Location, PolicyVersion
from clinic.places.selectors import rule_book
from clinic.trail.services import note


@transaction.atomic
def publish_policy(
    *,
    user: User,
    location: Location | None,
    changes: dict[str, Any],
    reason: str,
    seen: int,
    now: datetime,
) -> PolicyVersion:
    """Let `changes`, typed values by rule, hold from `now` on at `location`, or for the clinic.

    None gives a rule back: to the clinic at a location, to the handbook for the clinic. What was
    promised to bookings stays theirs. `seen` is the newest version that `user` had before them.
    Raises ChangedMeanwhile, NothingChanges, and ValidationError where the rules would make no
    sense, naming the place.
    """
    list(Location.objects.select_for_update(no_key=True).order_by("pk"))  # one after the other
    latest = PolicyVersion.objects.aggregate(latest=Max("published_at"))["latest"]
    now = max(now, latest or now)  # after whoever was waited for
    book = rule_book(now=now)
    if newer := [version for version in book.versions if version.pk > seen]:
        raise ChangedMeanwhile(newer)
    decided = book.decided(location)
    changed = {name: value for name, value in changes.items() if value != decided.get(name)}
    if not changed:
        raise NothingChanges
    version = version_of(changed, location=location)
    version.reason, version.published_at, version.published_by = reason, now, user
    version.full_clean()
    version.save()
    note(
        user_id=user.pk,
        what="policy.published",
        subject=f"policy_version:{version.pk}",
        now=now,
        location=location.pk if location else None,
        changed={
            name: [_stored(decided.get(name)), _stored(value)] for name, value in changed.items()
        },
    )
    return version


def version_of(changes: dict[str, Any], *, location: Location | None) -> PolicyVersion:
    """Return `changes` as a version that is not published, to be cleaned."""
    values = {name: _stored(value) for name, value in changes.items()}
    return PolicyVersion(location=location, values=values)


def _stored(value: Any) -> Any:
    """As JSON holds it: amounts of money as text, so that they stay exact."""
    return str(value) if isinstance(value, Decimal) else value
