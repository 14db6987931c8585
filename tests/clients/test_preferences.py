"""What we may send: as clients said it last, and how they say it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from clinic.clients import links
from clinic.clients.forms import PREFERENCES_WORDING
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.clients.selectors import optional_answers, preferences, standing_since
from clinic.clients.services import change_preferences, record_consent
from clinic.messaging.services.addresses import allow_texts, stop_texts
from clinic.web import clock
from tests.factories import ClientFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
AS_IT_IS = {"care_tips": "on", "feedback": "on"}  # the boxes of who never said anything


@pytest.fixture(autouse=True)
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    cache.clear()


@pytest.fixture
def maya() -> Client:
    return ClientFactory(name="Maya Ellison", email="maya@mail.example")


def say(client: Client, kind: ConsentKind, is_given: bool, *, at: datetime = NOW) -> Consent:
    return record_consent(
        client=client,
        kind=kind,
        is_given=is_given,
        wording_version=PREFERENCES_WORDING,
        source="booking",
        now=at,
    )


def page_of(client: Client) -> str:
    return links.preferences_url(client).removeprefix("http://localhost:8000")


def stop_url(client: Client, kind: str) -> str:
    return links.unsubscribe_url(client, ConsentKind(kind)).removeprefix("http://localhost:8000")


def said(client: Client) -> list[tuple[str, bool, str, str, datetime]]:
    fields = ("kind", "is_given", "source", "wording_version", "given_at")
    return list(Consent.objects.filter(client=client).order_by("pk").values_list(*fields))


def text(response) -> str:
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


class TestWhatIsWanted:
    def test_who_never_answered_gets_care_tips_and_questions_and_nothing_else(self, maya):
        wanted = preferences(maya)

        assert set(wanted) == set(ConsentKind)
        assert {kind for kind in wanted if wanted[kind]} == {
            ConsentKind.CARE_TIPS,
            ConsentKind.FEEDBACK,
        }

    def test_the_latest_answer_counts(self, maya):
        say(maya, ConsentKind.SERVICE_SMS, True, at=NOW)
        say(maya, ConsentKind.SERVICE_SMS, False, at=NOW - DAY)
        say(maya, ConsentKind.CARE_TIPS, False, at=NOW)
        say(ClientFactory(), ConsentKind.MARKETING_EMAIL, True)

        wanted = preferences(maya)

        assert wanted[ConsentKind.SERVICE_SMS]
        assert not wanted[ConsentKind.CARE_TIPS]
        assert not wanted[ConsentKind.MARKETING_EMAIL]

    def test_of_two_answers_in_one_moment_the_later_counts(self, maya):
        say(maya, ConsentKind.MARKETING_SMS, True)
        say(maya, ConsentKind.MARKETING_SMS, False)

        assert not preferences(maya)[ConsentKind.MARKETING_SMS]

    def test_it_costs_one_look(self, maya, django_assert_num_queries):
        for kind in ConsentKind:
            say(maya, kind, True)

        with django_assert_num_queries(1):
            assert all(preferences(maya).values())

    def test_only_what_differs_is_written_down(self, maya):
        change_preferences(
            client=maya,
            wanted={ConsentKind.CARE_TIPS: True, ConsentKind.MARKETING_EMAIL: True},
            wording_version=PREFERENCES_WORDING,
            source="preferences",
            now=NOW,
        )

        assert said(maya) == [("marketing_email", True, "preferences", PREFERENCES_WORDING, NOW)]

    def test_an_answer_stands_since_it_was_first_given_in_a_row(self, maya):
        kind = ConsentKind.SERVICE_SMS
        for days, is_given in ((9, True), (5, False), (3, True), (1, True)):
            say(maya, kind, is_given, at=NOW - days * DAY)
        say(maya, ConsentKind.CARE_TIPS, False)

        since = standing_since(optional_answers(maya))

        assert since == {kind: NOW - 3 * DAY, ConsentKind.CARE_TIPS: NOW}


class TestThePage:
    def test_it_shows_every_kind_as_it_stands(self, client, maya):
        say(maya, ConsentKind.MARKETING_EMAIL, True, at=NOW - DAY)

        response = client.get(page_of(maya))

        form = response.context["form"]
        assert {name for name in form.fields if form[name].initial} == {
            "care_tips",
            "feedback",
            "marketing_email",
        }
        page = text(response)
        assert "E-mails about my appointments" in page
        assert "On since Thursday, February 28." in page
        assert "News by e-mail: yes" in page
        assert "Reply STOP to end them" in page
        assert "Message and data rates may apply" in page

    def test_it_names_the_client_and_shows_no_more_of_them_than_needed(self, client, maya):
        page = text(client.get(page_of(maya)))

        assert "Hello Maya." in page
        assert "ends in 0123" in page
        for secret in ("555-0123", "5550123", "maya@mail.example", "Ellison"):
            assert secret not in page

    def test_saving_writes_down_what_changed_with_time_words_and_place(self, client, maya):
        url = page_of(maya)

        response = client.post(url, {"service_sms": "on", "feedback": "on"})

        assert (response.status_code, response["Location"]) == (303, url)
        assert sorted(said(maya)) == [
            ("care_tips", False, "preferences", PREFERENCES_WORDING, NOW),
            ("service_sms", True, "preferences", PREFERENCES_WORDING, NOW),
        ]

    def test_saving_as_it_is_writes_nothing(self, client, maya):
        client.post(page_of(maya), AS_IT_IS)

        assert said(maya) == []

    def test_looking_at_it_writes_nothing(self, client, maya):
        client.get(page_of(maya) + "?marketing_email=on")

        assert said(maya) == []

    def test_texts_need_a_number(self, client):
        nobody = ClientFactory(phone="")

        response = client.post(page_of(nobody), AS_IT_IS | {"service_sms": "on"})

        assert response.status_code == 422
        assert "Enter the number that gets the texts." in text(response)
        assert said(nobody) == []
        client.post(page_of(nobody), AS_IT_IS | {"service_sms": "on", "phone": "503 555 0188"})
        nobody.refresh_from_db()
        assert nobody.phone.as_e164 == "+15035550188"
        assert preferences(nobody)[ConsentKind.SERVICE_SMS]

    def test_the_number_can_be_corrected_and_stays_when_left_empty(self, client, maya):
        client.post(page_of(maya), AS_IT_IS)
        maya.refresh_from_db()
        assert maya.phone.as_e164 == "+15035550123"

        client.post(page_of(maya), AS_IT_IS | {"phone": "(503) 555-0199"})

        maya.refresh_from_db()
        assert maya.phone.as_e164 == "+15035550199"

    def test_what_is_no_number_comes_back_with_a_sentence(self, client, maya):
        response = client.post(page_of(maya), {"service_sms": "on", "phone": "12"})

        assert response.status_code == 422
        assert text(response).count("Enter a mobile number with 10 digits.") == 2
        assert said(maya) == []

    def test_who_sent_stop_is_told_how_to_get_texts_again(self, client, maya):
        assert "reply START" not in text(client.get(page_of(maya)))
        stop_texts(number="+15035550123", source="twilio:1", now=NOW)

        page = text(client.get(page_of(maya)))

        assert "Texts to your number are stopped" in page
        assert "reply START" in page
        allow_texts(number="+15035550123", source="twilio:2", now=NOW)
        assert "reply START" not in text(client.get(page_of(maya)))

    def test_a_clinic_that_sends_no_texts_asks_for_none(self, client, maya, settings):
        settings.HAS_SMS = False

        page = text(client.get(page_of(maya)))

        assert "News and offers by e-mail" in page
        for word in ("by text", "STOP", "Mobile number"):
            assert word not in page
        client.post(page_of(maya), {"care_tips": "on"})
        assert [answer[:2] for answer in said(maya)] == [("feedback", False)]

    def test_a_press_of_another_site_changes_nothing(self, maya):
        strict = Browser(enforce_csrf_checks=True)
        strict.get(page_of(maya))

        assert strict.post(page_of(maya), {}).status_code == 403
        assert said(maya) == []

    def test_it_costs_the_same_for_one_answer_as_for_many(
        self, client, maya, django_assert_max_num_queries
    ):
        for days in range(20):
            say(maya, ConsentKind.CARE_TIPS, bool(days % 2), at=NOW - days * DAY)

        with django_assert_max_num_queries(4):
            client.get(page_of(maya))


class TestOnePress:
    def test_a_mail_program_ends_one_kind_without_cookies_or_forms(self, maya):
        strict = Browser(enforce_csrf_checks=True)

        response = strict.post(stop_url(maya, "care_tips"), ONE_CLICK)

        assert response.status_code == 200
        assert said(maya) == [("care_tips", False, "unsubscribe", PREFERENCES_WORDING, NOW)]
        assert preferences(maya)[ConsentKind.FEEDBACK]

    def test_pressing_twice_is_pressing_once(self, client, maya):
        for _ in range(2):
            assert "You get no more care tips" in text(
                client.post(stop_url(maya, "care_tips"), ONE_CLICK)
            )

        assert len(said(maya)) == 1

    @pytest.mark.parametrize("fields", [{}, {"List-Unsubscribe": "x"}, {"url": "probe"}])
    def test_a_scanner_that_only_tries_the_address_ends_nothing(self, client, maya, fields):
        client.get(stop_url(maya, "care_tips"))
        client.head(stop_url(maya, "care_tips"))
        client.post(stop_url(maya, "care_tips"), fields)

        assert said(maya) == []

    def test_the_page_has_the_button(self, client, maya):
        page = text(client.get(stop_url(maya, "marketing_email")))

        assert "You get no more news by e-mail" in page  # never asked for, so it is off
        say(maya, ConsentKind.MARKETING_EMAIL, True)
        page = text(client.get(stop_url(maya, "marketing_email")))
        assert "No more news by e-mail?" in page
        assert "Stop them" in page
        assert page_of(maya) in page

    @pytest.mark.parametrize("kind", ["treatment", "data", "everything"])
    def test_what_a_visit_stands_on_is_not_ended_by_a_link(self, client, maya, kind):
        url = stop_url(maya, "care_tips").replace("care_tips", kind)

        assert client.post(url, ONE_CLICK).status_code == 404
        assert said(maya) == []


@pytest.mark.parametrize("token", ["x", "1.x", "A" * 60])
def test_a_link_we_did_not_give_opens_nothing(token, client, maya):
    for url in (page_of(maya), stop_url(maya, "care_tips")):
        response = client.get(url.replace(links.token_of(maya), token))
        assert response.status_code == 404
        assert "Maya" not in text(response)
        assert client.post(url.replace(links.token_of(maya), token), ONE_CLICK).status_code == 404
    assert said(maya) == []


def test_nobody_keeps_these_pages_or_learns_their_address(client, maya):
    for url in (page_of(maya), stop_url(maya, "care_tips")):
        response = client.get(url)
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Robots-Tag"] == "noindex"
