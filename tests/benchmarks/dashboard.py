"""The owner's numbers with two years and 60,000 visits behind them: the page as it is asked for.

    python -m tests.benchmarks.dashboard

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
from django.db.models import Case, F, Value, When  # noqa: E402
from django.db.models.functions import Mod  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import RequestFactory, override_settings  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import resolve, reverse  # noqa: E402

from booking.models import Booking, Status  # noqa: E402
from booking.permissions import Role  # noqa: E402
from clinic.clients.models import Client  # noqa: E402
from clinic.messaging.models import Message  # noqa: E402
from clinic.web import clock  # noqa: E402
from tests.benchmarks.diary import Clinic, add_history, build_clinic  # noqa: E402
from tests.benchmarks.timing import median_ms, reference_ms  # noqa: E402
from tests.factories import UserFactory  # noqa: E402

TODAY = date(2030, 3, 4)
CLIENTS = 6_000
CODES = ("M01", "M05")
PLAIN = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def spread(clinic: Clinic) -> None:
    """Give the visits to many clients, ten each, and let one in ten come to nothing."""
    people = Client.objects.bulk_create(
        Client(name=f"Maya {n}", email=f"maya{n}@mail.example", email_key=f"{n}", name_key=f"{n}")
        for n in range(CLIENTS)
    )
    past = Booking.objects.filter(starts_at__lt=clinic.now)
    past.update(client_id=Mod(F("pk") * 7919, CLIENTS) + people[0].pk)
    past.annotate(draw=Mod(F("pk") * 104_729, 100)).update(
        status=Case(
            When(draw__lt=4, then=Value(Status.NO_SHOW)),
            When(draw__lt=7, then=Value(Status.CANCELLED_LATE)),
            When(draw__lt=12, then=Value(Status.CANCELLED_CLIENT)),
            default=Value(Status.COMPLETED),
        )
    )


def send(clinic: Clinic) -> int:
    """Write two messages that went for every visit of the past; return how many."""
    rows = Booking.objects.filter(starts_at__lt=clinic.now).values_list("pk", "starts_at")
    messages = [
        Message(
            key=f"booking:{pk}:{code}:1:client:email:1",
            subject=f"booking:{pk}",
            code=code,
            recipient="client",
            due_at=starts_at - timedelta(days=1),
            ready_at=starts_at,
            created_at=starts_at,
            status=Message.Status.SENT,
            sent_at=starts_at,
            settled_at=starts_at,
            delivered_at=starts_at,
            sent_to="maya@mail.example",
            message_id=f"{pk}.{code}",
        )
        for pk, starts_at in rows
        for code in CODES
    ]
    Message.objects.bulk_create(messages, batch_size=1000)
    return len(messages)


def page(viewer: Any, days: int) -> HttpResponse:
    """Answer with the page of the last `days`, whole, as an admin gets it."""
    url = reverse("staff:numbers")
    request = RequestFactory().get(url, {"range": days})
    request.user, request.resolver_match = viewer, resolve(url)
    response = resolve(url).func(request)
    if response.status_code != 200:
        raise SystemExit(f"The page answered {response.status_code}.")
    return response


def main() -> None:
    """Build, measure, print."""
    call_command("migrate", verbosity=0)
    clinic = build_clinic(TODAY)
    visits = add_history(clinic)
    spread(clinic)
    messages = send(clinic)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    viewer = UserFactory(groups=[Role.ADMIN], is_staff=True)
    clock.now = lambda: clinic.now  # type: ignore[assignment]
    with override_settings(STORAGES=PLAIN):
        with CaptureQueriesContext(connection) as queries:
            page(viewer, 30)
        figures = {
            "visits": visits,
            "messages": messages,
            "queries": len(queries),
            "reference_ms": reference_ms(),
            "ms": median_ms(lambda: page(viewer, 30), rounds=10),
            "quarter_ms": median_ms(lambda: page(viewer, 90), rounds=10),
        }
    if os.environ.get("BENCH_SLOWEST"):
        for query in sorted(queries, key=lambda each: -float(each["time"]))[:8]:
            print(query["time"], query["sql"][:200])
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
