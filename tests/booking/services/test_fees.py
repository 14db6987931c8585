"""Fees paid at the desk, and owed after all."""

from datetime import timedelta
from decimal import Decimal

import pytest

from booking.errors import NotNow
from booking.models import Booking, Status
from booking.selectors.fees import fees_owed, settled_today, totals
from booking.services import waive_fee
from booking.services.fees import owe_again, settle_fee
from booking.services.ledger import staff
from tests.booking.scenes import NOW
from tests.factories import BookingFactory, UserFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def dana():
    return staff(UserFactory())


@pytest.fixture
def late() -> Booking:
    return BookingFactory(status=Status.CANCELLED_LATE, fee_owed=Decimal(85))


def test_what_was_paid_at_the_desk_is_owed_no_more(late, dana):
    event = settle_fee(booking=late, actor=dana, now=NOW)

    assert late.fee_owed == 0
    assert (event.what, event.user, event.data) == ("fee_paid", dana.user, {"fee": "85.00"})
    with pytest.raises(NotNow, match="Nothing is owed"):
        settle_fee(booking=late, actor=dana, now=NOW)


def test_the_same_day_it_can_be_taken_back_once(late, dana):
    event = settle_fee(booking=late, actor=dana, now=NOW)

    for _ in range(2):
        owe_again(booking=late, step=event, actor=dana, now=NOW + HOUR)

    assert late.fee_owed == 85
    assert [event.what for event in late.events.all()] == ["fee_paid", "fee_owed_again"]


def test_a_waived_fee_can_be_owed_again_too(late, dana):
    waive_fee(booking=late, actor=dana, reason="Snow", now=NOW)

    owe_again(booking=late, step=late.events.get(), actor=dana, now=NOW)

    assert late.fee_owed == 85


def test_another_day_by_the_clock_of_the_place_it_stays(late, dana):
    event = settle_fee(booking=late, actor=dana, now=NOW)  # 4 am in Portland
    later = NOW + 21 * HOUR  # 1 am there

    assert settled_today(Booking.objects.all(), now=NOW + 18 * HOUR) == [event]
    assert settled_today(Booking.objects.all(), now=later) == []
    with pytest.raises(NotNow):
        owe_again(booking=late, step=event, actor=dana, now=later)


def test_what_was_paid_is_not_owed_again_once_something_else_happened(late, dana):
    event = settle_fee(booking=late, actor=dana, now=NOW)
    late.events.create(what="taken_back", at=NOW, by="staff")

    with pytest.raises(NotNow):
        owe_again(booking=late, step=event, actor=dana, now=NOW)
    assert settled_today(Booking.objects.all(), now=NOW) == []


def test_what_is_owed_stands_with_the_longest_first(late, dana, django_assert_num_queries):
    first = BookingFactory(
        status=Status.NO_SHOW, fee_owed=Decimal(60), status_changed_at=NOW - timedelta(days=9)
    )
    BookingFactory(status=Status.CANCELLED_CLIENT)

    with django_assert_num_queries(2):
        found = list(fees_owed(Booking.objects.all()))
        together = totals(Booking.objects.all())
        assert [booking.client.name for booking in found]

    assert found == sorted([first, late], key=lambda booking: booking.status_changed_at)
    assert (together.amount, together.visits) == (Decimal(145), 2)
