"""What became other between two texts: line by line, and within a line word by word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

SAME, ADDED, REMOVED, CHANGED = "same", "added", "removed", "changed"


@dataclass(frozen=True)
class Part:
    """Words in a row that stayed, came or went."""

    kind: str
    words: str


@dataclass(frozen=True)
class Line:
    """A line that stayed, came, went, or is worded otherwise, in parts."""

    kind: str
    parts: tuple[Part, ...]


def compared(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Return the lines of both in the order in which one reads them."""
    lines: list[Line] = []
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            lines += [Line(SAME, (Part(SAME, line),)) for line in old[a:b]]
        else:
            pairs = zip_longest(old[a:b], new[c:d])
            lines += [_line(before, after) for before, after in pairs]
    return lines


def is_same(lines: Iterable[Line]) -> bool:
    """Whether nothing became other."""
    return all(line.kind == SAME for line in lines)


def _line(before: str | None, after: str | None) -> Line:
    if before is None:
        return Line(ADDED, (Part(ADDED, after or ""),))
    if after is None:
        return Line(REMOVED, (Part(REMOVED, before),))
    old, new = before.split(), after.split()
    parts: list[Part] = []
    for kind, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(Part(SAME, " ".join(old[a:b])))
            continue
        if b > a:
            parts.append(Part(REMOVED, " ".join(old[a:b])))
        if d > c:
            parts.append(Part(ADDED, " ".join(new[c:d])))
    return Line(CHANGED, tuple(parts))
