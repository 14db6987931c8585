"""Friday 1 March 2030, noon UTC, at a clinic in New York that is open every day from 9 to 6."""

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache

from clinic.web import clock
from tests.booking.scenes import NOW
from tests.booking.views.browsing import Visitor
from tests.factories import Scene, open_clinic


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture(autouse=True)
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    told = Clock()
    monkeypatch.setattr(clock, "now", told)
    return told


@pytest.fixture(autouse=True)
def nobody_came_before(db: None) -> None:
    """Forget who tried how often; Redis knows nothing of a test's transaction."""
    cache.clear()


@pytest.fixture
def scene(db: None) -> Scene:
    return open_clinic()


@pytest.fixture
def visitor(scene: Scene) -> Visitor:
    return Visitor(scene).come()


@pytest.fixture
def other(scene: Scene) -> Visitor:
    return Visitor(scene).come()
