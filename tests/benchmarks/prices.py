"""How long publishing 200 prices takes.

    python -m tests.benchmarks.prices

prints one line of JSON for the database that DATABASE_URL names, which must be empty. Publishing
is the whole transaction: the lock, the check against what others published, 200 rows, the log.
"""

import json
import os
import statistics
from datetime import datetime, timedelta
from decimal import Decimal
from time import perf_counter

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils.text import slugify  # noqa: E402

from clinic.accounts.models import User  # noqa: E402
from clinic.places.models import Location  # noqa: E402
from clinic.web import clock  # noqa: E402
from tests.benchmarks.timing import reference_ms  # noqa: E402
from treatments import services  # noqa: E402
from treatments.catalogue import load_catalogue  # noqa: E402
from treatments.cells import Edit  # noqa: E402
from treatments.models import Price, PriceList  # noqa: E402
from treatments.selectors import drafts, matrix  # noqa: E402
from treatments.selectors.matrix import House  # noqa: E402
from treatments.selectors.rules import price_rules, today_at  # noqa: E402

EDITS = 200
ROUNDS = 10
PLACES = {"Alder Street": "America/Los_Angeles", "Harbor Row": "America/New_York"}
PROVIDERS = ("Mara", "Elise", "Jonah", "Ruth", "Theo", "Hana", "Clara")


def main() -> None:
    """Build, measure, print."""
    call_command("migrate", verbosity=0)
    now = clock.now()
    user = User.objects.create(email="sam@lumen.example", full_name="Sam Whitlock")
    house = build_house(user, now)
    times = [published_in_ms(house, user, 120 + number, now) for number in range(ROUNDS)]
    published = Price.objects.filter(change__isnull=False).count()
    figures = {
        "publish_ms": statistics.median(times),
        "edits": published // ROUNDS,
        "reference_ms": reference_ms(),
    }
    print(json.dumps(figures))


def build_house(user: User, now: datetime) -> House:
    """Return the catalogue at two places, with six providers who have prices of their own."""
    since = now - timedelta(days=365)
    load_catalogue(approved_by=user, published_at=since, effective_from=since.date())
    for name, zone in PLACES.items():
        Location.objects.create(name=name, slug=slugify(name), time_zone=zone)
    for name in PROVIDERS:
        PriceList.objects.create(name=name)
    return matrix.house(set())


def published_in_ms(house: House, user: User, amount: int, now: datetime) -> float:
    """Type 200 prices of `amount` over those that count; return what publishing them takes."""
    rules = price_rules(today=min(today_at(place, now) for place in house.places), now=now)
    squares = [
        matrix.square(house, offered, column, rules, edits={})
        for column in matrix.columns(house, now=now)
        for offered in house.offered
    ]
    edits = [Edit(square.cell, Decimal(amount), square.seen) for square in squares[:EDITS]]
    change = services.write_edits(author=user, edits=edits, now=now)
    looked_at = drafts.digest(drafts.edits_of(change).values())
    begin = perf_counter()
    services.publish(
        change=change,
        house=house,
        looked_at=looked_at,
        effective_from=(now + timedelta(days=30)).date(),
        reason="The rent",
        user=user,
        now=now,
    )
    return (perf_counter() - begin) * 1000


if __name__ == "__main__":
    main()
