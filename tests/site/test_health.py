import pytest
from django.core.cache import cache
from django.db import OperationalError, connection


def test_a_living_process_says_so_without_the_database(client):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_a_process_is_ready_when_database_and_cache_answer(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": "ok", "cache": "ok"}


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_named(client, monkeypatch):
    def refuse():
        raise OperationalError("connection refused")

    cache.set("readyz", "ok")
    monkeypatch.setattr("clinic.site.health.ask_cache", lambda: None)
    monkeypatch.setattr(connection, "cursor", refuse)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"database": "does not answer", "cache": "ok"}


@pytest.mark.django_db
def test_a_cache_that_forgets_is_named(client, monkeypatch):
    monkeypatch.setattr(cache, "get", lambda key: None)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"database": "ok", "cache": "does not answer"}
