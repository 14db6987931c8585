"""What addresses and forms say of days and rows, as far as it makes sense."""

from __future__ import annotations

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
LONGEST_KEY = 18  # digits: every database holds them
ANY_DAY = (
    MinValueValidator(FIRST_DAY, _("Choose a day.")),
    MaxValueValidator(LAST_DAY, _("Choose a day.")),
)
"""For fields of forms: days with others before and after them on every clock."""


def day_in(text: str | None) -> date | None:
    """Return the day that `text` writes as "2030-03-04"; None where it writes none."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def key_in(text: object) -> int:
    """Return the primary key that `text` writes; 0, which no row has, where it writes none."""
    said = str(text)
    return int(said) if said.isdecimal() and len(said) <= LONGEST_KEY else 0
