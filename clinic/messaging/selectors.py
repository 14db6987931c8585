"""How the outbox stands: for the desk, the command line and the gauges."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Case, Count, DateTimeField, F, Min, Q, QuerySet, When

from clinic.messaging.models import Message, Suppression

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def due(*, now: datetime) -> QuerySet[Message]:
    """Return what should have gone by `now` and has not, the longest overdue first. One query."""
    return Message.objects.overdue(now=now).order_by("due_at", "pk")


def late(*, now: datetime) -> QuerySet[Message]:
    """Return what is due and somebody should look after, the longest overdue first. One query."""
    return Message.objects.late(now=now).order_by("due_at", "pk")


def failed() -> QuerySet[Message]:
    """Return what failed, the latest first. One query."""
    return Message.objects.failed().order_by("-settled_at", "-pk")


def suppressed() -> QuerySet[Suppression]:
    """Return the addresses nothing is sent to, the latest first. One query."""
    return Suppression.objects.open().order_by("-since", "-pk")


class CodeCounts(NamedTuple):
    """How many messages of one code and channel are in each status."""

    code: str
    channel: str
    planned: int
    sent: int
    void: int
    dropped: int
    failed: int


def are_texts_stopped(number: str) -> bool:
    """Return whether STOP was sent from `number`, and no START since. One query."""
    stopped = Suppression.objects.open().filter(reason=Suppression.Reason.STOPPED)
    return stopped.of(channel=Message.Channel.SMS, address=number).exists()


def counts_by_code(*, since: datetime | None = None) -> list[CodeCounts]:
    """Return how many of each code are in which status, in the order of the codes.

    Of those due at `since` or later, or of all there ever were. One query.
    """
    rows = Message.objects.filter(due_at__gte=since) if since else Message.objects.all()
    counted = rows.order_by("code", "channel").values_list("code", "channel")
    in_status = {status: Count("pk", filter=Q(status=status)) for status in CodeCounts._fields[2:]}
    return [CodeCounts(*row) for row in counted.annotate(**in_status)]


class Gauges(NamedTuple):
    """The outbox at one moment, in numbers. Seconds are 0 where nothing waits."""

    oldest_due_seconds: float
    planned_due: int
    late: int
    retrying: int
    sent_last_minute: int
    failed_last_day: int
    suppressed: int


def gauges(*, now: datetime) -> Gauges:
    """Return what monitoring watches; docs/operations.md says what it means. 5 queries.

    The oldest is what has waited longest for a worker, or has been tried in vain since it was due.
    """
    is_retried = ~Q(last_error="")
    waits_since = Case(
        When(is_retried, then=F("due_at")),
        When(ready_at__lte=now, then=F("ready_at")),
        output_field=DateTimeField(),
    )
    waiting = Message.objects.overdue(now=now).aggregate(
        oldest=Min(waits_since), due=Count("pk"), retrying=Count("pk", filter=is_retried)
    )
    return Gauges(
        oldest_due_seconds=(now - (waiting["oldest"] or now)).total_seconds(),
        planned_due=waiting["due"],
        late=Message.objects.late(now=now).count(),
        retrying=waiting["retrying"],
        sent_last_minute=Message.objects.filter(sent_at__gt=now - MINUTE, sent_at__lte=now).count(),
        failed_last_day=Message.objects.failed().filter(settled_at__gt=now - DAY).count(),
        suppressed=Suppression.objects.open().count(),
    )
