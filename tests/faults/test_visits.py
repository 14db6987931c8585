"""What clients of real visits are told while the world breaks, and what they are not told."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from booking import services
from booking.models import Booking
from booking.services.ledger import CLIENT
from clinic.messaging.models import Message, MessageQuerySet
from tests.booking.scenes import confirm, on
from tests.concurrency.racing import errors, race
from tests.factories import PolicyVersionFactory, Scene, open_clinic
from tests.faults.world import assert_as_recorded, clock_at, shown_by
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

NEW_YORK = ZoneInfo("America/New_York")
PATIENCE = 0.5  # seconds a change may wait for a broken broker, all in all
SLACK = 0.5  # seconds for a busy machine
THREADS = 2  # of a worker
AFTER_UNDO = "300"  # seconds by which a clock is ahead that shows a cancellation as final


def booked_at(scene: Scene, *times: datetime) -> list[Booking]:
    """First visits of as many people, booked long before."""
    first = Booking.objects.count()
    return [
        confirm(scene, starts_at, email=f"maya{first + number}@mail.example")
        for number, starts_at in enumerate(times)
    ]


def planned(code: str) -> MessageQuerySet:
    """What is still to go by e-mail."""
    return Message.objects.planned().filter(code=code, channel="email")


def told_by_hand(*codes: str) -> None:
    """Take messages out of the way of those a test is about."""
    now = datetime.now(UTC)
    rows = Message.objects.planned().filter(code__in=codes)
    rows.update(status="void", reason="told by hand", settled_at=now)


# Redis is away while visits are booked and cancelled


def book_and_cancel(env: dict[str, str], scene: Scene, *, count: int) -> list[dict[str, Any]]:
    """Book visits and cancel half of them in another process, as a web server would."""
    keys = (scene.location.pk, scene.option.pk, count)
    command = [sys.executable, "-m", "tests.faults.visits", *map(str, keys)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    visits = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(visits) == count, done.stderr
    return visits


def slowest(visits: list[dict[str, Any]]) -> float:
    """Return the seconds of the longest wait for a page."""
    return max(max(visit["seconds"]) for visit in visits)


@pytest.mark.parametrize("env", ["redis"], indirect=True)
@pytest.mark.parametrize("trouble", ["frozen", "gone"])
def test_visits_are_booked_and_cancelled_as_ever_without_redis(
    env, own_redis, start, post, trouble
):
    scene = open_clinic()
    worker, beat = start("worker", CLOCK_OFFSET=AFTER_UNDO), start("beat")
    visits = well = book_and_cancel(env, scene, count=12)
    own_redis.freeze() if trouble == "frozen" else own_redis.stop()
    visits = well + (broken := book_and_cancel(env, scene, count=12))
    own_redis.thaw() if trouble == "frozen" else own_redis.start()

    assert slowest(broken) < slowest(well) + PATIENCE + SLACK

    def all_told() -> bool:
        worker.revive()  # kombu may end a worker that has a ring in hand when its Redis goes
        return not (planned("M01") | planned("M09")).exists()

    assert wait_until(all_told), beat.said() + worker.said()
    people = {
        is_cancelled: sorted(
            Booking.objects.filter(
                pk__in=[v["booking"] for v in visits if v["is_cancelled"] is is_cancelled]
            ).values_list("client__email", flat=True)
        )
        for is_cancelled in (True, False)
    }
    assert post.went("M09") == people[True]
    assert [who for who in post.went("M01") if who in people[False]] == people[False]
    assert_as_recorded(post)


# A visit is cancelled


def sleep_until(moment: datetime, clock: str) -> None:
    """Do nothing until it is `moment` by a process' clock."""
    time.sleep(max(0.0, (moment - shown_by(clock)).total_seconds()))


def cancel_at(booking: Booking, clock: str) -> datetime:
    """Cancel a visit by a process' clock; return when that was done."""
    services.cancel(booking=booking, actor=CLIENT, now=shown_by(clock))
    return shown_by(clock)


def test_a_visit_cancelled_a_second_before_its_reminder_brings_none(start, post):
    scene = open_clinic(providers=2, rooms=2, consoles=2)
    for hour, ahead in ((9, 6), (11, 12), (13, 24), (15, 48)):
        cancelled, kept = booked_at(scene, on(scene, 15, hour), on(scene, 15, hour))
        told_by_hand("M01", "M03", "M04", "M09")
        due = Message.objects.get(subject=f"booking:{kept.pk}", code="M05", channel="email").due_at
        assert due == on(scene, 14, hour)
        clock = clock_at(due - timedelta(seconds=ahead))
        worker, beat = start("worker", CLOCK_OFFSET=clock), start("beat")
        sleep_until(due - timedelta(seconds=1), clock)
        if cancel_at(cancelled, clock) < due:
            break
        worker.kill()  # this machine was too slow to be in time: once more, further ahead
        beat.kill()

    assert wait_until(lambda: kept.client.email in post.went("M05")), worker.said()
    assert cancelled.client.email not in post.went("M05")
    assert_as_recorded(post)


def test_a_hundred_and_fifty_who_cancel_at_once_get_no_reminder_and_one_letter_each(start, post):
    scene = open_clinic(providers=9, rooms=9, consoles=18, minutes=15, buffer_minutes=0)
    halves = [on(scene, 15, hour, minute) for hour, minute in product(range(9, 18), (0, 30))]
    visits = booked_at(scene, *(halves * 9)[:150])
    clock = clock_at(on(scene, 14, 8, 50))  # no reminder of theirs is due; confirmations are
    workers = [start("worker", name, CLOCK_OFFSET=clock) for name in ("one", "two")]
    start("beat")
    assert wait_until(lambda: post.ids())

    in_a_row = 1 if connection.vendor == "postgresql" else 10  # SQLite's writers queue for long
    jobs = [
        lambda some=visits[n :: 150 // in_a_row]: [cancel_at(visit, clock) for visit in some]
        for n in range(150 // in_a_row)
    ]
    assert errors(race(jobs)) == {"won": len(jobs)}

    for worker in workers:
        worker.stop()
    clock = clock_at(on(scene, 14, 19))  # now all of them would be
    workers = [start("worker", name, CLOCK_OFFSET=clock) for name in ("three", "four")]
    assert wait_until(lambda: not planned("M09").exists()), workers[0].said()
    assert post.went("M09") == sorted(visit.client.email for visit in visits)
    assert not Message.objects.planned().filter(channel="email").exists()
    assert post.went("M04") == post.went("M05") == []
    assert_as_recorded(post)


def test_a_worker_looks_again_at_each_message_it_has_in_hand(start, post):
    scene = open_clinic(providers=2, rooms=2, consoles=2)
    visits = booked_at(scene, *(on(scene, 15, hour) for hour in range(9, 17)))
    told_by_hand("M01", "M03", "M04")
    clock = clock_at(on(scene, 14, 18))
    post.be("always slow")
    worker = start("worker", CLOCK_OFFSET=clock)
    start("beat")
    assert wait_until(lambda: post.ids()), worker.said()

    with transaction.atomic():
        for visit in visits:
            cancel_at(visit, clock)
    gone = len(post.ids())
    worker.stop()  # once it has done what it has in hand

    assert len(post.went("M05")) <= gone + THREADS < len(visits)
    assert_as_recorded(post)


# Nobody rang for six hours


def test_after_six_hours_without_beat_what_still_helps_goes_and_the_rest_says_why_not(start, post):
    PolicyVersionFactory(values={"morning_note_hours": 3})
    scene = open_clinic()
    tomorrow = booked_at(scene, on(scene, 15, 10), on(scene, 15, 12))  # due at 10 and 12 today
    (today,) = booked_at(scene, on(scene, 14, 14))  # its morning note at 11, of use until 13
    told_by_hand("M01", "M03", "M04")
    notes = Message.objects.filter(subject=f"booking:{today.pk}", code="M06")
    clock = clock_at(on(scene, 14, 15))
    worker = start("worker", CLOCK_OFFSET=clock)
    start("beat")

    assert wait_until(lambda: not (planned("M05") | notes.planned()).exists()), worker.said()
    assert post.went("M05") == sorted(visit.client.email for visit in tomorrow)
    note = notes.get()
    assert note.due_at == on(scene, 14, 11)
    assert (note.status, note.reason) == ("dropped", "too late to help")
    assert_as_recorded(post)


# The clock changes


@pytest.mark.parametrize(
    ("visit", "reminder", "preparation"),
    [
        # Clocks go forward at 2 am on the day of the visit: 23 hours lie between.
        ("2027-03-14T15:00-04:00", "2027-03-13T15:00-05:00", "2027-03-11T15:00-05:00"),
        # And back: 25 hours.
        ("2027-11-07T10:00-05:00", "2027-11-06T10:00-04:00", "2027-11-04T10:00-04:00"),
    ],
)
def test_the_day_before_at_the_same_hour_is_that_hour_on_the_wall(visit, reminder, preparation):
    starts_at = datetime.fromisoformat(visit).astimezone(UTC)
    scene = open_clinic("America/New_York")
    booking = confirm(scene, starts_at, now=starts_at - timedelta(days=20))

    due = dict(
        Message.objects.filter(subject=f"booking:{booking.pk}", channel="email").values_list(
            "code", "due_at"
        )
    )
    assert due["M05"] == datetime.fromisoformat(reminder)
    assert due["M04"] == datetime.fromisoformat(preparation)
    assert due["M05"].astimezone(NEW_YORK).hour == booking.starts_at.astimezone(NEW_YORK).hour
