"""What is due leaves. At most once each, but for a crash in the one open moment.

That moment lies between the server's acceptance and our stamp; the second copy then carries the
same Message-ID, and mail programs show one.
"""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet

from clinic.messaging import channels, doorbell, registry
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message, Suppression
from clinic.messaging.services.addresses import suppress

logger = logging.getLogger(__name__)

ROUND = 500  # messages one task sends before it lets another have its place
BATCH = 20  # messages one claim takes
LONGEST_WAIT = timedelta(hours=1)  # between two tries
TOO_LATE = "too late to help"
STOPPED = "texts were stopped"
SUPPRESSED = {
    Suppression.Reason.BOUNCED: (Message.Status.FAILED, "the address bounced"),
    Suppression.Reason.COMPLAINED: (Message.Status.FAILED, "our mail was reported as spam"),
    Suppression.Reason.STOPPED: (Message.Status.DROPPED, STOPPED),
}


def send_due_messages(*, clock: Callable[[], datetime]) -> int:
    """Send what is due over every channel and return how many went; rings again if more wait.

    `clock` is read for each message, as sending takes time. Runs outside any transaction.
    """
    sent = 0
    for name, channel in channels.CHANNELS.items():
        if not Message.objects.due(now=clock()).filter(channel=name).exists():
            continue
        with channel() as line:
            try:
                sent += _send_round(name, line, clock)
            except channels.Closed as error:
                logger.warning("No %s can leave, all of it waits: %s", name, error)
    return sent


def _send_round(name: str, line: channels.Channel, clock: Callable[[], datetime]) -> int:
    """Send up to a round of what is due on one channel. Raises Closed; nothing stays claimed."""
    sent, left = 0, ROUND
    while left:
        line.open()  # first, so that nobody waits for a lease to run out behind a closed door
        batch = deque(claim(channel=name, now=clock(), limit=min(BATCH, left)))
        if not batch:
            return sent
        if left == ROUND and len(batch) == BATCH:
            doorbell.ring()  # more than a handful: somebody who is free may help
        left -= len(batch)
        try:
            while batch:
                line.open()
                sent += _deliver(batch[0], line, clock)
                batch.popleft()
        except channels.Closed:
            _put_back(batch)
            raise
    doorbell.ring()
    return sent


@transaction.atomic
def claim(*, channel: str, now: datetime, limit: int = BATCH) -> list[Message]:
    """Take those that have waited longest, for MESSAGE_LEASE; nobody else has them till then.

    They share a lease, and count no try yet: `_take` counts it, one by one. On SQLite the
    transaction's own lock (BEGIN IMMEDIATE) stands for the rows'. What is returned still says
    since when each was ready.
    """
    due = Message.objects.due(now=now).filter(channel=channel).order_by("ready_at", "pk")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, no_key=True)
    batch, lease = list(due[:limit]), uuid4()
    for message in batch:
        message.lease = lease
    if batch:
        taken = Message.objects.filter(pk__in=[message.pk for message in batch])
        taken.update(lease=lease, ready_at=now + settings.MESSAGE_LEASE)
    return batch


def _take(message: Message, *, now: datetime) -> bool:
    """Count a try and start its lease anew; False if it was withdrawn or somebody else has it."""
    message.attempts += 1
    return bool(
        _mine(message).update(attempts=message.attempts, ready_at=now + settings.MESSAGE_LEASE)
    )


def _put_back(batch: deque[Message]) -> None:
    """Leave what was claimed and did not get its turn as it was."""
    for message in batch:
        _mine(message).update(ready_at=message.ready_at)


def _deliver(message: Message, line: channels.Channel, clock: Callable[[], datetime]) -> bool:
    """Take one claimed message to its end, or to its next try; return whether it went.

    Whatever is wrong with it stays with it. Only a closed channel or a failing database ends the
    round: then the lease runs out and another worker takes the message.
    """
    now = clock()
    if not _take(message, now=now):
        return False
    if message.useful_until and message.useful_until <= now:
        _settle(message, Message.Status.DROPPED, TOO_LATE, now=now)
        return False
    if message.attempts > settings.MESSAGE_ATTEMPTS:  # each try ended with its worker
        _give_up(message, "its worker ended at every try", now=now)
        return False
    try:
        letter = _letter(message, now)
        if letter is None:
            return False
        message.sent_to = letter.to[:254]
        receipt = line.send(message, letter)
    except channels.Closed:
        _mine(message).update(attempts=message.attempts - 1)
        raise
    except (OperationalError, InterfaceError):
        raise
    except channels.TryLater as error:
        _postpone(message, str(error), now=clock())
    except channels.Stopped:
        _stop(message, now=clock())
    except channels.Refused as error:
        _give_up(message, "refused by the server", error=str(error), now=clock())
    except Exception as error:
        logger.exception("Message %s could not be written", message.pk)
        _give_up(message, "could not be written", error=repr(error), now=clock())
    else:
        _stamp(message, letter, receipt, now=clock())
        return True
    return False


def _letter(message: Message, now: datetime) -> Letter | None:
    """Return what to send, unless it should not go or not now: then the row says so."""
    owner = registry.owner_of(message)
    answer = owner.holds(message, now)
    if isinstance(answer, datetime):
        _wait(message, until=answer, now=now)
        return None
    if answer:
        _settle(message, Message.Status.DROPPED, answer, now=now)
        return None
    letter = owner.render(message, now)
    if owner.is_reply:
        return letter
    barred = Suppression.objects.reason_of(channel=message.channel, address=letter.to)
    if barred is None:
        return letter
    status, reason = SUPPRESSED[barred]
    if status == Message.Status.FAILED:
        _give_up(message, reason, now=now)
    else:
        _settle(message, status, reason, now=now)
    return None


def _stamp(message: Message, letter: Letter, receipt: str, *, now: datetime) -> None:
    """Record that it went, unless its lease was lost: then whoever has it now does.

    Also over a message voided meanwhile: it did go, and the ledger tells the truth.
    """
    rows = Message.objects.filter(pk=message.pk, lease=message.lease)
    stamped = rows.exclude(status=Message.Status.SENT).update(
        status=Message.Status.SENT,
        sent_at=now,
        settled_at=now,
        sent_to=message.sent_to,
        receipt=receipt[:200],
        content_versions=list(letter.content_versions),
        content_hash=letter.fingerprint,
        last_error="",
    )
    if not stamped:
        logger.error("Message %s went out after its lease had run out", message.pk)


def _postpone(message: Message, error: str, *, now: datetime) -> None:
    """Try again later: each wait twice the last, give or take a quarter, up to an hour."""
    if message.attempts >= settings.MESSAGE_ATTEMPTS:
        _give_up(message, f"gave up after {message.attempts} tries", error=error, now=now)
        return
    wait = min(settings.MESSAGE_BACKOFF * 2 ** (message.attempts - 1), LONGEST_WAIT)
    _mine(message).update(
        ready_at=now + wait * random.uniform(0.75, 1.25),  # noqa: S311 (no secret)
        last_error=error[:500],
    )
    logger.warning("Message %s waits after try %s", message.pk, message.attempts)


def _wait(message: Message, *, until: datetime, now: datetime) -> None:
    """Leave it for `until`, its owner's first good moment, with all its tries before it."""
    if message.useful_until and message.useful_until <= until:
        _settle(message, Message.Status.DROPPED, TOO_LATE, now=now)
        return
    _mine(message).update(ready_at=until, attempts=0, last_error="")


@transaction.atomic
def _stop(message: Message, *, now: datetime) -> None:
    """Remember what the carrier was told by the recipient, and send nothing."""
    if _settle(message, Message.Status.DROPPED, STOPPED, now=now):
        suppress(
            channel=message.channel,
            address=message.sent_to,
            reason=Suppression.Reason.STOPPED,
            source=f"message:{message.pk}",
            now=now,
        )


@transaction.atomic
def _give_up(message: Message, reason: str, *, error: str = "", now: datetime) -> None:
    """End it as failed, for a person to look at, and tell its owner."""
    if _settle(message, Message.Status.FAILED, reason, error=error, now=now):
        registry.tell_failed(message, now=now)


def _settle(message: Message, status: str, reason: str, *, error: str = "", now: datetime) -> bool:
    """End it, unless it ended already or somebody else has it; return whether it did."""
    message.status, message.reason, message.last_error = status, reason[:200], error[:500]
    message.settled_at = now
    return bool(
        _mine(message).update(
            status=message.status,
            reason=message.reason,
            last_error=message.last_error,
            settled_at=now,
        )
    )


def _mine(message: Message) -> QuerySet[Message]:
    """The row, as long as it is planned and this worker's lease is the last one given."""
    return Message.objects.filter(pk=message.pk, lease=message.lease, status=Message.Status.PLANNED)
