"""How many bookings a second: hold, details, confirm over HTTP by 8 clients.

    python -m tests.benchmarks.rate

builds the clinic in the empty database that DATABASE_URL names, serves it with granian (two
workers), books for some seconds, then asks the bare view of `lean.py` on the same server for as
long, and prints one line of JSON. Clients bring the cookies of visitors who were here before; the
pages they would look at between the three requests are not counted.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.utils import timezone  # noqa: E402

from booking.models import Booking, Status  # noqa: E402
from booking.selectors import free_slots  # noqa: E402
from booking.wishes import Wish  # noqa: E402
from clinic.messaging.models import Message  # noqa: E402
from clinic.web.visitors import COOKIE, new_id  # noqa: E402
from tests.benchmarks.diary import DAYS, Clinic, build_clinic  # noqa: E402
from tests.services import free_port  # noqa: E402

CLIENTS = 8
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
EVERY = timedelta(minutes=75)  # an hour of a new client's and the buffer
Book = Callable[["Browser", int], bool]


class Browser:
    """One client on one connection, with the cookies of a visitor who has been here."""

    def __init__(self, port: int) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.csrf = secrets.token_hex(16)
        self.be_somebody_else()

    def be_somebody_else(self) -> None:
        """Be another visitor from now on."""
        answer = HttpResponse()
        answer.set_signed_cookie(COOKIE, new_id(), salt=COOKIE)
        self.visitor = answer.cookies[COOKIE].value

    def post(self, path: str, **fields: Any) -> tuple[int, str]:
        """Send a form; return the status and where the answer leads."""
        body = urlencode({**fields, "csrfmiddlewaretoken": self.csrf}, doseq=True)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={self.csrf}; {COOKIE}={self.visitor}",
        }
        self.line.request("POST", path, body, headers)
        answer = self.line.getresponse()
        answer.read()
        return answer.status, urlsplit(answer.headers.get("Location", "")).path


def book(browser: Browser, start: int) -> bool:
    """Book one visit as a client does; whether it is booked."""
    browser.be_somebody_else()
    times = "/book/classic-face-tone/45/hold/?location=alder-street"
    instant = time.strftime("%Y%m%dT%H%MZ", time.gmtime(start))
    _, path = browser.post(times, slot=f"{instant}-145.00", request_key=uuid4())
    if not path.endswith("/details/"):
        return False
    _, path = browser.post(
        path,
        name=f"Maya {secrets.token_hex(4)}",
        email=f"{secrets.token_hex(6)}@mail.example",
        phone="503 555 0123",
        time_zone="America/Los_Angeles",
        safe="on",
        agree_treatment="on",
        agree_data="on",
    )
    if not path.endswith("/review/"):
        return False
    _, path = browser.post(path.replace("/review/", "/confirm/"))
    return path.endswith("/confirmed/")


def lean_book(clinic: Clinic) -> Book:
    """Return what writes the same rows through the bare view, each time with other resources."""
    providers = itertools.cycle(clinic.providers)

    def write(browser: Browser, start: int) -> bool:
        provider = next(providers)
        status, _ = browser.post(
            "/lean/",
            start=start,
            location=clinic.location.pk,
            option=clinic.option.pk,
            provider=provider.pk,
            resource=[provider.pk, clinic.rooms[0].pk, clinic.devices[0].pk],
        )
        return status == 200

    return write


def free_times(clinic: Clinic) -> Iterator[int]:
    """Yield starts that two visits each can have beside one another, none overlapping others."""
    free = free_slots(
        wish=Wish(option=clinic.option, location=clinic.location),
        first_on=clinic.today,
        last_on=clinic.today + timedelta(days=DAYS),
        now=timezone.now(),
    )
    last = 0
    for start in free.all_starts:
        if start >= last + EVERY.total_seconds():
            last = start
            yield from [start] * min(2, len(free.providers_at(start)))


def per_second(port: int, work: Book, starts: Iterator[int]) -> tuple[float, Counter[bool]]:
    """Let 8 clients do `work` for some seconds; return successes a second, and all outcomes."""
    outcomes: Counter[bool] = Counter()
    lock, deadline = threading.Lock(), time.monotonic() + SECONDS

    def client() -> None:
        browser = Browser(port)
        while time.monotonic() < deadline:
            with lock:
                start = next(starts, None)
            if start is None:
                return
            is_done = work(browser, start)
            with lock:
                outcomes[is_done] += 1

    begin = time.monotonic()
    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes[True] / (time.monotonic() - begin), outcomes


@contextmanager
def server() -> Iterator[int]:
    """Serve the clinic as production does; yield the port."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2"]
    command += ["--blocking-threads", "4", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([*command, "--log-level", "warning", "clinic.wsgi:application"])
    try:
        for _ in range(100):
            time.sleep(0.1)
            try:
                browser = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                browser.request("GET", "/healthz")
                if browser.getresponse().status == 200:
                    break
            except OSError:
                continue
        yield port
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Build, book, compare, print."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    clinic = build_clinic(timezone.now().date(), share=0)
    starts = free_times(clinic)
    with server() as port:
        warm = Browser(port)
        for start in itertools.islice(starts, 4):
            book(warm, start)
        before = Booking.objects.filter(status=Status.CONFIRMED).count()
        rate, outcomes = per_second(port, book, starts)
        confirmed = Booking.objects.filter(status=Status.CONFIRMED).count() - before
        long_ago = int(clinic.now.timestamp()) - 86_400 * 365
        empty = (long_ago + 3600 * n for n in itertools.count())
        lean_rate, lean_outcomes = per_second(port, lean_book(clinic), empty)
    figures = {
        "per_second": rate,
        "lean_per_second": lean_rate,
        "ratio": rate / lean_rate,
        "booked": outcomes[True],
        "refused": outcomes[False],
        "confirmed_rows": confirmed,
        "lean_refused": lean_outcomes[False],
        "messages": Message.objects.count(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
