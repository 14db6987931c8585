"""Texts: through Twilio, or as files on a machine that has no carrier."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

import requests
from django.conf import settings
from django.urls import reverse
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from clinic.messaging.channels.base import Closed, Refused, Stopped, TryLater
from clinic.messaging.channels.web import OUR_FAULT, is_temporary, never_connected
from clinic.messaging.letters import Letter
from clinic.messaging.mailbox import put
from clinic.messaging.models import Message
from clinic.web import clock

logger = logging.getLogger(__name__)

LONGEST = 160  # characters of one text
TIMEOUT = 10  # seconds

# https://www.twilio.com/docs/api/errors
RECIPIENT_STOPPED = 21610
QUEUE_IS_FULL = 21611
OUR_NUMBER_IS_WRONG = {21212, 21603, 21606, 21659}


@dataclass(frozen=True)
class Account:
    """Where texts leave: the parts of SMS_URL, twilio://SID:TOKEN@api.twilio.com/+15551234567.

    The last part may also be a messaging service, MG... With twilio+http:// nothing is encrypted,
    for a stand-in on one's own machine.
    """

    sid: str
    token: str
    address: str
    sender: str

    @classmethod
    def from_url(cls, url: str) -> Account:
        """Return the account that `url` names; the settings have looked at its shape."""
        parts = urlsplit(url)
        scheme = "http" if parts.scheme == "twilio+http" else "https"
        return cls(
            sid=unquote(parts.username or ""),
            token=unquote(parts.password or ""),
            address=f"{scheme}://{parts.netloc.rpartition('@')[2]}",
            sender=unquote(parts.path.strip("/")),
        )


class Sms:
    """Texts: short, and only to a number."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def open(self) -> None:
        """Nothing is kept open: each text is a request of its own."""

    def send(self, message: Message, letter: Letter) -> str:
        """Hand one text to the carrier and return its name for it."""
        if not settings.HAS_SMS:
            raise Refused("texts have no way out: SMS_URL is not set")
        if not letter.to:
            raise Refused("no number")
        if len(letter.text) > LONGEST:  # a bug that got caught: carriers would charge for two
            logger.error("Message %s has %s characters", message.pk, len(letter.text))
            raise Refused(f"longer than {LONGEST} characters")
        return self.carrier.send(message, letter)

    @cached_property
    def carrier(self) -> Twilio | Files:
        """Who carries texts, as SMS_URL says."""
        return Twilio(Account.from_url(settings.SMS_URL)) if settings.SMS_URL else Files()


class Twilio:
    """Twilio's own client, with an end to its patience."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.client = Client(
            account.sid, account.token, http_client=TwilioHttpClient(timeout=TIMEOUT)
        )
        self.client.api.base_url = account.address

    def send(self, message: Message, letter: Letter) -> str:
        sender = self.account.sender
        origin = "messaging_service_sid" if sender.startswith("MG") else "from_"
        fields = {"to": letter.to, "body": letter.text, origin: sender}
        if settings.SITE_URL.startswith("https://"):  # others Twilio does not call
            fields["status_callback"] = settings.SITE_URL + reverse("messaging:text_status")
        try:
            return self.client.messages.create(**fields).sid or ""
        except TwilioRestException as error:
            raise meaning(error) from error
        except TwilioException as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        except requests.RequestException as error:
            failure = Closed if never_connected(error) else TryLater
            raise failure(type(error).__name__) from error


class Files:
    """One file per text in TEXTS, to be read on the mailbox page."""

    def send(self, message: Message, letter: Letter) -> str:
        text = EmailMessage()
        text["To"] = letter.to
        text["Date"] = format_datetime(clock.now())
        text["Message-ID"] = message.message_id
        text.set_content(letter.text)
        return put(Path(settings.TEXTS), "txt", text.as_bytes())


def meaning(error: TwilioRestException) -> Closed | TryLater | Refused:
    """Return what an answer of Twilio's means for the text, or for all of them."""
    if error.code == RECIPIENT_STOPPED:
        return Stopped("the recipient stopped texts")
    if error.status in OUR_FAULT or error.code in OUR_NUMBER_IS_WRONG:
        return Closed(f"Twilio answers {error.status}, error {error.code}")
    if is_temporary(error.status) or error.code == QUEUE_IS_FULL:
        return TryLater(f"{error.status} {error.code} {error.msg}")
    return Refused(f"{error.status} {error.code} {error.msg}")
