"""What can be noted of a visit on its day, and what each of that means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from booking.models import UPCOMING, Booking, Status
from booking.selectors.arrivals import Lateness, minutes_left
from booking.terms import late_fee
from clinic.places.policies import Policy

NEXT_STEPS = {"check-in", "late", "start", "complete"}
PREPARATION = {"cleanse", "lower", "change", "unprepared"}  # choices of "decline"


class Press(NamedTuple):
    """Something that can be done to a visit now; `choice` says which way, where there are some."""

    verb: str
    choice: str = ""
    amount: Decimal = Decimal(0)  # what it makes the client owe
    minutes: int = 0  # what is left of the visit


class Can(NamedTuple):
    """What somebody can do about a visit now: the next step in one tap, and the rest in a menu."""

    next: Press | None = None
    others: Sequence[Press] = ()
    may_move: bool = False  # it is ahead, and may be moved and canceled

    @property
    def is_asking(self) -> bool:
        """Whether somebody has to choose how it goes on: the client is late."""
        return self.next is None and any(press.verb == "late" for press in self.others)

    @property
    def for_preparation(self) -> list[Press]:
        """What is done where the client came unprepared."""
        return [press for press in self.others if press.choice in PREPARATION]

    @property
    def otherwise(self) -> list[Press]:
        """The rest of the menu."""
        return [press for press in self.others if press.choice not in PREPARATION]


def what_can_be_done(visit: Booking, *, policy: Policy, now: datetime) -> Can:
    """Return what can be done about `visit` now. No query where its lines are prefetched."""
    found = _presses(visit, policy=policy, now=now)
    may_move = visit.status in UPCOMING and visit.starts_at > now
    if found and found[0].verb in NEXT_STEPS and not found[0].choice:
        return Can(found[0], found[1:], may_move)
    return Can(None, found, may_move)


def _presses(visit: Booking, *, policy: Policy, now: datetime) -> list[Press]:
    """Return what can be noted of `visit` now, the next step first."""
    zone = visit.location.zone
    today = now.astimezone(zone).date()
    is_day = visit.starts_at.astimezone(zone).date() == today
    is_fresh = visit.status_changed_at.astimezone(zone).date() == today
    is_ahead = visit.status in UPCOMING and visit.starts_at > now
    ways = ["cleanse", "lower", *(["change"] if is_ahead else []), "unprepared"]
    unprepared = [Press("decline", way) for way in ways]
    stop = [*(unprepared if is_day else []), Press("decline")]
    back = [Press("take-back")] if is_fresh else []
    match visit.status:
        case Status.CONFIRMED:
            late = Lateness.of(visit, policy=policy, now=now)
            came = _arrivals(visit, late, now=now) if is_day else []
            missed = [Press("no-show")] if late > Lateness.NONE else []
            return [*came, *missed, *(stop if is_day else [])]
        case Status.CHECKED_IN:
            done = [Press("complete")] if now >= visit.starts_at else []
            return [Press("start"), *done, *stop, *back]
        case Status.IN_PROGRESS:
            return [Press("complete"), *stop, *back]
        case Status.COMPLETED | Status.NO_SHOW | Status.DECLINED_AT_VISIT:
            return back
        case Status.CANCELLED_LATE if is_fresh and visit.status_changed_at > visit.starts_at:
            return back  # too late, and not canceled by the client
    return []


def _arrivals(visit: Booking, late: Lateness, *, now: datetime) -> Iterator[Press]:
    """Yield how a client can arrive, by how late it is."""
    left = minutes_left(visit, now=now)
    if late == Lateness.NONE:
        yield Press("check-in")
    elif late in {Lateness.KEPT, Lateness.SHORTENED}:
        yield Press("late", minutes=left if late == Lateness.SHORTENED else 0)
    else:
        if late == Lateness.TOO_LATE:
            yield Press("late", "anyway", minutes=left)
        if fee := late_fee(visit):
            yield Press("late", "fee", amount=fee)
        yield Press("late", "free")
