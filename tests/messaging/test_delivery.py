"""What is due goes to a real mail server, waits, or fails and says so."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from clinic.messaging import registry, services
from clinic.messaging.models import Message
from tests.messaging.scene import NOW, planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parcels", "patience")]
MINUTE = timedelta(minutes=1)


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
