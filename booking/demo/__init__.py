"""The demo clinic: made once where there is nothing, its diary kept full from then on.

Everything it makes is fictional, ends in .example and is told apart by `is_demo`. What a person
made or changed is never touched: the generator works around their visits and their time off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max

from booking.demo.building import build_clinic, is_marked
from booking.demo.drawing import Drawn, Place
from booking.demo.guests import books_of
from booking.demo.writing import complete_past_visits, write_visits
from booking.models import Booking
from booking.selectors.diary import days_between
from clinic.places.models import Location

DAYS_BACK = 182
DAYS_AHEAD = 60

__all__ = ["DAYS_AHEAD", "DAYS_BACK", "Loaded", "load_demo"]


@dataclass(frozen=True)
class Loaded:
    """What a start of the demo did. `is_demo` says whether this clinic is one at all."""

    is_demo: bool
    is_new: bool = False
    drawn: int = 0
    completed: int = 0


@transaction.atomic
def load_demo(*, today: date, seed: int, now: datetime) -> Loaded:
    """Make the demo clinic if the database is empty; fill its diary for 60 days from `today`.

    The same `today`, `seed` and `now` draw the same diary, and a later start draws only the days
    that no start has drawn before. Does nothing in a clinic that is not marked as the demo, or
    whose mark somebody took away.
    """
    is_new = not Location.objects.exists()
    if is_new:
        build_clinic(today=today, now=now)
    elif not is_marked():
        return Loaded(is_demo=False)
    completed = complete_past_visits(now=now)
    drawn = _draw(today=today, seed=seed, now=now)
    write_visits(drawn, now=now)
    return Loaded(is_demo=True, is_new=is_new, drawn=len(drawn), completed=completed)


def _draw(*, today: date, seed: int, now: datetime) -> list[Drawn]:
    """Draw the visits of every day up to the horizon that was not drawn yet."""
    missing = _days_missing(today)
    if not missing:
        return []
    books = books_of(list(missing))
    references = set(Booking.objects.values_list("reference", flat=True))
    drawn: list[Drawn] = []
    for location, days in missing.items():
        place = Place.at(
            location, days=days, book=books[location.pk], references=references, now=now
        )
        for day in days:
            drawn += place.draw(day, seed=seed)
    return drawn


def _days_missing(today: date) -> dict[Location, list[date]]:
    """Return, for each location, the days after the last one that was drawn. 2 queries.

    At first that is every location; later only those that have been drawn for.
    """
    first_on, last_on = today - timedelta(days=DAYS_BACK), today + timedelta(days=DAYS_AHEAD - 1)
    latest = dict(
        Booking.objects.filter(is_demo=True)
        .order_by()
        .values_list("location")
        .annotate(Max("starts_at"))
    )
    missing = {}
    for location in Location.objects.filter(is_active=True):
        if location.pk in latest:
            day_after = latest[location.pk].astimezone(location.zone).date() + timedelta(days=1)
            missing[location] = days_between(max(day_after, first_on), last_on)
        elif not latest:
            missing[location] = days_between(first_on, last_on)
    return {location: days for location, days in missing.items() if days}
