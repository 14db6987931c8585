"""From parts to a letter on its way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from booking.letters.facts import client_of
from booking.letters.parts import Link, Part
from booking.models import Booking
from clinic.clients.links import preferences_url
from clinic.messaging.letters import Attachment, Letter, render_letter
from treatments.models import InstructionVersion


def to_client(
    booking: Booking,
    *,
    subject: str,
    preview: str,
    parts: Sequence[Part],
    why: str = "",
    opt_out: Link | None = None,
    texts: Iterable[InstructionVersion] = (),
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    """Return a letter to the client; `texts` are the versions it is made of.

    Its foot says `why` it came (unless simply because a visit was booked), how to get no more of
    its kind (`opt_out`: by the link, and by the button mail programs make of the headers, RFC
    8058), and where the client says what we may send.
    """
    client = client_of(booking)
    foot_links = [Link(_("Which messages you get"), preferences_url(client))]
    headers = {}
    if opt_out is not None:
        foot_links.insert(0, opt_out)
        headers["List-Unsubscribe"] = f"<{opt_out.url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    booked = _("You get this because you booked an appointment. It holds no advertising.")
    return _written(
        client.email,
        {
            "subject": subject,
            "preview": preview,
            "parts": parts,
            "why": why or booked,
            "foot_links": foot_links,
        },
        headers=headers,
        attachments=attachments,
        content_versions=tuple(str(version.pk) for version in texts),
    )


def to_staff(to: str, *, subject: str, preview: str, parts: Sequence[Part]) -> Letter:
    """Return a letter to somebody who works here."""
    why = _("You get this because you work here.")
    return _written(to, {"subject": subject, "preview": preview, "parts": parts, "why": why})


def _written(
    to: str,
    context: dict[str, object],
    *,
    headers: dict[str, str] | None = None,
    attachments: tuple[Attachment, ...] = (),
    content_versions: tuple[str, ...] = (),
) -> Letter:
    wording = render_letter("email/letter", context)
    return Letter(
        to=to,
        subject=wording.subject,
        text=wording.text,
        html=wording.html,
        attachments=attachments,
        headers=headers or {},
        content_versions=content_versions,
    )
