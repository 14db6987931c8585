"""Who has claimed a message, for how long, and what happens when a worker is slow or ends."""

from datetime import timedelta
from uuid import uuid4

import pytest

from clinic.messaging import channels, registry, services
from clinic.messaging.models import Message
from clinic.messaging.services import delivery
from tests.messaging.scene import NOW, planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parcels", "patience")]
MINUTE = timedelta(minutes=1)


def test_a_message_that_somebody_has_is_not_taken_until_the_lease_runs_out():
    planned()
    [first] = services.claim(channel="email", now=NOW)
    assert services.claim(channel="email", now=NOW + 2 * MINUTE - timedelta(seconds=1)) == []

    [second] = services.claim(channel="email", now=NOW + 2 * MINUTE)
    assert second.pk == first.pk
    assert second.lease != first.lease
    assert second.message_id == first.message_id


def test_those_that_waited_longest_are_taken_together():
    for number in range(4):
        planned(number, due_at=NOW - number * MINUTE)
    batch = services.claim(channel="email", now=NOW, limit=3)
    assert [message.subject for message in batch] == ["parcel:3", "parcel:2", "parcel:1"]
    assert len({message.lease for message in batch}) == 1


def test_a_claim_is_two_queries_however_many_it_takes(django_assert_num_queries):
    for number in range(30):
        planned(number)
    with django_assert_num_queries(4):  # with its transaction's savepoint
        assert len(services.claim(channel="email", now=NOW)) == delivery.BATCH


def test_what_is_withdrawn_while_others_of_its_batch_are_sent_stays_at_home(sink, clock, parcels):
    for number in range(3):
        planned(number)
    render = parcels.render

    def slow(message, now):
        services.void(subject="parcel:2", reason="collected", now=now)
        return render(message, now)

    registry.owners["parcel"] = registry.Owner(parcels.holds, slow)
    assert services.send_due_messages(clock=clock) == 2
    assert [mail["Subject"] for mail in sink.mails] == ["About parcel:0", "About parcel:1"]


def test_what_another_worker_took_from_a_slow_batch_is_left_to_it(sink, clock, parcels):
    for number in range(3):
        planned(number)
    render = parcels.render

    def slow(message, now):
        clock.move(seconds=80)
        if message.subject == "parcel:1":  # the lease of the third has run out
            [taken] = services.claim(channel="email", now=clock())
            assert taken.subject == "parcel:2"
        return render(message, now)

    registry.owners["parcel"] = registry.Owner(parcels.holds, slow)
    assert services.send_due_messages(clock=clock) == 2
    assert [mail["Subject"] for mail in sink.mails] == ["About parcel:0", "About parcel:1"]
    assert Message.objects.planned().get().attempts == 0


def test_each_message_of_a_slow_batch_has_its_whole_lease(sink, clock, parcels):
    for number in range(3):
        planned(number)
    render = parcels.render

    def slow(message, now):
        clock.move(seconds=90)
        assert message.pk not in [each.pk for each in services.claim(channel="sms", now=clock())]
        assert not Message.objects.due(now=clock()).filter(pk=message.pk).exists()
        return render(message, now)

    registry.owners["parcel"] = registry.Owner(parcels.holds, slow)
    assert services.send_due_messages(clock=clock) == 3


def test_a_door_that_closes_in_the_middle_leaves_the_rest_as_it_was(sink, clock, settings, parcels):
    rows = [planned(number, due_at=NOW - number * MINUTE) for number in range(3)]
    sink.on_data = ["hang up"]
    render = parcels.render

    def last(message, now):
        settings.EMAIL_PORT = 9  # nobody there
        return render(message, now)

    registry.owners["parcel"] = registry.Owner(parcels.holds, last)
    assert services.send_due_messages(clock=clock) == 0
    left = [Message.objects.get(pk=row.pk) for row in rows]
    assert [(each.attempts, each.ready_at) for each in left[:2]] == [
        (0, NOW),
        (0, NOW - MINUTE),
    ]
    assert (left[2].attempts, left[2].status) == (1, "planned")


def test_a_worker_that_lost_its_lease_does_not_write_over_the_next(sink, clock, parcels, caplog):
    message = planned()
    render = parcels.render

    def slow(message, now):
        Message.objects.filter(pk=message.pk).update(lease=uuid4())  # meanwhile another took it
        return render(message, now)

    parcels.render = slow
    registry.owners["parcel"] = registry.Owner(parcels.holds, slow)
    services.send_due_messages(clock=clock)

    message.refresh_from_db()
    assert message.status == "planned"
    assert "after its lease had run out" in caplog.text


def test_what_was_withdrawn_after_it_left_is_on_record_as_sent(sink, clock, parcels):
    message = planned()
    render = parcels.render

    def overtaken(message, now):
        services.void(subject=message.subject, reason="collected", now=now)
        return render(message, now)

    registry.owners["parcel"] = registry.Owner(parcels.holds, overtaken)
    services.send_due_messages(clock=clock)

    message.refresh_from_db()
    assert (message.status, message.reason) == ("sent", "collected")


def test_a_message_that_ends_its_worker_every_time_is_left_alone(sink, clock, parcels):
    killer, neighbor = planned(1), planned(2)
    parcels.breaks[killer.subject] = KeyboardInterrupt()
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            services.send_due_messages(clock=clock)
        clock.move(minutes=2)
    services.send_due_messages(clock=clock)

    killer.refresh_from_db()
    neighbor.refresh_from_db()
    assert (killer.status, killer.reason) == ("failed", "its worker ended at every try")
    assert (neighbor.status, neighbor.attempts) == ("sent", 1)
    assert len(sink.mails) == 1


def test_each_message_is_three_queries_besides_its_owners(sink, clock, django_assert_num_queries):
    """Two looks, a batch (four with its savepoint), an empty batch (three), and three for each."""
    for number in range(10):
        planned(number)
    with django_assert_num_queries(2 + 4 + 3 + 10 * 3):
        assert services.send_due_messages(clock=clock) == 10


def test_a_look_at_an_empty_outbox_is_a_query_for_each_channel(clock, django_assert_num_queries):
    with django_assert_num_queries(len(channels.CHANNELS)):
        assert services.send_due_messages(clock=clock) == 0
