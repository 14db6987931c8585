"""Programs side by side, as many at once as there are lanes, and all of them ended together."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

GRACE = 20.0  # seconds a program has, once told to end, to end what it started
Done = TypeVar("Done")


class Stopped(Exception):
    """We are stopping: no program begins any more."""


class Lanes:
    """Where programs run: the end of the `with`, whatever its reason, is the end of each of them.

    What one says goes into a file. With `terminal` there is one lane, and its program has the
    terminal to itself, for a debugger's sake.
    """

    def __init__(self, count: int, *, terminal: bool = False) -> None:
        self.terminal = terminal
        self._pool = ThreadPoolExecutor(1 if terminal else count)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._is_stopping = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._stop(is_told=self.terminal and isinstance(error, KeyboardInterrupt))
        self._pool.shutdown()  # what the programs stood on goes with them

    def each(self, jobs: Sequence[Callable[[], Done]], *, every: float) -> Iterator[Done | None]:
        """Do `jobs`, begun in their order; yield what each returns as it ends.

        Yields None when nothing has ended for `every` seconds.
        """
        left = {self._pool.submit(job) for job in jobs}
        while left:
            ended, left = wait(left, timeout=every, return_when=FIRST_COMPLETED)
            yield from (job.result() for job in ended)
            if not ended:
                yield None

    def run(self, command: Sequence[str | Path], *, env: dict[str, str], output: Path) -> int:
        """Run a program to its end and return its exit code. Raises Stopped."""
        with output.open("ab") as said, self._lock:
            if self._is_stopping:
                raise Stopped
            program = subprocess.Popen(
                command,
                env=env,
                stdin=None if self.terminal else subprocess.DEVNULL,
                stdout=None if self.terminal else said,
                stderr=None if self.terminal else subprocess.STDOUT,
                start_new_session=not self.terminal,  # so that Ctrl-C reaches it once, through us
            )
            self._running.add(program)
        try:
            return program.wait()
        finally:
            self._running.discard(program)

    def _stop(self, *, is_told: bool) -> None:
        """Interrupt what runs as Ctrl-C does, and after GRACE end it as a power cut would.

        `is_told` if the terminal has interrupted it: a second time would cut its tidying short.
        """
        with self._lock:
            self._is_stopping = True
            running = list(self._running)
        for program in running:
            if not is_told:
                program.send_signal(signal.SIGINT)
        end = time.monotonic() + GRACE
        for program in running:
            with suppress(subprocess.TimeoutExpired):
                program.wait(max(0.0, end - time.monotonic()))
            with suppress(ProcessLookupError):
                if self.terminal:
                    program.kill()
                else:  # and what it left behind
                    os.killpg(program.pid, signal.SIGKILL)
