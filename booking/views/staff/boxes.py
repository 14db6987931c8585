"""What a column of the calendar is drawn of, and who looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django.utils.functional import Promise

from booking.models import Booking, Provider
from booking.selectors.calendar import Column
from clinic.accounts.models import User


class Sort(StrEnum):
    """What a box is."""

    VISIT = "visit"
    OFF = "off"
    FREE = "free"
    PLACE = "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box in a column: where it begins and how long it is, in minutes, and what it says."""

    sort: Sort
    at: int
    minutes: int
    css: str = ""
    name: str | Promise
    times: str = ""
    line: str = ""
    icon: str = ""
    word: str | Promise = ""
    lane: int = 0
    reference: str = ""  # of a visit that can be opened
    version: int = 0
    person: int = 0  # who gives it, where the column does not say
    can_move: bool = False
    can_resize: bool = False
    start: str = ""  # of a time that can be taken, "09:15" on the wall


class Place(NamedTuple):
    """Where a held visit could be placed: a start in seconds, and whether it is outside hours."""

    start: int
    is_outside: bool


@dataclass(frozen=True)
class Viewer:
    """Who is looking, and what they may see and change."""

    user: User
    sees_all: bool
    changes_all: bool
    changes_own: bool
    books_all: bool
    books_own: bool

    @classmethod
    def of(cls, user: User) -> Viewer:
        """Return `user` with what they may do. 2 queries."""
        return cls(
            user=user,
            sees_all=user.has_perm("booking.view_booking"),
            changes_all=user.has_perm("booking.change_booking"),
            changes_own=user.has_perm("booking.change_own_booking"),
            books_all=user.has_perm("booking.add_booking"),
            books_own=user.has_perm("booking.add_own_booking"),
        )

    def sees(self, visit: Booking) -> bool:
        """Whether they may look at `visit` and its client."""
        return self.sees_all or visit.provider.user_id == self.user.pk

    def changes(self, visit: Booking) -> bool:
        """Whether they may move `visit`."""
        return self.changes_all or (self.changes_own and visit.provider.user_id == self.user.pk)

    def books(self, column: Column) -> bool:
        """Whether they may book a visit into `column`."""
        if not isinstance(column.resource, Provider):
            return False
        return self.books_all or (self.books_own and column.resource.user_id == self.user.pk)
