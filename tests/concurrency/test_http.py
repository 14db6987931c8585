"""The same race as a clinic sees it: browsers, a server of several processes, one hour."""

import http.client
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
from django.http import HttpResponse

from booking.models import Booking, Status
from booking.selectors import FreeSlots, free_slots
from booking.services.audit import findings
from clinic.messaging.models import Message
from clinic.web import clock
from clinic.web.visitors import COOKIE, new_id
from tests.booking.scenes import wish_for
from tests.booking.views.browsing import TYPED, Page
from tests.deep import rounds
from tests.factories import Scene, open_clinic
from tests.processes import environment, running
from tests.services import free_port

pytestmark = pytest.mark.django_db(transaction=True)

BROWSERS = 50
PRICE = "170.00"


class Browser:
    """One visitor who has been here before, on a line of their own."""

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


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Serve the clinic with two processes; nothing in their log may be an error."""
    port = free_port()
    options = ("--interface", "wsgi", "--workers", "2", "--blocking-threads", "4")
    command = ("granian", *options, "--port", str(port), "clinic.wsgi:application")
    log = tmp_path / "web.log"
    with running(*command, log=log, env=environment(), ready="Started worker-2") as server:
        yield port
        assert not re.search("ERROR|Traceback", server.said()), server.said()


def at_once(job: Callable[[int], tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Do `job` in all browsers at once; return what each got."""
    answers: dict[int, tuple[int, str, str]] = {}
    start = threading.Barrier(BROWSERS)

    def press(number: int) -> None:
        start.wait(60)
        answers[number] = job(number)

    threads = [threading.Thread(target=press, args=[number]) for number in range(BROWSERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(BROWSERS)]


def free(scene: Scene) -> FreeSlots:
    """What is free in the next week."""
    now = clock.now()
    today = now.astimezone(scene.location.zone).date()
    return free_slots(
        wish=wish_for(scene), first_on=today, last_on=today + timedelta(days=7), now=now
    )


def instant(key: str) -> int:
    """The second at which the time of a button starts."""
    starts_at = datetime.strptime(key.partition("-")[0], "%Y%m%dT%H%MZ")
    return int(starts_at.replace(tzinfo=UTC).timestamp())


def press_one_time(port: int, scene: Scene) -> tuple[Browser, str]:
    """Let fifty browsers press one time; return the one that got it, and where it was led."""
    start = free(scene).all_starts[20]
    slot = f"{datetime.fromtimestamp(start, UTC):%Y%m%dT%H%MZ}-{PRICE}"
    times = f"/book/{scene.treatment.slug}/{scene.option.minutes}/hold/"
    path = f"{times}?location={scene.location.slug}"
    browsers = [Browser(port) for _ in range(BROWSERS)]

    answers = at_once(lambda n: browsers[n].post(path, slot=slot, request_key=str(uuid4())))

    statuses = [status for status, _path, _text in answers]
    assert Counter(statuses) == {HTTPStatus.SEE_OTHER: 1, HTTPStatus.CONFLICT: BROWSERS - 1}
    still_free = set(free(scene).all_starts)
    for status, _path, text in answers:
        if status == HTTPStatus.CONFLICT:
            assert "was just taken" in text
            alternatives = Page(text).form("hold")["buttons"]
            assert len(alternatives) == 3
            assert {instant(key) for key in alternatives} <= still_free
    won = statuses.index(HTTPStatus.SEE_OTHER)
    return browsers[won], answers[won][1]


def confirm_fifty_times(winner: Browser, details: str, email: str) -> None:
    """Let the one who has a time type the details, and press the last button fifty times."""
    review, confirm, confirmed = (
        details.replace("details", step) for step in ("review", "confirm", "confirmed")
    )
    assert winner.post(details, **TYPED | {"email": email})[:2] == (HTTPStatus.SEE_OTHER, review)

    answers = at_once(lambda _: winner.post(confirm))

    assert {answer[:2] for answer in answers} == {(HTTPStatus.SEE_OTHER, confirmed)}


def test_of_fifty_browsers_one_gets_a_time_and_books_it_once_with_fifty_presses(port):
    for number in range(rounds(1, 10)):
        scene = open_clinic()

        winner, details = press_one_time(port, scene)
        confirm_fifty_times(winner, details, f"maya{number}@mail.example")

        booking = Booking.objects.get(location=scene.location)
        assert booking.status == Status.CONFIRMED
        told = Message.objects.filter(subject=f"booking:{booking.pk}", code="M01", channel="email")
        assert told.count() == 1
    assert findings(now=clock.now()) == []
