"""The log while everybody writes at once: nobody waits, and the chain is whole."""

from __future__ import annotations

import pytest
from django.db import transaction

from clinic.trail.models import Entry, Seal
from clinic.trail.selectors import unsealed, verify
from clinic.trail.services import KEPT, note, purge, seal
from tests.booking.scenes import NOW
from tests.concurrency.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


def write_three(number: int) -> None:
    """Three changes of one person, each sealed once it is committed."""
    for n in range(3):
        with transaction.atomic():
            note(user_id=number, what="price.published", subject=f"price:{n}", now=NOW)


def test_many_who_write_at_once_make_one_chain():
    race([lambda number=number: write_three(number) for number in range(8)])

    seal(everything=True)

    assert Entry.objects.count() == 24
    assert unsealed() == 0
    assert list(Seal.objects.order_by("position").values_list("position", flat=True)) == list(
        range(1, 25)
    )
    assert verify() is None


def test_a_purge_amid_the_writing_leaves_the_chain_whole():
    for _ in range(5):
        note(user_id=1, what="price.published", now=NOW - 2 * KEPT)
    seal()

    race([lambda: purge(now=NOW), *(lambda: write_three(2) for _ in range(4))])
    seal(everything=True)
    if not Entry.objects.filter(what="log.purged").exists():  # a sealer was at it
        assert purge(now=NOW) == 5
        seal()

    assert not Entry.objects.filter(at__lt=NOW).exists()
    assert verify() is None
