"""What says it is a passkey and is none is refused, as a wrong one is."""

from __future__ import annotations

import json

import pytest
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from clinic.accounts.models import User
from tests.accounts.signing_in import (
    PASSWORD,
    member,
    second_step_of,
    sign_in_by_code,
    try_password,
    who,
)

NONSENSE = [
    "",
    "null",
    "[]",
    "1",
    "{",
    "{}",
    '{"response": 1}',
    '{"response": {"userHandle": "MQ"}, "id": 1}',
    json.dumps(
        {
            "id": "a",
            "rawId": "a",
            "type": "public-key",
            "response": {"userHandle": "MQ", "clientDataJSON": "a", "signature": "a"},
        }
    ),
]
nonsense = pytest.mark.parametrize("typed", NONSENSE)


@pytest.fixture
def dana(db: None) -> User:
    return member("dana@lumen.example")


def send(browser: Browser, name: str, typed: str) -> HttpResponse:
    """Ask for what a passkey is to sign, and answer with `typed`."""
    browser.get(reverse(name), headers={"X-Requested-With": "XMLHttpRequest"})
    return browser.post(reverse(name), {"credential": typed})


@nonsense
def test_nobody_signs_in_by_it(dana: User, client: Browser, typed: str):
    refused = send(client, "mfa_login_webauthn", typed)

    assert refused.headers["Location"] == reverse("account_login")
    assert who(client) is None


@nonsense
def test_it_is_no_second_step(dana: User, client: Browser, typed: str):
    codes = second_step_of(dana)
    try_password(dana.email, PASSWORD, browser=client)

    assert send(client, "mfa_authenticate", typed).status_code == 200
    assert who(client) is None

    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    again = send(client, "mfa_reauthenticate_webauthn", typed)
    assert again.headers["Location"] == reverse("account_reauthenticate")


@nonsense
def test_it_is_not_added_to_an_account(db: None, typed: str):
    maya = sign_in_by_code("maya@mail.example")

    assert send(maya, "mfa_add_webauthn", typed).status_code == 200
    assert not who(maya).authenticator_set.exists()
