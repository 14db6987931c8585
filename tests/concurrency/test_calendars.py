"""Addresses and outside calendars, pressed for and read by several at one instant."""

import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest

from booking.models import Feed, OutsideBusy, OutsideCalendar
from booking.services import calendars, fetching
from booking.services.calendars import import_calendar, import_outside_calendars, open_feed
from tests.booking.calendars.test_outside import calendar
from tests.booking.scenes import NOW
from tests.concurrency.racing import errors, laps, race
from tests.factories import LONG_AGO, ClientFactory, ProviderFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = laps(2, 4)
BUSY = calendar("DTSTART:20300304T140000Z|DTEND:20300304T150000Z")


@pytest.fixture
def looks() -> Any:
    """How often somebody looked, counted over all processes."""
    return multiprocessing.Value("i")


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, looks: Any) -> OutsideCalendar:
    """A calendar elsewhere that answers at once, to everybody."""

    def fetch(*_address: str, **_known: str) -> fetching.Fetched:
        with looks.get_lock():
            looks.value += 1
        return fetching.Fetched(BUSY)

    monkeypatch.setattr(calendars, "fetch", fetch)
    return OutsideCalendar.objects.create(
        provider=ProviderFactory(), address="https://calendar.example/a.ics", added_at=LONG_AGO
    )


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("make", [ClientFactory, ProviderFactory])
def test_two_presses_leave_one_address(make: Callable, round_: int):
    owner = make()

    outcomes = race([lambda: open_feed(owner=owner, now=NOW).pk] * 2)

    assert set(errors(outcomes)) == {"won"}
    assert Feed.objects.filter(revoked_at=None).count() == 1
    assert Feed.objects.count() == 2


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_looks_at_once_leave_one_copy(listed: OutsideCalendar, looks: Any, round_: int):
    def look() -> None:
        found = OutsideCalendar.objects.select_related("provider").get(pk=listed.pk)
        import_calendar(calendar=found, now=NOW)

    outcomes = race([look] * 3)

    assert set(errors(outcomes)) == {"won"}
    assert (looks.value, OutsideBusy.objects.count()) == (3, 1)


def test_several_workers_look_once(listed: OutsideCalendar, looks: Any):
    outcomes = race([lambda: import_outside_calendars(now=NOW)] * 3)

    assert set(errors(outcomes)) == {"won"}
    assert (looks.value, OutsideBusy.objects.count()) == (1, 1)
