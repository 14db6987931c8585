"""The outbox as the desk looks at it: whose visit a message is about, and what is searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db.models import Q, QuerySet

from booking.models import Booking
from booking.selectors.proof import people_in
from clinic.clients.models import email_key, name_key
from clinic.messaging import selectors as outbox
from clinic.messaging.models import Message, address_key
from clinic.places.models import Location
from clinic.places.selectors import home_zone

ABOUT_VISITS = {"booking", "test"}
FOUND_AT_MOST = 500  # visits whose messages one search looks through, the latest
SHORTEST_NAME = 3  # letters of a name to look for


@dataclass(frozen=True)
class Row:
    """A message, the visit it is about, if any, and the name of whoever it is for."""

    message: Message
    visit: Booking | None
    recipient: str
    zone: tzinfo  # of the visit's place; of the first place of the clinic without a visit


def in_state(state: str, *, now: datetime) -> QuerySet[Message]:
    """Return the messages of a state of the desk, in the order in which they are looked at."""
    match state:
        case "due":
            return outbox.due(now=now)
        case "late":
            return outbox.late(now=now)
        case "failed":
            return outbox.failed()
        case "planned":
            return Message.objects.planned().filter(due_at__gt=now).order_by("due_at", "pk")
        case "sent":
            return Message.objects.filter(status=Message.Status.SENT).order_by("-due_at", "-pk")
        case "unsent":
            ended = [Message.Status.VOID, Message.Status.DROPPED]
            return Message.objects.filter(status__in=ended).order_by("-due_at", "-pk")
    return Message.objects.order_by("-due_at", "-pk")


def matching(messages: QuerySet[Message], typed: str) -> QuerySet[Message]:
    """Return those of `messages` about the visit of a reference, or of a client, or to an address.

    A client is found by e-mail address, mobile number or part of the name. One query now.
    """
    is_theirs = Q(client__email_key=email_key(typed))
    is_theirs |= Q(client__phone=address_key(Message.Channel.SMS, typed))
    if len(name_key(typed)) >= SHORTEST_NAME:
        is_theirs |= Q(client__name_key__contains=name_key(typed))
    visits = Booking.objects.filter(is_theirs | Q(reference__in=references(typed)))
    keys = visits.order_by("-starts_at").values_list("pk", flat=True)[:FOUND_AT_MOST]
    return messages.filter(
        Q(subject__in=[f"booking:{key}" for key in keys]) | Q(sent_to=typed.strip())
    )


def references(typed: str) -> list[str]:
    """Return the ways in which `typed` can be a reference: "k7p 2qx" is K7P-2QX."""
    letters = "".join(sign for sign in typed.upper() if sign.isalnum())
    return [letters, f"{letters[:3]}-{letters[3:]}"]


def rows(messages: Sequence[Message]) -> list[Row]:
    """Return `messages` with the visits they are about and their recipients' names.

    4 queries at most.
    """
    keys = {message: _visit_of(message) for message in messages}
    visits = Booking.objects.select_related("client", "location", "provider__resource_ptr").in_bulk(
        {key for key in keys.values() if key is not None}
    )
    people = people_in(messages)
    home = home_zone(Location.objects.filter(is_active=True)[:1])
    found = []
    for message, key in keys.items():
        visit = visits.get(key) if key is not None else None
        zone = visit.location.zone if visit else home
        found.append(Row(message, visit, people.name(message.recipient, visit), zone))
    return found


def _visit_of(message: Message) -> int | None:
    prefix, _, rest = message.subject.partition(":")
    return int(rest.partition(":")[0]) if prefix in ABOUT_VISITS else None
