"""Any message looked at or tested by somebody who works here, who never acts as the client."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client as Browser

from booking import links
from booking.letters.desk import WRITERS
from booking.models import Booking, Status
from booking.permissions import Role
from booking.samples import SAMPLES, Sample, dead, sample_letter
from booking.services.samples import send_test
from clinic.clients.links import token_of
from clinic.messaging.models import Message
from clinic.messaging.services import send_due_messages
from tests.booking.scenes import NOW
from tests.factories import BookingFactory, InstructionVersionFactory, UserFactory

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s.slug}-{s.channel}")
ADDRESS = re.compile(r"https?://[^\s\"'<>]+")


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch):
    monkeypatch.setattr("clinic.messaging.doorbell._publish", lambda: None)


@pytest.fixture
def user(db):
    return UserFactory(email="dana@lumen.example", groups=[Role.FRONT_DESK])


@pytest.fixture
def booking(db) -> Booking:
    nonce, link_hash = links.new_link()
    booking = BookingFactory(link_nonce=nonce, link_hash=link_hash, starts_at=NOW + timedelta(2))
    booking.instruction_versions.add(
        InstructionVersionFactory(), InstructionVersionFactory(instruction__kind="aftercare")
    )
    return Booking.objects.with_facts().get(pk=booking.pk)


def token(booking: Booking) -> str:
    return links.manage_url(booking).rstrip("/").rpartition("/")[2]


def test_every_letter_that_can_be_written_has_a_sample():
    assert {(sample.code, sample.role, sample.channel) for sample in SAMPLES} >= set(WRITERS)
    assert {"M19", "M20"} <= {sample.code for sample in SAMPLES}
    names = [(sample.slug, sample.channel) for sample in SAMPLES]
    assert len(set(names)) == len(names)


@every_sample
@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.COMPLETED, Status.CANCELLED_CLIENT])
def test_any_message_is_shown_for_any_visit_without_a_link_that_works(
    sample, status, booking, user
):
    booking.status = status

    letter = sample_letter(sample, booking=booking, user=user, now=NOW)

    assert letter.text
    everything = f"{letter.subject}{letter.text}{letter.html}{letter.headers}"
    assert token(booking) not in everything
    assert token_of(booking.client) not in everything
    assert booking.client.email not in letter.headers.values()


def test_the_links_of_a_sample_lead_nowhere(booking, user):
    """Those to public pages may stay: they say nothing of anybody."""
    seen = set()
    for sample in SAMPLES:
        letter = sample_letter(sample, booking=booking, user=user, now=NOW)
        seen |= set(ADDRESS.findall(f"{letter.text} {letter.html}"))
    ours = {
        url.removeprefix(settings.SITE_URL) for url in seen if url.startswith(settings.SITE_URL)
    }
    private = {path for path in ours if "xx" in path}

    assert len(private) >= 5
    assert {Browser().get(path).status_code for path in private} <= {302, 404}


@pytest.mark.parametrize(
    ("written", "blotted"),
    [
        ("{}/visit/Ab-9_c/prepare/", "{}/visit/xx-xxx/prepare/"),
        ('<a href="{}/messages/12.aB9/">', '<a href="{}/messages/xx.xxx/">'),
        ("{}/?t=Ab9.", "{}/?x=xxx."),
        ("{}/abcdefghijklmnopqrstuv/", "{}/xxxxxxxxxxxxxxxxxxxxxx/"),
        ("{} and tel:+15035550142", "{} and tel:+15035550142"),
    ],
)
def test_tokens_are_blotted_out_at_the_same_length(written, blotted):
    url = settings.SITE_URL

    assert dead(written.format(url)) == blotted.format(url)


def outbox(now=NOW):  # type: ignore[no-untyped-def]
    send_due_messages(clock=lambda: now)
    return mail.outbox


def test_a_test_goes_by_the_outbox_to_whoever_asked_and_to_nobody_else(booking, user, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    sample = Sample("M01", "client", "email", "1")
    send_test(sample=sample, booking=booking, user=user, now=NOW)
    send_test(sample=sample, booking=booking, user=user, now=NOW + timedelta(seconds=1))

    first, _second = outbox(NOW + timedelta(seconds=1))

    assert first.recipients() == ["dana@lumen.example"]
    assert first.subject.startswith("[Test] You are booked")
    assert "text/calendar" not in first.message().as_string()
    assert "List-Unsubscribe" not in first.message()
    assert token(booking) not in first.message().as_string()
    message = Message.objects.earliest("pk")
    assert (message.status, message.sent_to) == ("sent", "dana@lumen.example")
    assert not Message.objects.about(f"booking:{booking.pk}").exists()


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.channel == "email"], ids=str)
def test_every_e_mail_can_be_tested(sample, booking, user, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    send_test(sample=sample, booking=booking, user=user, now=NOW)

    (letter,) = outbox()
    assert letter.recipients() == ["dana@lumen.example"]
    assert letter.subject.startswith("[Test] ")


def test_who_may_not_look_any_more_gets_no_test(booking, user):
    send_test(sample=SAMPLES[0], booking=booking, user=user, now=NOW)
    user.groups.clear()

    assert outbox() == []
    assert Message.objects.get().status == "dropped"
