"""Rules and texts, published and decided by several at one instant."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from clinic.places.errors import ChangedMeanwhile
from clinic.places.models import PolicyVersion
from clinic.places.policies import policy_for
from clinic.places.services import publish_policy
from tests.booking.scenes import NOW
from tests.concurrency.racing import laps, race
from tests.factories import (
    InstructionFactory,
    InstructionVersionFactory,
    LocationFactory,
    UserFactory,
)
from treatments.errors import CatalogueError
from treatments.models import InstructionVersion
from treatments.selectors.instructions import digest
from treatments.services import instructions

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = laps(2, 4)
publish = partial(partial, publish_policy, reason="Why", seen=0, now=NOW)


def told(job: Callable[[], object]) -> Callable[[], str]:
    """Do `job`; say whether it was done or why not, as the page would."""

    def do() -> str:
        try:
            job()
        except (ChangedMeanwhile, CatalogueError) as refusal:
            return type(refusal).__name__
        return "done"

    return do


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_two_who_publish_at_once_the_second_is_told(round_: int):
    LocationFactory()
    users = UserFactory.create_batch(2)
    rules = [{"hold_minutes": 7}, {"horizon_days": 30}]

    outcomes = race(
        [
            told(publish(user=user, location=None, changes=changes))
            for user, changes in zip(users, rules, strict=True)
        ]
    )

    assert sorted(each.value for each in outcomes) == ["ChangedMeanwhile", "done"]
    assert PolicyVersion.objects.count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_rules_that_only_contradict_each_other_together_are_never_both_in_force(round_: int):
    harbor = LocationFactory()
    user = UserFactory()
    jobs = [(None, {"price_at_least": 160}), (harbor, {"price_at_most": 150})]

    race([told(publish(user=user, location=place, changes=changes)) for place, changes in jobs])

    policy = policy_for(harbor, now=NOW)
    assert policy.price_at_least <= policy.price_at_most


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_text_that_is_approved_and_taken_back_at_once_is_one_of_the_two(round_: int):
    lead, admin = UserFactory.create_batch(2)
    version = InstructionVersionFactory(approved_by=None, handed_in_at=NOW)
    seen = digest(version)

    outcomes = race(
        [
            told(lambda: instructions.approve(user=lead, version=version, seen=seen, now=NOW)),
            told(lambda: instructions.take_back(user=admin, version=version, now=NOW)),
        ]
    )

    assert sorted(each.value for each in outcomes) == ["DraftWaits", "done"]
    version.refresh_from_db()
    assert bool(version.approved_at) == (outcomes[0].value == "done")


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_who_begin_a_draft_at_once_make_one(round_: int):
    text, users = InstructionFactory(), UserFactory.create_batch(2)

    outcomes = race(
        [
            told(
                partial(
                    instructions.write_draft,
                    user=user,
                    text=text,
                    lines=["Come as you are."],
                    steps=[],
                    short="",
                    note="",
                    seen="",
                    now=NOW,
                )
            )
            for user in users
        ]
    )

    assert sorted(each.value for each in outcomes) == ["NotAsRead", "done"]
    assert InstructionVersion.objects.filter(instruction=text).count() == 1
