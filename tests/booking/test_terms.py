from datetime import timedelta
from decimal import Decimal

import pytest

from booking.models import Booking
from booking.terms import terms
from tests.factories import AddOnFactory, BookingFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_the_terms_are_in_dates_and_dollars_of_the_treatment_alone():
    booking = BookingFactory(price=Decimal(200), add_ons=[AddOnFactory()])

    said = [term.sentence for term in terms(booking, now=booking.created_at)]

    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in said] == [
        "Until Sun, Mar 3, 2030, 1:00 am: Change or cancel online at no charge.",
        "After that: Canceling costs $85, not coming $85.",
        "Unwell, or something new with your health? Tell us. We never charge for that.",
    ]


def test_inside_the_notice_nothing_is_free_any_more_but_health():
    booking = BookingFactory(price=Decimal(145))

    first, second = terms(booking, now=booking.starts_at - 23 * HOUR)

    assert (first.when, first.says) == ("From now on", "Canceling costs $72.50, not coming $72.50.")
    assert "never charge" in second.says


def test_what_costs_nothing_is_canceled_for_nothing():
    booking = BookingFactory(price=Decimal(0))

    (only,) = terms(booking, now=booking.starts_at - HOUR)

    assert only.when == "At any time"


def test_terms_of_a_booking_read_with_its_facts_cost_no_query(django_assert_num_queries):
    made = BookingFactory()
    booking = Booking.objects.with_facts().get(pk=made.pk)

    with django_assert_num_queries(0):
        terms(booking, now=booking.created_at)
