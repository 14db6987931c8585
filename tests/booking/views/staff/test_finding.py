"""The search box of the workspace."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Status
from booking.permissions import Role
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.booking.views.browsing import text
from tests.factories import BookingFactory, ClientFactory, ProviderFactory, UserFactory

FIND = reverse("staff:find")
SWAP = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.mark.parametrize("typed", ["K7P-2QX", "k7p2qx", " k7p 2qx "])
def test_a_reference_leads_to_its_visit_however_it_is_typed(desk, booking, typed):
    response = desk.get(FIND, {"q": typed})

    assert response["Location"] == reverse("staff:visit", args=["K7P-2QX"])


def test_a_name_finds_the_client_and_what_is_ahead(desk, booking):
    past = BookingFactory(
        client=booking.client, status=Status.COMPLETED, starts_at=NOW - timedelta(days=9)
    )

    page = text(desk.get(FIND, {"q": "ellison"}))

    assert reverse("staff:client", args=[booking.client.pk]) in page
    assert reverse("staff:visit", args=["K7P-2QX"]) in page
    assert past.reference not in page


def test_while_one_types_only_the_list_comes(desk, booking):
    response = desk.get(FIND, {"q": "k7p2qx"}, headers=SWAP)

    page = text(response)
    assert "<html" not in page
    assert reverse("staff:visit", args=["K7P-2QX"]) in page
    assert "HX-Request" in response["Vary"]
    assert text(desk.get(FIND, {"q": ""}, headers=SWAP)).strip() == ""


@pytest.mark.parametrize("typed", ["AAA-AAA", "\0", "k7p" * 60, "nobody"])
def test_what_nobody_is_called_finds_nothing(desk, booking, typed):
    response = desk.get(FIND, {"q": typed})

    assert response.status_code == 200
    assert "Ellison" not in text(response)


def test_somebody_elses_clients_and_visits_are_not_found(booking):
    stranger = UserFactory(groups=[Role.AESTHETICIAN], is_staff=True)
    ProviderFactory(user=stranger)
    browser = Browser()
    browser.force_login(stranger)

    for typed in ("K7P-2QX", "ellison", "maya@mail.example"):
        response = browser.get(FIND, {"q": typed})
        assert response.status_code == 200
        assert "found for" in text(response)
        assert "Maya" not in text(response)


@pytest.mark.parametrize("people", [1, 20])
def test_it_costs_the_same_for_many(people, desk, booking, django_assert_max_num_queries):
    for _ in range(people):
        BookingFactory(client=ClientFactory(), starts_at=NOW + timedelta(days=1))
    desk.get(FIND, {"q": "maya"}, headers=SWAP)

    with django_assert_max_num_queries(9):
        desk.get(FIND, {"q": "maya"}, headers=SWAP)
