"""The same race as a clinic sees it: browsers, a server of several processes, one hour."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest

from booking.models import Booking, Status
from booking.services.audit import findings
from clinic.messaging.models import Message
from clinic.web import clock
from tests.booking.views.browsing import TYPED, Page
from tests.browsers import Browser, button, free, times_path
from tests.concurrency.racing import laps
from tests.factories import Scene, open_clinic
from tests.processes import environment, running
from tests.services import free_port

pytestmark = pytest.mark.django_db(transaction=True)

BROWSERS = 50


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


def instant(key: str) -> int:
    """The second at which the time of a button starts."""
    starts_at = datetime.strptime(key.partition("-")[0], "%Y%m%dT%H%MZ")
    return int(starts_at.replace(tzinfo=UTC).timestamp())


def press_one_time(port: int, scene: Scene) -> tuple[Browser, str]:
    """Let fifty browsers press one time; return the one that got it, and where it was led."""
    slot, path = button(free(scene).all_starts[20]), times_path(scene)
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
    for number in range(laps(1, 5)):
        scene = open_clinic()

        winner, details = press_one_time(port, scene)
        confirm_fifty_times(winner, details, f"maya{number}@mail.example")

        booking = Booking.objects.get(location=scene.location)
        assert booking.status == Status.CONFIRMED
        told = Message.objects.filter(subject=f"booking:{booking.pk}", code="M01", channel="email")
        assert told.count() == 1
    assert findings(now=clock.now()) == []
