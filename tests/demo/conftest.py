"""One demo clinic for all tests here: loading it takes seconds, reading it does not."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from booking import demo
from booking.demo import Loaded, load_demo

NOW = datetime(2030, 3, 4, 20, tzinfo=UTC)  # Monday noon in Oregon, 3 pm in Maine
TODAY = date(2030, 3, 4)
SEED = 7


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker) -> Iterator[Loaded]:
    """The demo clinic at NOW with three weeks behind it; rolled back after the module."""
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        patch.setattr(demo, "DAYS_BACK", 21)
        yield load_demo(today=TODAY, seed=SEED, now=NOW)
        transaction.set_rollback(True)
