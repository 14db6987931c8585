"""The links of invitations: signed, for one address, for a week."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from clinic.accounts.models import Invitation
from clinic.web.wording import render_letter

_signer = Signer(salt="clinic.accounts.invitation", sep=".")


def url_of(invitation: Invitation) -> str:
    """Return the full address of the page on which `invitation` is accepted."""
    return f"{settings.SITE_URL}{reverse('account_join', args=[_signer.sign(str(invitation.pk))])}"


def invitation_for(token: str, *, now: datetime) -> Invitation | None:
    """Return the invitation that `token` opens while it can be accepted. 1 query."""
    try:
        pk = int(_signer.unsign(token))
    except (BadSignature, ValueError):
        return None
    still_open = Invitation.objects.filter(Invitation.open(now=now))
    return still_open.select_related("role", "invited_by").filter(pk=pk).first()


def send(invitation: Invitation) -> None:
    """Mail the link. Raises what the mail server raises."""
    words = render_letter(
        "email/account/invitation", {"invitation": invitation, "url": url_of(invitation)}
    )
    mail = EmailMultiAlternatives(words.subject, words.text, to=[invitation.email])
    mail.attach_alternative(words.html, "text/html")
    mail.send()
