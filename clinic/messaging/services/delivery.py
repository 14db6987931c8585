"""What is due leaves. At most once each, but for a crash in the one open moment.

That moment lies between the server's acceptance and our stamp; the second copy then carries the
same Message-ID, and mail programs show one.
"""

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet

from clinic.messaging import channels, doorbell, registry
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message

logger = logging.getLogger(__name__)

ROUND = 500  # messages one task sends before it lets another have its place
LONGEST_WAIT = timedelta(hours=1)  # between two tries
TOO_LATE = "too late to help"


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
    """Send up to a round of what is due on one channel. Raises Closed before it claims."""
    sent = 0
    for _ in range(ROUND):
        line.open()  # first, so that a closed door costs no message a try
        if not (message := claim(channel=name, now=clock())):
            return sent
        sent += _deliver(message, line, clock)
    doorbell.ring()
    return sent


@transaction.atomic
def claim(*, channel: str, now: datetime) -> Message | None:
    """Take the message that has waited longest, for MESSAGE_LEASE; nobody else has it till then.

    On SQLite the transaction's own lock (BEGIN IMMEDIATE) stands for the row's.
    """
    due = Message.objects.due(now=now).filter(channel=channel).order_by("ready_at", "pk")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True)
    if message := due.first():
        message.lease = uuid4()
        message.ready_at = now + settings.MESSAGE_LEASE
        message.attempts += 1
        message.save(update_fields=["lease", "ready_at", "attempts"])
    return message


def _deliver(message: Message, line: channels.Channel, clock: Callable[[], datetime]) -> bool:
    """Take one claimed message to its end, or to its next try; return whether it went.

    Whatever is wrong with it stays with it. Only a failing database ends the round: then the
    lease runs out and another worker takes the message.
    """
    now = clock()
    if message.useful_until and message.useful_until <= now:
        _settle(message, Message.Status.DROPPED, TOO_LATE, now=now)
        return False
    if message.attempts > settings.MESSAGE_ATTEMPTS:  # each try ended with its worker
        _give_up(message, "its worker ended at every try", now=now)
        return False
    try:
        owner = registry.owner_of(message)
        answer = owner.holds(message, now)
        if isinstance(answer, datetime):
            _wait(message, until=answer, now=now)
            return False
        if answer:
            _settle(message, Message.Status.DROPPED, answer, now=now)
            return False
        letter = owner.render(message, now)
        receipt = line.send(message, letter)
    except (OperationalError, InterfaceError):
        raise
    except channels.TryLater as error:
        _postpone(message, str(error), now=clock())
    except channels.Refused as error:
        _give_up(message, "refused by the server", error=str(error), now=clock())
    except Exception as error:
        logger.exception("Message %s could not be written", message.pk)
        _give_up(message, "could not be written", error=repr(error), now=clock())
    else:
        _stamp(message, letter, receipt, now=clock())
        return True
    return False


def _stamp(message: Message, letter: Letter, receipt: str, *, now: datetime) -> None:
    """Record that it went, unless its lease was lost: then whoever has it now does.

    Also over a message voided meanwhile: it did go, and the ledger tells the truth.
    """
    stamped = Message.objects.filter(
        ~Q(status=Message.Status.SENT), pk=message.pk, lease=message.lease
    ).update(
        status=Message.Status.SENT,
        sent_at=now,
        settled_at=now,
        sent_to=letter.to[:254],
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
    """Leave it for `until`, its owner's first good moment; that was no try."""
    if message.useful_until and message.useful_until <= until:
        _settle(message, Message.Status.DROPPED, TOO_LATE, now=now)
        return
    _mine(message).update(ready_at=until, attempts=message.attempts - 1)


@transaction.atomic
def _give_up(message: Message, reason: str, *, error: str = "", now: datetime) -> None:
    """End it as failed, for a person to look at, and tell its owner."""
    if not _settle(message, Message.Status.FAILED, reason, error=error, now=now):
        return
    logger.error("Message %s (%s) failed: %s", message.pk, message.code, reason)
    _tell_owner(message, now)


def _tell_owner(message: Message, now: datetime) -> None:
    """Let the owner of a failed message write what follows; its mistake does not undo the end."""
    try:
        owner = registry.owner_of(message)
        if owner.failed:
            with transaction.atomic():
                owner.failed(message, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Nobody was told that message %s failed", message.pk)


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
    return Message.objects.planned().filter(pk=message.pk, lease=message.lease)
