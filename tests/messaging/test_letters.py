"""What a letter looks like on its way: words, invitation, files."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.urls import reverse

from booking.letters.parts import Button, Heading, Link, Part, Points, Row, Say, Table, Title
from clinic.messaging import channels, services
from clinic.messaging.letters import Attachment, Letter, Wording, render_letter, wrapped
from clinic.messaging.models import Message
from tests.messaging.scene import NOW, draft, planned

LINK = "https://lumen.example/visits/" + "x" * 70
INVITATION = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Lumen//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
    b"UID:1@lumen.example\r\nDTSTAMP:20270501T000000Z\r\nDTSTART:20270513T173000Z\r\n"
    b"SUMMARY:Appointment\\, Caf\xc3\xa9 Row\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def parts(name: str = "Maya") -> list[Part]:
    return [
        Say(f"Hello {name}, this is a letter."),
        Title(("Thursday, May 14", "at 10:30 am")),
        Table([Row("Where", ["Alder Street", "214 Alder Street, Suite 2"]), Row("With", ["Ana"])]),
        Button("See your appointment", LINK),
        Heading("Before you come"),
        Points(["Set scrubs and acids aside. " * 5, "Come with a bare face."]),
        Say("Anything new? Call us:", Link("503-555-0142", "tel:5035550142")),
        Say("Need another time?", Link("Change it", LINK)),
    ]


def written(**differs: object) -> Wording:
    context = {"subject": "A letter", "preview": "In short.", "parts": parts(), "why": "Because."}
    return render_letter("email/letter", context | differs)


# Words


def test_every_part_is_said_in_both_forms():
    for words in written()[1:]:
        for fact in ["Maya", "214 Alder Street, Suite 2", "Ana", LINK, "bare face", "503-555-0142"]:
            assert fact in words
        assert "Because." in words


def test_plain_text_has_the_shape_of_the_letter():
    lines = written().text.splitlines()
    assert lines[:7] == [
        "Hello Maya, this is a letter.",
        "",
        "THURSDAY, MAY 14 AT 10:30 AM",
        "",
        "Where  Alder Street",
        "       214 Alder Street, Suite 2",
        "With   Ana",
    ]
    assert lines[lines.index("BEFORE YOU COME") + 1].startswith("- Set scrubs")
    assert "Anything new? Call us: 503-555-0142" in lines
    assert lines[lines.index("Need another time? Change it:") + 1] == LINK
    assert "\n\n\n" not in written().text


def test_names_are_escaped_in_html_and_left_alone_in_text():
    wording = written(parts=parts("Maya <3 & Co"))
    assert "Hello Maya <3 & Co, this is a letter." in wording.text
    assert "Hello Maya &lt;3 &amp; Co, this is a letter." in wording.html


def test_text_keeps_to_72_columns_and_links_to_their_own_line():
    lines = written().text.splitlines()
    assert LINK in lines
    assert max(len(line) for line in lines if line != LINK) <= 72


def test_html_carries_its_styles_itself_and_its_dark_colors_in_one_block():
    html = written().html
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
    row = wrapped(f"Where              {words}\n                   {words}").splitlines()
    assert all(line.startswith(" " * 19 + "word") for line in row[1:])


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
