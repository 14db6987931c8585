"""STOP, START and what Twilio reports about a text."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from twilio.request_validator import RequestValidator

from clinic.clients.models import Consent, ConsentKind
from clinic.messaging import services
from clinic.messaging.models import Message, Suppression
from tests.factories import ClientFactory
from tests.messaging.scene import planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parcels", "twilio", "wall_clock")]
NUMBER = "+15035550142"
INCOMING, STATUS = "/messages/sms/", "/messages/sms/status/"


def post(path: str, **fields: str):
    """Post as Twilio does: signed, and without any cookie or token of ours."""
    return Browser(enforce_csrf_checks=True).post(
        path, fields, headers={"X-Twilio-Signature": signature(path, fields)}
    )


def signature(path: str, fields: dict[str, str], secret: str = "secret") -> str:
    address = f"https://book.lumen.example{path}"
    return RequestValidator(secret).compute_signature(address, fields)


def text_us(body: str, name: str = "SMa", **fields: str):
    answer = post(INCOMING, From=NUMBER, To="+15550100", Body=body, MessageSid=name, **fields)
    assert answer.status_code == 200
    return answer


def is_stopped() -> bool:
    return Suppression.objects.open().of(channel="sms", address=NUMBER).exists()


# STOP


@pytest.mark.parametrize(
    "body",
    [
        "STOP",
        "stop",
        " Stop. ",
        "STOP!!",
        "stopall",
        "Stop all",
        "QUIT",
        "end",
        "Revoke",
        "opt out",
        "OPT-OUT",
        "optout",
        "cancel",
        "Unsubscribe",
        "ＳＴＯＰ",
    ],
)
def test_a_stop_in_any_spelling_is_kept_to(body):
    text_us(body)
    assert is_stopped()


@pytest.mark.parametrize("body", ["", "Thanks!", "please stop by", "When do you end?", "😀"])
def test_what_is_no_stop_changes_nothing_and_is_not_answered(body):
    answer = text_us(body)
    assert answer["Content-Type"] == "text/xml"
    assert answer.content.endswith(b"<Response></Response>")
    assert not Suppression.objects.exists()
    assert not Message.objects.exists()


def test_a_stop_the_carrier_understood_needs_no_word_we_know():
    text_us("arrêtez", OptOutType="STOP")
    assert is_stopped()


def test_a_stop_takes_back_the_consent_of_everybody_with_that_number():
    family = [ClientFactory(phone=NUMBER), ClientFactory(phone="(503) 555-0142")]
    ClientFactory(phone="+15035550199")
    text_us("STOP")

    answers = Consent.objects.order_by("client", "kind")
    assert [(each.client, each.kind) for each in answers] == [
        (client, kind)
        for client in family
        for kind in (ConsentKind.MARKETING_SMS, ConsentKind.SERVICE_SMS)
    ]
    assert {(each.is_given, each.source) for each in answers} == {(False, "text message")}


def test_a_stop_is_answered_once_and_by_nothing_else(clock, twilio):
    for name in ("SMa", "SMa", "SMb"):  # repeated by the carrier, then by the client
        text_us("STOP", name)
    assert services.send_due_messages(clock=clock) == 1

    receipt = Message.objects.get()
    assert (receipt.code, receipt.status, receipt.sent_to) == ("M18", "sent", NUMBER)
    assert receipt.subject == f"texts:{Suppression.objects.get().pk}"
    assert receipt.due_at - clock() < timedelta(minutes=5)
    [answer] = twilio.posts
    assert "you+get+no+more+texts" in answer
    assert Consent.objects.count() == 0


def test_the_receipt_is_one_text_whatever_the_clinic_is_called(clock, twilio, settings):
    settings.CLINIC_NAME = "The Lumen Institute of Gentle Electricity and Very Long Names, Portland"
    text_us("STOP")
    assert services.send_due_messages(clock=clock) == 1


def test_a_receipt_that_is_five_minutes_late_is_not_sent(clock, twilio):
    text_us("STOP")
    clock.move(minutes=6)
    assert services.send_due_messages(clock=clock) == 0
    assert Message.objects.get().status == "dropped"


def test_texts_that_were_planned_are_dropped(clock, twilio, parcels):
    parcels.letters["parcel:1"] = {"to": NUMBER, "subject": "", "text": "Tomorrow.", "html": ""}
    waiting = planned(channel="sms")
    text_us("STOP")
    services.send_due_messages(clock=clock)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("dropped", "texts were stopped")
    assert len(twilio.posts) == 1  # the receipt


def test_a_stop_from_a_number_that_bounced_once_is_answered_too(clock):
    services.suppress(
        channel="sms",
        address=NUMBER,
        reason=Suppression.Reason.BOUNCED,
        source="twilio:SM0",
        now=clock(),
    )
    text_us("STOP")
    assert Suppression.objects.open().get().reason == "stopped"
    assert services.send_due_messages(clock=clock) == 1


# START


@pytest.mark.parametrize("body", ["START", "unstop", "Yes"])
def test_a_start_opens_the_number_and_gives_no_consent(body):
    ClientFactory(phone=NUMBER)
    text_us("STOP", "SMa")
    text_us(body, "SMb")
    assert not is_stopped()
    assert Suppression.objects.get().lifted_by == "twilio:SMb"
    assert set(Consent.objects.values_list("is_given", flat=True)) == {False}


def test_a_start_withdraws_the_receipt_of_a_stop(clock, twilio):
    text_us("STOP", "SMa")
    text_us("START", "SMb")
    assert services.send_due_messages(clock=clock) == 0
    assert twilio.posts == []


def test_an_echo_of_an_older_text_changes_nothing():
    text_us("STOP", "SMa")
    text_us("START", "SMb")
    text_us("STOP", "SMa")
    assert not is_stopped()
    text_us("STOP", "SMc")
    text_us("START", "SMb")
    assert is_stopped()


# The door


@pytest.mark.parametrize("path", [INCOMING, STATUS])
def test_what_twilio_did_not_sign_is_refused(path):
    fields = {"From": NUMBER, "Body": "STOP", "MessageSid": "SMa"}
    for header in ("", "guess", signature(path, fields, "another secret")):
        answer = Browser().post(path, fields, headers={"X-Twilio-Signature": header})
        assert answer.status_code == 403
    signed = signature(path, fields)
    answer = Browser().post(
        path, {**fields, "From": "+15035550199"}, headers={"X-Twilio-Signature": signed}
    )
    assert answer.status_code == 403
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("path", [INCOMING, STATUS])
def test_looking_changes_nothing(client, path):
    assert client.get(path).status_code == 405


@pytest.mark.parametrize("path", [INCOMING, STATUS])
def test_without_an_account_there_is_no_door(path, settings):
    settings.SMS_URL = ""
    assert post(path, From=NUMBER, Body="STOP", MessageSid="SMa").status_code == 404


def test_a_text_without_a_sender_is_not_understood():
    assert post(INCOMING, Body="STOP", MessageSid="SMa").status_code == 400


def test_the_log_names_nobody(caplog, clock):
    caplog.set_level("DEBUG", logger="clinic")
    text_us("STOP")
    text_us("START", "SMb")
    assert "Suppression" in caplog.text
    assert NUMBER not in caplog.text


# What became of a text


@pytest.fixture
def sent(clock, parcels) -> Message:
    parcels.letters["parcel:1"] = {"to": NUMBER, "subject": "", "text": "Tomorrow.", "html": ""}
    message = planned(channel="sms")
    assert services.send_due_messages(clock=clock) == 1
    return message


def status(state: str, error: str = "", name: str = "SM1") -> int:
    return post(STATUS, MessageSid=name, MessageStatus=state, ErrorCode=error).status_code


def test_a_text_that_arrived_says_so(sent):
    for state in ("sent", "delivered", "delivered"):
        assert status(state) == 204
    sent.refresh_from_db()
    assert (sent.status, sent.bounced_at) == ("sent", None)
    assert sent.delivered_at


@pytest.mark.parametrize(
    ("error", "reason"), [("30006", "bounced"), ("21610", "stopped"), ("30003", None)]
)
def test_a_text_that_did_not_arrive_failed(sent, parcels, error, reason):
    for _ in range(2):
        assert status("undelivered", error) == 204
    sent.refresh_from_db()
    assert sent.status == "failed"
    assert sent.bounced_at
    assert len(parcels.failures) == 1
    assert error in parcels.failures[0][1]
    assert [each.reason for each in Suppression.objects.all()] == ([reason] if reason else [])


def test_a_report_about_no_text_of_ours_is_taken_and_forgotten(sent):
    assert status("failed", "30006", name="SM9") == 204
    assert not Suppression.objects.exists()
