"""Signing in as a person does: by the pages, reading the code in the letter."""

from __future__ import annotations

import re

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from clinic.accounts.models import User
from tests.factories import UserFactory

PASSWORD = "a long way home"
CODE = re.compile(r"^([B-Z]{4}-[B-Z]{4})$", re.MULTILINE)


def ask_for_code(browser: Browser, email: str, **fields: str) -> HttpResponse:
    return browser.post(reverse("account_login"), {"email": email, **fields})


def code_in_letter(number: int = -1) -> str:
    """Return the code of the newest letter, or of another."""
    found = CODE.search(mail.outbox[number].body)
    assert found, mail.outbox[number].body
    return found[1]


def enter(browser: Browser, code: str, **fields: str) -> HttpResponse:
    return browser.post(reverse("account_confirm_login_code"), {"code": code, **fields})


def sign_in_by_code(email: str, browser: Browser | None = None) -> Browser:
    browser = browser or Browser()
    ask_for_code(browser, email)
    enter(browser, code_in_letter())
    return browser


def try_password(
    email: str, password: str, *, browser: Browser | None = None, address: str = "192.0.2.1"
) -> HttpResponse:
    browser = browser or Browser()
    return browser.post(
        reverse("account_password"),
        {"login": email, "password": password},
        REMOTE_ADDR=address,
    )


def member(email: str = "dana@lumen.example", **fields: object) -> User:
    """Somebody of the staff with a password and a proved address, and no second step yet."""
    user = UserFactory(email=email, password=PASSWORD, is_staff=True, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def second_step_of(user: User) -> list[str]:
    """Give `user` an authenticator app, and return the recovery codes that come with it."""
    TOTP.activate(user, generate_totp_secret())
    return RecoveryCodes.activate(user).get_unused_codes()


def who(browser: Browser) -> User | None:
    """Return who is signed in."""
    key = browser.session.get("_auth_user_id")
    return User.objects.get(pk=key) if key else None
