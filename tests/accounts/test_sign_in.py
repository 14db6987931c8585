"""Nobody tries passwords without end, and nobody learns who has an account."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from clinic.accounts.models import User

PASSWORD = "a long way home"


@pytest.fixture(autouse=True)
def dana(db: None) -> User:
    cache.clear()
    return User.objects.create_user("dana@lumen.example", PASSWORD, is_staff=True)


def try_in(email: str, password: str, *, address: str = "192.0.2.1") -> HttpResponse:
    return Browser(REMOTE_ADDR=address).post(
        reverse("admin:login"), {"username": email, "password": password}
    )


def statuses(email: str, *, tries: int, **fields: str) -> list[int]:
    return [try_in(email, "guess", **fields).status_code for _ in range(tries)]


def test_after_ten_tries_even_the_right_password_waits():
    assert statuses("dana@lumen.example", tries=10) == [200] * 10

    refused = try_in("Dana@Lumen.example ", PASSWORD)
    assert refused.status_code == 429
    assert "That was a lot at once" in refused.content.decode()
    assert "sessionid" not in refused.cookies


def test_the_answer_is_the_same_whether_there_is_such_a_person_or_not():
    assert statuses("dana@lumen.example", tries=11) == statuses("nobody@lumen.example", tries=11)

    known, unknown = (
        try_in(email, "guess").content for email in ("dana@lumen.example", "nobody@lumen.example")
    )
    assert known == unknown


def test_a_stranger_elsewhere_locks_nobody_out():
    statuses("dana@lumen.example", tries=11, address="198.51.100.7")

    assert try_in("dana@lumen.example", PASSWORD).status_code == 302


def test_signing_in_counts_as_one_try_and_no_more():
    signed_in = [try_in("dana@lumen.example", PASSWORD).status_code for _ in range(9)]

    assert signed_in == [302] * 9
    assert statuses("dana@lumen.example", tries=2) == [200, 429]


def test_one_address_tries_sixty_times_whoever_it_says_it_is():
    tried = [try_in(f"person{n}@lumen.example", "guess").status_code for n in range(61)]

    assert tried == [200] * 60 + [429]
    assert try_in("dana@lumen.example", PASSWORD, address="198.51.100.7").status_code == 302


def test_looking_at_the_sign_in_page_is_no_try():
    statuses("dana@lumen.example", tries=11)

    assert Browser(REMOTE_ADDR="192.0.2.1").get(reverse("admin:login")).status_code == 200
