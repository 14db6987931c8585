"""Free times of a month and of a day, without and with two years of history.

    python -m tests.benchmarks.availability

prints one line of JSON for the database that DATABASE_URL names, which must be empty.
"""

import json
import os
from datetime import date, timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from booking.selectors import free_slots  # noqa: E402
from booking.wishes import Wish  # noqa: E402
from tests.benchmarks.diary import Clinic, add_history, booked_share, build_clinic  # noqa: E402
from tests.benchmarks.timing import median_ms, reference_ms  # noqa: E402
from treatments.selectors import price_book  # noqa: E402

TODAY = date(2030, 3, 4)


def month(clinic: Clinic) -> dict[date, int]:
    """The month view: which of 30 days have times, and how many."""
    return free_slots(
        wish=Wish(option=clinic.option, location=clinic.location),
        first_on=clinic.today,
        last_on=clinic.today + timedelta(days=29),
        now=clinic.now,
    ).counts()


def day(clinic: Clinic) -> list[Any]:
    """The day view: its times with provider and price."""
    wish, on = Wish(option=clinic.option, location=clinic.location), clinic.today + timedelta(10)
    free = free_slots(wish=wish, first_on=on, last_on=on, now=clinic.now)
    prices = price_book(
        option=wish.option, add_ons=(), location=wish.location, priced_at=clinic.now
    )
    return free.slots(free.starts_on(on), prices)


def measure(clinic: Clinic) -> dict[str, float]:
    """Return the figures of both views and of the reference, in milliseconds."""
    return {
        "reference_ms": reference_ms(),
        "month_ms": median_ms(lambda: month(clinic)),
        "day_ms": median_ms(lambda: day(clinic)),
    }


def main() -> None:
    """Build, measure, add the history, measure again, print."""
    call_command("migrate", verbosity=0)
    clinic = build_clinic(TODAY)
    figures: dict[str, Any] = {"booked_share": booked_share(clinic), **measure(clinic)}
    with CaptureQueriesContext(connection) as queries:
        times = sum(month(clinic).values())
    figures |= {"month_queries": len(queries), "month_times": times}
    figures["history_visits"] = add_history(clinic)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    figures["with_history"] = measure(clinic)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
