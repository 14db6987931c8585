"""How many messages a second leave: reminders of real visits, by two workers, to a mail server.

    python -m tests.benchmarks.messages

builds a clinic in the empty database that DATABASE_URL names, starts two workers and a beat as
production does (with REDIS_URL as broker), makes BENCH_MESSAGES (10,000) reminders due at once and
waits until a mail server in a process of its own has taken the last. Then a bare loop of smtplib
reads one of those very mails out to the same server as often as it can, over one connection. The
same again with a letter of three words shows what writing the letters costs. Prints one line of
JSON.
"""

from __future__ import annotations

import copy
import json
import os
import smtplib
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
os.environ["PARCEL_PAUSE"] = "0"
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from booking import links  # noqa: E402
from booking.message_plan import planned_messages  # noqa: E402
from booking.models import Booking, BookingLine  # noqa: E402
from clinic.clients.models import Client, email_key, name_key  # noqa: E402
from clinic.messaging import registry, services  # noqa: E402
from clinic.messaging.channels.mail import written  # noqa: E402
from clinic.messaging.models import Message  # noqa: E402
from tests.booking.scenes import confirm  # noqa: E402
from tests.factories import UserFactory, open_clinic  # noqa: E402
from tests.faults.world import Sink  # noqa: E402
from tests.processes import Process, wait_until  # noqa: E402
from treatments.catalogue import load_catalogue  # noqa: E402
from treatments.models import Instruction  # noqa: E402

COUNT = int(os.environ.get("BENCH_MESSAGES", "10000"))
RAW_COUNT = min(COUNT, 3000)
WORKERS = 2
NOON = 12
DAY = timedelta(days=1)
Draft = services.Draft


def main() -> None:
    """Build, send, compare, print."""
    call_command("migrate", verbosity=0)
    now = timezone.now()
    reminders = [due_now(booking, now) for booking in visits_of_tomorrow(now)]
    parcels = [
        Draft(subject=f"parcel:{number}", code="M01", recipient="client", due_at=now)
        for number in range(COUNT)
    ]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lumen-sink-")))
        sink = Sink(folder / "sink")
        stack.callback(sink.stop)
        start_workers(stack, folder, sink)
        figures = rates(reminders, sink) | {"light": rates(parcels, sink)}
    print(json.dumps({"count": COUNT, **figures}))


def visits_of_tomorrow(now: datetime) -> Iterator[Booking]:
    """Yield visits of as many clients, all like one that was booked online a week ago.

    Where it is noon now, as clients are not reminded at night.
    """
    load_catalogue(
        approved_by=UserFactory(), published_at=now - 30 * DAY, effective_from=now.date()
    )
    zone = f"Etc/GMT{now.hour - NOON:+d}"  # whose sign says how far behind Greenwich it is
    scene = open_clinic(zone)
    scene.treatment.instructions.set(Instruction.objects.filter(code__in=["P-STD", "A-STD"]))
    tomorrow = now.astimezone(ZoneInfo(zone)).replace(hour=NOON, minute=0, second=0, microsecond=0)
    booking = confirm(scene, tomorrow + DAY, now=now - 7 * DAY, time_zone="")
    Message.objects.all().delete()
    clients = Client.objects.bulk_create(person(number) for number in range(COUNT))
    bookings = Booking.objects.bulk_create(like(booking, client) for client in clients)
    line = booking.lines.get()
    BookingLine.objects.bulk_create(
        BookingLine(booking=each, position=0, code=line.code, name=line.name, amount=line.amount)
        for each in bookings
    )
    texts = Booking.instruction_versions.through
    texts.objects.bulk_create(
        texts(booking=each, instructionversion=version)
        for version in booking.instruction_versions.all()
        for each in bookings
    )
    yield from bookings


def person(number: int) -> Client:
    """Return somebody new; a bulk writes the keys it is given and asks no `save`."""
    name, email = f"Maya Ellison {number}", f"maya{number}@mail.example"
    keys = {"email_key": email_key(email), "name_key": name_key(name)}
    return Client(name=name, email=email, phone="+15035550123", **keys)


def like(booking: Booking, client: Client) -> Booking:
    """Return a visit as `booking`, of `client`."""
    twin = copy.copy(booking)
    twin._state = copy.copy(booking._state)
    twin.pk, twin.client = None, client
    twin.reference, twin.request_key = f"{client.pk:08d}", uuid4()
    twin.link_nonce, twin.link_hash = links.new_link()
    return twin


def due_now(booking: Booking, now: datetime) -> Draft:
    """Return the reminder of the day before as the plan has it, but due now."""
    plan = planned_messages(booking, now=booking.created_at)
    reminder = next(draft for draft in plan if (draft.code, draft.channel) == ("M05", "email"))
    return replace(reminder, due_at=now)


def start_workers(stack: ExitStack, folder: Path, sink: Sink) -> None:
    """Start two workers and a beat as docker-compose.yml does, until the end of `stack`."""
    env = {**os.environ, "EMAIL_URL": sink.url, "LOG_LEVEL": "WARNING"}
    log = ("--loglevel", "info")
    for number in range(WORKERS):
        name = f"worker{number}"
        threads = ("--pool", "threads", "--concurrency", "4", "-n", f"{name}@bench")
        command = ("celery", "--app", "clinic", "worker", *threads, *log)
        worker = Process(*command, log=folder / name, env=env)
        stack.callback(worker.kill)
        worker.wait_for("ready.")
    command = ("celery", "--app", "clinic", "beat", "--schedule", str(folder / "beat.db"), *log)
    beat = Process(*command, log=folder / "beat", env=env)
    stack.callback(beat.kill)
    beat.wait_for("beat: Starting")


def rates(drafts: list[Draft], sink: Sink) -> dict[str, float]:
    """Return how many a second leave, how many a bare loop sends, and the one by the other."""
    before = len(sink.ids())
    with transaction.atomic():
        for first in range(0, len(drafts), 1000):
            services.plan(messages=drafts[first : first + 1000], now=timezone.now())
    begin = time.time()
    is_done = wait_until(lambda: not Message.objects.planned().exists(), seconds=600)
    taken = sink.mails()[before:]
    if not is_done or len(taken) != len(drafts):
        sys.exit(f"Of {len(drafts)} messages {len(taken)} were taken.")
    per_second = len(taken) / (taken[-1]["at"] - begin)
    raw = raw_rate(sink)
    return {"per_second": per_second, "raw_per_second": raw, "ratio": per_second / raw}


def raw_rate(sink: Sink) -> float:
    """Return how often a second a bare loop reads the last mail out to the same server."""
    message = Message.objects.latest("pk")
    letter = registry.owner_of(message).render(message, timezone.now())
    mail = written(message, letter).message().as_bytes(linesep="\r\n")
    with smtplib.SMTP("127.0.0.1", sink.port) as line:
        begin = time.perf_counter()
        for _ in range(RAW_COUNT):
            line.sendmail(settings.DEFAULT_FROM_EMAIL, [letter.to], mail)
        return RAW_COUNT / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
