"""The client area: what somebody agreed to, all we know of them, and being forgotten."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking import links
from booking.models import Booking, Draft, Feed, Status
from booking.services.confirming import CONSENT_WORDING
from clinic.accounts.models import User
from clinic.clients.forms import PREFERENCES_WORDING
from clinic.clients.models import Client, ConsentKind
from clinic.clients.services import record_consent
from clinic.messaging.models import Message, Suppression
from tests.accounts.signing_in import ask_for_code, code_in_letter
from tests.booking.scenes import NOW, on, type_details, visitor
from tests.booking.views.account.looking import be_long_ago, look, past, press
from tests.booking.views.browsing import Page, Visitor, text


class TestConsents:
    def test_show_what_when_in_which_words_and_where(self, area, ahead):
        page = look(area, "privacy")

        assert "Treatment" in page
        assert f"Friday, March 1, when you booked, wording {CONSENT_WORDING}" in page
        assert "agree to a cosmetic treatment with low-level current" in page

    def test_stand_on_the_day_it_was_where_one_lives(self, area, ahead, maya):
        """Half past midnight in New York is still the evening before in Denver."""
        maya.consents.update(given_at=NOW.replace(hour=5, minute=30))
        assert "Friday, March 1, when" in look(area, "privacy")

        maya.time_zone = "America/Denver"
        maya.save()

        assert "Thursday, February 28, when" in look(area, "privacy")

    def test_show_the_words_of_the_form_on_which_they_were_given(self, area, maya):
        record_consent(
            client=maya,
            kind=ConsentKind.SERVICE_SMS,
            is_given=True,
            wording_version=PREFERENCES_WORDING,
            source="preferences",
            now=NOW,
        )

        assert "never before 8 am or after 9 pm" in look(area, "privacy")

    def test_keep_earlier_answers_below_the_one_that_counts(self, area, maya, wall_clock):
        press(area, "messages", feedback="on")
        wall_clock.wait(days=1)
        press(area, "messages", feedback="on", care_tips="on")

        page = look(area, "privacy")

        assert page.index("Saturday, March 2") < page.index("Friday, March 1, in your preferences")


class TestEverythingAboutMe:
    def test_is_a_file(self, area, ahead):
        response = area.get(reverse("account:everything_file"))

        assert response["Content-Disposition"] == 'attachment; filename="about-me.json"'
        assert response["Content-Type"].startswith("application/json")
        known = json.loads(response.content)
        assert known["visits"][0]["reference"] == ahead.reference
        assert known["account"]["email"] == "maya@mail.example"

    def test_and_a_page_that_leaves_nothing_of_it_out(self, area, ahead, maya):
        press(area, "open_address")
        page = look(area, "everything")

        known = json.loads(area.get(reverse("account:everything_file")).content)
        assert ahead.reference in page
        assert "How you sign in" in page
        for value in _words(known):
            assert value in page

    def test_has_no_key_that_opens_anything(self, area, ahead, maya):
        press(area, "open_address")
        feed = Feed.objects.get()
        words = area.get(reverse("account:everything_file")).content.decode()
        words += look(area, "everything")

        for secret in (feed.nonce, feed.token_hash, ahead.link_nonce, area.session.session_key):
            assert secret not in words

    def test_names_the_numbers_we_do_not_write_to(self, area, maya):
        Suppression.objects.create(
            channel=Message.Channel.SMS,
            address="+15035550123",
            reason="stopped",
            source="x",
            since=NOW,
        )
        known = json.loads(area.get(reverse("account:everything_file")).content)

        assert [row["reason"] for row in known["stopped"]] == ["stopped"]

    @pytest.mark.parametrize("name", ["everything", "everything_file", "erase"])
    def test_asks_who_signed_in_long_ago_to_do_it_again(self, area, ahead, name):
        be_long_ago(area)
        path = reverse(f"account:{name}")

        response = area.get(path)

        assert response.status_code == 403
        assert ahead.reference not in text(response)
        form = Page(text(response)).form("sign-out")
        out = area.post(form["action"], form["fields"])
        assert out["Location"] == f"{reverse('account_login')}?next={path}"

    def test_and_brings_them_back_once_the_code_is_typed(self, area, ahead, maya):
        be_long_ago(area)
        path = reverse("account:everything")
        prove = Page(text(area.get(path))).form("sign-out")
        there = area.post(prove["action"], prove["fields"])["Location"]
        assert f'name="next" value="{path}"' in text(area.get(there))

        asked = ask_for_code(area, maya.email, next=path)
        typed = area.post(asked["Location"], {"code": code_in_letter()})

        assert typed["Location"] == path
        assert ahead.reference in look(area, "everything")


class TestBeingForgotten:
    def test_the_page_says_what_goes_and_what_stays(self, area):
        page = look(area, "erase")

        assert "seven years after the last one" in page
        assert "two years" in page
        assert "Type your name to confirm" in page

    def test_takes_the_name_typed(self, area, maya):
        for typed in ("", "Rosa", "yes"):
            response = press(area, "erase", name=typed)
            assert response.status_code == 422
            assert "Type your name as it stands above." in text(response)
        maya.refresh_from_db()
        assert maya.erased_at is None

    def test_erases_signs_out_and_says_goodbye(self, scene, area, maya, user):
        visit = past(scene, maya, days=5)

        response = press(area, "erase", name="maya ellison")

        assert response["Location"] == reverse("account:goodbye")
        assert "It is done" in look(area, "goodbye")
        assert area.get(reverse("account:home")).status_code == 302
        maya.refresh_from_db()
        visit.refresh_from_db()
        assert maya.erased_at == NOW
        assert visit.price == 170
        assert not User.objects.filter(pk=user.pk).exists()

    def test_only_the_person_whose_area_it_is(self, area, maya, leo, user):
        press(area, "switch", client=leo.pk)
        assert press(area, "erase", name=maya.name).status_code == 422

        press(area, "erase", name=leo.name)

        maya.refresh_from_db()
        leo.refresh_from_db()
        assert leo.erased_at == NOW
        assert maya.erased_at is None
        assert maya.user == user
        assert "_auth_user_id" not in area.session

    def test_waits_for_visits_ahead_and_leads_to_them(self, area, ahead, maya):
        page = look(area, "erase")
        assert links.page_path(ahead, "manage") in page
        assert "Type your name" not in page

        assert press(area, "erase", name=maya.name).status_code == 409
        maya.refresh_from_db()
        assert maya.erased_at is None

    def test_waits_for_a_visit_that_is_going_on(self, area, ahead, maya, wall_clock):
        Booking.objects.update(status=Status.IN_PROGRESS)
        wall_clock.now = ahead.starts_at + timedelta(minutes=30)

        assert press(area, "erase", name=maya.name).status_code == 409

    def test_waits_for_the_end_of_a_legal_hold(self, area, maya):
        Client.objects.update(legal_hold=True)
        page = look(area, "erase")
        assert "We cannot erase your details at the moment" in page
        assert 'href="tel:' in page

        assert press(area, "erase", name=maya.name).status_code == 409
        maya.refresh_from_db()
        assert maya.erased_at is None

    def test_is_not_done_for_who_signed_in_long_ago(self, area, maya):
        be_long_ago(area)

        assert press(area, "erase", name=maya.name).status_code == 403
        maya.refresh_from_db()
        assert maya.erased_at is None

    def test_takes_what_was_typed_and_the_time_that_was_kept(self, scene, area, maya):
        client = Visitor(scene)
        client.browser = area
        client.come()
        held = client.hold(on(scene, 8, 9))
        type_details(visitor(), name="Somebody else")
        Draft.objects.create(visitor=held.visitor, name="Maya Ellison", updated_at=NOW)

        press(area, "erase", name=maya.name)

        held.refresh_from_db()
        assert held.status == Status.EXPIRED_HOLD
        assert [draft.name for draft in Draft.objects.all()] == ["Somebody else"]

    def test_nobody_is_known_as_who_was_erased(self, scene, area, maya, leo):
        elsewhere = Browser()
        elsewhere.force_login(User.objects.get(email="maya@mail.example"))
        press(elsewhere, "switch", client=leo.pk)
        assert "Welcome back, Leo" in text(elsewhere.get(reverse("booking:start")))
        press(area, "switch", client=leo.pk)

        press(area, "erase", name=leo.name)

        assert "Welcome back" not in text(elsewhere.get(reverse("booking:start")))

    def test_a_press_of_another_site_erases_nobody(self, user, maya):
        strict = Browser(enforce_csrf_checks=True)
        strict.force_login(user)

        assert press(strict, "erase", name=maya.name).status_code == 403
        maya.refresh_from_db()
        assert maya.erased_at is None


def _words(known: Any) -> list[str]:
    """Every text of `known` that is neither an instant nor a code."""
    if isinstance(known, dict):
        return [word for value in known.values() for word in _words(value)]
    if isinstance(known, list):
        return [word for value in known for word in _words(value)]
    if isinstance(known, str) and known and "T" not in known:
        return [known.replace("'", "&#x27;")]
    return []
