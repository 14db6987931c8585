"""What the catalogue asks about visits. Treatments know no booking: booking answers here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

OPTION, ADD_ON = "option", "add_on"


class Visit(NamedTuple):
    """A visit as the catalogue lists it: no name, and where its page is.

    `at` is its aware start, `zone` the zone of its place, `says` where it stands; `sent_at` is
    when a text went to its client, where that is asked for.
    """

    reference: str
    url: str
    at: datetime
    zone: str
    says: str
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Diary:
    """What the catalogue asks; a kind is OPTION or ADD_ON, `pks` are primary keys of that kind.

    `sold(kind, pks)` returns those of which any booking was ever made. `ahead(kind, pks, now)`
    returns the visits promised with one of them that are not over, in order of time.
    `change_url(kind, pk)` is where something is retired with a decision about each of these visits;
    its kind may be "treatment" too. `promised(versions)` counts the visits to which each version of
    a text was promised, by pk; `given(version, first, last)` returns a slice of those visits, the
    latest first.
    """

    sold: Callable[[str, Collection[int]], set[int]]
    ahead: Callable[[str, Collection[int], datetime], list[Visit]]
    change_url: Callable[[str, int], str]
    promised: Callable[[Collection[int]], dict[int, int]]
    given: Callable[[int, int, int], list[Visit]]


_diaries: list[Diary] = []


def register(diary: Diary) -> None:
    """Answer what the catalogue asks; called from an AppConfig.ready."""
    _diaries[:] = [diary]


def diary() -> Diary:
    """Return who answers. IndexError where nobody registered."""
    return _diaries[0]
