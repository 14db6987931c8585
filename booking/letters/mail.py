"""From parts to a letter on its way to a client."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from booking.letters.care import names_of
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
    texts: Iterable[InstructionVersion] = (),
    attachments: tuple[Attachment, ...] = (),
    headers: dict[str, str] | None = None,
    why: str = "",
    foot_links: Sequence[Link] = (),
) -> Letter:
    """Return a letter to the client; `texts` are the versions it is made of.

    Its foot leads to the page of what we may send; `why` says why it came, unless it came because
    a visit was booked.
    """
    client = booking.client
    if client is None:
        raise ValueError("a hold has nobody to write to")
    foot = [*foot_links, Link(_("Which messages you get"), preferences_url(client))]
    booked = _("You get this because you booked an appointment. It holds no advertising.")
    return written(
        client.email,
        subject=subject,
        preview=preview,
        parts=parts,
        why=why or booked,
        foot_links=foot,
        content_versions=names_of(texts),
        attachments=attachments,
        headers=headers or {},
    )


def written(
    to: str,
    *,
    subject: str,
    preview: str,
    parts: Sequence[Part],
    why: str,
    foot_links: Sequence[Link] = (),
    content_versions: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    headers: dict[str, str] | None = None,
) -> Letter:
    """Return a letter drawn from `parts`."""
    wording = render_letter(
        "email/letter",
        {
            "subject": subject,
            "preview": preview,
            "parts": parts,
            "why": why,
            "foot_links": foot_links,
        },
    )
    return Letter(
        to=to,
        subject=wording.subject,
        text=wording.text,
        html=wording.html,
        attachments=attachments,
        headers=headers or {},
        content_versions=content_versions,
    )
