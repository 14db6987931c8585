"""Texts: through Twilio's client to a stand-in of its server, and as files."""

from datetime import timedelta
from email import message_from_bytes, policy
from urllib.parse import parse_qs

import pytest

from clinic.messaging import channels, services
from clinic.messaging.channels.sms import Account
from clinic.messaging.models import Message, Suppression
from tests.messaging.scene import NOW, planned

pytestmark = pytest.mark.django_db
NUMBER = "+15035550142"
TEXT = {"to": NUMBER, "subject": "", "text": "Lumen: visit Thursday 10:30 am.", "html": ""}


@pytest.fixture
def text(parcels) -> Message:
    """A text that is due."""
    parcels.letters["parcel:1"] = TEXT
    return planned(channel="sms")


def after(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def test_a_text_leaves_through_twilio_with_its_receipt(twilio, text, clock):
    assert services.send_due_messages(clock=clock) == 1

    [post] = twilio.posts
    assert parse_qs(post) == {
        "To": [NUMBER],
        "From": ["+15550100"],
        "Body": ["Lumen: visit Thursday 10:30 am."],
        "StatusCallback": ["https://book.lumen.example/messages/sms/status/"],
    }
    sent = after(text)
    assert (sent.status, sent.sent_to, sent.receipt) == ("sent", NUMBER, "SM1")


def test_a_site_that_twilio_cannot_call_asks_for_no_report(twilio, text, clock, settings):
    settings.SITE_URL = "http://localhost:8000"
    services.send_due_messages(clock=clock)
    assert "StatusCallback" not in twilio.posts[0]


def test_the_sender_may_be_a_messaging_service(twilio, text, clock, settings):
    settings.SMS_URL = settings.SMS_URL.replace("+15550100", "MG12")
    services.send_due_messages(clock=clock)
    assert parse_qs(twilio.posts[0])["MessagingServiceSid"] == ["MG12"]


def test_an_address_of_twilio_has_its_parts():
    account = Account.from_url("twilio://AC1:se%2Fcret@api.twilio.com/+15551234567")
    assert account == Account("AC1", "se/cret", "https://api.twilio.com", "+15551234567")


@pytest.mark.parametrize(
    ("status", "code"), [(429, 20429), (500, 20500), (503, 20503), (400, 21611)]
)
def test_a_busy_carrier_is_asked_again(twilio, text, clock, status, code):
    twilio.answers = [(status, {"code": code, "message": "later", "status": status})]
    assert services.send_due_messages(clock=clock) == 0
    waiting = after(text)
    assert (waiting.status, waiting.attempts) == ("planned", 1)
    assert waiting.ready_at > NOW

    clock.move(hours=1)
    assert services.send_due_messages(clock=clock) == 1


@pytest.mark.parametrize("code", [21211, 21614])
def test_a_number_that_takes_no_texts_is_not_tried_twice(twilio, text, clock, code):
    twilio.answers = [(400, {"code": code, "message": "not a mobile number", "status": 400})]
    services.send_due_messages(clock=clock)
    failed = after(text)
    assert (failed.status, failed.reason) == ("failed", "refused by the server")
    assert failed.last_error == f"400 {code} Unable to create record: not a mobile number"


def test_a_number_that_told_the_carrier_stop_gets_nothing_more(twilio, text, clock, parcels):
    twilio.answers = [(400, {"code": 21610, "message": "unsubscribed recipient", "status": 400})]
    services.send_due_messages(clock=clock)
    assert (after(text).status, after(text).reason) == ("dropped", "texts were stopped")
    [suppression] = Suppression.objects.open().of(channel="sms", address=NUMBER)
    assert suppression.reason == "stopped"
    assert parcels.failures == []


@pytest.mark.parametrize(("status", "code"), [(401, 20003), (400, 21606)])
def test_an_account_that_is_wrong_costs_no_text_a_try(twilio, text, clock, caplog, status, code):
    twilio.answers = [(status, {"code": code, "message": NUMBER, "status": status})] * 3
    for _ in range(3):
        assert services.send_due_messages(clock=clock) == 0
    waiting = after(text)
    assert (waiting.status, waiting.attempts, waiting.ready_at) == ("planned", 0, NOW)
    assert f"Twilio answers {status}, error {code}" in caplog.text
    assert NUMBER not in caplog.text
    assert services.send_due_messages(clock=clock) == 1


def test_a_carrier_that_cannot_be_reached_costs_no_text_a_try(twilio, text, clock, settings):
    settings.SMS_URL = "twilio+http://AC1:secret@127.0.0.1:9/+15550100"  # nobody there
    for _ in range(3):
        assert services.send_due_messages(clock=clock) == 0
    assert (after(text).status, after(text).attempts) == ("planned", 0)


def test_no_number_and_no_word_of_a_text_stands_in_the_log(twilio, text, clock, caplog):
    caplog.set_level("DEBUG", logger="clinic")
    services.send_due_messages(clock=clock)
    assert NUMBER not in caplog.text
    assert "Thursday" not in caplog.text


@pytest.mark.parametrize(("length", "status"), [(160, "sent"), (161, "failed")])
def test_a_text_of_more_than_160_characters_is_a_mistake_of_ours(
    twilio, text, clock, parcels, caplog, length, status
):
    parcels.letters["parcel:1"] = {**TEXT, "text": "x" * length}
    services.send_due_messages(clock=clock)
    assert after(text).status == status
    assert (f"Message {text.pk} has {length} characters" in caplog.text) == (status == "failed")
    assert len(twilio.posts) == (status == "sent")


def test_a_text_to_nobody_fails(twilio, text, clock, parcels):
    parcels.letters["parcel:1"] = {**TEXT, "to": ""}
    services.send_due_messages(clock=clock)
    assert (after(text).status, after(text).last_error) == ("failed", "no number")


def test_texts_and_mail_do_not_wait_for_each_other(twilio, text, sink, clock, settings):
    planned(2)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9  # nobody there
    assert services.send_due_messages(clock=clock) == 1
    settings.EMAIL_PORT = port
    assert services.send_due_messages(clock=clock) == 1


# Without a carrier


def test_without_a_carrier_each_text_is_a_file(text, clock, settings, tmp_path):
    settings.TEXTS = tmp_path / "texts"
    assert services.send_due_messages(clock=clock) == 1
    [file] = settings.TEXTS.iterdir()
    assert file.name == after(text).receipt
    written = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert written["To"] == NUMBER
    assert written["Message-ID"] == text.message_id
    assert written.get_content().strip() == TEXT["text"]


def test_in_production_a_file_is_no_way_out(text, clock, settings, tmp_path):
    settings.TEXTS, settings.HAS_SMS = tmp_path / "texts", False
    services.send_due_messages(clock=clock)
    assert (after(text).status, after(text).sent_at) == ("failed", None)
    assert "SMS_URL" in after(text).last_error
    assert not settings.TEXTS.exists()


# Suppressed addresses


@pytest.mark.parametrize(
    ("reason", "status", "says", "failures"),
    [
        ("bounced", "failed", "the address bounced", 1),
        ("complained", "failed", "our mail was reported as spam", 1),
        ("stopped", "dropped", "texts were stopped", 0),
    ],
)
def test_a_suppressed_address_gets_nothing(sink, clock, parcels, reason, status, says, failures):
    message = planned()
    services.suppress(
        channel="email", address=" Maya@Client.Example", reason=reason, source="test:1", now=NOW
    )
    assert services.send_due_messages(clock=clock) == 0
    assert (after(message).status, after(message).reason) == (status, says)
    assert len(parcels.failures) == failures
    assert sink.mails == []


def test_an_address_that_is_lifted_gets_mail_again(sink, clock, parcels):
    suppression, _ = services.suppress(
        channel="email",
        address="maya@client.example",
        reason=Suppression.Reason.BOUNCED,
        source="test:1",
        now=NOW,
    )
    assert services.lift(suppression=suppression, by="staff:7", now=NOW)
    assert not services.lift(suppression=suppression, by="staff:8", now=NOW)
    planned()
    assert services.send_due_messages(clock=clock) == 1
    suppression.refresh_from_db()
    assert (suppression.lifted_at, suppression.lifted_by) == (NOW, "staff:7")


def test_an_address_is_suppressed_once(clock):
    first, is_new = services.suppress(
        channel="sms",
        address="(503) 555-0142",
        reason=Suppression.Reason.STOPPED,
        source="twilio:SM1",
        now=NOW,
    )
    again, is_new_again = services.suppress(
        channel="sms",
        address=NUMBER,
        reason=Suppression.Reason.BOUNCED,
        source="twilio:SM2",
        now=NOW + timedelta(minutes=1),
    )
    assert (is_new, is_new_again, again) == (True, False, first)
    assert (again.reason, again.address) == ("stopped", NUMBER)


def test_another_channel_is_not_suppressed(sink, clock, text, settings, tmp_path):
    settings.TEXTS = tmp_path
    services.suppress(
        channel="email",
        address=NUMBER,
        reason=Suppression.Reason.BOUNCED,
        source="test:1",
        now=NOW,
    )
    assert services.send_due_messages(clock=clock) == 1


def test_every_channel_has_a_way_out():
    assert set(channels.CHANNELS) == set(Message.Channel.values)
