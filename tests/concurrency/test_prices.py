"""Prices published while others hold things up: what counts was committed well before it did."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from clinic.accounts.models import User
from clinic.places.models import Location
from tests.booking.scenes import NOW
from tests.concurrency.racing import Job, late, race
from tests.factories import OptionFactory, PriceFactory, UserFactory, open_clinic
from treatments import services
from treatments.cells import Cell, Edit
from treatments.errors import Busy, PriceError
from treatments.models import Price, PriceChange
from treatments.selectors import drafts, matrix
from treatments.services import prices as price_services

pytestmark = pytest.mark.django_db(transaction=True)

SETTLES = timedelta(seconds=3)


@pytest.fixture(autouse=True)
def prices_settle_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """In less than the five seconds of a real clinic."""
    monkeypatch.setattr(price_services, "SETTLES", SETTLES)


def holding(seconds: float) -> Job:
    """Somebody who keeps the places to themselves for so long."""

    def job() -> None:
        with transaction.atomic():
            list(Location.objects.select_for_update(no_key=True).order_by("pk"))
            Location.objects.update(position=1)
            time.sleep(seconds)

    return job


def said(job: Job) -> Job:
    """The same job; what the desk refuses is what it returns."""

    def asked() -> object:
        try:
            job()
        except PriceError as error:
            return type(error)
        return None

    return asked


def drafted(user: User, amount: int) -> PriceChange:
    price = PriceFactory(option=OptionFactory(minutes=30))
    edit = Edit(Cell(price.option_id), Decimal(amount), (price.pk,))
    return services.write_edits(author=user, edits=[edit], now=NOW)


def publish(change: PriceChange) -> PriceChange:
    return services.publish(
        change=change,
        house=matrix.house(set()),
        looked_at=drafts.digest(drafts.edits_of(change).values()),
        effective_from=NOW.date() + timedelta(days=30),
        reason="The rent",
        user=change.made_by,
        now=NOW,
    )


def test_who_waits_longer_than_half_of_what_prices_settle_in_publishes_nothing():
    """It would count for bookings that were priced while nobody could see it yet."""
    open_clinic()
    draft = drafted(UserFactory(), 175)

    _held, refusal = race([holding(2), late(said(lambda: publish(draft)))])

    assert refusal.value is Busy
    assert not Price.objects.filter(amount=175).exists()
    draft.refresh_from_db()
    assert draft.published_at is None
    assert publish(draft).published_at == NOW + SETTLES


def test_who_waits_too_long_to_undo_undoes_nothing():
    open_clinic()
    user = UserFactory()
    change = publish(drafted(user, 175))

    undo = said(lambda: services.undo(change=change, user=user, now=NOW))
    _held, refusal = race([holding(2), late(undo)])

    assert refusal.value is Busy
    assert Price.objects.get(amount=175).withdrawn_at is None
