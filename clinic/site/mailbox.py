"""The mail and texts that a machine without servers wrote to files, for reading in development."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import wraps
from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

NEWEST = 200  # as many as the list shows
View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Mail:
    """One file of the mailbox."""

    name: str
    message: EmailMessage

    @property
    def sent_at(self) -> datetime | None:
        """When it says it was written; a date without a zone ("-0000") is in UTC."""
        header = self.message["date"]
        if header is None:
            return None
        return header.datetime if header.datetime.tzinfo else header.datetime.replace(tzinfo=UTC)

    @property
    def text(self) -> str:
        """The words of its plain part."""
        part = self.message.get_body(("plain",))
        return part.get_content() if part else ""

    @property
    def html(self) -> str:
        """Its HTML part, as sent."""
        part = self.message.get_body(("html",))
        return part.get_content() if part else ""

    @property
    def calendar(self) -> str:
        """Its calendar file."""
        parts = (p for p in self.message.walk() if p.get_content_type() == "text/calendar")
        return next((content(part) for part in parts), "")


def only_in_development(view: View) -> View:
    """Answer 404 where DEBUG is off: other people's mail is nobody's page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return never_cache(require_safe(guarded))


@only_in_development
def mailbox(request: HttpRequest) -> HttpResponse:
    """List the newest mail, the latest first."""
    return render(
        request, "site/mailbox.html", {"mails": [read(path) for path in files()[:NEWEST]]}
    )


@only_in_development
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail in all its parts."""
    return render(request, "site/mail.html", {"mail": find(name)})


@only_in_development
@csp(
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "img-src": ["data:"],
        "frame-ancestors": [SELF],
        "sandbox": ["allow-popups"],
    }
)
@xframe_options_sameorigin
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Answer the HTML part alone, for a frame that can run nothing and load nothing."""
    return HttpResponse(find(name).html)


def files() -> list[Path]:
    """Return the files of mail and texts, the latest first: their names sort by time."""
    found = [*Path(settings.MAILBOX).glob("*.eml"), *Path(settings.TEXTS).glob("*.txt")]
    return sorted(found, key=lambda path: path.name, reverse=True)


def find(name: str) -> Mail:
    """Return the mail or text of that name, among those that are there, or raise 404."""
    for path in files():
        if path.name == name:
            return read(path)
    raise Http404


def read(path: Path) -> Mail:
    """Return what `path` holds."""
    return Mail(path.name, message_from_bytes(path.read_bytes(), policy=policy.default))


def content(part: EmailMessage) -> str:
    """Return the text of a part, whatever its type is declared as."""
    found = part.get_content()
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)
