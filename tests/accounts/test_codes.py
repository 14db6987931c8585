"""Clients sign in by a code from the mail; the page tells nobody who has an account."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from clinic.accounts import tries
from clinic.accounts.models import User
from clinic.web import limits
from tests.accounts.signing_in import ask_for_code, code_in_letter, enter, sign_in_by_code, who
from tests.factories import UserFactory

MAYA = "maya@mail.example"


@pytest.fixture
def maya(db: None) -> User:
    return UserFactory(email=MAYA, full_name="Maya Ellison")


def test_a_code_from_the_letter_signs_a_client_in(maya: User, client: Browser):
    asked = ask_for_code(client, " Maya@Mail.example ")
    assert asked.headers["Location"] == reverse("account_confirm_login_code")
    assert who(client) is None

    signed_in = enter(client, code_in_letter().lower().replace("-", " "))

    assert signed_in.headers["Location"] == reverse("account:home")
    assert who(client) == maya
    assert "Hello, Maya" in client.get(reverse("account:home")).content.decode()


def test_the_letter_is_neutral_plain_and_says_how_long_it_is_good_for(maya: User, client: Browser):
    ask_for_code(client, MAYA)

    (letter,) = mail.outbox
    assert letter.to == [MAYA]
    assert letter.subject == "Your sign-in code"
    assert "ten minutes" in letter.body.replace("\n", " ")
    assert code_in_letter() in str(letter.alternatives[0][0])
    assert "http" not in letter.body


def test_a_code_makes_the_account_of_a_new_address_and_nothing_before_does(db, client: Browser):
    ask_for_code(client, "New@Mail.example")
    assert not User.objects.exists()
    assert "no account for this address yet" in mail.outbox[0].body.replace("\n", " ")

    enter(client, code_in_letter())

    (user,) = User.objects.all()
    assert who(client) == user
    assert (user.email, user.is_staff, user.has_usable_password()) == (
        "new@mail.example",
        False,
        False,
    )
    assert EmailAddress.objects.get(user=user, verified=True, primary=True).email == user.email


def page_without_token(content: bytes) -> str:
    text = content.decode()
    start = 'name="csrfmiddlewaretoken" value="'
    while start in text:
        before, _, after = text.partition(start)
        text = before + after.partition('"')[2]
    return text


def test_nobody_learns_from_the_pages_who_has_an_account(maya: User):
    answers = []
    for email in (MAYA, "nobody@mail.example"):
        browser = Browser()
        asked = ask_for_code(browser, email)
        shown = browser.get(asked.headers["Location"])
        wrong = [enter(browser, "BBBB-BBBB") for _ in range(3)]
        answers.append(
            (
                asked.status_code,
                asked.headers["Location"],
                page_without_token(shown.content).replace(email, ""),
                [answer.status_code for answer in wrong],
                wrong[-1].headers["Location"],
                sorted(browser.cookies),
            )
        )
    assert answers[0] == answers[1]
    assert len(mail.outbox) == 2


def test_a_code_is_good_for_one_browser_once_and_three_tries(maya: User, client: Browser):
    ask_for_code(client, MAYA)
    code = code_in_letter()

    elsewhere = Browser()
    assert enter(elsewhere, code).headers["Location"] == reverse("account_login")
    assert who(elsewhere) is None

    for _ in range(3):
        enter(client, "BBBB-BBBB")
    assert enter(client, code).headers["Location"] == reverse("account_login")
    assert who(client) is None


def test_a_code_is_not_good_twice(maya: User, client: Browser):
    sign_in_by_code(MAYA, client)
    code = code_in_letter()
    client.post(reverse("account_logout"))

    enter(client, code)

    assert who(client) is None


def test_an_old_code_is_refused_with_a_sentence(maya: User, client: Browser, settings):
    ask_for_code(client, MAYA)
    settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT = -1

    refused = client.post(
        reverse("account_confirm_login_code"), {"code": code_in_letter()}, follow=True
    )

    assert "That code is too old" in refused.content.decode()
    assert who(client) is None


def test_another_code_can_be_sent_and_the_first_stops_working(maya: User, client: Browser):
    ask_for_code(client, MAYA)
    client.post(reverse("account_confirm_login_code"), {"action": "resend"})
    first, second = code_in_letter(0), code_in_letter(1)
    assert first != second

    assert enter(client, first).status_code == 200
    enter(client, second)

    assert who(client) == maya


@pytest.mark.parametrize("path", ["/account/email/", "/account/?tab=1"])
def test_one_comes_back_to_where_one_wanted_to_go(maya: User, client: Browser, path: str):
    way = client.get(path).headers["Location"]
    assert way.startswith(reverse("account_login"))

    confirm = client.post(way, {"email": MAYA}).headers["Location"]
    signed_in = client.post(confirm, {"code": code_in_letter()})

    assert signed_in.headers["Location"] == path


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "https:///evil.example", "javascript:alert(1)"],
)
def test_nobody_is_led_to_another_site(maya: User, client: Browser, elsewhere: str):
    ask_for_code(client, MAYA, next=elsewhere)

    signed_in = enter(client, code_in_letter(), next=elsewhere)

    assert signed_in.headers["Location"] == reverse("account:home")


@pytest.mark.parametrize("email", ["maya", "", "mäya@mail.example"])
def test_what_is_no_plain_address_gets_no_letter(db, client: Browser, email: str):
    assert ask_for_code(client, email).status_code == 422
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("may\u017fa@mail.example", "maysa@mail.example"),
        ("\u212aim@mail.example", "kim@mail.example"),
    ],
)
def test_what_only_looks_like_an_address_gets_no_code_of_its_own(
    db, client: Browser, email: str, kept: str
):
    """The letter goes to whom the account would be of, however it was spelled."""
    ask_for_code(client, email)

    assert [letter.to for letter in mail.outbox] == [[kept]]


def test_the_session_of_somebody_who_signs_in_is_a_new_one(maya: User, client: Browser):
    ask_for_code(client, MAYA)
    before = client.session.session_key

    enter(client, code_in_letter())

    assert client.session.session_key != before


def test_so_many_codes_and_no_more_whoever_asks_for_them(maya: User):
    for email in (MAYA, "nobody@mail.example"):
        asked = [ask_for_code(Browser(), email).status_code for _ in range(4)]
        assert asked == [302, 302, 302, 422]


def test_twelve_codes_an_hour_for_one_address_wherever_they_are_asked_for(maya: User, monkeypatch):
    monkeypatch.setattr(tries, "CODES_AT_ONCE", tries.CODES_FROM_ONE_ADDRESS)

    asked = [ask_for_code(Browser(REMOTE_ADDR=f"192.0.2.{n}"), MAYA).status_code for n in range(13)]

    assert asked == [302] * 12 + [422]


def test_a_cache_that_is_down_keeps_no_client_out(maya: User, client: Browser, monkeypatch):
    monkeypatch.setattr(limits, "cache", None)

    sign_in_by_code(MAYA, client)

    assert who(client) == maya


def test_a_mail_server_that_is_down_gets_a_kind_page(maya: User, client: Browser, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    for email in (MAYA, "nobody@mail.example"):
        refused = ask_for_code(client, email)

        assert refused.status_code == 503
        assert "Our mail is not going out" in refused.content.decode()
    assert client.get(reverse("account_login")).status_code == 200


def test_a_closed_account_lets_nobody_in(maya: User, client: Browser):
    maya.is_active = False
    maya.save()

    ask_for_code(client, MAYA)
    refused = enter(client, code_in_letter())

    assert refused.status_code == 403
    assert "This account is closed" in refused.content.decode()
    assert who(client) is None


def test_signing_out_takes_a_press(maya: User, client: Browser):
    sign_in_by_code(MAYA, client)

    assert client.get(reverse("account_logout")).status_code == 405
    assert who(client) == maya
    client.post(reverse("account_logout"))
    assert who(client) is None


def test_no_form_is_taken_from_another_site(maya: User):
    browser = Browser(enforce_csrf_checks=True)

    assert ask_for_code(browser, MAYA).status_code == 403
    assert browser.post(reverse("account_logout")).status_code == 403
    assert mail.outbox == []
