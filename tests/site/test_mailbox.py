import pytest
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from clinic.messaging.channels import Sms
from clinic.messaging.letters import Letter
from clinic.messaging.mailbox import EmailBackend
from clinic.messaging.models import Message


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.DEBUG = True
    settings.MAILBOX = tmp_path / "mail"
    settings.TEXTS = tmp_path / "texts"
    return settings.MAILBOX


def send(subject: str = "You are booked") -> None:
    mail = EmailMultiAlternatives(
        subject, "See https://lumen.example/m/1", "a@x.example", ["b@x.example"]
    )
    mail.attach_alternative("<p style='color:red'>Hello <script>alert(1)</script></p>", "text/html")
    mail.attach("visit.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar")
    EmailBackend().send_messages([mail])


@pytest.mark.django_db
def test_the_newest_mail_comes_first(client, mailbox):
    send("The first")
    send("The second")
    page = client.get(reverse("site:mailbox")).content.decode()
    assert page.index("The second") < page.index("The first")


@pytest.mark.django_db
def test_an_empty_mailbox_says_what_fills_it(client, mailbox):
    assert "No mail yet" in client.get(reverse("site:mailbox")).content.decode()


@pytest.mark.django_db
def test_a_mail_shows_its_text_with_links_and_its_calendar_file(client, mailbox):
    send()
    [file] = mailbox.iterdir()
    page = client.get(reverse("site:mail", args=[file.name])).content.decode()
    assert '<a href="https://lumen.example/m/1"' in page
    assert "BEGIN:VCALENDAR" in page
    assert "alert(1)" not in page


@pytest.mark.django_db
def test_texts_stand_among_the_mail(client, mailbox, settings):
    send("The first")
    words = "Lumen: visit Thursday. Details: https://lumen.example/v/1"
    Sms().send(
        Message(message_id="<1@x.example>"), Letter(to="+15035550142", subject="", text=words)
    )
    send("The third")

    page = client.get(reverse("site:mailbox")).content.decode()
    assert page.index("The third") < page.index("Lumen: visit") < page.index("The first")
    [file] = settings.TEXTS.iterdir()
    text = client.get(reverse("site:mail", args=[file.name])).content.decode()
    assert "+15035550142" in text
    assert '<a href="https://lumen.example/v/1"' in text


@pytest.mark.django_db
def test_the_html_of_a_mail_can_run_and_load_nothing(client, mailbox):
    send()
    [file] = mailbox.iterdir()
    response = client.get(reverse("site:mail_html", args=[file.name]))
    rules = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in rules
    assert "sandbox" in rules
    assert "script-src" not in rules
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["../secret_key", "..%2Fsecret_key", "%2Fetc%2Fpasswd", "x.eml"])
def test_only_files_of_the_mailbox_are_shown(client, mailbox, name):
    send()
    (mailbox.parent / "secret_key").write_text("secret")
    assert client.get(f"/dev/mail/{name}/").status_code == 404
    assert client.get(f"/dev/mail/{name}/html/").status_code == 404


@pytest.mark.django_db
def test_outside_development_nobody_reads_mail(client, mailbox, settings):
    send()
    [file] = mailbox.iterdir()
    settings.DEBUG = False
    for path in ("/dev/mail/", f"/dev/mail/{file.name}/", f"/dev/mail/{file.name}/html/"):
        assert client.get(path).status_code == 404
