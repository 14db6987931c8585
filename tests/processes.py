"""Real processes beside a test: workers, beats, web servers, on the test's own database.

Such a test needs `django_db(transaction=True)`, so that what it writes can be seen by others.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def database_url() -> str:
    """Return the URL of the database this test runs on, as another process names it."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user, password = quote(database["USER"]), quote(database["PASSWORD"])
    place = f"{database['HOST']}:{database['PORT'] or 5432}"
    return f"postgres://{user}:{password}@{place}/{database['NAME']}"


def environment(**more: str) -> dict[str, str]:
    """Return what another process needs to share this test's database, files and settings."""
    ours = {"DATABASE_URL": database_url(), "VAR_DIR": str(settings.VAR), "PYTHONPATH": str(ROOT)}
    return {**os.environ, **ours, **more}


class Process:
    """A Python module started beside the test, with everything it starts in turn."""

    def __init__(self, *command: str, log: Path, env: dict[str, str]) -> None:
        self.log = log
        self._command, self._env = command, env
        self.popen = self._begun()

    def _begun(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", *self._command],
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that what it started can be ended with it
            )

    def revive(self) -> None:
        """Start it again if it ended by itself, as `restart: unless-stopped` does."""
        if self.popen.poll() is not None:
            self.popen = self._begun()

    def wait_for(self, text: str, *, seconds: float = 60) -> None:
        """Return once `text` stands in the log; fail, showing the log, if it ends or never does."""

        def said() -> bool:
            assert self.popen.poll() is None, f"It ended:\n{self.said()}"
            return text in self.said()

        assert wait_until(said, seconds=seconds), f"It never said {text!r}:\n{self.said()}"

    def said(self) -> str:
        """Return the log so far."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        self._signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self) -> None:
        """End it politely; after 15 seconds as a power cut would."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.popen.wait(timeout=15)
        self.kill()  # and whatever it left behind

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


@contextmanager
def running(*command: str, log: Path, env: dict[str, str], ready: str = "") -> Iterator[Process]:
    """Run `python -m command` for the time of the block, from when its log says `ready`."""
    process = Process(*command, log=log, env=env)
    try:
        if ready:
            process.wait_for(ready)
        yield process
    finally:
        process.stop()


def wait_until(is_so: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Return whether it came true in time; asks twenty times a second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return is_so()
