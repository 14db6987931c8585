"""What every test stands on: how deep to dig, and which tests these servers can run."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.db.backends.base.operations import BaseDatabaseOperations

from clinic.trail.constraints import TURN
from clinic.web import limits
from tests.deep import load_hypothesis_profile

load_hypothesis_profile()
pytest.register_assert_rewrite("tests.model")  # whose steps assert, too


def pytest_configure() -> None:
    """Hash passwords fast, and let no browser of a test look for all static files anew.

    What guards passwords is Django's, and slow on purpose. Pages in Chromium get their files from
    the live server, as `runserver` would give them.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_USE_FINDERS = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests marked for a server that this run is not connected to.

    `make test` runs the suite on SQLite with the file broker and on PostgreSQL with Redis, so
    each test has its turn; one that asked for a mixture would never run, and is refused.
    """
    is_postgres = "postgres" in settings.DATABASES["default"]["ENGINE"]
    absent = {"sqlite", "once"} if is_postgres else {"postgres"}
    absent |= {"files"} if settings.REDIS_URL else {"redis"}
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if marks & {"postgres", "redis"} and marks & {"sqlite", "files"}:
            raise pytest.UsageError(f"{item.nodeid} asks for servers that no run has together")
        (left_out if marks & absent else chosen).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = chosen


def pytest_collection_finish() -> None:
    """Collect garbage seldom: Django and all tests stay, and pages leave little in circles.

    A fifth of the time of the page tests went into looking at what is there to stay.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def the_log_is_emptied_between_tests() -> Iterator[None]:
    """Unlock what is append-only wherever Django flushes the test database, by name."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def flush_unlocked(self: Any, statements: list[str]) -> None:
        turn, back = TURN[self.connection.vendor]
        flush(self, [turn % "'tests'", *statements, back])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_unlocked)
        yield


@pytest.fixture(autouse=True)
def nothing_counted(request: pytest.FixtureRequest) -> None:
    """Empty the cache where no rollback does it, so that no test is limited by another's visits."""
    mark = request.node.get_closest_marker("django_db")
    is_committing = (mark and mark.kwargs.get("transaction")) or (
        {"transactional_db", "live_server"} & set(request.fixturenames)
    )
    if is_committing:
        request.getfixturevalue("transactional_db")
    if is_committing or settings.REDIS_URL:
        cache.clear()


@pytest.fixture(autouse=True)
def the_cache_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget a cache that was down in the test before: who asks nobody limits nobody."""
    monkeypatch.setattr(limits, "_silent_until", 0.0)


@pytest.fixture(autouse=True)
def signed_in_by_force_is_signed_in_well() -> Iterator[None]:
    """Count `force_login` as everything a sign-in asks for; the sign-in page counts for itself."""

    def show_second_step(request: Any, user: Any, **_signal: Any) -> None:
        if not get_authentication_records(request, user):
            record_authentication(request, user, "mfa", type="totp")

    user_logged_in.connect(show_second_step)
    yield
    user_logged_in.disconnect(show_second_step)
