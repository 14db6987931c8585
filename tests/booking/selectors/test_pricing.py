"""What the price desk hears of visits: promised ones, what was sold, and who gives what."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from booking.models import Status
from booking.selectors.pricing import gives, promised, sold
from tests.booking.scenes import NOW, confirm, hold, on
from tests.factories import AddOnFactory, PriceListFactory, booked, open_clinic
from treatments.registry import Sold

pytestmark = pytest.mark.django_db

MONDAY = date(2030, 3, 4)


@pytest.fixture
def scene():
    return open_clinic(rooms=2, consoles=2, providers=2)


def test_visits_ahead_and_live_holds_keep_their_price(scene, django_assert_num_queries):
    early = confirm(scene, on(scene, 3, 9))
    visit = confirm(scene, on(scene, 5, 9), name="Noor")
    held = hold(scene, on(scene, 6, 9))
    lapsed = hold(scene, on(scene, 7, 9))
    type(lapsed).objects.filter(pk=lapsed.pk).update(held_until=NOW)
    booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        starts_at=on(scene, 8, 9),
        status=Status.CANCELLED_CLIENT,
    )

    with django_assert_num_queries(2):
        found = promised(MONDAY, NOW)

    assert [(each.reference, each.is_hold) for each in found] == [
        (visit.reference, False),
        (held.reference, True),
    ]
    assert found[0].offers == ((scene.option.pk, None),)
    assert found[0].price == 170
    assert early.reference not in {each.reference for each in found}


@pytest.mark.parametrize("day", [date(2030, 3, 5), date(2030, 3, 10), date(2030, 3, 11)])
@pytest.mark.parametrize("zone", ["America/New_York", "America/Los_Angeles", "Pacific/Auckland"])
def test_the_day_of_a_visit_is_that_of_its_own_place(zone, day):
    """Also around the night in which clocks change: midnight there divides the visits."""
    scene = open_clinic(zone)
    midnight = on(scene, day.day, 0)
    where = {"location": scene.location, "option": scene.option}
    booked(**where, starts_at=midnight - timedelta(hours=1))
    after = booked(**where, starts_at=midnight)

    assert [each.reference for each in promised(day, NOW)] == [after.reference]


def test_what_took_place_is_counted_by_what_it_was_and_whose_prices_counted(
    scene, django_assert_num_queries
):
    extra = AddOnFactory()
    provider = scene.providers[0]
    provider.price_list = PriceListFactory()
    provider.save()
    common = {
        "location": scene.location,
        "option": scene.option,
        "provider": provider,
        "status": Status.COMPLETED,
    }
    for days in (1, 2, 95):
        booked(**common, starts_at=NOW - timedelta(days=days))
    booked(**common, add_ons=[extra], starts_at=NOW - timedelta(days=3))
    booked(**common | {"status": Status.NO_SHOW}, starts_at=NOW - timedelta(days=4))

    with django_assert_num_queries(2):
        counted = sold(NOW - timedelta(days=90), NOW)

    price_list, location = provider.price_list_id, scene.location.pk
    assert dict(counted) == {
        Sold((scene.option.pk, None), price_list, location): 3,
        Sold((None, extra.pk), price_list, location): 1,
    }


def test_those_with_prices_of_their_own_say_what_they_give(scene):
    provider = scene.providers[0]
    provider.price_list = PriceListFactory()
    provider.save()
    extra = AddOnFactory()
    provider.add_ons.add(extra)

    assert gives() == {
        (provider.price_list_id, scene.treatment.pk, None),
        (provider.price_list_id, None, extra.pk),
    }
