"""The week and the day of the workspace, whole pages, with two years of history behind them.

    python -m tests.benchmarks.calendar

prints one line of JSON for the database that DATABASE_URL names, which must be empty. Server time:
from the request as it reaches Django to the answer as it leaves, middleware and rendering included.
"""

import json
import os
from datetime import date
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")
django.setup()

from allauth.account.internal.flows.login import record_authentication  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.contrib.auth.signals import user_logged_in  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client as Browser  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402

from booking.permissions import Role  # noqa: E402
from clinic.accounts.models import User  # noqa: E402
from clinic.web import clock  # noqa: E402
from tests.benchmarks.diary import add_history, build_clinic  # noqa: E402
from tests.benchmarks.timing import median_ms, reference_ms  # noqa: E402

MONDAY = date(2030, 3, 4)
HOST = "127.0.0.1"


def at_the_desk() -> Browser:
    """Return a browser in which somebody of the front desk is signed in, second step and all."""

    def show_second_step(request: Any, user: User, **_signal: Any) -> None:
        record_authentication(request, user, "mfa", type="totp")

    user = User.objects.create(email="dana@lumen.example", full_name="Dana Whitlock")
    user.groups.add(Group.objects.get(name=Role.FRONT_DESK))
    browser = Browser(SERVER_NAME=HOST)
    user_logged_in.connect(show_second_step)
    browser.force_login(user)
    user_logged_in.disconnect(show_second_step)
    return browser


def figures_of(browser: Browser, page: str, **query: str) -> dict[str, float]:
    """Return what one page takes, how many queries, and how large it is."""
    address = reverse(f"staff:{page}")

    def look() -> Any:
        answer = browser.get(address, query)
        assert answer.status_code == 200, answer.status_code
        return answer

    took = median_ms(look)
    with CaptureQueriesContext(connection) as queries:
        size = len(look().content)
    return {f"{page}_ms": took, f"{page}_queries": len(queries), f"{page}_kb": size / 1000}


def main() -> None:
    """Build the clinic and its past, look at both pages, print."""
    call_command("migrate", verbosity=0)
    clinic = build_clinic(MONDAY)
    history = add_history(clinic)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    clock.now = lambda: clinic.now  # the diary is of that week
    browser = at_the_desk()
    figures: dict[str, Any] = {"history_visits": history, "reference_ms": reference_ms()}
    figures |= figures_of(browser, "week", day=MONDAY.isoformat())
    figures |= figures_of(browser, "today")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
