"""What every way out is, and how it says no."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from clinic.messaging.letters import Letter
from clinic.messaging.models import Message


class Closed(Exception):
    """The server cannot be reached or does not know us: no fault of any message, all wait.

    Its text is logged, so it names nobody.
    """


class TryLater(Exception):
    """The server would not take this message now."""


class Refused(Exception):
    """The server will never take this message."""


class Stopped(Refused):
    """The recipient told the carrier to send nothing more."""


class Channel(Protocol):
    """A way out, open for the time of a `with`.

    `open` raises Closed. `send` hands one letter over and returns what the server calls it, if
    it says; it raises TryLater, Refused, or Closed when nothing left.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def open(self) -> None: ...

    def send(self, message: Message, letter: Letter) -> str: ...
