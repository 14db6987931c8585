"""Places: a zone that exists, an address as on an envelope, doors that close after they open."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tests.factories import MONDAY, ClosureFactory, LocationFactory, OpeningHoursFactory


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "UTC"])
def test_a_location_keeps_a_time_zone_of_the_world(db, zone):
    location = LocationFactory(time_zone=zone)
    location.full_clean()

    assert location.zone.key == zone


@pytest.mark.parametrize("zone", ["", "Portland", "America/Portland", "EST5", "../etc/passwd"])
def test_a_time_zone_nobody_has_is_refused_in_a_sentence(db, zone):
    with pytest.raises(ValidationError) as refusal:
        LocationFactory(time_zone=zone).full_clean()
    assert list(refusal.value.message_dict) == ["time_zone"]


def test_the_wall_clock_of_a_place_follows_its_summer_time(db):
    zone = LocationFactory(time_zone="America/New_York").zone

    assert datetime(2027, 11, 6, 9, tzinfo=zone).astimezone(UTC).hour == 13
    assert datetime(2027, 11, 8, 9, tzinfo=zone).astimezone(UTC).hour == 14


def test_an_address_is_one_line_without_gaps(db):
    location = LocationFactory(street="1 Quay", city="Bay", region="", postal_code="")
    assert location.address == "1 Quay, Bay"
    location.region, location.postal_code = "OR", "97205"
    assert location.address == "1 Quay, Bay, OR 97205"


@pytest.mark.parametrize("closes_at", [time(9), time(8, 59)])
def test_doors_close_after_they_open(db, closes_at):
    with pytest.raises(IntegrityError, match="doors_close"), transaction.atomic():
        OpeningHoursFactory(opens_at=time(9), closes_at=closes_at)


def test_a_closure_may_last_one_day_and_never_ends_before_it_begins(db):
    ClosureFactory(starts_on=MONDAY, ends_on=MONDAY)
    with pytest.raises(IntegrityError, match="a_closure_ends"), transaction.atomic():
        ClosureFactory(starts_on=MONDAY, ends_on=MONDAY - timedelta(days=1))
