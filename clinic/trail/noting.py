"""Who is at work in this thread, and what they had written down so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.http import HttpRequest


@dataclass
class Work:
    """One request of somebody: their entries in the log, by primary key."""

    request: HttpRequest
    entries: list[int] = field(default_factory=list)


_work: ContextVar[Work | None] = ContextVar("work", default=None)


@contextmanager
def work_of(request: HttpRequest) -> Iterator[Work]:
    """Collect what is noted until the request is answered."""
    work = Work(request)
    token = _work.set(work)
    try:
        yield work
    finally:
        _work.reset(token)


def noted(entry: int) -> None:
    """Remember that the entry was written by the request at work, if one is."""
    if work := _work.get():
        work.entries.append(entry)


def acting_user_id() -> int | None:
    """Return who is at work; None where no page was asked for, or by nobody known."""
    work = _work.get()
    user = getattr(work.request, "user", None) if work else None
    return user.pk if user is not None and user.is_authenticated else None
