"""What the outbox promises when the world around it breaks: real workers, beats and brokers.

Nothing is lost; a message goes twice only if its worker was killed between the server's
acceptance and our stamp, and then under the same Message-ID.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
import redis
from django.conf import settings

from clinic.messaging import services
from clinic.messaging.models import Message
from clinic.web import clock
from tests import services as servers
from tests.deep import IS_DEEP, rounds
from tests.processes import Process, environment, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

BROKERS = ["files", "redis"] if IS_DEEP else ["redis" if settings.REDIS_URL else "files"]
PATIENCE = 0.5  # seconds a change may wait for a broken broker, all in all
SLACK = 0.5  # seconds for a busy machine
QUICK = {
    "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
    "MESSAGE_TICK": "0.5",
    "MESSAGE_LEASE": "3",
    "MESSAGE_BACKOFF": "0.5",
    "EMAIL_URL": "",
}

Start = Callable[..., Process]


@pytest.fixture
def mailbox() -> Path:
    """Where workers leave their mail: empty, as is the file broker's queue."""
    shutil.rmtree(settings.MAILBOX, ignore_errors=True)
    for ring in (settings.VAR / "queue").glob("*.msg"):
        ring.unlink()
    return Path(settings.MAILBOX)


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
        os.kill(self.pid, signal.SIGCONT)


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    with suppress(ProcessLookupError):
        server.thaw()
    server.stop()


@pytest.fixture(params=BROKERS)
def env(request, mailbox) -> dict[str, str]:
    """The environment of every process of one test."""
    url = request.getfixturevalue("own_redis").url if request.param == "redis" else ""
    env = environment(**QUICK, REDIS_URL=url, CELERY_BROKER_URL=url or "clinicfs://localhost")
    if settings.REDIS_URL and not url:  # this run's database has no cache in it yet
        make_table = [sys.executable, "manage.py", "createcachetable"]
        subprocess.run(make_table, cwd=settings.BASE_DIR, env=env, check=True)
    return env


@pytest.fixture
def start(env, tmp_path) -> Iterator[Start]:
    """Start a worker or a beat by name; whatever is left of it ends with the test."""
    with ExitStack() as stack:

        def start(kind: str, name: str = "one") -> Process:
            options = {
                "worker": ["-P", "threads", "-c", "2", "-n", f"{name}@%h", "--without-mingle"],
                "beat": ["-s", str(tmp_path / f"{name}.beat"), "--pidfile="],
            }
            command = ("celery", "-A", "clinic", kind, "-l", "INFO", *options[kind])
            process = Process(*command, log=tmp_path / f"{kind}-{name}.log", env=env)
            stack.callback(process.kill)
            process.wait_for({"worker": "ready.", "beat": "beat: Starting"}[kind])
            return process

        yield start


def plan(count: int) -> None:
    """Plan messages that are due now."""
    now = clock.now()
    services.plan(
        messages=[
            services.Draft(
                subject=f"parcel:{number}",
                code="M01",
                recipient="client",
                due_at=now - timedelta(seconds=1),
            )
            for number in range(count)
        ],
        now=now,
    )


def left() -> int:
    return Message.objects.planned().count()


def mails(mailbox: Path) -> list[str]:
    """Return the Message-ID of every mail that left, doubles included."""
    return [message_from_bytes(path.read_bytes())["Message-ID"] for path in mailbox.glob("*.eml")]


def assert_all_went(mailbox: Path, *, doubles: int = 0) -> None:
    """Every message is on record as sent, and went; at most `doubles` of them twice."""
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}
    went = mails(mailbox)
    assert set(went) == set(Message.objects.values_list("message_id", flat=True))
    assert len(went) - len(set(went)) <= doubles


def test_a_worker_killed_at_work_loses_nothing(start, mailbox):
    plan(count := rounds(120, 500))
    start("beat")
    kills = rounds(3, 10)
    for kill in range(kills):
        worker = start("worker", f"w{kill}")
        goal = count * (kill + 1) // (kills + 1)
        assert wait_until(lambda goal=goal: len(mails(mailbox)) >= goal), worker.said()
        worker.kill()
    assert left() > 0  # it was killed at work, not after it

    worker = start("worker", "last")
    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(mailbox, doubles=kills * 2)  # two threads


def test_two_workers_and_two_beats_send_each_message_once(start, mailbox):
    plan(rounds(150, 500))
    for name in ("one", "two"):
        start("worker", name)
        start("beat", name)
    assert wait_until(lambda: left() == 0)
    assert_all_went(mailbox)


def test_a_commit_rings_a_waiting_worker(env, start, mailbox):
    worker = start("worker")  # and no beat
    slowest(env, count=1)
    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(mailbox)


# The broker is away


def slowest(env: dict[str, str], *, count: int) -> tuple[float, float]:
    """Plan messages in another process, as a web server would.

    Returns the seconds that the slowest change took, and all of them together.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.parcels", str(count)],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    seconds = [float(line) for line in done.stdout.split()]
    assert len(seconds) == count, done.stderr
    return max(seconds), sum(seconds)


@pytest.mark.parametrize("env", ["redis"], indirect=True)
def test_a_frozen_redis_holds_nobody_up_and_loses_nothing(env, own_redis, start, mailbox):
    start("beat")
    worker = start("worker")
    own_redis.freeze()
    slowest_one, in_all = slowest(env, count=10)
    assert slowest_one < PATIENCE + SLACK
    assert in_all < PATIENCE + 2 * SLACK  # the first one waits, and nobody after it
    own_redis.thaw()

    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(mailbox)


@pytest.mark.parametrize("env", ["redis"], indirect=True)
def test_a_redis_that_goes_and_comes_back_loses_nothing(env, own_redis, start, mailbox):
    beat, worker = start("beat"), start("worker")
    own_redis.stop()
    slowest_one, in_all = slowest(env, count=10)
    assert slowest_one < PATIENCE + SLACK
    assert in_all < PATIENCE + 2 * SLACK
    assert left() == 10
    own_redis.start()

    assert wait_until(lambda: left() == 0), beat.said() + worker.said()
    assert_all_went(mailbox)


def test_what_was_planned_while_no_worker_ran_leaves_when_one_does(env, start, mailbox):
    slowest(env, count=10)
    start("beat")
    worker = start("worker")
    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(mailbox)
