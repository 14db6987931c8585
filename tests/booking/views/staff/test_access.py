"""Who opens what of the workspace."""

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.shortcuts import resolve_url
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Booking
from booking.permissions import Role
from tests.booking.views.browsing import Page, text
from tests.booking.views.staff.written import alert, planned
from tests.factories import ProviderFactory, UserFactory, booked

EVERYBODY_HERE = {Role.AESTHETICIAN, Role.FRONT_DESK, Role.MEDICAL_LEAD, Role.ADMIN}
READS_ALL = EVERYBODY_HERE - {Role.AESTHETICIAN}


def pages(booking: Booking) -> dict[str, tuple[str, set[Role]]]:
    """The pages by name, with their addresses and who may open them."""
    message = planned(booking)
    letter = [booking.reference, "M04", "email"]
    return {
        "today": (reverse("staff:today"), EVERYBODY_HERE),
        "alerts": (reverse("staff:alerts"), EVERYBODY_HERE),
        "messages": (reverse("staff:messages"), READS_ALL),
        "message": (reverse("staff:message", args=[message.pk]), READS_ALL),
        "visit": (reverse("staff:visit", args=[booking.reference]), EVERYBODY_HERE),
        "preview": (reverse("staff:preview", args=letter), READS_ALL),
        "preview_html": (reverse("staff:preview_html", args=letter), READS_ALL),
    }


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_its_pages_and_is_told_no_at_the_others(role, booking):
    user = UserFactory(groups=[role])
    booking.provider.user = user
    booking.provider.save()
    browser = Browser()
    browser.force_login(user)

    for name, (url, roles) in pages(booking).items():
        response = browser.get(url)
        assert response.status_code == (200 if role in roles else 403), name
        if response.status_code == 403:
            assert "This page is for others" in text(response)
            leads_back = reverse("staff:home") in response.content.decode()
            assert leads_back is user.works_here


def test_who_is_not_signed_in_does_that_first_and_comes_back(client, booking):
    sign_in = resolve_url(settings.LOGIN_URL)
    for url, _roles in pages(booking).values():
        assert client.get(url)["Location"] == f"{sign_in}?next={url}"


def test_a_press_after_the_session_ended_leads_back_to_the_page_with_the_button(client, booking):
    page = reverse("staff:visit", args=[booking.reference])
    done = reverse("staff:done", args=[alert(booking).pk])

    response = client.post(done, headers={"referer": f"http://testserver{page}"})

    assert response["Location"].endswith(f"?next={page}")


def test_an_aesthetician_sees_visits_of_their_own_schedule_and_no_others(at_work, booking):
    ana = UserFactory(groups=[Role.AESTHETICIAN])
    own = booked(provider=ProviderFactory(user=ana), client__name="Own Client")
    mine, theirs = alert(own), alert(booking)
    browser = Browser()
    browser.force_login(ana)

    assert browser.get(reverse("staff:visit", args=[own.reference])).status_code == 200
    assert browser.get(reverse("staff:visit", args=[booking.reference])).status_code == 404
    listed = text(browser.get(reverse("staff:alerts")))
    assert "Own Client" in listed
    assert "Maya Ellison" not in listed
    assert browser.post(reverse("staff:done", args=[theirs.pk])).status_code == 404
    assert browser.post(reverse("staff:done", args=[mine.pk])).status_code == 303


@pytest.mark.parametrize("role", [Role.CLIENT, Role.AESTHETICIAN, Role.MEDICAL_LEAD])
def test_only_the_desk_and_admins_send_again_and_withdraw(role, at_work, booking):
    message = planned(booking)
    browser = at_work(role)

    for press in ("retry", "void"):
        url = reverse(f"staff:{press}", args=[message.pk])
        assert browser.post(url, {"reason": "no"}).status_code == 403
    message.refresh_from_db()
    assert message.status == "planned"


def test_the_rail_leads_only_to_what_opens(at_work, desk):
    for browser, leads in ((desk, True), (at_work(Role.AESTHETICIAN), False)):
        page = text(browser.get(reverse("staff:alerts")))
        assert (f'href="{reverse("staff:messages")}"' in page) == leads


def test_the_rail_leads_to_ones_settings_and_signs_out(desk):
    assert f'href="{reverse("staff:settings")}"' in text(desk.get(reverse("staff:alerts")))
    form = Page(text(desk.get(reverse("staff:alerts")))).form("sign-out")

    desk.post(form["action"])
    assert SESSION_KEY not in desk.session


def test_no_page_of_the_public_loads_the_styles_of_the_workspace(client, desk):
    assert "desk.css" not in text(client.get(reverse("site:home")))
    page = desk.get(reverse("staff:alerts"))
    assert "desk.css" in text(page)
    assert "no-store" in page["Cache-Control"]
