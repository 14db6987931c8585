"""Words for tests of the client area: look at a page of it, press, and what has been."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Booking, Status
from clinic.clients.models import Client
from tests.booking.scenes import on
from tests.booking.views.browsing import text
from tests.factories import (
    booked,
)

DAY = timedelta(days=1)


def past(scene: Any, client: Client, *, days: int, **fields: Any) -> Booking:
    """A visit of `client` that many days ago."""
    return booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        client=client,
        starts_at=on(scene, 1, 9) - days * DAY,
        **{"status": Status.COMPLETED} | fields,
    )


def look(area: Browser, page: str, *args: str, query: str = "") -> str:
    response = area.get(reverse(f"account:{page}", args=args) + query)
    assert response.status_code == 200, response
    return " ".join(text(response).split())


def press(area: Browser, page: str, *args: str, **fields: Any) -> HttpResponse:
    return area.post(reverse(f"account:{page}", args=args), fields)


def be_long_ago(area: Browser) -> None:
    """Let the sign-in be an hour old."""
    session = area.session
    records = session[AUTHENTICATION_METHODS_SESSION_KEY]
    for record in records:
        record["at"] = time.time() - 3600
    session[AUTHENTICATION_METHODS_SESSION_KEY] = records
    session.save()
