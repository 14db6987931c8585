"""The world around the clinic, to be broken: a mail server, a Redis, workers and beats."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import redis
from django.utils import timezone

from clinic.messaging import services
from clinic.messaging.models import Message
from tests import services as servers
from tests.processes import Process


class Redis:
    """A Redis that can be frozen, and taken away and brought back on the same port."""

    def __init__(self) -> None:
        self.port = servers.free_port()
        self.stack = ExitStack()
        self.start()

    def start(self) -> None:
        self.url = self.stack.enter_context(servers.redis(self.port))
        with closing(redis.Redis.from_url(self.url)) as client:
            self.pid: int = client.info("server")["process_id"]

    def stop(self) -> None:
        self.stack.close()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)


class Sink:
    """A mail server that can be away, frozen, or in the moods of `sink.py`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = servers.free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.log = folder / "sink.log"
        folder.mkdir()
        self.start()

    def start(self) -> None:
        self.log.unlink(missing_ok=True)
        command = ("tests.faults.sink", str(self.port), str(self.folder))
        self.process = Process(*command, log=self.log, env=dict(os.environ))
        self.process.wait_for("ready")

    def stop(self) -> None:
        self.process.kill()

    def freeze(self) -> None:
        os.kill(self.process.popen.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.popen.pid, signal.SIGCONT)

    def be(self, *moods: str) -> None:
        """Do so with the mails to come, one after the other."""
        draft = self.folder / "moods.draft"
        draft.write_text("".join(f"{mood}\n" for mood in moods))
        draft.replace(self.folder / "moods")

    def mails(self) -> list[dict[str, Any]]:
        """Return what it took: `id`, `to`, `subject`, `at`."""
        path = self.folder / "taken"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def ids(self) -> list[str]:
        """Return the Message-ID of every mail it took, doubles included."""
        return [mail["id"] for mail in self.mails()]

    def went(self, code: str) -> list[str]:
        """Return the addresses to which messages of `code` went, doubles included."""
        told = Message.objects.filter(code=code)
        ids = set(told.values_list("message_id", flat=True))
        return sorted(mail["to"] for mail in self.mails() if mail["id"] in ids)


class Folder:
    """Mail as files."""

    url = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ids(self) -> list[str]:
        """Return the Message-ID of every mail in it, doubles included."""
        mails = self.folder.glob("*.eml")
        return [message_from_bytes(path.read_bytes())["Message-ID"] for path in mails]


Post = Sink | Folder


def clock_at(moment: datetime) -> str:
    """Return the CLOCK_OFFSET of a process for which it is `moment` now."""
    return str(int((moment - timezone.now()).total_seconds()))


def shown_by(offset: str) -> datetime:
    """Return what the clock of a process with that CLOCK_OFFSET shows now."""
    return timezone.now() + timedelta(seconds=int(offset))


def plan_parcels(count: int) -> None:
    """Plan messages that are due now."""
    now = timezone.now()
    first = Message.objects.count()
    services.plan(
        messages=[
            services.Draft(
                subject=f"parcel:{first + number}",
                code="M01",
                recipient="client",
                due_at=now - timedelta(seconds=1),
            )
            for number in range(count)
        ],
        now=now,
    )


def left() -> int:
    """How many messages are still to go, sooner or later."""
    return Message.objects.planned().count()


def assert_all_went(post: Post, *, doubles: int = 0) -> None:
    """Every message is on record as sent, and went; at most `doubles` of them twice."""
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}
    assert_as_recorded(post, doubles=doubles)


def assert_as_recorded(post: Post, *, doubles: int = 0) -> None:
    """What went by e-mail is what the ledger says went; at most `doubles` of them twice."""
    went = post.ids()
    sent = Message.objects.filter(status="sent", channel="email")
    assert set(went) == set(sent.values_list("message_id", flat=True))
    assert len(went) - len(set(went)) <= doubles
