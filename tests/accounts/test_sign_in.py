"""Nobody tries passwords without end, and nobody learns who has an account."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from clinic.accounts.models import User
from tests.accounts.signing_in import PASSWORD, member, second_step_of, try_password, who


@pytest.fixture(autouse=True)
def dana(db: None) -> User:
    cache.clear()
    return member("dana@lumen.example")


def statuses(email: str, *, tries: int, **fields: str) -> list[int]:
    return [try_password(email, "guess", **fields).status_code for _ in range(tries)]


def test_after_ten_tries_even_the_right_password_waits():
    assert statuses("dana@lumen.example", tries=10) == [200] * 10

    refused = try_password("Dana@Lumen.example ", PASSWORD)
    assert refused.status_code == 429
    assert "That was a lot at once" in refused.content.decode()
    assert "sessionid" not in refused.cookies


def test_the_answer_is_the_same_whether_there_is_such_a_person_or_not():
    assert statuses("dana@lumen.example", tries=11) == statuses("nobody@lumen.example", tries=11)

    known, unknown = (
        try_password(email, "guess").content
        for email in ("dana@lumen.example", "nobody@lumen.example")
    )
    assert known == unknown


def test_a_stranger_elsewhere_locks_nobody_out():
    statuses("dana@lumen.example", tries=11, address="198.51.100.7")

    assert try_password("dana@lumen.example", PASSWORD).status_code == 302


def test_signing_in_counts_as_one_try_and_no_more():
    signed_in = [try_password("dana@lumen.example", PASSWORD).status_code for _ in range(9)]

    assert signed_in == [302] * 9
    assert statuses("dana@lumen.example", tries=2) == [200, 429]


def test_one_place_tries_sixty_times_whoever_it_says_it_is():
    tried = [try_password(f"person{n}@lumen.example", "guess").status_code for n in range(61)]

    assert tried == [200] * 60 + [429]
    again = try_password("dana@lumen.example", PASSWORD, address="198.51.100.7")
    assert again.status_code == 302


def test_looking_at_the_sign_in_page_is_no_try():
    statuses("dana@lumen.example", tries=11)

    for name in ("account_password", "account_login"):
        assert Browser(REMOTE_ADDR="192.0.2.1").get(reverse(name)).status_code == 200


# The second step


@pytest.fixture
def codes(dana: User) -> list[str]:
    return second_step_of(dana)


def show(browser: Browser, code: str) -> int:
    return browser.post(reverse("mfa_authenticate"), {"code": code}).status_code


def test_a_password_alone_lets_nobody_in(dana: User, codes: list[str], client: Browser):
    asked = try_password(dana.email, PASSWORD, browser=client)
    assert asked.headers["Location"] == reverse("mfa_authenticate")
    assert who(client) is None

    assert show(client, codes[0]) == 302
    assert who(client) == dana
    assert client.get(reverse("admin:index")).status_code == 200


def test_a_recovery_code_works_once(dana: User, codes: list[str]):
    for browser, status in ((Browser(), 302), (Browser(), 200)):
        try_password(dana.email, PASSWORD, browser=browser)
        assert show(browser, codes[0]) == status


def test_second_steps_are_not_guessed_without_end(dana: User, codes: list[str], client: Browser):
    try_password(dana.email, PASSWORD, browser=client)
    for _ in range(5):
        show(client, "000000")

    assert show(client, codes[0]) == 200
    assert who(client) is None


def test_secrets_of_second_steps_are_locked_in_the_database(dana: User, codes: list[str]):
    stored = str(list(dana.authenticator_set.values_list("data", flat=True)))

    assert stored.count("gAAAA") == 2


def test_a_new_secret_key_opens_what_the_old_one_locked(dana: User, codes: list[str], settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "quite another"
    client = Browser()
    try_password(dana.email, PASSWORD, browser=client)

    assert show(client, codes[0]) == 302
