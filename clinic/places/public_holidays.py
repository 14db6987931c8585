"""Public holidays, as a library knows them. It is loaded when somebody plans closures."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from clinic.places.models import Location


class Holiday(NamedTuple):
    """A public holiday: the day, and how it is called there."""

    day: date
    name: str


def validate_country(code: str) -> None:
    """Raise ValidationError unless `code` is a country whose public holidays are known."""
    import holidays

    if code not in holidays.list_supported_countries():
        raise ValidationError(_("Write the country in two capital letters, such as US."))


def public_holidays(location: Location, *, first_on: date, last_on: date) -> list[Holiday]:
    """Return the public holidays where `location` is, both days included, in order.

    Those of its state too, where the library knows the state.
    """
    import holidays

    states = holidays.list_supported_countries().get(location.country, [])
    known = holidays.country_holidays(
        location.country,
        subdiv=location.region if location.region in states else None,
        years=range(first_on.year, last_on.year + 1),
    )
    return [Holiday(day, name) for day, name in sorted(known.items()) if first_on <= day <= last_on]


def proposed_closures(location: Location, *, first_on: date, last_on: date) -> list[Holiday]:
    """Return the public holidays on which the doors would be open. 2 queries."""
    open_on = set(location.opening_hours.values_list("weekday", flat=True))
    ahead = location.closures.filter(ends_on__gte=first_on, starts_on__lte=last_on)
    closed = list(ahead.values_list("starts_on", "ends_on"))
    return [
        holiday
        for holiday in public_holidays(location, first_on=first_on, last_on=last_on)
        if holiday.day.weekday() in open_on
        and not any(first <= holiday.day <= last for first, last in closed)
    ]
