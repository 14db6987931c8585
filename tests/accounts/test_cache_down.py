"""While the cache is down nobody is counted: what could be guessed waits, with a kind page."""

from __future__ import annotations

import logging
from typing import Any

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


@pytest.fixture
def dana(db: None) -> User:
    return member("dana@lumen.example")


@pytest.fixture
def no_cache(settings: Any) -> None:
    """A Redis that is not there."""
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:1/0"}}


def is_kindly_refused(answer: HttpResponse) -> bool:
    return answer.status_code == 503 and "That has to wait a moment" in answer.content.decode()


def test_a_second_step_waits_and_nobody_is_let_in_without(
    dana: User, client: Browser, no_cache: None, caplog: pytest.LogCaptureFixture
):
    codes = second_step_of(dana)
    asked = try_password(dana.email, PASSWORD, browser=client)
    assert asked.headers["Location"] == reverse("mfa_authenticate")

    for code in (codes[0], "000000"):
        assert is_kindly_refused(client.post(reverse("mfa_authenticate"), {"code": code}))

    assert who(client) is None
    assert "a sign-in has to wait" in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR


def test_a_passkey_waits(dana: User, client: Browser, no_cache: None):
    passkey = reverse("mfa_login_webauthn")
    assert client.get(passkey, headers={"X-Requested-With": "XMLHttpRequest"}).status_code == 200

    assert is_kindly_refused(client.post(passkey, {"credential": "{}"}))


def test_another_address_waits(db: None, no_cache: None):
    maya = sign_in_by_code("maya@mail.example")

    another = {"action_add": "1", "email": "m.ellison@mail.example"}
    assert is_kindly_refused(maya.post(reverse("account_email"), another))
