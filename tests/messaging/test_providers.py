"""Mail by a provider's own interface, and what the provider reports afterwards."""

import json
from base64 import b64encode
from types import SimpleNamespace

import pytest
from anymail.signals import EventType

from clinic.messaging import services, webhooks
from clinic.messaging.models import Message, Suppression
from tests.messaging.scene import NOW, planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("parcels")]
TRACKING = "/messages/anymail/postmark/tracking/"
ADDRESS = "maya@client.example"


@pytest.fixture
def sent(postmark, clock) -> Message:
    """A mail that went through the provider."""
    message = planned()
    assert services.send_due_messages(clock=clock) == 1
    return after(message)


def after(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def report(client, event: dict, *, secret: str = "postmark:a-long-password", path: str = TRACKING):
    """Post what the provider would."""
    return client.post(
        path,
        json.dumps({"MessageID": "pm-1", **event}),
        content_type="application/json",
        headers={"Authorization": f"Basic {b64encode(secret.encode()).decode()}"},
    )


def hard_bounce(**differs) -> dict:
    return {"RecordType": "Bounce", "Type": "HardBounce", "ID": 7, "Email": ADDRESS, **differs}


# Sending


def test_a_mail_leaves_through_the_provider_with_its_receipt(postmark, sent):
    [post] = [json.loads(body) for body in postmark.posts]
    headers = {header["Name"]: header["Value"] for header in post["Headers"]}
    assert (post["To"], headers["Message-ID"]) == (ADDRESS, sent.message_id)
    assert (sent.status, sent.receipt) == ("sent", "pm-1")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_provider_is_asked_again(postmark, clock, status):
    message = planned()
    postmark.answers = [(status, {"Message": "later"})]
    assert services.send_due_messages(clock=clock) == 0
    assert (after(message).status, after(message).attempts) == ("planned", 1)
    clock.move(hours=1)
    assert services.send_due_messages(clock=clock) == 1


def test_a_mail_the_provider_cannot_carry_fails(postmark, clock):
    message = planned()
    postmark.answers = [(413, {"Message": "too large"})]
    services.send_due_messages(clock=clock)
    assert (after(message).status, after(message).reason) == ("failed", "refused by the server")
    assert "too large" in after(message).last_error


def test_an_address_the_provider_refuses_fails(postmark, clock):
    message = planned()
    says = f"Found inactive addresses: {ADDRESS}. Inactive recipients are ones that bounced."
    postmark.answers = [(422, {"ErrorCode": 406, "Message": says})]
    services.send_due_messages(clock=clock)
    assert after(message).status == "failed"


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_wrong_costs_no_mail_a_try(postmark, clock, caplog, status):
    rows = [planned(number) for number in range(3)]
    postmark.answers = [(status, {"Message": f"no such token for {ADDRESS}"})] * 2
    for _ in range(2):
        assert services.send_due_messages(clock=clock) == 0
    assert {after(row).attempts for row in rows} == {0}
    assert {after(row).ready_at for row in rows} == {NOW}
    assert ADDRESS not in caplog.text
    assert services.send_due_messages(clock=clock) == 3


def test_a_provider_that_cannot_be_reached_costs_no_mail_a_try(postmark, clock, settings):
    message = planned()
    settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_API_URL": "http://127.0.0.1:9/"}
    for _ in range(3):
        assert services.send_due_messages(clock=clock) == 0
    assert (after(message).status, after(message).attempts) == ("planned", 0)


def test_a_provider_without_a_key_lets_everything_wait(postmark, clock, settings, caplog):
    message = planned()
    settings.ANYMAIL = {}
    assert services.send_due_messages(clock=clock) == 0
    assert after(message).attempts == 0
    assert "all of it waits" in caplog.text


# Reports


def test_what_was_delivered_says_so(client, sent):
    answer = report(client, {"RecordType": "Delivery", "Recipient": ADDRESS})
    assert answer.status_code == 200
    assert after(sent).delivered_at
    assert after(sent).status == "sent"


def test_a_hard_bounce_ends_the_message_and_marks_the_address(client, sent, parcels, clock):
    for _ in range(2):  # providers repeat themselves
        assert report(client, hard_bounce()).status_code == 200

    bounced = after(sent)
    assert (bounced.status, bounced.reason) == ("failed", "the address bounced")
    assert bounced.bounced_at
    assert bounced.sent_at == NOW  # it did go
    assert parcels.failures == [("parcel:1", "the address bounced")]
    [suppression] = Suppression.objects.all()
    assert (suppression.address, suppression.reason) == (ADDRESS, "bounced")
    assert suppression.source == "Postmark:7"

    planned(2)
    assert services.send_due_messages(clock=clock) == 0


def test_a_bounced_message_goes_again_once_its_address_is_lifted(client, sent, clock):
    report(client, hard_bounce())
    services.lift(suppression=Suppression.objects.get(), by="staff:7", now=clock())
    services.retry(message=after(sent), by="staff:7", now=clock())
    assert services.send_due_messages(clock=clock) == 1
    again = after(sent)
    assert (again.status, again.bounced_at) == ("sent", None)
    assert again.message_id == sent.message_id


def test_a_full_mailbox_marks_nothing(client, sent, parcels):
    report(client, hard_bounce(Type="SoftBounce"))
    report(client, hard_bounce(Type="Transient"))
    assert after(sent).status == "sent"
    assert parcels.failures == []
    assert not Suppression.objects.exists()


def test_a_complaint_marks_the_address_and_leaves_the_message(client, sent, parcels):
    report(client, {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": ADDRESS})
    assert after(sent).status == "sent"
    assert parcels.failures == []
    assert Suppression.objects.get().reason == "complained"


def test_what_the_provider_held_back_failed(client, sent, parcels):
    report(client, hard_bounce(Type="DMARCPolicy"))
    assert (after(sent).status, after(sent).reason) == ("failed", "refused by the provider")
    assert len(parcels.failures) == 1
    assert not Suppression.objects.exists()


def test_a_mail_that_went_by_smtp_is_known_by_its_own_name(client, postmark, sink, clock):
    message = planned()
    services.send_due_messages(clock=clock)
    report(client, hard_bounce(MessageID=message.message_id))
    assert after(message).status == "failed"


def test_a_bounce_of_mail_nobody_remembers_still_marks_the_address(client, postmark):
    assert report(client, hard_bounce(MessageID="pm-0")).status_code == 200
    assert Suppression.objects.get().address == ADDRESS


@pytest.mark.parametrize(
    ("provider", "said", "is_hard"),
    [
        ("Amazon SES", {"bounce": {"bounceType": "Permanent"}}, True),
        ("Amazon SES", {"bounce": {"bounceType": "Transient"}}, False),
        ("Brevo", {"event": "hard_bounce"}, True),
        ("Brevo", {"event": "soft_bounce"}, False),
        ("MailerSend", {"type": "activity.hard_bounced"}, True),
        ("MailerSend", {"type": "activity.soft_bounced"}, False),
        ("Mailgun", {"event": "failed", "severity": "permanent"}, True),
        ("Mailjet", {"hard_bounce": True}, True),
        ("Mailjet", {"hard_bounce": False}, False),
        ("Resend", {"data": {"bounce": {"type": "Permanent"}}}, True),
        ("Resend", {"data": {"bounce": {"type": "Transient"}}}, False),
        ("Resend", {"data": {}}, False),
        ("SendGrid", {"event": "bounce", "type": "bounce"}, True),
        ("SendGrid", {"event": "bounce", "type": "blocked"}, False),
        ("SparkPost", {"msys": {"message_event": {"bounce_class": "10"}}}, True),
        ("SparkPost", {"msys": {"message_event": {"bounce_class": "22"}}}, False),
    ],
)
def test_each_provider_says_in_its_own_words_that_a_bounce_is_for_good(provider, said, is_hard):
    event = SimpleNamespace(
        event_type=EventType.BOUNCED,
        message_id="x",
        event_id="7",
        recipient=ADDRESS,
        reject_reason="bounced",
        esp_event=said,
    )
    webhooks.hear_of_mail(event=event, esp_name=provider)
    assert Suppression.objects.exists() == is_hard


# The door


def test_a_report_without_the_secret_is_refused(client, sent):
    assert report(client, hard_bounce(), secret="postmark:guess").status_code == 400
    assert after(sent).status == "sent"
    assert not Suppression.objects.exists()


def test_a_report_is_posted(client, postmark):
    assert client.get(TRACKING).status_code == 405


@pytest.mark.parametrize("path", [TRACKING.replace("postmark", "mailgun"), "/postmark/tracking/"])
def test_only_our_own_provider_has_a_door(client, postmark, path):
    assert report(client, hard_bounce(), path=path).status_code == 404


def test_without_a_secret_there_is_no_door(client, postmark, settings):
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "token"}
    assert report(client, hard_bounce()).status_code == 404
    settings.EMAIL_PROVIDER = ""
    assert report(client, hard_bounce()).status_code == 404
