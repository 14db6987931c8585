"""Writing to the log of the clinic."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from clinic.trail.models import Entry


def note(
    *, user_id: int | None, what: str, subject: str = "", now: datetime, **facts: Any
) -> Entry:
    """Write down that `user_id` did `what` to `subject`, such as "price:12".

    In the transaction of the change. `facts` are primary keys, numbers, dates and settings, as
    JSON takes them: never a name, an address, free text of a person, or a word of health.
    """
    return Entry.objects.create(user_id=user_id, what=what, subject=subject, at=now, facts=facts)
