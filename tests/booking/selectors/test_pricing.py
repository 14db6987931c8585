"""What the price desk hears of visits: promised ones, what was sold, and who gives what."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Booking, Status
from booking.permissions import Role
from booking.selectors.pricing import begins_later, gives, priced_by, promised, sold, works
from clinic.web import clock
from tests.booking.scenes import NOW, confirm, hold, on
from tests.booking.views.browsing import Visitor, at, text
from tests.factories import (
    AddOnFactory,
    ExtraOpeningFactory,
    LocationFactory,
    PriceFactory,
    PriceListFactory,
    UserFactory,
    booked,
    open_clinic,
)
from treatments.models import Price
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


def test_those_with_prices_of_their_own_say_where_they_work(scene, django_assert_num_queries):
    provider, other = scene.providers
    for each in (provider, other):
        each.price_list = PriceListFactory()
        each.save()
    away = LocationFactory()
    ExtraOpeningFactory(provider=other, location=away)

    with django_assert_num_queries(1):
        found = works()

    here = scene.location.pk
    lists = provider.price_list_id, other.price_list_id
    assert found == {(lists[0], here), (lists[1], here), (lists[1], away.pk)}


def test_each_line_of_a_visit_names_the_price_it_comes_from(scene, django_assert_num_queries):
    base = Price.objects.get()
    raised = PriceFactory(
        option=scene.option, amount=180, effective_from=date(2030, 4, 1), published_at=NOW
    )
    before = confirm(scene, on(scene, 29, 9))
    after = confirm(scene, on(scene, 29, 9) + timedelta(days=7), name="Noor")
    read = Booking.objects.with_facts()

    visits = [read.get(pk=visit.pk) for visit in (before, after)]

    with django_assert_num_queries(2):
        rows = [priced_by(visit)[0].row for visit in visits]

    assert rows == [base, raised]
    assert [row.rule for row in rows if row] == ["base", "base"]


def test_a_price_that_ends_before_a_visit_counts_from_that_day(scene):
    """The base counts then, which is older; from when it does is what a client is told."""
    PriceFactory(option=scene.option, location=scene.location, amount=190)
    ends = date(2030, 4, 1)
    PriceFactory(option=scene.option, location=scene.location, amount=None, effective_from=ends)
    before = confirm(scene, on(scene, 29, 9))
    after = confirm(scene, on(scene, 29, 9) + timedelta(days=7), name="Noor")

    days = [
        begins_later(Booking.objects.with_facts().get(pk=visit.pk), now=NOW)
        for visit in (before, after)
    ]

    assert [before.price, after.price] == [190, 170]
    assert days == [None, ends]


def test_a_line_kept_through_a_move_comes_from_an_earlier_promise(scene):
    visit = confirm(scene, on(scene, 29, 9))
    PriceFactory(
        option=scene.option,
        amount=180,
        effective_from=date(2030, 4, 1),
        published_at=visit.priced_at,
    )
    week = timedelta(days=7)
    Booking.objects.filter(pk=visit.pk).update(
        starts_at=visit.starts_at + week, ends_at=visit.ends_at + week
    )

    (priced,) = priced_by(Booking.objects.with_facts().get(pk=visit.pk))

    assert (priced.line.amount, priced.row) == (170, None)


def test_a_visit_after_a_change_shows_its_price_on_the_page_of_the_staff(scene):
    PriceFactory(option=scene.option, amount=180, effective_from=date(2030, 4, 1))
    visit = confirm(scene, on(scene, 29, 9) + timedelta(days=7))
    browser = Browser()
    browser.force_login(UserFactory(groups=[Role.FRONT_DESK], is_staff=True))

    page = browser.get(reverse("staff:visit", args=[visit.reference])).content.decode()

    assert "Price of base for visits from Apr 1, 2030, published" in page


@pytest.mark.parametrize(
    ("zone", "change_on"),
    [
        ("America/New_York", date(2030, 3, 10)),
        ("America/Los_Angeles", date(2030, 3, 10)),
        ("America/New_York", date(2030, 11, 3)),
        ("America/Los_Angeles", date(2030, 11, 3)),
        ("America/Los_Angeles", date(2030, 5, 7)),
    ],
)
def test_a_new_price_applies_from_midnight_of_the_place(zone, change_on):
    """Held at once, for the last quarter before midnight there and for the first after it."""
    scene = open_clinic(zone, opens=time(0), closes=time(23, 59), minutes=15, buffer_minutes=0)
    midnight = datetime.combine(change_on, time(), tzinfo=scene.location.zone).astimezone(UTC)
    now = midnight - timedelta(days=10)
    PriceFactory(option=scene.option, amount=180, effective_from=change_on, published_at=now)

    before = hold(scene, midnight - timedelta(minutes=45), now=now)
    after = hold(scene, midnight, now=now)

    assert [before.price, after.price] == [170, 180]


def test_who_books_for_after_a_change_reads_from_when_the_price_counts(scene, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    PriceFactory(option=scene.option, amount=180, effective_from=date(2030, 4, 1))
    words = []
    for days in (20, 27):
        guest = Visitor(scene).come()
        starts_at = on(scene, 8, 9) + timedelta(days=days)
        guest.press(starts_at, price="170.00" if days == 20 else "180.00")
        booking = Booking.objects.latest("pk")
        guest.fill_in(booking)
        words.append(text(guest.browser.get(at("review", booking))))

    assert "is the price for visits from" not in words[0]
    assert "$180 is the price for visits from Monday, April 1." in words[1]
