"""What the outbox promises when the world around it breaks: real workers, beats, brokers, mail.

Nothing is lost; a message goes twice only if the server took it and could not tell us, or its
worker was killed before our stamp, and then under the same Message-ID.
"""

import random
import subprocess
import sys
import time

import pytest

from clinic.messaging.models import Message
from tests.deep import rounds
from tests.faults.world import assert_all_went, left, plan_parcels
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 0.5  # seconds a change may wait for a broken broker, all in all
SLACK = 0.5  # seconds for a busy machine
THREADS = 2  # of a worker


def test_a_worker_killed_at_work_loses_nothing(start, post, record_testsuite_property):
    plan_parcels(count := rounds(120, 500))
    start("beat")
    kills = rounds(3, 10)
    for kill in range(kills):
        worker = start("worker", f"w{kill}", MESSAGE_LEASE="3")
        goal = count * (kill + 1) // (kills + 1)
        assert wait_until(lambda goal=goal: len(post.ids()) >= goal), worker.said()
        time.sleep(random.uniform(0, 0.05))  # wherever in a message it is then
        worker.kill()
    assert left() > 0  # it was killed at work, not after it

    worker = start("worker", "last")
    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(post, doubles=kills * THREADS)
    record_testsuite_property("sent twice", len(post.ids()) - len(set(post.ids())))


@pytest.mark.parametrize("workers", [2, 4])
def test_many_workers_and_two_beats_send_each_message_once(start, post, workers):
    plan_parcels(rounds(150, 500))
    for number in range(workers):
        start("worker", f"w{number}")
    for number in range(2):
        start("beat", f"b{number}")
    assert wait_until(lambda: left() == 0)
    assert_all_went(post)


@pytest.mark.parametrize("post", ["folder"], indirect=True)
def test_a_commit_rings_a_waiting_worker(env, start, post):
    worker = start("worker")  # and no beat
    slowest(env, count=1)
    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(post)


# The broker is away


def slowest(env: dict[str, str], *, count: int) -> tuple[float, float]:
    """Plan messages in another process, as a web server would.

    Returns the seconds that the slowest change took, and all of them together.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.parcels", str(count)],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    seconds = [float(line) for line in done.stdout.split()]
    assert len(seconds) == count, done.stderr
    return max(seconds), sum(seconds)


@pytest.mark.parametrize("env", ["redis"], indirect=True)
def test_a_frozen_redis_holds_nobody_up_and_loses_nothing(env, own_redis, start, post):
    start("beat")
    worker = start("worker")
    own_redis.freeze()
    slowest_one, in_all = slowest(env, count=10)
    assert slowest_one < PATIENCE + SLACK
    assert in_all < PATIENCE + 2 * SLACK  # the first one waits, and nobody after it
    own_redis.thaw()

    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(post)


@pytest.mark.parametrize("env", ["redis"], indirect=True)
def test_a_redis_that_goes_and_comes_back_loses_nothing(env, own_redis, start, post):
    beat, worker = start("beat"), start("worker")
    own_redis.stop()
    slowest_one, in_all = slowest(env, count=10)
    assert slowest_one < PATIENCE + SLACK
    assert in_all < PATIENCE + 2 * SLACK
    assert left() == 10
    own_redis.start()

    def all_left() -> bool:
        worker.revive()  # kombu may end a worker that has a ring in hand when its Redis goes
        return left() == 0

    assert wait_until(all_left), beat.said() + worker.said()
    assert_all_went(post)


@pytest.mark.parametrize("post", ["folder"], indirect=True)
def test_what_was_planned_while_no_worker_ran_leaves_when_one_does(env, start, post):
    slowest(env, count=10)
    start("beat")
    worker = start("worker")
    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(post)


# The mail server is away, slow, rude or out of its mind


def test_while_the_mail_server_is_away_all_waits_and_it_costs_no_message_a_try(start, post):
    post.stop()
    plan_parcels(20)
    start("beat")
    worker = start("worker")
    assert wait_until(lambda: worker.said().count("No email can leave") >= 2), worker.said()
    assert set(Message.objects.values_list("status", "attempts")) == {("planned", 0)}
    post.start()

    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(post)


def test_a_mail_server_that_opens_and_says_nothing_is_given_up_and_asked_again(start, post):
    post.freeze()
    plan_parcels(20)
    start("beat")
    worker = start("worker", EMAIL_TIMEOUT="2")
    assert wait_until(lambda: "No email can leave" in worker.said()), worker.said()
    assert set(Message.objects.values_list("status", "attempts")) == {("planned", 0)}
    post.thaw()

    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(post)


def test_a_mail_server_that_stalls_at_work_may_have_taken_what_it_had_in_hand(start, post):
    plan_parcels(count := rounds(60, 300))
    start("beat")
    worker = start("worker", EMAIL_TIMEOUT="2")
    stalls = rounds(1, 4)
    for stall in range(stalls):
        goal = count * (stall + 1) // (stalls + 1)
        assert wait_until(lambda goal=goal: len(post.ids()) >= goal), worker.said()
        waited = worker.said().count("waits after try")
        post.freeze()
        assert wait_until(lambda n=waited: worker.said().count("waits after try") > n)
        post.thaw()

    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(post, doubles=stalls * THREADS)


@pytest.mark.parametrize(("mood", "doubles"), [("451", 0), ("cut", 0), ("taken, then cut", 10)])
def test_what_the_server_did_not_say_it_took_is_tried_again(start, post, mood, doubles):
    post.be(*[mood] * 10)
    plan_parcels(30)
    start("beat")
    worker = start("worker")
    assert wait_until(lambda: left() == 0), worker.said()
    assert_all_went(post, doubles=doubles)
    assert len(post.ids()) == 30 + doubles  # each under the Message-ID it had before
    assert worker.said().count("waits after try") == 10


@pytest.mark.parametrize("mood", ["550", "554"])
def test_what_the_server_refuses_for_good_fails_once(start, post, mood):
    post.be(*[mood] * 10)
    plan_parcels(30)
    start("beat")
    worker = start("worker")
    assert wait_until(lambda: left() == 0), worker.said()

    failed = Message.objects.filter(status="failed")
    assert set(failed.values_list("attempts", "reason")) == {(1, "refused by the server")}
    assert failed.count() == worker.said().count("failed: refused") == 10
    assert len(post.ids()) == 20
    assert set(post.ids()) == set(
        Message.objects.filter(status="sent").values_list("message_id", flat=True)
    )
