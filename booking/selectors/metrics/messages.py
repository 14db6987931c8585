"""What came of messages: the outbox knows no place, so these are the clinic's."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Count, Q

from booking.selectors.metrics.arithmetic import instant_of
from booking.selectors.metrics.scope import Scope
from clinic.messaging.models import Message, Suppression


@dataclass(frozen=True)
class CodeHealth:
    """What came of the messages of one code that went over one channel."""

    code: str
    channel: str
    sent: int
    delivered: int
    failed: int

    def per_thousand(self, count: int) -> float | None:
        """Return `count` for each 1,000 that went or should have."""
        whole = self.sent + self.failed
        return 1000 * count / whole if whole else None

    @property
    def delivered_rate(self) -> float | None:
        return self.per_thousand(self.delivered)

    @property
    def failed_rate(self) -> float | None:
        return self.per_thousand(self.failed)


@dataclass(frozen=True)
class MessageHealth:
    """The messages of a period by code, and how many addresses asked for no more."""

    by_code: list[CodeHealth] = field(default_factory=list)
    opt_outs: int = 0

    @property
    def opt_out_rate(self) -> float | None:
        """Return opt-outs for each 1,000 messages sent."""
        sent = sum(code.sent for code in self.by_code)
        return 1000 * self.opt_outs / sent if sent else None


def messages(scope: Scope) -> MessageHealth:
    """Return what came of the messages due in the period, of all places. 2 queries."""
    place = scope.places[0]
    start, end = map(instant_of, scope.window(scope.period, place))
    settled = (Message.Status.SENT, Message.Status.FAILED)
    rows = (
        Message.objects.filter(status__in=settled, due_at__gte=start, due_at__lt=end)
        .order_by("code", "channel")
        .values_list("code", "channel")
        .annotate(
            sent=Count("pk", filter=Q(status=Message.Status.SENT)),
            delivered=Count("pk", filter=Q(delivered_at__isnull=False)),
            failed=Count("pk", filter=Q(status=Message.Status.FAILED)),
        )
    )
    asked = (Suppression.Reason.STOPPED, Suppression.Reason.COMPLAINED)
    opt_outs = Suppression.objects.filter(reason__in=asked, since__gte=start, since__lt=end)
    return MessageHealth([CodeHealth(*row) for row in rows], opt_outs.count())
