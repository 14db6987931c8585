"""Planning, claiming, sending and giving up, through the services and a real mail server."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, transaction

from clinic.messaging import channels, doorbell, errors, registry, services
from clinic.messaging.models import Message
from clinic.messaging.services import delivery
from tests.messaging.scene import NOW, draft, planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parcels")]
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def patience(settings):
    settings.MESSAGE_LEASE = 2 * MINUTE
    settings.MESSAGE_BACKOFF = MINUTE
    settings.MESSAGE_ATTEMPTS = 3


# Planning


def test_a_message_planned_twice_is_one_row():
    first = planned()
    services.plan(messages=[draft(), draft(2), draft()], now=NOW + MINUTE)

    assert Message.objects.count() == 2
    again = Message.objects.get(key=first.key)
    assert (again.message_id, again.created_at) == (first.message_id, NOW)


def test_a_message_that_went_is_not_planned_again(sink, clock):
    planned()
    services.send_due_messages(clock=clock)
    services.plan(messages=[draft()], now=NOW)

    assert services.send_due_messages(clock=clock) == 0
    assert len(sink.mails) == 1


def test_a_higher_version_is_another_message():
    planned(version=1)
    planned(version=2)
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_plan_that_is_rolled_back_leaves_nothing_and_rings_nobody(rings):
    with transaction.atomic():
        services.plan(messages=[draft()], now=NOW)
        transaction.set_rollback(True)
    assert not Message.objects.exists()
    assert rings == []


def test_a_broken_row_is_refused_on_every_database():
    with pytest.raises(IntegrityError), transaction.atomic():
        services.plan(messages=[draft(due_at=None, useful_until=NOW)], now=NOW - MINUTE)


@pytest.mark.parametrize(
    "differs",
    [
        {"status": "sent", "settled_at": NOW, "sent_to": "maya@client.example"},
        {"status": "sent", "settled_at": NOW, "sent_at": NOW},
        {"status": "void", "settled_at": NOW},
        {"status": "failed", "reason": "refused"},
        {"status": "lost", "settled_at": NOW, "reason": "nobody knows"},
        {"settled_at": NOW},
    ],
)
def test_the_database_refuses_a_ledger_that_contradicts_itself(differs):
    message = planned()
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(**differs)


# Sending


def test_what_is_due_goes_and_leaves_its_proof(sink, clock):
    message = planned()
    planned(2, due_at=NOW + MINUTE)

    assert services.send_due_messages(clock=clock) == 1
    [mail] = sink.mails
    message.refresh_from_db()
    assert message.status == "sent"
    assert message.sent_at == message.settled_at == NOW
    assert message.sent_to == "maya@client.example"
    assert message.content_versions == ["P-STD:1"]
    assert len(message.content_hash) == 64
    assert mail["Message-ID"] == message.message_id
    assert Message.objects.planned().count() == 1


def test_the_words_are_not_kept(sink, clock):
    message = planned()
    services.send_due_messages(clock=clock)
    message.refresh_from_db()
    assert "parcel is here" not in str(vars(message))


def test_what_no_longer_holds_is_dropped_with_its_reason(sink, clock, parcels):
    message = planned()
    parcels.gone["parcel:1"] = "the parcel was collected"

    assert services.send_due_messages(clock=clock) == 0
    message.refresh_from_db()
    assert (message.status, message.reason) == ("dropped", "the parcel was collected")
    assert sink.mails == []


def test_what_comes_too_late_to_help_is_dropped(sink, clock):
    late, useful = planned(1, useful_until=NOW + MINUTE), planned(2, useful_until=NOW + 2 * MINUTE)
    clock.move(minutes=1)
    services.send_due_messages(clock=clock)

    late.refresh_from_db()
    useful.refresh_from_db()
    assert (late.status, late.reason) == ("dropped", services.TOO_LATE)
    assert useful.status == "sent"


def test_a_withdrawn_message_stays_at_home(sink, clock):
    gone, kept, other = planned(), planned(code="M04"), planned(2)
    assert services.void(subject="parcel:1", codes=["M01"], reason="collected", now=NOW) == 1
    services.send_due_messages(clock=clock)

    statuses = [Message.objects.get(pk=each.pk).status for each in (gone, kept, other)]
    assert statuses == ["void", "sent", "sent"]
    assert services.void(subject="parcel:1", reason="collected", now=NOW) == 0


def test_one_that_cannot_be_written_does_not_stop_the_others(sink, clock, parcels, caplog):
    broken = planned(1)
    planned(2)
    parcels.breaks["parcel:1"] = KeyError("name")

    assert services.send_due_messages(clock=clock) == 1
    broken.refresh_from_db()
    assert (broken.status, broken.reason) == ("failed", "could not be written")
    assert broken.last_error == "KeyError('name')"
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("letter", [{"to": "maya@client.example\nbcc: x"}, {"subject": "a\nb"}])
def test_a_letter_that_smuggles_a_header_fails(sink, clock, parcels, letter):
    message = planned()
    parcels.letters["parcel:1"] = letter
    services.send_due_messages(clock=clock)

    message.refresh_from_db()
    assert message.status == "failed"
    assert sink.mails == []


def test_a_message_without_an_owner_fails(sink, clock):
    message = planned(subject="letterbox:1")
    services.send_due_messages(clock=clock)
    message.refresh_from_db()
    assert message.status == "failed"


def test_a_failing_database_is_no_fault_of_the_message(sink, clock, parcels):
    message = planned()
    parcels.breaks["parcel:1"] = OperationalError("server closed the connection")
    with pytest.raises(OperationalError):
        services.send_due_messages(clock=clock)

    parcels.breaks.clear()
    clock.move(minutes=2)  # the lease runs out
    assert services.send_due_messages(clock=clock) == 1
    message.refresh_from_db()
    assert message.status == "sent"


# Not before


def test_what_should_wait_goes_at_the_moment_its_owner_named(sink, clock, parcels):
    message = planned()
    parcels.waits["parcel:1"] = NOW + 3 * MINUTE
    for _ in range(5):  # waiting is no try
        assert services.send_due_messages(clock=clock) == 0
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("planned", 0)
    assert (message.ready_at, message.due_at) == (NOW + 3 * MINUTE, NOW)

    clock.move(minutes=3)
    assert services.send_due_messages(clock=clock) == 1


@pytest.mark.parametrize(("useful", "status"), [(3, "dropped"), (4, "planned")])
def test_what_would_be_too_late_by_then_is_dropped_at_once(sink, clock, parcels, useful, status):
    message = planned(useful_until=NOW + useful * MINUTE)
    parcels.waits["parcel:1"] = NOW + 3 * MINUTE
    services.send_due_messages(clock=clock)

    message.refresh_from_db()
    assert message.status == status
    assert message.reason == (services.TOO_LATE if status == "dropped" else "")


# The owner learns of a failure


def test_the_owner_is_told_once_that_a_message_failed(sink, clock, parcels):
    planned(1)
    planned(2)
    sink.on_recipient = ["550 no such person"]
    services.send_due_messages(clock=clock)
    services.send_due_messages(clock=clock)
    assert parcels.failures == [("parcel:1", "refused by the server")]


def test_what_the_owner_writes_about_it_stands_or_falls_with_the_failure(sink, clock, parcels):
    message = planned()
    sink.on_recipient = ["550 no such person"]

    def lost(message, now):
        planned(2, due_at=NOW + MINUTE)
        raise OperationalError("server closed the connection")

    registry.owners["parcel"] = registry.Owner(parcels.holds, parcels.render, lost)
    with pytest.raises(OperationalError):
        services.send_due_messages(clock=clock)
    message.refresh_from_db()
    assert message.status == "planned"
    assert Message.objects.count() == 1


def test_an_owner_that_stumbles_over_a_failure_does_not_undo_it(sink, clock, parcels, caplog):
    message = planned()
    sink.on_recipient = ["550 no such person"]

    def stumble(message, now):
        planned(2)
        raise KeyError("visit")

    registry.owners["parcel"] = registry.Owner(parcels.holds, parcels.render, stumble)
    services.send_due_messages(clock=clock)
    message.refresh_from_db()
    assert message.status == "failed"
    assert Message.objects.count() == 1
    assert "Nobody was told" in caplog.text


def test_a_withdrawn_message_does_not_fail(sink, clock, parcels):
    message = planned()
    sink.on_recipient = ["550 no such person"]
    render = parcels.render

    def overtaken(message, now):
        services.void(subject=message.subject, reason="collected", now=now)
        return render(message, now)

    registry.owners["parcel"] = registry.Owner(parcels.holds, overtaken, parcels.failed)
    services.send_due_messages(clock=clock)
    message.refresh_from_db()
    assert message.status == "void"
    assert parcels.failures == []


# The server says no


def test_a_busy_server_is_asked_again_later_and_later(sink, clock):
    message = planned()
    sink.on_recipient = ["450 mailbox busy", "451 try again", "250 OK"]
    waits = []
    for _ in range(2):
        services.send_due_messages(clock=clock)
        message.refresh_from_db()
        assert message.status == "planned"
        waits.append(message.ready_at - clock())
        clock.now = message.ready_at
    services.send_due_messages(clock=clock)

    message.refresh_from_db()
    assert (message.status, message.attempts) == ("sent", 3)
    assert message.due_at == NOW  # the promise stays on record
    assert 0.75 * MINUTE <= waits[0] <= 1.25 * MINUTE
    assert 1.5 * MINUTE <= waits[1] <= 2.5 * MINUTE
    assert [mail["Message-ID"] for mail in sink.mails] == [message.message_id]


def test_a_server_that_stays_busy_is_left_alone_in_the_end(sink, clock):
    message = planned()
    sink.on_data = ["450 mailbox busy"] * 9
    for _ in range(5):
        services.send_due_messages(clock=clock)
        clock.move(hours=1)

    message.refresh_from_db()
    assert (message.status, message.reason) == ("failed", "gave up after 3 tries")
    assert "450 mailbox busy" in message.last_error
    assert len(sink.on_data) == 6


@pytest.mark.parametrize("moment", ["on_recipient", "on_data"])
def test_a_refusal_for_good_is_not_tried_twice(sink, clock, moment):
    refused, next_one = planned(1), planned(2)
    setattr(sink, moment, ["550 no such person"])

    assert services.send_due_messages(clock=clock) == 1
    refused.refresh_from_db()
    next_one.refresh_from_db()
    assert (refused.status, refused.reason) == ("failed", "refused by the server")
    assert "550 no such person" in refused.last_error
    assert next_one.status == "sent"


def test_a_letter_to_nobody_fails_alone_and_holds_nobody_up(sink, clock, parcels):
    lost, next_one = planned(1), planned(2)
    parcels.letters[lost.subject] = {"to": ""}

    assert services.send_due_messages(clock=clock) == 1

    lost.refresh_from_db()
    assert (lost.status, lost.last_error) == ("failed", "no address")
    assert [mail["subject"] for mail in sink.mails] == [f"About {next_one.subject}"]


def test_a_line_that_drops_in_the_middle_is_dialed_again(sink, clock):
    dropped, next_one = planned(1), planned(2)
    sink.on_data = ["hang up"]

    assert services.send_due_messages(clock=clock) == 1
    next_one.refresh_from_db()
    assert next_one.status == "sent"
    clock.move(minutes=2)
    assert services.send_due_messages(clock=clock) == 1
    dropped.refresh_from_db()
    assert (dropped.status, dropped.attempts) == ("sent", 2)


def test_while_the_server_is_away_no_message_loses_a_try(sink, clock, settings):
    message = planned()
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9  # nobody there
    for _ in range(5):
        assert services.send_due_messages(clock=clock) == 0
    message.refresh_from_db()
    assert (message.status, message.attempts, message.ready_at) == ("planned", 0, NOW)

    settings.EMAIL_PORT = port
    assert services.send_due_messages(clock=clock) == 1


@pytest.mark.parametrize("answer", ["550 not your domain", "451 too many mails this hour"])
def test_a_server_that_does_not_take_our_sender_costs_no_message_a_try(
    sink, clock, parcels, answer
):
    messages = [planned(1), planned(2)]
    sink.on_sender = [answer]

    assert services.send_due_messages(clock=clock) == 0
    for message in messages:
        message.refresh_from_db()
        assert (message.status, message.attempts, message.ready_at) == ("planned", 0, NOW)

    assert services.send_due_messages(clock=clock) == 2
    assert parcels.failures == []


def test_a_mail_too_big_for_the_server_fails_alone(sink, clock, parcels):
    big, next_one = planned(1), planned(2)
    sink.on_sender = ["552 message too big"]

    assert services.send_due_messages(clock=clock) == 1
    big.refresh_from_db()
    next_one.refresh_from_db()
    assert (big.status, next_one.status) == ("failed", "sent")


# Leases


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


def test_the_past_of_a_demo_is_on_record_and_never_goes(sink, clock):
    services.record_sent(messages=[draft(), draft(2)], sent_to="a@client.example", now=NOW)
    assert services.send_due_messages(clock=clock) == 0
    assert set(Message.objects.values_list("status", "sent_at")) == {("sent", NOW)}


# By hand


@pytest.fixture
def failed(sink, clock) -> Message:
    message = planned(useful_until=NOW + 60 * MINUTE)
    sink.on_recipient = ["550 no such person"]
    services.send_due_messages(clock=clock)
    message.refresh_from_db()
    assert message.status == "failed"
    return message


def test_a_failed_message_goes_again_under_the_same_name(sink, clock, failed):
    clock.move(minutes=30)
    services.retry(message=failed, by="staff:7", now=clock())
    assert services.send_due_messages(clock=clock) == 1

    again = Message.objects.get(pk=failed.pk)
    assert (again.status, again.reason, again.attempts) == ("sent", "", 1)
    assert [mail["Message-ID"] for mail in sink.mails] == [failed.message_id]


@pytest.mark.django_db(transaction=True)
def test_a_second_chance_rings(failed, rings):
    rings.clear()
    doorbell.answered()
    services.retry(message=failed, by="staff:7", now=NOW)
    assert rings


def test_a_second_chance_waits_for_the_first_good_moment(clock, failed, parcels):
    parcels.waits["parcel:1"] = NOW + 3 * MINUTE
    services.retry(message=failed, by="staff:7", now=NOW)
    assert services.send_due_messages(clock=clock) == 0
    clock.move(minutes=3)
    assert services.send_due_messages(clock=clock) == 1


def test_what_is_too_late_or_holds_no_more_is_not_tried_again(failed, parcels):
    with pytest.raises(errors.TooLate):
        services.retry(message=failed, by="staff:7", now=NOW + 60 * MINUTE)
    parcels.gone["parcel:1"] = "the parcel was collected"
    with pytest.raises(errors.NoLongerHolds, match="the parcel was collected"):
        services.retry(message=failed, by="staff:7", now=NOW)
    failed.refresh_from_db()
    assert failed.status == "failed"


def test_only_what_failed_is_tried_again_and_only_what_is_planned_is_withdrawn(sink, clock):
    message = planned()
    with pytest.raises(errors.NotFailed):
        services.retry(message=message, by="staff:7", now=NOW)
    services.void_one(message=message, reason="the client called", now=NOW)
    assert services.send_due_messages(clock=clock) == 0
    message.refresh_from_db()
    assert (message.status, message.reason) == ("void", "the client called")
    with pytest.raises(errors.NotPlanned):
        services.void_one(message=message, reason="again", now=NOW)
