"""How the outbox stands: what is due, late, failed, and in numbers."""

from datetime import timedelta

import pytest

from clinic.messaging import selectors, services
from clinic.messaging.models import Message
from tests.messaging.scene import NOW, draft, planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parcels")]
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def patience(settings):
    settings.MESSAGE_ALARM = 5 * MINUTE
    settings.MESSAGE_LEASE = 2 * MINUTE
    settings.MESSAGE_BACKOFF = MINUTE


def subjects(messages) -> list[str]:
    return [message.subject for message in messages]


def test_what_should_have_gone_is_due_the_longest_overdue_first():
    planned(1)
    planned(2, due_at=NOW - MINUTE)
    planned(3, due_at=NOW + MINUTE)
    assert subjects(selectors.due(now=NOW)) == ["parcel:2", "parcel:1"]


def test_what_nobody_takes_for_five_minutes_is_late():
    planned()
    assert not selectors.late(now=NOW + 5 * MINUTE - timedelta(seconds=1))
    assert subjects(selectors.late(now=NOW + 5 * MINUTE)) == ["parcel:1"]


def test_what_a_worker_has_is_not_late(clock):
    planned()
    clock.move(minutes=10)
    services.claim(channel="email", now=clock())
    assert not selectors.late(now=clock())
    clock.move(minutes=7)  # the worker ended, and its lease five minutes ago
    assert selectors.late(now=clock())


def test_what_waits_for_its_first_good_moment_is_not_late(sink, clock, parcels):
    planned()
    parcels.waits["parcel:1"] = NOW + 60 * MINUTE
    services.send_due_messages(clock=clock)
    clock.move(minutes=60)
    assert not selectors.late(now=clock())
    assert selectors.gauges(now=clock()).oldest_due_seconds == 0


def test_what_is_tried_in_vain_is_late_since_it_was_due(sink, clock):
    message = planned()
    sink.on_recipient = ["450 busy"] * 9
    for _ in range(4):  # after about 1, 2, 4 and 8 minutes
        services.send_due_messages(clock=clock)
        message.refresh_from_db()
        clock.now = message.ready_at
    clock.move(seconds=-1)
    assert selectors.late(now=clock())
    gauges = selectors.gauges(now=clock())
    assert gauges.oldest_due_seconds == (clock() - NOW).total_seconds()
    assert gauges.retrying == 1


def test_what_failed_last_comes_first(sink, clock):
    for number in (1, 2):
        planned(number)
        sink.on_recipient = ["550 no such person"]
        services.send_due_messages(clock=clock)
        clock.move(minutes=1)
    assert subjects(selectors.failed()) == ["parcel:2", "parcel:1"]


def test_codes_are_counted_by_channel_and_status(sink, clock, django_assert_num_queries):
    planned(1)
    services.send_due_messages(clock=clock)
    planned(2)
    planned(3, code="M04", channel="sms")
    services.void(subject="parcel:3", reason="collected", now=NOW)
    with django_assert_num_queries(1):
        counts = selectors.counts_by_code()
    assert counts == [("M01", "email", 1, 1, 0, 0, 0), ("M04", "sms", 0, 0, 1, 0, 0)]
    assert selectors.counts_by_code(since=NOW + MINUTE) == []


def test_an_empty_outbox_reads_zero():
    assert set(selectors.gauges(now=NOW)) == {0}


def test_gauges_count_what_waits_went_and_failed(sink, clock, django_assert_num_queries):
    planned(1)
    planned(2)
    sink.on_recipient = ["550 no such person"]
    services.send_due_messages(clock=clock)
    services.plan(messages=[draft(number) for number in range(3, 6)], now=NOW)
    planned(6, due_at=NOW + 60 * MINUTE)

    with django_assert_num_queries(5):
        gauges = selectors.gauges(now=NOW + timedelta(seconds=59))
    assert gauges == selectors.Gauges(
        oldest_due_seconds=59,
        planned_due=3,
        late=0,
        retrying=0,
        sent_last_minute=1,
        failed_last_day=1,
        suppressed=0,
    )
    later = selectors.gauges(now=NOW + timedelta(days=1))
    assert (later.sent_last_minute, later.failed_last_day, later.late) == (0, 0, 4)


def test_what_left_for_an_address_is_found_by_when_it_left(sink, clock):
    planned(1)
    services.send_due_messages(clock=clock)
    to_maya = Message.objects.sent_to("maya@client.example", since=NOW)
    assert to_maya.count() == 1
    assert not Message.objects.sent_to("maya@client.example", since=NOW + MINUTE).exists()
    assert not Message.objects.sent_to("ana@client.example", since=NOW).exists()
