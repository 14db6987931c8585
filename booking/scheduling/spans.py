"""Arithmetic on spans of time.

A `Span` is half-open, [start, end), in whole seconds since 1970 UTC, and never empty. Seconds and
not datetimes: a month of ten diaries is thousands of spans, and comparing integers is what keeps
the times page fast. Selectors turn instants into seconds on the way in and back on the way out.
"""

from collections.abc import Iterable

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the same time as spans in order that neither overlap nor touch."""
    joined: list[Span] = []
    ordered = iter(sorted(spans))
    current_start, current_end = next(ordered, (0, 0))
    for start, end in ordered:
        if start > current_end:
            joined.append((current_start, current_end))
            current_start, current_end = start, end
        elif end > current_end:
            current_end = end
    if current_start < current_end:
        joined.append((current_start, current_end))
    return joined


def subtract(free: Iterable[Span], busy: Iterable[Span]) -> list[Span]:
    """Return the parts of `free` that nothing in `busy` covers.

    Both are in time order and without overlaps; one pass over each.
    """
    left: list[Span] = []
    upcoming = iter(busy)
    block = next(upcoming, None)
    for start, end in free:
        while block and block[0] < end:
            if block[0] > start:
                left.append((start, block[0]))
            start = max(start, block[1])
            if block[1] > end:
                break  # it may reach into the next span too
            block = next(upcoming, None)
        if start < end:
            left.append((start, end))
    return left


def intersect(some: list[Span], others: list[Span]) -> list[Span]:
    """Return the time that is in both; each in time order and without overlaps, one pass."""
    shared: list[Span] = []
    upcoming = iter(others)
    other = next(upcoming, None)
    for start, end in some:
        while other and other[0] < end:
            if other[1] > start:
                shared.append((max(start, other[0]), min(end, other[1])))
            if other[1] > end:
                break  # it may reach into the next span too
            other = next(upcoming, None)
    return shared
