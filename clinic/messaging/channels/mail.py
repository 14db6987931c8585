"""E-mail through Django's mail framework: SMTP, a provider of anymail's, or files."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from clinic.messaging.channels.base import Closed, Refused, TryLater
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message


class Email:
    """E-mail through Django's mail framework, one connection for many letters."""

    def __enter__(self) -> Self:
        self.connection = get_connection()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hang_up()

    def open(self) -> None:
        """Be connected; a refusal at the door (or of our password) is Closed."""
        try:
            self.connection.open()
        except (OSError, smtplib.SMTPException) as error:
            self.hang_up()
            raise Closed(described(error)) from error

    def send(self, message: Message, letter: Letter) -> str:
        """Hand one letter to the server and return what it calls it, if it says."""
        mail = written(message, letter)
        mail.connection = self.connection
        if not mail.recipients():  # Django would send nothing and call it done
            raise Refused("no address")
        try:
            mail.send()
        except (OSError, smtplib.SMTPException) as error:
            self.hang_up()  # after an error the dialogue may be out of step
            failure = Refused if is_permanent(error) else TryLater
            raise failure(described(error)) from error
        return getattr(mail, "receipt", "")

    def hang_up(self) -> None:
        with suppress(OSError, smtplib.SMTPException):
            self.connection.close()


def written(message: Message, letter: Letter) -> EmailMultiAlternatives:
    """Return the mail: plain text, HTML, and a calendar file the way invitations are recognized.

    Gmail and Outlook read an invitation from the alternative `text/calendar; method=...`, Apple
    and the rest from the attached file, so it goes as both, as the big calendars send theirs.
    """
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to],
        headers={
            **letter.headers,
            "Message-ID": message.message_id,
            "Auto-Submitted": "auto-generated",
        },
    )
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    for name, content, mimetype in letter.attachments:
        if mimetype.startswith("text/calendar"):
            mail.attach_alternative(content.decode(), mimetype)
            mail.attach(name, content, "application/ics")
        else:
            mail.attach(name, content, mimetype)
    return mail


def is_permanent(error: Exception) -> bool:
    """Whether trying again is useless: an answer of 5xx, by RFC 5321 section 4.2.1."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code >= 500
    return isinstance(error, smtplib.SMTPNotSupportedError)


def described(error: Exception) -> str:
    """Return what went wrong, with the server's own words where it said any."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {_words(text)}" for code, text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_words(error.smtp_error)}"
    return f"{type(error).__name__}: {error}"


def _words(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer
