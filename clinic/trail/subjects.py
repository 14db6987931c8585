"""What entries of the log are about, as pages name it: each room says it for its own rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """A subject as people know it, and the page it has, if any."""

    name: str
    url: str = ""


Show = Callable[[Collection[int]], dict[int, Shown]]
Find = Callable[[str], Iterable[int]]


@dataclass(frozen=True)
class Kind:
    """How rows of one kind are shown, all those of a page at once, and found by what is typed."""

    show: Show
    find: Find | None = None


_kinds: dict[str, Kind] = {}


def register(prefix: str, *, show: Show, find: Find | None = None) -> None:
    """Let subjects that begin with "prefix:" be shown by `show`, and found by `find`."""
    _kinds[prefix] = Kind(show, find)


def named(typed: str) -> list[str]:
    """Return the subjects that people call `typed`. One query for each kind with such names."""
    return [
        f"{prefix}:{pk}"
        for prefix, kind in _kinds.items()
        if kind.find is not None
        for pk in kind.find(typed)
    ]


def shown(subjects: Iterable[str]) -> dict[str, Shown]:
    """Return each of `subjects` as people know it. One query for each kind among them."""
    asked: dict[str, set[int]] = {}
    for subject in subjects:
        prefix, _, key = subject.partition(":")
        if key.isdecimal():
            asked.setdefault(prefix, set()).add(int(key))
    return {
        f"{prefix}:{pk}": each
        for prefix, keys in asked.items()
        if prefix in _kinds
        for pk, each in _kinds[prefix].show(keys).items()
    }
