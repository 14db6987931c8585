"""Book, hold, move, cancel, undo, treat, be away, wait and write letters, in any order."""

from functools import partial

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from booking.services import ledger
from clinic.messaging import channels
from tests.deep import rounds
from tests.model.desk import Desk
from tests.model.house import open_house
from tests.model.truth import Post

DEEP_RUNS = {"sqlite": 500, "postgresql": 100}
STEPS = 40


@pytest.mark.django_db
def test_whatever_happens_the_diary_prices_and_letters_agree(monkeypatch):
    post = Post()
    monkeypatch.setattr(channels, "CHANNELS", dict.fromkeys(channels.CHANNELS, post))
    monkeypatch.setattr(ledger.logger, "exception", pytest.fail)  # the net below the lock held
    house = open_house()

    run_state_machine_as_test(
        partial(Desk, house, post),
        settings=settings(
            max_examples=rounds(50, DEEP_RUNS[connection.vendor]),
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )
