"""A made-up owner of messages, a clock to move, and a mail server that answers as it is told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from clinic.messaging import services
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from clinic.messaging.services import Draft

NOW = datetime(2030, 3, 4, 9, tzinfo=UTC)
OK = "250 OK"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class Parcels:
    """The owner of "parcel:..." messages: they hold and read as the test says."""

    gone: dict[str, str] = field(default_factory=dict)  # subject: the reason it holds no more
    waits: dict[str, datetime] = field(default_factory=dict)  # subject: its first good moment
    letters: dict[str, Any] = field(default_factory=dict)  # subject: what its letter differs in
    breaks: dict[str, BaseException] = field(default_factory=dict)  # subject: what rendering raises

    failures: list[tuple[str, str]] = field(default_factory=list)  # subject and reason, as told

    def holds(self, message: Message, now: datetime) -> str | datetime | None:
        first = self.waits.get(message.subject, now)
        return first if now < first else self.gone.get(message.subject)

    def render(self, message: Message, now: datetime) -> Letter:
        if error := self.breaks.get(message.subject):
            raise error
        words: dict[str, Any] = {
            "to": "maya@client.example",
            "subject": f"About {message.subject}",
            "text": "Your parcel is here.",
            "html": "<p>Your parcel is here.</p>",
            "content_versions": ("P-STD:1",),
        }
        return Letter(**words | self.letters.get(message.subject, {}))

    def failed(self, message: Message, now: datetime) -> None:
        assert Message.objects.get(pk=message.pk).status == message.status == "failed"
        self.failures.append((message.subject, message.reason))


@dataclass
class Sink:
    """A mail server that keeps what it accepts and answers what the test tells it to."""

    mails: list[EmailMessage] = field(default_factory=list)
    on_sender: list[str] = field(default_factory=list)
    on_recipient: list[str] = field(default_factory=list)  # answers still to give, then OK
    on_data: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_sender.pop(0) if self.on_sender else OK
        if answer == OK:
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.on_recipient.pop(0) if self.on_recipient else OK
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = self.on_data.pop(0) if self.on_data else OK
        if answer == "hang up":
            assert server.transport is not None
            server.transport.close()
        if answer == OK:
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return answer


@dataclass
class Provider:
    """The web address of a provider: it keeps what is posted and answers what the test says."""

    answer: dict[str, Any]  # when all goes well
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # to give before that
    posts: list[str] = field(default_factory=list)  # bodies
    address: str = ""

    def reply(self, body: str) -> tuple[int, dict[str, Any]]:
        self.posts.append(body)
        return self.answers.pop(0) if self.answers else (200, self.answer)


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    """Let `provider` answer on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, answer = provider.reply(body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        provider.address = f"127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield provider
        server.shutdown()


def draft(number: int = 1, **differs: Any) -> Draft:
    """A message about parcel `number`, due now."""
    fields = {"subject": f"parcel:{number}", "code": "M01", "recipient": "client", "due_at": NOW}
    return Draft(**fields | differs)


def planned(number: int = 1, **differs: Any) -> Message:
    """A planned message about parcel `number`."""
    services.plan(messages=[draft(number, **differs)], now=NOW)
    return Message.objects.get(key=draft(number, **differs).key)
