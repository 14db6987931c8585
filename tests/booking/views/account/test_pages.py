"""The client area: what holds for each of its pages, and for several people of one account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking import links
from booking.models import Feed
from booking.permissions import Role
from clinic.accounts.models import User
from clinic.clients.models import Client, Consent
from tests.booking.scenes import NOW, confirm, on
from tests.booking.views.account.looking import look, past, press
from tests.booking.views.browsing import Page, text
from tests.factories import (
    BookingFactory,
    UserFactory,
)

DAY = timedelta(days=1)
PAGES = ["home", "details", "messages", "calendar", "privacy", "everything", "erase"]


class TestEveryPage:
    @pytest.mark.parametrize("name", PAGES)
    def test_asks_who_is_not_signed_in_to_do_so_and_come_back(self, db, name):
        path = reverse(f"account:{name}")

        assert Browser().get(path)["Location"] == f"{reverse('account_login')}?next={path}"

    @pytest.mark.parametrize("name", PAGES)
    def test_is_kept_by_nobody_and_found_by_nobody(self, area, name):
        response = area.get(reverse(f"account:{name}"))

        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
        assert 'name="robots" content="noindex"' in text(response)

    @pytest.mark.parametrize("name", [*PAGES, "switch", "open_address", "close_address"])
    def test_changes_nothing_by_being_opened(self, area, maya, name):
        Feed.objects.create(client=maya, nonce="x", token_hash="x", created_at=NOW)
        before = list(Client.objects.values()), list(Feed.objects.values())

        area.get(reverse(f"account:{name}"))

        assert before == (list(Client.objects.values()), list(Feed.objects.values()))
        assert not Consent.objects.exists()

    @pytest.mark.parametrize("name", PAGES)
    def test_costs_the_same_for_many_visits(
        self, name, area, scene, ahead, maya, django_assert_max_num_queries
    ):
        maya.phone = "+15035550199"
        maya.save()
        look(area, name)
        for days in range(1, 12):
            past(scene, maya, days=days)
            BookingFactory(
                location=scene.location,
                provider=scene.provider,
                option=scene.option,
                client=maya,
                starts_at=on(scene, 10, 9) + days * DAY,
            )
        at_most = {
            "home": 18,
            "details": 7,
            "messages": 9,
            "calendar": 6,
            "privacy": 7,
            "everything": 23,
            "erase": 8,
        }
        with django_assert_max_num_queries(at_most[name]):
            look(area, name)

    @pytest.mark.parametrize("name", PAGES)
    def test_asks_whose_it_is_where_several_people_have_one_address(self, area, leo, name):
        page = look(area, name)

        assert "Whose appointments would you like to see?" in page
        assert "Maya Ellison" in page
        assert "Leo Ellison" in page

    def test_is_for_people_and_staff_who_are_no_clients_go_to_work(self, db):
        desk = Browser()
        desk.force_login(UserFactory(groups=[Role.FRONT_DESK], is_staff=True))

        for name in PAGES:
            response = desk.get(reverse(f"account:{name}"))
            assert response["Location"] == reverse("staff:home")

    def test_of_somebody_who_never_booked_leads_to_booking(self, db):
        stranger = Browser()
        stranger.force_login(UserFactory())

        assert "Nothing is booked yet" in look(stranger, "home")
        for name in PAGES[1:]:
            response = stranger.get(reverse(f"account:{name}"))
            assert response["Location"] == reverse("account:home")

    def test_of_somebody_who_never_booked_can_be_closed(self, db):
        stranger, user = Browser(), UserFactory()
        stranger.force_login(user)
        form = Page(look(stranger, "home")).form("close")
        assert stranger.get(form["action"]).status_code == 303
        assert User.objects.filter(pk=user.pk).exists()

        response = stranger.post(form["action"])

        assert response["Location"] == reverse("account:goodbye")
        assert not User.objects.filter(pk=user.pk).exists()
        assert "_auth_user_id" not in stranger.session

    def test_of_a_client_or_of_staff_is_not_closed_by_that_press(self, area, maya, user):
        desk, dana = Browser(), UserFactory(groups=[Role.FRONT_DESK], is_staff=True)
        desk.force_login(dana)

        for browser in (area, desk):
            assert press(browser, "close").status_code == 404
        assert User.objects.filter(pk__in=[user.pk, dana.pk]).count() == 2


class TestSeveralPeople:
    def test_each_has_an_area_of_their_own(self, scene, area, maya, leo):
        mine, his = past(scene, maya, days=2), past(scene, leo, days=3)
        press(area, "switch", client=maya.pk)
        page = look(area, "home")
        assert mine.reference in page
        assert his.reference not in page
        assert "Hello, Maya" in page

        press(area, "switch", client=leo.pk)

        page = look(area, "home")
        assert his.reference in page
        assert mine.reference not in page
        assert "Switch to Maya Ellison" in page
        assert area.get(reverse("account:visit", args=[mine.reference])).status_code == 404

    def test_one_comes_back_to_the_page_on_which_one_switched(self, area, leo):
        there = reverse("account:privacy")

        assert press(area, "switch", client=leo.pk, next=there)["Location"] == there

    def test_from_a_visit_one_comes_to_the_others_own(self, scene, area, maya, leo):
        press(area, "switch", client=maya.pk)
        form = Page(look(area, "visit", past(scene, maya, days=2).reference)).form("switch")

        assert "next" not in form["fields"]
        there = press(area, "switch", client=leo.pk, **form["fields"])
        assert there["Location"] == reverse("account:home")

    @pytest.mark.parametrize(
        "next_", ["https://elsewhere.example/account/", "//elsewhere.example/account/", "/admin/"]
    )
    def test_and_to_no_other_site(self, area, leo, next_):
        response = press(area, "switch", client=leo.pk, next=next_)

        assert response["Location"] == reverse("account:home")

    def test_nobody_becomes_somebody_of_another_account(self, area, rosa):
        for key in (rosa.pk, "", "x", "9" * 30):
            assert press(area, "switch", client=key).status_code == 404
        assert "Rosa" not in look(area, "home")

    def test_a_link_of_somebody_else_opens_no_area_of_theirs(self, scene, area, rosa):
        """One may book by somebody's link; their area stays theirs."""
        visit = confirm(scene, on(scene, 5, 9), name=rosa.name, email=rosa.email)
        area.get(reverse("booking:start"))
        area.post(links.page_path(visit, "another"))
        assert area.session["client"] == rosa.pk

        page = look(area, "home")

        assert "Hello, Maya" in page
        assert visit.reference not in page
        assert not area.session.get_expire_at_browser_close()
