import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from tests.deep import IS_DEEP
from tests.faults.world import Folder, Post, Redis, Sink
from tests.processes import Process, environment

BROKERS = ["files", "redis"] if IS_DEEP else ["redis" if settings.REDIS_URL else "files"]
QUICK = {
    "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
    "MESSAGE_TICK": "0.5",
    "MESSAGE_LEASE": "20",
    "MESSAGE_BACKOFF": "0.5",
}

Start = Callable[..., Process]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what waits for real processes, so that it runs beside what works all the time."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture
def post(request, tmp_path) -> Iterator[Post]:
    """Where mail goes: a mail server, or a folder if the test asks for "folder"."""
    if getattr(request, "param", "server") == "folder":
        shutil.rmtree(settings.MAILBOX, ignore_errors=True)
        yield Folder(Path(settings.MAILBOX))
        return
    sink = Sink(tmp_path / "sink")
    yield sink
    sink.stop()


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.thaw()
    server.stop()


@pytest.fixture(params=BROKERS)
def env(request, post) -> dict[str, str]:
    """The environment of every process of one test."""
    url = request.getfixturevalue("own_redis").url if request.param == "redis" else ""
    broker = {"REDIS_URL": url, "CELERY_BROKER_URL": url or "clinicfs://localhost"}
    env = environment(**QUICK, **broker, EMAIL_URL=post.url)
    for ring in (settings.VAR / "queue").glob("*.msg"):
        ring.unlink()
    if settings.REDIS_URL and not url:  # this run's database has no cache in it yet
        make_table = [sys.executable, "manage.py", "createcachetable"]
        subprocess.run(make_table, cwd=settings.BASE_DIR, env=env, check=True)
    return env


@pytest.fixture
def start(env, tmp_path) -> Iterator[Start]:
    """Start a worker or a beat by name; whatever is left of it ends with the test."""
    with ExitStack() as stack:

        def start(kind: str, name: str = "one", **more: str) -> Process:
            options = {
                "worker": ["-P", "threads", "-c", "2", "-n", f"{name}@%h", "--without-mingle"],
                "beat": ["-s", str(tmp_path / f"{name}.beat"), "--pidfile="],
            }
            command = ("celery", "-A", "clinic", kind, "-l", "INFO", *options[kind])
            process = Process(*command, log=tmp_path / f"{kind}-{name}.log", env=env | more)
            stack.callback(process.kill)
            process.wait_for({"worker": "ready.", "beat": "beat: Starting"}[kind])
            return process

        yield start
