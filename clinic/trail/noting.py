"""What the request at work in this thread had written down so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Work:
    """One request: its entries in the log, by primary key."""

    entries: list[int] = field(default_factory=list)


_work: ContextVar[Work | None] = ContextVar("work", default=None)


@contextmanager
def at_work() -> Iterator[Work]:
    """Collect what is noted until the request is answered."""
    work = Work()
    token = _work.set(work)
    try:
        yield work
    finally:
        _work.reset(token)


def noted(entry: int) -> None:
    """Remember that the entry was written by the request at work, if one is."""
    if work := _work.get():
        work.entries.append(entry)
