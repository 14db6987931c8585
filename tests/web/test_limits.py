from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import RequestFactory

from clinic.web import limits, visitors

THREE = limits.Limit("test", places=3, window=timedelta(seconds=60))


@pytest.fixture(autouse=True)
def empty_cache(db):
    cache.clear()
    yield
    cache.clear()


def test_as_many_tries_as_there_are_places():
    assert [limits.take(THREE, "maya") for _ in range(4)] == [True, True, True, False]
    assert limits.take(THREE, "theo")


def test_a_place_is_free_again_when_its_window_is_over():
    brief = limits.Limit("brief", places=1, window=timedelta(seconds=0))

    assert limits.take(brief, "maya")
    assert limits.take(brief, "maya")


def test_looking_whether_tries_are_left_takes_none():
    for _ in range(5):
        assert not limits.is_spent(THREE, "maya")
    for _ in range(3):
        limits.take(THREE, "maya")
    assert limits.is_spent(THREE, "maya")


def test_a_cache_that_is_down_holds_nobody_up_and_is_told_once(monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise ConnectionError("no cache here")

    monkeypatch.setattr(limits, "_is_down", False)
    monkeypatch.setattr(limits, "_silent_until", 0.0)
    monkeypatch.setattr(limits, "SILENCE", timedelta(0))
    monkeypatch.setattr(cache, "get_many", broken)

    assert all(limits.take(THREE, "maya") for _ in range(9))
    assert not limits.is_spent(THREE, "maya")
    assert len(caplog.records) == 1


def test_a_silent_cache_is_asked_again_after_a_while_and_not_at_once(monkeypatch):
    asked = []

    def broken(*args, **kwargs):
        asked.append(None)
        raise ConnectionError("no cache here")

    monkeypatch.setattr(limits, "_silent_until", 0.0)
    monkeypatch.setattr(cache, "get_many", broken)

    assert all(limits.take(THREE, "maya") for _ in range(9))
    assert not limits.is_spent(THREE, "maya")
    assert len(asked) == 1

    monkeypatch.setattr(limits, "_silent_until", limits.monotonic() - 1)
    limits.take(THREE, "maya")
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "address"),
    [
        (0, "", "192.0.2.1", "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1", "192.0.2.1"),
        (1, "203.0.113.9", "192.0.2.1", "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", "192.0.2.1", "203.0.113.9"),
        (2, "10.9.9.9, 203.0.113.9, 192.0.2.2", "192.0.2.1", "203.0.113.9"),
        (2, "", "192.0.2.1", "192.0.2.1"),
        (1, "<script>", "192.0.2.1", "unknown"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (0, "", "::ffff:192.0.2.1", "192.0.2.1"),
        (0, "", "", "unknown"),
    ],
)
def test_an_address_is_what_our_own_outermost_proxy_saw(
    proxies, forwarded, remote, address, settings
):
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote)

    assert limits.address_of(request) == address


def test_an_address_has_sixty_new_visitors_an_hour_and_old_ones_stay_welcome(client):
    def come() -> bool:
        client.cookies.clear()
        return visitors.COOKIE in client.get("/book/").cookies

    assert all(come() for _ in range(60))
    old = client.cookies[visitors.COOKIE].value

    assert not come()
    assert client.post("/book/forget/").status_code == 429
    client.cookies[visitors.COOKIE] = old
    assert client.post("/book/forget/").status_code == 303


def test_the_cookie_is_signed_and_out_of_reach_of_scripts(client):
    cookie = client.get("/book/").cookies[visitors.COOKIE]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 365 * 24 * 3600
    assert visitors.ID.fullmatch(cookie.value.split(":")[0])
    assert visitors.COOKIE not in client.get("/book/").cookies
