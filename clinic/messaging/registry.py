"""Who answers for a message. Messaging knows no booking: owners of subjects register here."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from clinic.messaging.letters import Letter
from clinic.messaging.models import Message

Holds = Callable[[Message, datetime], str | datetime | None]
Render = Callable[[Message, datetime], Letter]
Failed = Callable[[Message, datetime], None]


class Owner(NamedTuple):
    """What a worker asks before it sends, and whom it tells when a message could not be sent.

    `holds` returns None while the message should still go, an aware moment when it should go but
    not before then, else the reason why not, in words fit for the ledger. `render` returns the
    letter, addressed as the recipient is reached now. `failed` is called in the transaction that
    ends a message as failed, and writes what has to be known about it.
    """

    holds: Holds
    render: Render
    failed: Failed | None = None


owners: dict[str, Owner] = {}


def register(prefix: str, *, holds: Holds, render: Render, failed: Failed | None = None) -> None:
    """Answer for every message whose subject is `prefix:...`; called from an AppConfig.ready."""
    if prefix in owners:
        raise ValueError(f"Messages about {prefix!r} already have an owner.")
    owners[prefix] = Owner(holds, render, failed)


def owner_of(message: Message) -> Owner:
    """Return who answers for `message`; a LookupError when nobody does."""
    return owners[message.subject.partition(":")[0]]
