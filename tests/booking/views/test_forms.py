"""The page on which a client completes the details by the link."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from booking import links, services
from booking.models import Booking, Draft, Status
from booking.permissions import Role
from booking.services.desk import Newcomer
from booking.services.forms import end_overdue_forms
from booking.services.ledger import CLIENT
from clinic.clients.models import Consent
from clinic.messaging import doorbell
from clinic.web import clock
from tests.booking.scenes import NOW, book_by_phone, on
from tests.factories import Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db
SAID = {
    "name": "Maya Ellison",
    "email": "maya@mail.example",
    "phone": "(503) 555-0123",
    "time_zone": "America/New_York",
    "safe": "on",
    "agree_treatment": "on",
    "agree_data": "on",
}


@pytest.fixture(autouse=True)
def an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene: Scene) -> Booking:
    return book_by_phone(
        scene, Newcomer(name="Maya Elison", phone="+15035550123"), on(scene, 5, 10)
    )


@pytest.fixture
def browser(booking: Booking) -> Browser:
    """A browser that has opened the link."""
    browser = Browser()
    browser.get(path(booking))
    return browser


def path(booking: Booking, page: str = "form") -> str:
    return links.page_path(booking, page)


def words(response: Any) -> str:
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_deadline_stands_there_as_a_time_of_the_place(browser, booking):
    page = words(browser.get(path(booking)))

    assert "We keep Tuesday, March 5 at 10:00 am for you." in page
    assert "Please complete this by tomorrow, 7:00 am (Eastern Time)" in page
    assert 'value="Maya Elison"' in page
    assert 'value="(503) 555-0123"' in page
    assert "checked" not in page
    booking.refresh_from_db()
    assert booking.status == Status.PENDING_FORM


def test_once_complete_the_visit_is_confirmed(browser, booking):
    response = browser.post(path(booking), SAID)

    booking.refresh_from_db()
    assert response["Location"] == path(booking, "manage")
    assert booking.status == Status.CONFIRMED
    assert booking.client.name == "Maya Ellison"
    assert browser.get(path(booking))["Location"] == path(booking, "manage")


def test_a_swap_is_led_on_with_the_whole_page(browser, booking):
    response = browser.post(path(booking), SAID, headers={"HX-Request": "true"})

    assert response["HX-Redirect"] == path(booking, "manage")


def test_who_cannot_confirm_the_list_is_asked_to_call_and_nothing_is_stored(browser, booking):
    said = {name: value for name, value in SAID.items() if name != "safe"}

    response = browser.post(path(booking), said)

    page = words(response)
    booking.refresh_from_db()
    assert response.status_code == 422
    assert "Tick that none of these apply to you, or call us." in page
    assert 'value="maya@mail.example"' in page
    assert (booking.status, booking.client.email) == (Status.PENDING_FORM, "")
    assert not Consent.objects.exists()
    assert not Draft.objects.exists()


@pytest.mark.parametrize("missing", ["name", "email", "phone", "agree_treatment", "agree_data"])
def test_what_is_missing_is_said_beside_its_field(browser, booking, missing):
    said = {name: value for name, value in SAID.items() if name != missing}

    response = browser.post(path(booking), said)

    assert response.status_code == 422
    assert f'id="id_{missing}_error"' in words(response)


def test_the_other_pages_of_the_link_lead_here_until_then(browser, booking):
    assert browser.get(path(booking, "manage"))["Location"] == path(booking)
    for page in ("another", "rebook"):
        assert browser.post(path(booking, page))["Location"] == path(booking)


def test_after_the_deadline_the_page_says_kindly_that_the_time_is_gone(
    browser, booking, monkeypatch
):
    monkeypatch.setattr(clock, "now", lambda: booking.held_until)

    looked, typed = browser.get(path(booking)), browser.post(path(booking), SAID)
    end_overdue_forms(now=booking.held_until)
    later = browser.get(path(booking))

    assert [looked.status_code, typed.status_code, later.status_code] == [200, 409, 200]
    for page in (looked, typed, later):
        assert "We let Tue, Mar 5, 10:00 am go" in words(page)
        assert "You owe us nothing" in words(page)
    assert not Consent.objects.exists()


def test_a_visit_that_was_canceled_says_so(browser, booking):
    services.cancel(booking=booking, actor=CLIENT, now=NOW)

    assert browser.post(path(booking), SAID)["Location"] == path(booking, "manage")
    assert "Canceled" in words(browser.get(path(booking, "manage")))


def test_somebody_who_already_has_a_visit_then_learns_it_by_mail_alone(browser, scene, booking):
    book_by_phone(
        scene, Newcomer("Maya Ellison", "+15035550177", "maya@mail.example"), on(scene, 6, 10)
    )
    Booking.objects.exclude(pk=booking.pk).update(
        starts_at=booking.starts_at, ends_at=booking.ends_at
    )

    response = browser.post(path(booking), SAID)

    assert response.status_code == 409
    assert "We could not confirm this visit online." in words(response)
    assert 'value="maya@mail.example"' in words(response)


def test_opened_by_somebody_who_is_signed_in_at_the_desk_it_leads_back_to_the_desk(booking):
    desk = Browser()
    desk.force_login(UserFactory(groups=[Role.FRONT_DESK]))
    desk.get(path(booking))

    response = desk.post(path(booking), SAID)

    assert response["Location"] == f"/staff/visits/{booking.reference}/booked/"
    assert set(Consent.objects.values_list("source", flat=True)) == {"form at the desk"}


def test_an_unknown_link_opens_nothing(browser):
    assert browser.get("/visit/nobody/form/").status_code == 404


def test_it_costs_a_fixed_number_of_queries(browser, booking, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        browser.get(path(booking))
