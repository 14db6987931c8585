"""Who answers for a message. Messaging knows no booking: owners of subjects register here."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db import InterfaceError, OperationalError, transaction

from clinic.messaging.letters import Letter
from clinic.messaging.models import Message

logger = logging.getLogger(__name__)

Holds = Callable[[Message, datetime], str | datetime | None]
Render = Callable[[Message, datetime], Letter]
Failed = Callable[[Message, datetime], None]


class Owner(NamedTuple):
    """What a worker asks before it sends, and whom it tells when a message could not be sent.

    `holds` returns None while the message should still go, an aware moment when it should go but
    not before then, else the reason why not, in words fit for the ledger. `render` returns the
    letter, addressed as the recipient is reached now. `failed` is called in the transaction that
    ends a message as failed, and writes what has to be known about it. A reply answers the
    recipient's own text, so it goes also to a number that wants no more of them.
    """

    holds: Holds
    render: Render
    failed: Failed | None = None
    is_reply: bool = False


owners: dict[str, Owner] = {}


def register(
    prefix: str,
    *,
    holds: Holds,
    render: Render,
    failed: Failed | None = None,
    is_reply: bool = False,
) -> None:
    """Answer for every message whose subject is `prefix:...`; called from an AppConfig.ready."""
    if prefix in owners:
        raise ValueError(f"Messages about {prefix!r} already have an owner.")
    owners[prefix] = Owner(holds, render, failed, is_reply)


def owner_of(message: Message) -> Owner:
    """Return who answers for `message`; a LookupError when nobody does."""
    return owners[message.subject.partition(":")[0]]


def tell_failed(message: Message, *, now: datetime) -> None:
    """Let the owner of a message that failed write what follows; its mistake undoes no end.

    Runs in the transaction that ends the message.
    """
    logger.error("Message %s (%s) failed: %s", message.pk, message.code, message.reason)
    try:
        owner = owner_of(message)
        if owner.failed:
            with transaction.atomic():
                owner.failed(message, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("Nobody was told that message %s failed", message.pk)
