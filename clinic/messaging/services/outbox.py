"""What is to be told, as rows: plan, withdraw, try again."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from clinic.messaging import doorbell, registry
from clinic.messaging.errors import NoLongerHolds, NotFailed, NotPlanned, NotSent, TooLate
from clinic.messaging.models import COPY, Message

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message to plan; its fields are those of the row. `due_at` and `useful_until` are aware."""

    subject: str
    code: str
    recipient: str
    due_at: datetime
    useful_until: datetime | None = None
    channel: str = Message.Channel.EMAIL
    kind: str = Message.Kind.CARE
    occurrence: str = "1"
    version: int = 0

    @property
    def key(self) -> str:
        """The one name of this message: planning it twice makes one row."""
        parts = (self.subject, self.code, self.occurrence, self.recipient, self.channel)
        return ":".join((*parts, str(self.version)))


def plan(*, messages: Iterable[Draft], now: datetime) -> None:
    """Write messages in the caller's transaction, and ring once it is committed if one is due.

    What is planned already, or was ever sent or voided, stays as it is. One query.
    """
    rows = {draft.key: _row(draft, now) for draft in messages}
    _insert(rows.values())
    if any(row.due_at <= now for row in rows.values()):
        doorbell.ring()


def record_sent(*, messages: Iterable[Draft], sent_to: str, now: datetime) -> None:
    """Write messages as sent when they were due, to `sent_to`: the past of a demo clinic."""
    rows = {draft.key: _row(draft, now) for draft in messages}.values()
    for row in rows:
        row.status, row.sent_to = Message.Status.SENT, sent_to
        row.created_at = row.sent_at = row.settled_at = row.due_at
    _insert(rows)


def void(*, subject: str, codes: Iterable[str] | None = None, reason: str, now: datetime) -> int:
    """Withdraw what is still planned about `subject`, all of it or some codes; return how many."""
    rows = Message.objects.about(subject).planned()
    if codes is not None:
        rows = rows.filter(code__in=list(codes))
    return rows.update(status=Message.Status.VOID, reason=reason, settled_at=now)


def void_one(*, message: Message, reason: str, now: datetime) -> None:
    """Withdraw one planned message. Raises NotPlanned when it went, or ended otherwise."""
    rows = Message.objects.planned().filter(pk=message.pk)
    if not rows.update(status=Message.Status.VOID, reason=reason[:200], settled_at=now):
        raise NotPlanned


@transaction.atomic
def retry(*, message: Message, by: str, now: datetime) -> None:
    """Plan a failed message again, with all its tries and the Message-ID it has.

    `by` names who asked, without a person's name: "staff:7". Raises NotFailed, TooLate, or
    NoLongerHolds with its owner's reason.
    """
    row = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    if row.status != Message.Status.FAILED:
        raise NotFailed
    answer = registry.owner_of(row).holds(row, now)
    if isinstance(answer, str) and answer:
        raise NoLongerHolds(answer)
    ready_at = answer if isinstance(answer, datetime) else now
    if row.useful_until and row.useful_until <= ready_at:
        raise TooLate
    row.status, row.reason, row.last_error = Message.Status.PLANNED, "", ""
    row.settled_at, row.bounced_at, row.delivered_at = None, None, None
    row.lease, row.attempts, row.ready_at = None, 0, ready_at
    row.save(
        update_fields=[
            "status",
            "reason",
            "last_error",
            "settled_at",
            "bounced_at",
            "delivered_at",
            "lease",
            "attempts",
            "ready_at",
        ]
    )
    logger.info("Message %s is tried again for %s", row.pk, by)
    if ready_at <= now:
        doorbell.ring()


@transaction.atomic
def send_again(*, message: Message, by: str, now: datetime) -> Message:
    """Plan a copy of a message that went, to whoever it is for, and return it.

    The copy is a row of its own, with a Message-ID of its own, and everything that is asked before
    a message goes is asked again. `by` names who asked, without a person's name: "staff:7". Raises
    NotSent, TooLate, or NoLongerHolds with its owner's reason.
    """
    row = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
    if row.status != Message.Status.SENT:
        raise NotSent
    copies = Message.objects.about(row.subject).filter(
        code=row.code, recipient=row.recipient, channel=row.channel, version=row.version
    )
    earlier = copies.filter(occurrence__startswith=f"{row.occasion}{COPY}")
    if earlier.filter(status=Message.Status.PLANNED).exists():
        raise NoLongerHolds("a copy is on its way already")
    draft = Draft(
        subject=row.subject,
        code=row.code,
        recipient=row.recipient,
        due_at=now,
        useful_until=row.useful_until,
        channel=row.channel,
        kind=row.kind,
        occurrence=f"{row.occasion}{COPY}{earlier.count() + 1}",
        version=row.version,
    )
    if row.useful_until and row.useful_until <= now:
        raise TooLate
    copy = _row(draft, now)
    answer = registry.owner_of(copy).holds(copy, now)
    if isinstance(answer, str) and answer:
        raise NoLongerHolds(answer)
    copy.save()
    logger.info("Message %s is sent again as %s for %s", row.pk, copy.pk, by)
    doorbell.ring()
    return copy


def _row(draft: Draft, now: datetime) -> Message:
    return Message(
        key=draft.key,
        subject=draft.subject,
        code=draft.code,
        occurrence=draft.occurrence,
        recipient=draft.recipient,
        channel=draft.channel,
        version=draft.version,
        kind=draft.kind,
        due_at=draft.due_at,
        useful_until=draft.useful_until,
        ready_at=draft.due_at,
        created_at=now,
        message_id=_message_id(),
    )


def _message_id() -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{uuid4().hex}@{domain}>"


def _insert(rows: Iterable[Message]) -> None:
    """Insert rows, leaving those alone whose key is taken.

    Not `ignore_conflicts`: SQLite would then skip a row that breaks any other rule, in silence.
    """
    Message.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["key"], update_fields=["key"]
    )
