"""What a letter looks like on its way: words, invitation, files."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.urls import reverse

from clinic.messaging import channels, services
from clinic.messaging.letters import Attachment, Letter, render_letter, wrapped
from clinic.messaging.models import Message
from tests.messaging.scene import NOW, draft, planned

TEN_THIRTY = datetime(2027, 5, 13, 17, 30, tzinfo=UTC)  # on the wall in Portland, Oregon
LINK = "https://lumen.example/visits/" + "x" * 70
INVITATION = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Lumen//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
    b"UID:1@lumen.example\r\nDTSTAMP:20270501T000000Z\r\nDTSTART:20270513T173000Z\r\n"
    b"SUMMARY:Appointment\\, Caf\xc3\xa9 Row\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture
def visit():
    return {
        "starts_at": TEN_THIRTY,
        "ends_at": TEN_THIRTY + timedelta(minutes=70),
        "zone_name": "America/Los_Angeles",
        "client_first_name": "Maya <3",
        "provider_first_name": "Mara",
        "location_name": "Alder Street",
        "location_address": "214 Alder Street, Suite 2\nPortland, OR 97205",
    }


@pytest.fixture
def told(visit):
    return {
        "visit": visit,
        "lines": [
            ("Classic Face Tone, 60 min", Decimal(170)),
            ("Gua sha finish, 10 min", Decimal(30)),
        ],
        "total": Decimal(200),
        "policy": ["Change or cancel free until Wednesday, May 12, 10:30 am."],
        "prep": ["Set scrubs and acids aside. " * 5, "Come with a bare face."],
        "calendar": "The calendar file is attached.",
        "manage_url": LINK,
    }


# The confirmation


def test_the_confirmation_says_when_where_with_whom_and_for_how_much(told):
    for words in render_letter("email/confirmation", told)[1:]:
        words = words.replace("&nbsp;", " ")
        for fact in [
            "10:30 to 11:40 am, Pacific Time",
            "Classic Face Tone, 60 min, $170",
            "Mara",
            "214 Alder Street, Suite 2",
            "$200",
            LINK,
            "Come with a bare face.",
            "free until Wednesday",
            "The calendar file is attached.",
            "It holds no advertising.",
        ]:
            assert fact in words


def test_the_subject_is_neutral_and_plain(told):
    subject = render_letter("email/confirmation", told).subject
    assert subject == "You are booked: Thursday, May 13, 2027 at 10:30 am"


def test_names_are_escaped_in_html_and_left_alone_in_text(told):
    wording = render_letter("email/confirmation", told)
    assert "Hello Maya <3, you are booked." in wording.text
    assert "Hello Maya &lt;3, you are booked." in wording.html


def test_both_zones_are_named_where_they_differ(told, visit):
    visit["client_zone_name"] = "Asia/Kathmandu"
    for words in render_letter("email/confirmation", told)[1:]:
        words = " ".join(words.replace("&nbsp;", " ").split())
        assert "Thursday, May 13, 2027, 11:15 pm where you are (Nepal Time)" in words


def test_what_is_not_known_is_left_out(visit):
    bare = {name: visit[name] for name in ("starts_at", "ends_at", "zone_name")}
    wording = render_letter("email/confirmation", {"visit": bare, "manage_url": LINK})
    for label in ["With", "Where", "Pay at the clinic", "Before you come", "None"]:
        assert label not in wording.text
    assert "\n\n\n" not in wording.text


def test_text_keeps_to_72_columns_and_links_to_their_own_line(told):
    lines = render_letter("email/confirmation", told).text.splitlines()
    assert LINK in lines
    assert max(len(line) for line in lines if line != LINK) <= 72


def test_html_carries_its_styles_itself_and_its_dark_colors_in_one_block(told):
    html = render_letter("email/confirmation", told).html
    assert html.count("<style>") == 1
    assert "prefers-color-scheme: dark" in html
    assert ".card { width" not in html
    assert 'class="pad foot ink2" style="' in html
    assert "<img" not in html
    assert "<link" not in html


def test_later_lines_hang_under_the_first():
    words = "word " * 20
    bullet = wrapped(f"- {words}").splitlines()
    assert bullet[1].startswith("  word")
    row = wrapped(f"Where              {words}").splitlines()
    assert row[1].startswith(" " * 19 + "word")


# On its way


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.EMAIL_BACKEND = "clinic.messaging.mailbox.EmailBackend"
    settings.MAILBOX = tmp_path / "mail"
    return settings.MAILBOX


def opened(path: Path) -> EmailMessage:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def invitation(**differs) -> Letter:
    fields = {
        "to": "maya@client.example",
        "subject": "You are booked",
        "text": "Come.",
        "html": "<p>Come.</p>",
        "attachments": (Attachment("invite.ics", INVITATION, "text/calendar; method=REQUEST"),),
    }
    return Letter(**fields | differs)


@pytest.mark.django_db
def test_an_invitation_is_seen_by_every_kind_of_calendar():
    mail = channels.written(planned(), invitation()).message()
    mail = message_from_bytes(mail.as_bytes(linesep="\r\n"), policy=policy.default)

    assert mail.get_content_type() == "multipart/mixed"
    alternative, attached = mail.iter_parts()
    assert [part.get_content_type() for part in alternative.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    calendar = list(alternative.iter_parts())[-1]
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    assert calendar["Content-Type"].params["charset"] == "utf-8"
    assert calendar.get_content().encode().replace(b"\r\n", b"\n") == INVITATION.replace(
        b"\r\n", b"\n"
    )
    assert (attached.get_content_type(), attached.get_filename()) == (
        "application/ics",
        "invite.ics",
    )
    assert attached.get_payload(decode=True) == INVITATION


@pytest.mark.django_db
def test_headers_are_stable_and_say_a_machine_wrote_it():
    message = planned()
    letter = invitation(headers={"List-Unsubscribe": "<https://lumen.example/off>"})
    mails = [channels.written(message, letter) for _ in range(2)]
    for mail in mails:
        headers = mail.message()
        assert headers["Message-ID"] == message.message_id
        assert headers["Auto-Submitted"] == "auto-generated"
        assert headers["List-Unsubscribe"] == "<https://lumen.example/off>"
    assert message.message_id.endswith("@lumen.example>")


def test_the_fingerprint_changes_with_every_word_and_file():
    prints = {
        invitation().fingerprint,
        invitation(text="Come!").fingerprint,
        invitation(html="").fingerprint,
        invitation(attachments=()).fingerprint,
        invitation(subject="You are booke", text="dCome.").fingerprint,
    }
    assert len(prints) == 5


@pytest.mark.django_db
def test_without_a_mail_server_each_mail_is_a_file(mailbox, parcels, clock):
    services.plan(messages=[draft(number) for number in range(3)], now=NOW)
    assert services.send_due_messages(clock=clock) == 3

    files = sorted(mailbox.iterdir())
    assert [file.suffix for file in files] == [".eml"] * 3
    rows = Message.objects.order_by("pk")
    assert [file.name for file in files] == [row.receipt for row in rows]
    assert [opened(file)["Message-ID"] for file in files] == [row.message_id for row in rows]
    assert opened(files[0])["Subject"] == "About parcel:0"


# The admin


@pytest.mark.django_db
def test_the_ledger_can_be_read_and_not_written(admin_client, django_assert_max_num_queries):
    for number in range(20):
        message = planned(number)
    with django_assert_max_num_queries(12):
        page = admin_client.get(
            reverse("admin:messaging_message_changelist"), {"q": "parcel:7", "status": "planned"}
        )
    assert page.context["cl"].result_count == 1
    url = reverse("admin:messaging_message_change", args=[message.pk])
    assert admin_client.get(url).status_code == 200
    assert admin_client.post(url, {"status": "void"}).status_code == 403
