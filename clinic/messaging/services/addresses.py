"""What the other side tells us: it arrived, it bounced, it was reported, texts are not wanted."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from clinic.clients.models import Client, ConsentKind
from clinic.clients.services import record_consent
from clinic.messaging import registry
from clinic.messaging.models import Message, Suppression, address_key
from clinic.messaging.services.outbox import Draft, plan

logger = logging.getLogger(__name__)

SUBJECT = "texts"
RECEIPT_WITHIN = timedelta(minutes=5)  # of a stop; later it would only surprise
SMS = Message.Channel.SMS


def suppress(
    *, channel: str, address: str, reason: Suppression.Reason, source: str, now: datetime
) -> tuple[Suppression, bool]:
    """Send nothing more to `address`. Returns the open suppression and whether it is new.

    `source` names the event that told us, so that hearing of it twice changes nothing.
    """
    return Suppression.objects.get_or_create(
        channel=channel,
        address=address_key(channel, address),
        lifted_at=None,
        defaults={"reason": reason, "source": source[:80], "since": now},
    )


def lift(*, suppression: Suppression, by: str, now: datetime) -> bool:
    """Let mail or texts go to the address again; return whether they were stopped until now.

    `by` names who decided, without a person's name: "staff:7".
    """
    rows = Suppression.objects.open().filter(pk=suppression.pk)
    is_lifted = bool(rows.update(lifted_at=now, lifted_by=by[:80]))
    if is_lifted:
        logger.info("Suppression %s is lifted by %s", suppression.pk, by)
    return is_lifted


@transaction.atomic
def stop_texts(*, number: str, source: str, now: datetime) -> None:
    """Keep to a STOP from `number`: no text from now on, no consent left, and one receipt.

    The texts still planned are dropped when their turn comes. Hearing it twice changes nothing.
    """
    if Suppression.objects.filter(source=source).exists():
        return  # the carrier repeats what it has told us, and START may have come since
    for earlier in Suppression.objects.open().of(channel=SMS, address=number):
        if earlier.reason == Suppression.Reason.STOPPED:
            return
        lift(suppression=earlier, by=source, now=now)  # it bounced once; now they text us
    suppression, is_new = suppress(
        channel=SMS, address=number, reason=Suppression.Reason.STOPPED, source=source, now=now
    )
    if not is_new:
        return  # another process has just heard it
    for client in Client.objects.filter(phone=suppression.address):
        for kind in (ConsentKind.SERVICE_SMS, ConsentKind.MARKETING_SMS):
            record_consent(
                client=client,
                kind=kind,
                is_given=False,
                wording_version="STOP",
                source="text message",
                now=now,
            )
    receipt = Draft(
        subject=f"{SUBJECT}:{suppression.pk}",
        code="M18",
        recipient="client",
        channel=SMS,
        due_at=now,
        useful_until=now + RECEIPT_WITHIN,
    )
    plan(messages=[receipt], now=now)
    logger.info("Suppression %s: texts were stopped", suppression.pk)


def allow_texts(*, number: str, source: str, now: datetime) -> None:
    """Keep to a START from `number`: texts may arrive again, once consent is given again."""
    if Suppression.objects.filter(lifted_by=source).exists():
        return
    for suppression in Suppression.objects.open().of(channel=SMS, address=number):
        lift(suppression=suppression, by=source, now=now)


def mark_delivered(*, message: Message, now: datetime) -> None:
    """Record that the recipient's side took `message`; the first word of it counts."""
    Message.objects.filter(pk=message.pk, delivered_at=None).update(delivered_at=now)


@transaction.atomic
def mark_undelivered(*, message: Message, reason: str, now: datetime) -> bool:
    """End a message that was sent and came back, and tell its owner; return whether it is news."""
    rows = Message.objects.filter(pk=message.pk, status=Message.Status.SENT)
    message.status, message.reason = Message.Status.FAILED, reason[:200]
    message.settled_at = message.bounced_at = now
    if not rows.update(
        status=message.status, reason=message.reason, settled_at=now, bounced_at=now
    ):
        return False
    registry.tell_failed(message, now=now)
    return True
