"""Book, hold, move, cancel, undo, treat, be away, wait and write letters, in any order."""

import os
from functools import partial

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import run_state_machine_as_test

from booking.services import ledger
from clinic.messaging import channels
from tests.deep import rounds
from tests.model.desk import Desk
from tests.model.house import open_house
from tests.model.truth import Post

DEEP_RUNS = {"sqlite": 500, "postgresql": 100}
CI_RUNS = {"sqlite": 200, "postgresql": 50}  # new ones each time; all of CI has twenty minutes
STEPS = 40
SHRINKING = 60  # seconds for finding fewer steps that lead there


@pytest.mark.django_db
def test_whatever_happens_the_diary_prices_and_letters_agree(monkeypatch):
    post = Post()
    monkeypatch.setattr(channels, "CHANNELS", dict.fromkeys(channels.CHANNELS, post))
    monkeypatch.setattr(ledger.logger, "exception", pytest.fail)  # the net below the lock held
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", SHRINKING)
    house = open_house()
    deep = CI_RUNS if os.environ.get("CI") else DEEP_RUNS

    try:
        run_state_machine_as_test(
            partial(Desk, house, post),
            settings=settings(
                max_examples=rounds(50, deep[connection.vendor]),
                stateful_step_count=STEPS,
                phases=set(Phase) - {Phase.explain},  # which traces every line, and takes minutes
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    except BaseException as error:
        error.add_note(f"\nAfter these steps: {error}")  # where a long log ends
        raise
