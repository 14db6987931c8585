"""Links by which a client says what we may send: signed, good until the e-mail address changes.

They stand at the foot of every letter, also of old ones, so they have no last day.
"""

from __future__ import annotations

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from clinic.clients.models import Client, ConsentKind


def preferences_url(client: Client) -> str:
    """Return the full address of the page where `client` says what we may send."""
    return f"{settings.SITE_URL}{reverse('clients:preferences', args=[token_of(client)])}"


def unsubscribe_url(client: Client, kind: ConsentKind) -> str:
    """Return the full address that ends one kind of message, with one press (RFC 8058)."""
    path = reverse("clients:unsubscribe", args=[token_of(client), kind.value])
    return f"{settings.SITE_URL}{path}"


def token_of(client: Client) -> str:
    """Return what names `client` in a link. Another address makes another token."""
    return _signer(client).sign(str(client.pk))


def client_for(token: str) -> Client | None:
    """Return whose link carries `token`; None if it was altered or the address is old. 1 query.

    The link of a duplicate is that of the client it was merged into.
    """
    key = token.partition(".")[0]
    if not key.isascii() or not key.isdecimal() or len(key) > 18:
        return None
    client = Client.objects.select_related("merged_into").filter(pk=key).first()
    if client is None:
        return None
    try:
        _signer(client).unsign(token)
    except BadSignature:
        return None
    return client.kept


def _signer(client: Client) -> Signer:
    return Signer(sep=".", salt=f"clinic.clients.links:{client.email_key}")
