"""Who answers for a message. Messaging knows no booking: owners of subjects register here."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from clinic.messaging.letters import Letter
from clinic.messaging.models import Message


class Owner(NamedTuple):
    """The two questions a worker asks before it sends.

    `holds` returns None while the message should still go, else the reason why not, in words fit
    for the ledger. `render` returns the letter, addressed as the recipient is reached now.
    """

    holds: Callable[[Message, datetime], str | None]
    render: Callable[[Message, datetime], Letter]


owners: dict[str, Owner] = {}


def register(
    prefix: str,
    *,
    holds: Callable[[Message, datetime], str | None],
    render: Callable[[Message, datetime], Letter],
) -> None:
    """Answer for every message whose subject is `prefix:...`; called from an AppConfig.ready."""
    if prefix in owners:
        raise ValueError(f"Messages about {prefix!r} already have an owner.")
    owners[prefix] = Owner(holds, render)


def owner_of(message: Message) -> Owner:
    """Return who answers for `message`; a LookupError when nobody does."""
    return owners[message.subject.partition(":")[0]]
