"""Staff, accounts and prices of the demo clinic."""

from datetime import time

import pytest
from django.contrib.auth import authenticate

from booking.demo.building import PASSWORD, accounts
from booking.models import Provider
from booking.permissions import Role
from clinic.accounts.models import User
from clinic.places.models import Location
from tests.demo.conftest import NOW, TODAY
from treatments.models import Option
from treatments.selectors import price_visit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]


def test_one_person_of_each_role_can_sign_in():
    assert [person["role"] for person in accounts()] == list(Role)
    for person in accounts():
        user = User.objects.get(email=person["email"])
        has_password = authenticate(email=person["email"], password=PASSWORD) == user
        assert has_password == (person["role"] != Role.CLIENT)
        assert [group.name for group in user.groups.all()] == [person["role"]]
        assert user.is_staff == (person["role"] != Role.CLIENT)
        assert not user.is_superuser


def test_the_client_who_signs_in_has_been_here_before():
    user = User.objects.get(email="maya@mail.example")

    assert user.clients.get().bookings.filter(status="completed").exists()


def test_every_aesthetician_has_an_account_of_their_own():
    assert all(
        provider.user.groups.get().name == Role.AESTHETICIAN
        for provider in Provider.objects.select_related("user")
    )


def test_maras_week_has_its_break():
    mara = Provider.objects.get(slug="mara-okafor")

    assert set(mara.working_hours.values_list("weekday", "starts_at", "ends_at")) == {
        (day, *stretch)
        for day in (1, 2, 3, 4, 5)
        for stretch in ((time(9), time(12, 30)), (time(13, 15), time(17)))
    }


def test_nobody_treats_for_more_than_four_hours_in_a_row():
    for provider in Provider.objects.all():
        for hours in provider.working_hours.all():
            assert (hours.ends_at.hour - hours.starts_at.hour) * 60 + (
                hours.ends_at.minute - hours.starts_at.minute
            ) <= 240


@pytest.mark.parametrize(
    ("who", "where", "code", "minutes", "amount"),
    [
        ("Jonah Reyes", "alder-street", "T06", 45, 145),
        ("Mara Okafor", "alder-street", "T06", 45, 160),
        ("Mara Okafor", "alder-street", "T06", 60, 185),
        ("Mara Okafor", "alder-street", "T07", 30, 135),
        ("Mara Okafor", "alder-street", "T08", 45, 165),
        ("Mara Okafor", "alder-street", "T09", 60, 190),
        ("Mara Okafor", "alder-street", "T10", 60, 200),
        ("Mara Okafor", "alder-street", "T02", 30, 115),
        ("Elise Tran", "alder-street", "T02", 15, 110),
        ("Elise Tran", "alder-street", "T02", 30, 125),
        ("Elise Tran", "alder-street", "T03", 30, 125),
        ("Elise Tran", "alder-street", "T11", 60, 200),
        ("Ruth Calloway", "harbor-row", "T06", 60, 165),
        ("Ruth Calloway", "harbor-row", "T03", 30, 110),
        ("Theo Marsh", "harbor-row", "T01", 15, 100),
        ("Theo Marsh", "harbor-row", "T02", 15, 100),
    ],
)
def test_prices_differ_by_who_and_where_as_the_handbook_says(who, where, code, minutes, amount):
    visit = price_visit(
        option=Option.objects.get(treatment__code=code, minutes=minutes),
        add_ons=[],
        price_list=Provider.objects.get(name=who).price_list,
        location=Location.objects.get(slug=where),
        visit_on=TODAY,
        priced_at=NOW,
    )

    assert visit.total == amount
