"""A tablet in a client's hands opens their form and nothing else, until staff sign in."""

import re
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking import links
from booking.models import Booking, Status
from booking.permissions import Role
from booking.services.desk import Newcomer
from clinic.accounts.models import User
from clinic.clients.models import Consent
from clinic.messaging import doorbell
from clinic.trail.models import Entry
from clinic.web import clock
from tests.accounts.signing_in import (
    PASSWORD,
    ask_for_code,
    code_in_letter,
    enter,
    member,
    second_step_of,
    who,
)
from tests.booking.scenes import NOW, book_by_phone, on
from tests.booking.views.browsing import Page, text
from tests.booking.views.test_forms import SAID
from tests.factories import UserFactory, open_clinic

pytestmark = pytest.mark.django_db
GIVE_BACK = "/give-back/"


@pytest.fixture(autouse=True)
def an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "_publish", lambda: None)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))


@pytest.fixture
def booking() -> Booking:
    scene = open_clinic()
    return book_by_phone(
        scene, Newcomer(name="Maya Elison", phone="+15035550123"), on(scene, 5, 10)
    )


@pytest.fixture
def dana() -> User:
    return member(groups=[Role.FRONT_DESK])


@pytest.fixture
def tablet(booking: Booking, dana: User) -> Browser:
    """The tablet of the desk, handed over for the details of the visit."""
    tablet = Browser()
    tablet.force_login(dana)
    form = Page(text(tablet.get(booked(booking)))).form("hand-over")
    tablet.get(tablet.post(form["action"], form["fields"])["Location"])
    return tablet


def form_of(booking: Booking) -> str:
    return links.page_path(booking, "form")


def booked(booking: Booking) -> str:
    return reverse("staff:booked", args=[booking.reference])


def test_it_opens_the_form_and_nobody_is_signed_in(tablet, booking, dana):
    page = text(tablet.get(form_of(booking)))

    assert who(tablet) is None
    assert "Complete your details" in page
    assert "Give the tablet back" in page
    assert links.page_path(booking, "cancel") not in page
    entry = Entry.objects.get(what="visit.handed_over")
    assert (entry.user_id, entry.subject) == (dana.pk, f"booking:{booking.pk}")


def test_a_link_alone_hands_nothing_over(booking, dana):
    desk = Browser()
    desk.force_login(dana)

    response = desk.get(reverse("staff:hand_over", args=[booking.reference]))

    assert response["Location"] == booked(booking)
    assert who(desk) == dana


def test_every_other_address_leads_to_one_calm_page(tablet, booking):
    others = [
        reverse("staff:today"),
        booked(booking),
        "/admin/",
        "/nowhere/at/all/",
        reverse("site:home"),
        reverse("account:home"),
        links.page_path(booking, "manage"),
        links.page_path(booking, "cancel"),
    ]

    for address in others:
        for answer in (tablet.get(address), tablet.post(address)):
            assert (answer.status_code, answer["Location"]) == (303, GIVE_BACK), address
    page = text(tablet.get(GIVE_BACK))
    assert "Please give the tablet back" in page
    assert f'href="{form_of(booking)}"' in page
    assert "Maya" not in page


def test_a_page_in_another_tab_that_asks_by_itself_goes_there_too(tablet):
    answer = tablet.get(reverse("staff:today"), headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Redirect"]) == (200, GIVE_BACK)


def test_once_the_details_are_complete_the_form_is_closed_too(tablet, booking):
    response = tablet.post(form_of(booking), SAID)

    booking.refresh_from_db()
    assert response["Location"] == GIVE_BACK
    assert booking.status == Status.CONFIRMED
    assert set(Consent.objects.values_list("source", flat=True)) == {"form at the desk"}
    assert tablet.get(form_of(booking))["Location"] == GIVE_BACK
    page = text(tablet.get(GIVE_BACK))
    assert "that was all we needed" in page
    assert form_of(booking) not in page


def test_what_is_missing_is_asked_for_and_the_form_stays_open(tablet, booking):
    assert tablet.post(form_of(booking), {**SAID, "email": ""}).status_code == 422
    assert tablet.get(form_of(booking)).status_code == 200


def test_a_time_that_was_let_go_meanwhile_leads_to_the_calm_page(tablet, booking, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: booking.held_until)

    page = text(tablet.get(form_of(booking)))

    assert "We let Tue, Mar 5, 10:00 am go" in page
    assert f'href="{GIVE_BACK}"' in page
    assert "Choose another time" not in page


def test_what_was_completed_meanwhile_is_handed_over_to_nobody(booking, dana):
    desk = Browser()
    desk.force_login(dana)
    Booking.objects.filter(pk=booking.pk).update(status=Status.CONFIRMED)

    response = desk.post(reverse("staff:hand_over", args=[booking.reference]))

    assert response["Location"] == booked(booking)
    assert who(desk) == dana


def test_staff_who_sign_in_go_on_where_they_were(tablet, booking, dana):
    code = second_step_of(dana)[0]
    login = re.search('href="(/sign-in/[^"]*)"', text(tablet.get(GIVE_BACK)))[1]
    password = re.search('href="(/sign-in/password/[^"]*)"', text(tablet.get(login)))[1]

    half = tablet.post(password, {"login": dana.email, "password": PASSWORD})
    assert half["Location"] == reverse("mfa_authenticate")
    assert tablet.get(booked(booking))["Location"] == GIVE_BACK  # not yet
    done = tablet.post(half["Location"], {"code": code})

    assert done["Location"] == booked(booking)
    assert tablet.get(booked(booking)).status_code == 200
    assert tablet.get(GIVE_BACK)["Location"] == reverse("site:home")
    assert tablet.get(reverse("staff:today")).status_code == 200


def test_an_account_of_a_client_opens_nothing_on_it(tablet, booking):
    client = UserFactory(email="maya@mail.example", groups=[Role.CLIENT])
    ask_for_code(tablet, client.email)

    answer = enter(tablet, code_in_letter())

    assert answer["Location"] == GIVE_BACK
    assert who(tablet) is None
    assert tablet.get(reverse("account:home"))["Location"] == GIVE_BACK


def test_to_others_the_calm_page_is_the_front_page(client):
    assert client.get(GIVE_BACK)["Location"] == reverse("site:home")
