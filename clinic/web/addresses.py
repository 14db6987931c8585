"""What addresses and forms say of days and rows, as far as it makes sense."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
INSTANT = "%Y%m%dT%H%MZ"  # to the minute, in UTC
LONGEST_KEY = 18  # digits: every database holds them
LONGEST_SLUG = 40  # letters, before the number that makes one the only one
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


def instant_in(text: str) -> datetime | None:
    """Return the instant that `text` writes as "20300304T1400Z"; None where it writes none."""
    try:
        return datetime.strptime(text, INSTANT).replace(tzinfo=UTC)
    except ValueError:  # the 31st of a month that has 30
        return None


def key_in(text: object) -> int:
    """Return the primary key that `text` writes; 0, which no row has, where it writes none."""
    said = str(text)
    return int(said) if said.isdecimal() and len(said) <= LONGEST_KEY else 0


def free_slug(name: str, *, model: type[Model], otherwise: str) -> str:
    """Return what names `name` in addresses, and no row of `model` yet; `otherwise` for no letters.

    One query, and one for each that is taken.
    """
    first = slug = slugify(name)[:LONGEST_SLUG] or otherwise
    number = 2
    while model._default_manager.filter(slug=slug).exists():
        slug, number = f"{first}-{number}", number + 1
    return slug
