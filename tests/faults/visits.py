"""A web server's work, by the services its pages call: visits are booked, every second cancelled.

    python -m tests.faults.visits LOCATION OPTION COUNT

takes keys, and prints a line of JSON a visit: its `booking`, whether it `is_cancelled`, and the
`seconds` that booking and cancelling took.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

EVERY = timedelta(minutes=90)


def main(location_id: int, option_id: int, count: int) -> None:
    """Book `count` visits of as many people and cancel half of them."""
    import django

    django.setup()
    from booking.selectors import free_slots
    from booking.services import cancel
    from booking.services.ledger import CLIENT
    from booking.wishes import Wish
    from clinic.places.models import Location
    from clinic.web import clock
    from treatments.models import Option

    location = Location.objects.get(pk=location_id)
    wish = Wish(option=Option.objects.get(pk=option_id), location=location)
    today = clock.now().date()
    free = free_slots(
        wish=wish, first_on=today, last_on=today + timedelta(days=50), now=clock.now()
    )
    for number, starts_at in zip(range(count), spaced(free.all_starts), strict=False):
        marks = [time.perf_counter()]
        booking = book(wish, starts_at)
        marks.append(time.perf_counter())
        if is_cancelled := bool(number % 2):
            cancel(booking=booking, actor=CLIENT, now=clock.now())
            marks.append(time.perf_counter())
        seconds = [end - begin for begin, end in pairwise(marks)]
        line = {"booking": booking.pk, "is_cancelled": is_cancelled, "seconds": seconds}
        print(json.dumps(line))


def spaced(starts: list[int]) -> Iterator[datetime]:
    """Yield times that do not overlap."""
    last = 0
    for start in starts:
        if start >= last + EVERY.total_seconds():
            last = start
            yield datetime.fromtimestamp(start, UTC)


def book(wish: Any, starts_at: datetime) -> Any:
    """Hold a time, type the details, confirm: a first visit of somebody new."""
    from booking.services import confirm_booking, hold_slot
    from clinic.web import clock
    from tests.booking.scenes import type_details, visitor

    who = visitor()
    booking = hold_slot(
        wish=wish,
        starts_at=starts_at,
        visitor=who,
        price_shown=None,
        request_key=uuid4(),
        now=clock.now(),
    )
    type_details(who, now=clock.now(), email=f"{who.id}@mail.example")
    return confirm_booking(booking=booking, visitor=who, now=clock.now())


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
    main(*map(int, sys.argv[1:]))
