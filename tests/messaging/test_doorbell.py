"""The doorbell rings once for many, and never holds anybody up."""

import pytest
from django.core.cache import cache
from django.db import transaction

from clinic.messaging import doorbell, services
from clinic.messaging.services import delivery
from tests.messaging.scene import NOW, draft

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nobody_rang():
    cache.delete(doorbell.KEY)
    yield
    cache.delete(doorbell.KEY)


def test_it_rings_once_the_change_is_committed(rings):
    with transaction.atomic():
        services.plan(messages=[draft()], now=NOW)
        assert rings == []
    assert len(rings) == 1


def test_it_rings_once_for_many_until_a_worker_answers(rings):
    for number in range(10):
        services.plan(messages=[draft(number)], now=NOW)
    assert len(rings) == 1

    doorbell.answered()
    services.plan(messages=[draft(11)], now=NOW)
    assert len(rings) == 2


def test_it_does_not_ring_for_what_is_due_later(rings):
    services.plan(messages=[draft(due_at=NOW.replace(hour=23))], now=NOW)
    assert rings == []


def test_a_broken_bell_is_reported_once_and_left_alone_for_a_while(monkeypatch, rings, caplog):
    tries = []

    def broken():
        tries.append(None)
        raise ConnectionError

    monkeypatch.setattr(doorbell, "_publish", broken)
    for number in range(10):
        services.plan(messages=[draft(number)], now=NOW)
        doorbell.answered()
    assert len(tries) == 1
    assert caplog.text.count("did not ring") == 1


def test_a_full_round_rings_for_the_rest(monkeypatch, rings, parcels, sink, clock):
    monkeypatch.setattr(delivery, "ROUND", 2)
    services.plan(messages=[draft(number) for number in range(5)], now=NOW)
    for sent, rung in [(2, 2), (2, 3), (1, 3)]:
        doorbell.answered()
        assert services.send_due_messages(clock=clock) == sent
        assert len(rings) == rung


def test_for_more_than_a_handful_a_worker_calls_another_to_help(
    monkeypatch, rings, parcels, sink, clock
):
    monkeypatch.setattr(delivery, "BATCH", 2)
    for first, due, rung in [(0, 5, 1), (5, 1, 0)]:
        services.plan(messages=[draft(number) for number in range(first, first + due)], now=NOW)
        doorbell.answered()
        rings.clear()
        assert services.send_due_messages(clock=clock) == due
        assert len(rings) == rung
