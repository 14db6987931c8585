"""E-mail through Django's mail framework: SMTP, a provider of anymail's, or files."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from types import TracebackType
from typing import Self

from anymail.exceptions import AnymailAPIError, AnymailError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from clinic.messaging.channels.base import Closed, Refused, TryLater
from clinic.messaging.channels.web import OUR_FAULT, is_temporary, never_connected
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message

FAILURES = (OSError, smtplib.SMTPException, AnymailError)
TOO_BIG = 552  # the size of a mail stands beside its sender (RFC 1870)


class Email:
    """E-mail through Django's mail framework, one connection for many letters."""

    connection: BaseEmailBackend | None = None

    def __enter__(self) -> Self:
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
            self.connection = self.connection or get_connection()
            self.connection.open()
        except ImproperlyConfigured as error:
            raise Closed(f"{type(error).__name__} in the settings of mail") from error
        except FAILURES as error:
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
        except FAILURES as error:
            self.hang_up()  # after an error the dialogue may be out of step
            if is_nobodys_fault(error):
                raise Closed(type(error).__name__) from error
            failure = Refused if is_permanent(error) else TryLater
            raise failure(described(error)) from error
        return receipt_of(mail)

    def hang_up(self) -> None:
        if self.connection:
            with suppress(*FAILURES):
                self.connection.close()
            self.connection = None


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


def receipt_of(mail: EmailMultiAlternatives) -> str:
    """Return what the provider, or our mailbox of files, calls a mail that went."""
    status = getattr(mail, "anymail_status", None)
    return (status.message_id if status else getattr(mail, "receipt", "")) or ""


def is_nobodys_fault(error: Exception) -> bool:
    """Whether the server was not reached, or does not take us for a sender: no mail would go."""
    if isinstance(error, smtplib.SMTPSenderRefused):
        return error.smtp_code != TOO_BIG
    if isinstance(error, AnymailAPIError):
        return error.status_code in OUR_FAULT or never_connected(error.__cause__)
    return False


def is_permanent(error: Exception) -> bool:
    """Whether trying again is useless: an answer of 5xx, by RFC 5321 section 4.2.1.

    With a provider it is the other way round: an HTTP status of 5xx is its own trouble.
    """
    if isinstance(error, AnymailAPIError):
        return not is_temporary(error.status_code)
    if isinstance(error, AnymailError):  # no such address, or a mail it cannot carry
        return True
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
    if isinstance(error, AnymailAPIError) and error.response is not None:
        return f"{error.status_code} {error.response.text}"
    return f"{type(error).__name__}: {error}"


def _words(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer
