from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.scheduling.spans import Span, intersect, merged, subtract

pytestmark = pytest.mark.once

spans = st.lists(
    st.tuples(st.integers(-60, 60), st.integers(1, 20)).map(lambda pair: (pair[0], sum(pair))),
    max_size=8,
)
calm_spans = spans.map(merged)


def seconds(some: list[Span]) -> set[int]:
    return {second for start, end in some for second in range(start, end)}


def is_calm(some: list[Span]) -> bool:
    """In order, none empty, none overlapping."""
    bounds = [bound for span in some for bound in span]
    return bounds == sorted(bounds) and all(start < end for start, end in some)


@given(spans)
def test_merged_spans_cover_the_same_seconds_and_never_touch(some):
    joined = merged(some)

    assert seconds(joined) == seconds(some)
    assert is_calm(joined)
    assert all(end < start for (_, end), (start, _) in pairwise(joined))


@given(calm_spans, calm_spans)
def test_every_second_of_a_day_at_work_is_either_free_or_busy(working, busy):
    free = subtract(working, busy)
    taken = intersect(working, busy)

    assert seconds(free) | seconds(taken) == seconds(working)
    assert seconds(free).isdisjoint(seconds(taken))
    assert seconds(free).isdisjoint(seconds(busy))
    assert is_calm(free)
    assert is_calm(taken)


@given(calm_spans, calm_spans)
def test_what_two_diaries_share_does_not_depend_on_who_asks(some, others):
    assert intersect(some, others) == intersect(others, some)
    assert seconds(intersect(some, others)) == seconds(some) & seconds(others)


def test_a_visit_that_ends_when_work_begins_takes_nothing_of_it():
    visits = [(0, 600), (1200, 1800)]

    assert subtract([(600, 1200)], visits) == [(600, 1200)]
    assert intersect([(600, 1200)], visits) == []


def test_one_long_absence_covers_several_days():
    days = [(0, 10), (20, 30), (40, 50)]

    assert subtract(days, [(5, 45)]) == [(0, 5), (45, 50)]
    assert intersect(days, [(5, 45)]) == [(5, 10), (20, 30), (40, 45)]
