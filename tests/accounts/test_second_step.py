"""Staff go nowhere before their second step, whichever door they take."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from booking.permissions import Role
from clinic.accounts.models import User
from tests.accounts.signing_in import (
    PASSWORD,
    ask_for_code,
    code_in_letter,
    enter,
    member,
    second_step_of,
    sign_in_by_code,
    try_password,
    who,
)
from tests.factories import UserFactory

EVERYWHERE = ["/admin/", "/account/", "/account/email/", "/account/sessions/", "/", "/book/"]


@pytest.fixture
def dana(db: None) -> User:
    return member()


@pytest.fixture
def without_step(dana: User, client: Browser) -> Browser:
    """A browser in which Dana is signed in by password, and has no second step yet."""
    try_password(dana.email, PASSWORD, browser=client)
    assert who(client) == dana
    return client


@pytest.mark.parametrize("path", EVERYWHERE)
def test_without_a_second_step_there_is_one_page_to_reach(without_step: Browser, path: str):
    answer = without_step.get(path)

    assert answer.headers["Location"] == reverse("mfa_index")
    assert "Before you start" in without_step.get(reverse("mfa_index")).content.decode()


def test_nothing_is_posted_past_it_either(without_step: Browser):
    added = without_step.post("/admin/accounts/user/add/", {"email": "eve@lumen.example"})

    assert added.headers["Location"] == reverse("mfa_index")
    assert User.objects.count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role != Role.CLIENT])
def test_a_role_is_enough_to_need_one(db, role: str):
    user = UserFactory(groups=[role])
    browser = sign_in_by_code(user.email)

    assert who(browser) == user
    assert browser.get("/account/").headers["Location"] == reverse("mfa_index")


def test_clients_need_none(db):
    browser = sign_in_by_code(UserFactory(groups=[Role.CLIENT]).email)

    assert browser.get("/account/").status_code == 200


def current_code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def prove_again(browser: Browser, way: str) -> None:
    browser.post(way, {"password": PASSWORD})


@pytest.mark.django_db(transaction=True)
def test_an_app_is_set_up_and_opens_the_rest(without_step: Browser, dana: User, settings: Any):
    settings.MFA_TOTP_TOLERANCE = 1  # the half minute may end between these lines
    page = reverse("mfa_activate_totp")
    prove_again(without_step, without_step.get(page).headers["Location"])
    secret = without_step.get(page).context["form"].secret

    refused = without_step.post(page, {"code": "000000"})
    assert refused.status_code == 200
    assert not Authenticator.objects.exists()
    with_codes = without_step.post(page, {"code": current_code(secret)}, follow=True)

    assert "Write them down" in with_codes.content.decode()
    assert len(with_codes.context["unused_codes"]) == 10
    assert without_step.get("/admin/").status_code == 200
    assert "authenticator app was added" in mail.outbox[-1].body


def test_a_code_by_mail_and_nothing_more_is_not_enough(dana: User, client: Browser):
    codes = second_step_of(dana)

    ask_for_code(client, dana.email)
    asked = enter(client, code_in_letter())
    assert asked.headers["Location"] == reverse("mfa_authenticate")
    assert who(client) is None

    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert who(client) == dana


def test_an_old_session_shows_the_step_that_was_set_up_elsewhere(without_step: Browser, dana: User):
    """Neither does it get to add one of its own."""
    codes = second_step_of(dana)

    for path in ("/admin/", reverse("mfa_activate_totp"), reverse("mfa_add_webauthn")):
        answer = without_step.get(path)
        assert answer.headers["Location"].startswith(reverse("mfa_reauthenticate"))

    way = without_step.get("/admin/").headers["Location"]
    assert without_step.post(way, {"code": codes[0]}).headers["Location"] == "/admin/"
    assert without_step.get("/admin/").status_code == 200


def test_the_admin_has_no_door_of_its_own(dana: User, client: Browser):
    way = client.get("/admin/", follow=True)
    assert way.redirect_chain[-1][0] == f"{reverse('account_password')}?next=%2Fadmin%2F"

    knocked = client.post("/admin/login/", {"username": dana.email, "password": PASSWORD})
    assert knocked.status_code == 302
    assert who(client) is None


def test_a_client_is_told_that_the_admin_is_not_theirs(db):
    browser = sign_in_by_code("maya@mail.example")

    assert browser.get("/admin/", follow=True).status_code == 403


def test_there_is_no_way_around_by_a_forgotten_password(client: Browser, db):
    for path in ("/account/password/reset/", "/accounts/password/reset/", "/accounts/login/"):
        assert client.get(path).status_code == 404


def test_the_only_second_step_stays(dana: User, client: Browser):
    codes = second_step_of(dana)
    try_password(dana.email, PASSWORD, browser=client)
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    page = reverse("mfa_deactivate_totp")
    prove_again(client, client.get(page).headers["Location"])

    refused = client.post(page)

    assert "your only second step" in refused.content.decode()
    assert Authenticator.objects.filter(user=dana, type="totp").exists()


def test_a_working_day_later_staff_sign_in_again(dana: User, client: Browser):
    codes = second_step_of(dana)
    try_password(dana.email, PASSWORD, browser=client)
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})

    assert client.session.get_expiry_age() <= 12 * 3600


def test_a_password_nobody_proved_an_address_with_asks_for_a_code_first(db, client: Browser):
    """Of those an admin adds by hand: a mistyped address opens nothing."""
    UserFactory(email="sam@lumen.example", password=PASSWORD, is_staff=True)

    asked = try_password("sam@lumen.example", PASSWORD, browser=client)
    assert asked.headers["Location"] == reverse("account_email_verification_sent")
    assert who(client) is None

    client.post(reverse("account_email_verification_sent"), {"code": code_in_letter()})
    assert client.get("/admin/").headers["Location"] == reverse("mfa_index")


@pytest.mark.parametrize(
    "name",
    [
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "account_change_password",
        "account_set_password",
    ],
)
def test_what_only_staff_need_is_no_page_for_clients(db, name: str):
    assert sign_in_by_code("maya@mail.example").get(reverse(name)).status_code == 404


def test_staff_go_on_to_their_workspace_and_clients_to_their_appointments(dana: User):
    codes = second_step_of(dana)
    browser = Browser()
    try_password(dana.email, PASSWORD, browser=browser)

    signed_in = browser.post(reverse("mfa_authenticate"), {"code": codes[0]})

    assert signed_in.headers["Location"] == reverse("staff:home")
    assert browser.get(reverse("account:home")).headers["Location"] == reverse("staff:home")


def test_a_code_of_the_app_works_once(dana: User, settings: Any):
    secret = generate_totp_secret()
    TOTP.activate(dana, secret)
    counter = int(time.time()) // 30
    answers = []
    for _ in range(2):
        browser = Browser()
        try_password(dana.email, PASSWORD, browser=browser)
        code = format_hotp_value(hotp_value(secret, counter))
        answers.append(browser.post(reverse("mfa_authenticate"), {"code": code}).status_code)

    assert answers[1] == 200
    assert answers[0] == 302 or int(time.time()) // 30 > counter


@pytest.mark.parametrize("name", ["mfa_add_webauthn", "mfa_generate_recovery_codes"])
def test_staff_prove_it_again_before_they_change_how_they_sign_in(dana: User, name: str):
    codes = second_step_of(dana)
    browser = Browser()
    try_password(dana.email, PASSWORD, browser=browser)
    browser.post(reverse("mfa_authenticate"), {"code": codes[0]})

    asked = browser.get(reverse(name)).headers["Location"]
    assert asked.startswith(reverse("account_reauthenticate"))
    assert browser.post(asked, {"password": "guess"}).status_code == 200
    prove_again(browser, asked)

    assert browser.get(reverse(name)).status_code == 200


def test_staff_prove_it_again_before_they_change_their_address(dana: User):
    codes = second_step_of(dana)
    browser = Browser()
    try_password(dana.email, PASSWORD, browser=browser)
    browser.post(reverse("mfa_authenticate"), {"code": codes[0]})

    asked = browser.post(reverse("account_email"), {"action_add": "1", "email": "d@lumen.example"})

    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert mail.outbox == []
