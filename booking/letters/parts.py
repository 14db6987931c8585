"""What a letter is made of: said once, drawn as HTML and as plain text from the same words.

`email/letter.html` and `email/letter.txt` know how each kind of part looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple


class Link(NamedTuple):
    """Words to press, and where they lead; of a `tel:` address plain text says only the words."""

    words: str
    url: str

    @property
    def is_call(self) -> bool:
        return self.url.startswith("tel:")


@dataclass(frozen=True)
class Say:
    """A paragraph, with a link at its end if it has one; a note is drawn small."""

    text: str
    link: Link | None = None
    is_note: bool = False
    kind: ClassVar = "say"


@dataclass(frozen=True)
class Title:
    """What a letter is about, said large, in one line or two."""

    lines: tuple[str, ...]
    kind: ClassVar = "title"


@dataclass(frozen=True)
class Heading:
    """A head over what follows."""

    text: str
    kind: ClassVar = "heading"


@dataclass(frozen=True)
class Points:
    """Sentences one under another, each with a dot."""

    lines: Sequence[str]
    kind: ClassVar = "points"


class Row(NamedTuple):
    """One fact: what it is, and the lines it takes."""

    label: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Facts under one another."""

    rows: Sequence[Row]
    kind: ClassVar = "table"

    @property
    def width(self) -> int:
        """Columns of the labels in plain text, with the gap after them."""
        return max((len(row.label) for row in self.rows), default=0) + 2


@dataclass(frozen=True)
class Button:
    """The one thing to press."""

    words: str
    url: str
    kind: ClassVar = "button"


@dataclass(frozen=True)
class Choices:
    """Answers to a question, each of which leads to a page that asks to confirm it."""

    links: Sequence[Link]
    kind: ClassVar = "choices"


Part = Say | Title | Heading | Points | Table | Button | Choices
