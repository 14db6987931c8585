"""The visitor cookie: a signed random number by which a browser is the same one as before.

It says nothing about a person and is needed for every POST of the booking (ruling "Limits").
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from clinic.web import limits

COOKIE = "visitor"
A_YEAR = timedelta(days=365)
ID = re.compile(r"[0-9a-f]{32}")
NEW_VISITORS = limits.Limit("new-visitors", places=60, window=timedelta(hours=1))


def known_id(request: HttpRequest) -> str | None:
    """Return the id that the cookie carries; None without a cookie, or with one we did not sign."""
    found = request.get_signed_cookie(COOKIE, default=None, salt=COOKIE)
    return found if found and ID.fullmatch(found) else None


def new_id() -> str:
    """Return an id nobody has: 128 random bits in hex."""
    return secrets.token_hex(16)


def may_come(request: HttpRequest) -> bool:
    """Whether the address of `request` may have one more visitor in this hour."""
    return not limits.is_spent(NEW_VISITORS, limits.address_of(request))


def remember(request: HttpRequest, response: HttpResponse, visitor_id: str) -> None:
    """Let the browser keep `visitor_id` for a year, if its address may have one more visitor."""
    if limits.take(NEW_VISITORS, limits.address_of(request)):
        response.set_signed_cookie(
            COOKIE,
            visitor_id,
            salt=COOKIE,
            max_age=A_YEAR,
            secure=not settings.DEBUG,
            httponly=True,
            samesite="Lax",
        )
