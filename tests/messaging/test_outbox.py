"""Planning, withdrawing, trying again: what becomes of a row before and after it is sent."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from clinic.messaging import doorbell, errors, services
from clinic.messaging.models import Message
from tests.messaging.scene import NOW, draft, planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parcels", "patience")]
MINUTE = timedelta(minutes=1)


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
