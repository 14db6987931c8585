"""What the clinic may say of its treatments (domain handbook, section 15).

Nothing on the site promises results, healing or a mechanism. `check` is called when texts are
saved, so that a page never shows what the medical lead has not allowed.
"""

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

INSTEAD = {
    r"guarante\w*": "may improve the look of",
    r"heal(s|ed|ing)?": "skin calms down again",
    r"cure[sd]?": "may improve the look of",
    r"ATP": "gentle low-level current",
    r"collagen": "may improve the look of",
    r"(cell|tissue) regeneration": "may improve the look of",
    r"anti-?ag(e|ing)": "signs of aging, fine lines",
    r"dark circles?": "tired-looking eyes",
    r"no side effects?": "a little pink or warm is usual",
    r"painless": "most people feel little or nothing",
    r"revolutionary": "(leave it out)",
    r"miracle": "(leave it out)",
    r"quick fix": "(leave it out)",
    r"instant(ly)?": "usually after several weeks",
    r"two weeks": "usually after several weeks",
    r"acne|scars?": "uneven texture",
    r"contracts? (the )?muscles?": "gentle low-level current",
    r"instead of (surgery|medical care)": "no needles",
    r"patients?": "clients",
}
PATTERN = re.compile("|".join(rf"\b(?:{words})\b" for words in INSTEAD), re.IGNORECASE)


def flagged(text: str) -> list[str]:
    """Return the wordings in `text` that the clinic does not use, as written."""
    return [match.group(0) for match in PATTERN.finditer(text)]


def alternative(wording: str) -> str:
    """Return what to write instead of `wording`."""
    return next(
        words for pattern, words in INSTEAD.items() if re.fullmatch(pattern, wording, re.IGNORECASE)
    )


def check(texts: Mapping[str, str]) -> None:
    """Raise ValidationError, by field, for each text that claims what we do not claim."""
    errors = {
        field: [
            _("We do not write “%(wording)s”. Write: %(instead)s.")
            % {"wording": wording, "instead": alternative(wording)}
            for wording in found
        ]
        for field, text in texts.items()
        if (found := flagged(text))
    }
    if errors:
        raise ValidationError(errors)
