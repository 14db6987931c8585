"""Secrets in addresses: found by their hash, and written again when they are needed.

A token is derived from a random 128-bit nonce with the site's secret key; the database holds the
nonce and the token's hash, and a copy of it gives nobody an address (decision 0004).
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from django.utils.crypto import salted_hmac

TOKEN_BYTES = 16


def new_nonce() -> str:
    """Return 128 random bits in hex."""
    return secrets.token_hex(TOKEN_BYTES)


def token_of(nonce: str, *, purpose: str) -> str:
    """Return the token that `nonce` makes for `purpose`; of another purpose it is another one."""
    digest = salted_hmac(purpose, nonce, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:TOKEN_BYTES]).rstrip(b"=").decode()


def hash_of(token: str) -> str:
    """Return the hash by which `token` is found, whatever somebody typed."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
