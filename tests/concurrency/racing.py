"""Races: several people press at one instant, each over a connection of their own.

On PostgreSQL they are threads; on SQLite, which gives threads of one process no fair race, they
are processes, forked from this one.
"""

import logging
import multiprocessing
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections, transaction

from booking.errors import BookingError
from tests.deep import rounds

Job = Callable[[], object]
PATIENCE = 90  # seconds until a race that does not end counts as a deadlock


def laps(normal: int, deep: int) -> int:
    """Return how often something races, normally and when digging deep, which is for PostgreSQL.

    On SQLite one writes at a time by the database's own rule, and who races there spends the
    seconds asleep, asking ten times a second whether they may.
    """
    return rounds(normal, deep if connection.vendor == "postgresql" else normal)


CROWDS = laps(1, 5)


@dataclass(frozen=True)
class Outcome:
    """What one of them got: what the service returned, or the error it raised."""

    value: Any = None
    error: type[Exception] | None = None
    said: str = ""


class Ear(logging.Handler):
    """Hears what this process logs as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


def race(jobs: Sequence[Job]) -> list[Outcome]:
    """Do all `jobs` at once; return what each got, in their order.

    Fails if one of them is refused otherwise than by an error made for people, if an error is
    logged, or if they wait for each other for ever.
    """
    run = _as_threads if connection.vendor == "postgresql" else _as_processes
    ear = Ear()
    logging.getLogger().addHandler(ear)
    try:
        outcomes = run(jobs, ear)
    finally:
        logging.getLogger().removeHandler(ear)
    assert not ear.heard
    assert len(outcomes) == len(jobs), "Somebody is still waiting"
    rude = [o for o in outcomes if o.error and not issubclass(o.error, BookingError)]
    assert not rude, rude
    return outcomes


def errors(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How many were refused, by the name of the error; who was not counts as "won"."""
    return Counter(outcome.error.__name__ if outcome.error else "won" for outcome in outcomes)


def lingering(job: Job, *, seconds: float = 0.2) -> Job:
    """The same job on a slow machine: what it did is committed only after a moment."""

    def slow() -> object:
        with transaction.atomic():
            value = job()
            time.sleep(seconds)
        return value

    return slow


def late(job: Job, *, seconds: float = 0.1) -> Job:
    """The same job, begun a moment after the others."""

    def begun_late() -> object:
        time.sleep(seconds)
        return job()

    return begun_late


def _as_threads(jobs: Sequence[Job], ear: Ear) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    start = threading.Barrier(len(jobs))

    def take_part(number: int) -> None:
        outcomes[number] = _outcome(jobs[number], start)

    threads = [
        threading.Thread(target=take_part, args=[number], daemon=True)
        for number in range(len(jobs))
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return [outcomes[number] for number in sorted(outcomes)]


def _as_processes(jobs: Sequence[Job], ear: Ear) -> list[Outcome]:
    connections.close_all()  # a connection must not be carried over a fork
    fork = multiprocessing.get_context("fork")
    start, results = fork.Barrier(len(jobs)), fork.Queue()

    def take_part(number: int) -> None:
        outcome = _outcome(jobs[number], start)
        results.put((number, outcome, ear.heard))

    processes = [fork.Process(target=take_part, args=[number]) for number in range(len(jobs))]
    for process in processes:
        process.start()
    outcomes: dict[int, Outcome] = {}
    with suppress(queue.Empty):
        while len(outcomes) < len(jobs):
            number, outcome, heard = results.get(timeout=PATIENCE)
            outcomes[number] = outcome
            ear.heard += heard
    for process in processes:
        if len(outcomes) < len(jobs):
            process.kill()
        process.join()
    results.close()
    return [outcomes[number] for number in sorted(outcomes)]


def _outcome(job: Job, start: Any) -> Outcome:
    try:
        connection.ensure_connection()
        start.wait(PATIENCE)
        return Outcome(value=job())
    except Exception as error:
        return Outcome(error=type(error), said=str(error))
    finally:
        connections.close_all()
