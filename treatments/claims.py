"""What the clinic may say of its treatments (domain handbook, section 15; claims.toml).

Nothing we publish promises results, healing or a mechanism. `check` is called when texts are
saved, so that a page never shows what the medical lead has not allowed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unicodedata import category, normalize

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

UNSEEN, DASH = "Cf", "Pd"  # Unicode's names for signs of no width, and for hyphens and dashes
MINUS = "\N{MINUS SIGN}"
TAG = re.compile(r"</?(?:[a-z][a-z1-6]?|strong|span|small|mark)/?>", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """Words we do not use, the row of section 15 that says so, and the sentence to use instead."""

    row: int
    pattern: re.Pattern[str]
    instead: str
    offers_only: bool


def flagged(text: str, *, is_care: bool = False) -> list[str]:
    """Return the wordings in `text` that the clinic does not use, as written but in one line.

    Advice before and after a visit (`is_care`) may use some that a treatment's texts may not.
    """
    return [wording for wording, _claim in _found(text, is_care)]


def sentences(text: str, *, is_care: bool = False) -> list[str]:
    """Return a sentence for each wording in `text` that we do not use: what to write instead."""
    return [
        _("We do not write “%(wording)s”. Instead: “%(instead)s”")
        % {"wording": wording, "instead": claim.instead}
        for wording, claim in _found(text, is_care)
    ]


def check(texts: Mapping[str, str]) -> None:
    """Raise ValidationError, by field, for each text that claims what we do not claim."""
    if errors := {field: said for field, text in texts.items() if (said := sentences(text))}:
        raise ValidationError(errors)


def _found(text: str, is_care: bool) -> list[tuple[str, Claim]]:
    """Each wording with its claim, in the order of `text`; of two that overlap, the longer.

    Typography hides nothing: it is read as `_plain` has it.
    """
    text = _plain(text)
    hits = [
        (match.start(), match.end(), match[0], claim)
        for claim in CLAIMS
        if not (is_care and claim.offers_only)
        for match in claim.pattern.finditer(text)
    ]
    found, reached = [], 0
    for start, end, wording, claim in sorted(hits, key=lambda hit: (hit[0], -hit[1])):
        if start >= reached:
            found.append((wording, claim))
            reached = end
    return found


def _plain(text: str) -> str:
    """Return `text` in one line, in plain letters, with one kind of hyphen and of apostrophe.

    A line may break behind a hyphen; a dash with room around it stays one. Tags are left out, but
    only what can be nothing else: between other signs of less and more a claim is read.
    """
    signs = (sign for sign in TAG.sub("", normalize("NFKC", text)) if category(sign) != UNSEEN)
    hyphened = "".join("-" if category(sign) == DASH or sign == MINUS else sign for sign in signs)
    return re.sub(r"(?<=\w)- (?=\w)", "-", " ".join(hyphened.replace("'", "’").split()))


def _read() -> list[Claim]:
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return [
        Claim(
            row=claim["row"],
            pattern=re.compile(rf"(?<!\w)(?:{'|'.join(claim['words'])})(?!\w)", re.IGNORECASE),
            instead=claim["instead"],
            offers_only=claim.get("offers_only", False),
        )
        for claim in table["claims"]
    ]


CLAIMS = _read()
