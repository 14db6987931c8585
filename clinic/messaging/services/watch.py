"""The alarm: one line in the log while messages are late."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from time import monotonic

from django.core.cache import cache
from django.db.models import Count, Min

from clinic.messaging.models import Message

logger = logging.getLogger(__name__)

KEY = "messaging.alarm"
QUIET = timedelta(minutes=1)  # between two lines
_quiet_until = 0.0


def sound_alarm(*, now: datetime) -> int:
    """Log an error if messages are late, at most once a minute; return how many are. One query."""
    late = Message.objects.late(now=now).aggregate(count=Count("pk"), oldest=Min("due_at"))
    if late["count"] and _is_first():
        logger.error(
            "Late messages: %s, the oldest due %s minutes ago. What to do: docs/operations.md",
            late["count"],
            (now - late["oldest"]) // timedelta(minutes=1),
        )
    count: int = late["count"]
    return count


def _is_first() -> bool:
    """Whether nobody has said it within the minute: no process while the cache works, else this."""
    global _quiet_until
    if monotonic() < _quiet_until:
        return False
    _quiet_until = monotonic() + QUIET.total_seconds()
    try:
        return cache.add(KEY, 1, timeout=QUIET.total_seconds())
    except Exception as error:  # whatever ails the cache, the line is worth more
        logger.warning("The alarm may be said twice: %s", type(error).__name__)
        return True
