"""How a visit stood at each of its versions, and which of them its people have been told of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from booking.models import Booking, Happened
from booking.subjects import subject_of
from clinic.messaging.models import Message

SAY_WHEN = ("M01", "M09")  # the codes that tell a time
OFF = (Happened.CANCELLED, Happened.DECLINED, Happened.TOO_LATE)  # after them the visit is off
# What makes a new version, each of them one.
CHANGES = (Happened.MOVED, Happened.RESIZED, *OFF, Happened.UNDONE, Happened.TAKEN_BACK)
FACTS = ("provider", "location", "option", "add_ons", "price", "adjusted_minutes")


class Times(NamedTuple):
    """From when to when a visit is, in UTC."""

    starts_at: datetime
    ends_at: datetime


class State(NamedTuple):
    """A visit at one version: when, what and with whom, or that it is off."""

    starts_at: datetime
    ends_at: datetime
    facts: dict[str, Any]  # by primary keys
    is_off: bool = False

    def seen_by(self, provider: int) -> Times | None:
        """Return from when to when `provider` is to give it; None where they are not."""
        if self.is_off or self.facts["provider"] != provider:
            return None
        return Times(self.starts_at, self.ends_at)


def states(booking: Booking) -> list[State]:
    """Return how `booking` stood at each version, the first one first. 1 query, or 2.

    Told by its events: a move, or another length, says how all stood before it and what it changed.
    """
    events = list(booking.events.filter(what__in=CHANGES).order_by("pk"))
    moves = {
        event.pk: event.data for event in events if event.what in {Happened.MOVED, Happened.RESIZED}
    }
    first = next(iter(moves.values()), None)
    found = [_before(first) if first else _present(booking)]
    for event in events:
        last, undone = found[-1], moves.get(event.data.get("undoes", 0))
        if event.pk in moves:
            found.append(_after(last, event.data))
        elif event.what == Happened.UNDONE and undone is not None:
            found.append(_before(undone))
        else:
            found.append(last._replace(is_off=event.what in OFF))
    return found


def told(booking: Booking, recipient: str) -> datetime | None:
    """Return the start that `recipient` was told last, or None before anything went. 2 queries."""
    version = version_told(booking, recipient)
    return None if version is None else start_at(booking, version)


def version_told(
    booking: Booking, recipient: str, *, channel: str = "", codes: Collection[str] = SAY_WHEN
) -> int | None:
    """Return the version that `recipient` was told of last, over any channel or one. 1 query."""
    sent = Message.objects.about(subject_of(booking)).filter(
        code__in=codes, recipient=recipient, status=Message.Status.SENT
    )
    if channel:
        sent = sent.filter(channel=channel)
    return sent.order_by("-version").values_list("version", flat=True).first()


def known(booking: Booking, stood: list[State], provider: int) -> Times | None:
    """Return when `provider` thinks to give the visit: what they were told last. 1 query.

    Before anything went to them, it is what stood in their diary when the visit was booked.
    """
    told_of = version_told(booking, f"provider:{provider}") or 0
    return at(stood, told_of).seen_by(provider)


def start_at(booking: Booking, version: int) -> datetime:
    """Return when `booking` was to begin at one of its schedule versions, in UTC. 1 query."""
    return at(states(booking), version).starts_at


def at(stood: list[State], version: int) -> State:
    """Return how a visit stood at `version`, or how it stands where that has not come."""
    return stood[min(version, len(stood) - 1)]


def _before(move: dict[str, Any]) -> State:
    """How a visit stood before `move`, which was noted when it stood."""
    before = move["before"]
    facts = {
        name: before.get(name, 0) for name in FACTS
    }  # minutes are noted since staff change them
    ends_at = datetime.fromisoformat(before["ends_at"])
    return State(datetime.fromisoformat(move["from"]), ends_at, facts)


def _after(last: State, move: dict[str, Any]) -> State:
    changed = {name: move[name][1] for name in FACTS if name in move}
    starts_at = datetime.fromisoformat(move["to"])
    ends_at = starts_at + (last.ends_at - last.starts_at)
    if "until" in move:  # noted since those who give a visit are told of its end
        ends_at = datetime.fromisoformat(move["until"])
    return State(starts_at, ends_at, last.facts | changed)


def _present(booking: Booking) -> State:
    return State(
        booking.starts_at,
        booking.ends_at,
        {
            "provider": booking.provider_id,
            "location": booking.location_id,
            "option": booking.option_id,
            "add_ons": sorted(add_on.pk for add_on in booking.add_ons.all()),
            "price": str(booking.price),
            "adjusted_minutes": booking.adjusted_minutes,
        },
    )
