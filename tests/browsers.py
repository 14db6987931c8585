"""Browsers without a screen: visitors of a real web server, each on a line of their own."""

import http.client
import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse

from booking.selectors import FreeSlots, free_slots
from clinic.web import clock
from clinic.web.visitors import COOKIE, new_id
from tests.booking.scenes import wish_for
from tests.factories import Scene

PRICE = "170.00"


class Browser:
    """One visitor who has been here before."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.csrf = secrets.token_hex(16)
        answer = HttpResponse()
        answer.set_signed_cookie(COOKIE, new_id(), salt=COOKIE)
        self.visitor = answer.cookies[COOKIE].value

    def post(self, path: str, **fields: str) -> tuple[int, str, str]:
        """Send a form; return the status, where the answer leads, and what it says."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request(
            "POST",
            path,
            urlencode({**fields, "csrfmiddlewaretoken": self.csrf}),
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": f"csrftoken={self.csrf}; {COOKIE}={self.visitor}",
            },
        )
        answer = line.getresponse()
        text = answer.read().decode()
        line.close()
        return answer.status, urlsplit(answer.headers.get("Location", "")).path, text


def free(scene: Scene) -> FreeSlots:
    """What is free in the next week."""
    now = clock.now()
    today = now.astimezone(scene.location.zone).date()
    return free_slots(
        wish=wish_for(scene), first_on=today, last_on=today + timedelta(days=7), now=now
    )


def times_path(scene: Scene) -> str:
    """Return where the buttons of the times are pressed."""
    option, location = scene.option, scene.location
    return f"/book/{scene.treatment.slug}/{option.minutes}/hold/?location={location.slug}"


def button(start: int) -> str:
    """Return what the button of the time at that second sends."""
    return f"{datetime.fromtimestamp(start, UTC):%Y%m%dT%H%MZ}-{PRICE}"
