"""What can be picked for a visit that a change runs into, and its row on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from booking.models import UPCOMING, Booking, Provider, TouchedVisit
from booking.models.resources import initials_of
from clinic.web.addresses import INSTANT, instant_in

MOVE = re.compile(r"(20[0-9]{6}T[0-9]{4}Z)-([0-9]{1,9})")


@dataclass(frozen=True)
class Choice:
    """What is picked for a visit: to keep, cancel or move it, or to call its client first.

    As text "keep", "cancel", "call", or "20300304T1400Z-12": when, in UTC, and with whom.
    """

    what: str
    starts_at: datetime | None = None
    provider: int = 0

    KEEP: ClassVar[str] = "keep"
    CANCEL: ClassVar[str] = "cancel"
    CALL: ClassVar[str] = "call"
    MOVE: ClassVar[str] = "move"

    def __str__(self) -> str:
        if self.starts_at is None:
            return self.what
        return f"{self.starts_at.astimezone(UTC).strftime(INSTANT)}-{self.provider}"

    @classmethod
    def read(cls, text: str) -> Choice | None:
        """Return the choice that `text` writes, or None."""
        if text in {cls.KEEP, cls.CANCEL, cls.CALL}:
            return cls(text)
        found = MOVE.fullmatch(text)
        if found is None:
            return None
        starts_at = instant_in(found[1])
        return cls(cls.MOVE, starts_at, int(found[2])) if starts_at else None


@dataclass(frozen=True)
class Offer:
    """A time a visit could be moved to. `nearness` is "same" hour, same "day", or "other" day."""

    starts_at: datetime
    provider: Provider
    nearness: str
    why: str

    @property
    def choice(self) -> Choice:
        """The choice of this time."""
        return Choice(Choice.MOVE, self.starts_at, self.provider.pk)


@dataclass
class Row:
    """A touched visit on the page: what could become of it, and what is picked."""

    touched: TouchedVisit
    offers: list[Offer] = field(default_factory=list)
    choice: Choice = field(default_factory=lambda: Choice(Choice.CALL))
    error: str = ""

    @property
    def visit(self) -> Booking:
        """The visit."""
        return self.touched.booking

    @property
    def initials(self) -> str:
        """Of the client, for the round picture."""
        return initials_of(str(self.visit.client))

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.touched.decision == TouchedVisit.Decision.OPEN

    @property
    def has_changed(self) -> bool:
        """Whether its client, or somebody elsewhere, has moved or ended it since it was listed."""
        return self.visit.status not in UPCOMING or (
            self.visit.schedule_version != self.touched.schedule_version
        )

    @property
    def offer(self) -> Offer | None:
        """The offer that is picked."""
        return next((offer for offer in self.offers if offer.choice == self.choice), None)

    @property
    def nearness(self) -> str:
        """How near the choice is, as the page colors it."""
        if self.choice.what == Choice.MOVE:
            return self.offer.nearness if self.offer else "other"
        return self.choice.what

    @property
    def tells(self) -> bool:
        """Whether doing so writes to the client."""
        is_moved = self.offer is not None and not self.stays
        return self.choice.what == Choice.CANCEL or is_moved

    @property
    def stays(self) -> bool:
        """Whether only a room or device is another one."""
        picked = self.offer
        return picked is not None and (
            (picked.starts_at, picked.provider.pk) == (self.visit.starts_at, self.visit.provider_id)
        )
