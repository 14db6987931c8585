"""How long something takes, beside something whose cost never changes."""

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

ROUNDS = 20


def median_ms(job: Callable[[], Any], *, rounds: int = ROUNDS) -> float:
    """Return the median of `rounds` runs of `job` in milliseconds, after two to warm up."""
    for _ in range(2):
        job()
    times = []
    for _ in range(rounds):
        begin = perf_counter()
        job()
        times.append(perf_counter() - begin)
    return statistics.median(times) * 1000


def reference_ms() -> float:
    """Return what a fixed piece of Python takes here and now: sorting and adding 20,000 numbers.

    On a busy machine everything is slower, this too; a ratio to it can be compared with another
    day's.
    """
    numbers = [(n * 7919) % 20_011 for n in range(20_000)]
    return median_ms(lambda: sum(sorted(numbers)))
