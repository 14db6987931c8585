"""A device of the clinic in a client's hands (decision 0011).

Whoever hands it over is signed out, and the session keeps the one page that is left to open. A
middleware leads everything else to the request to give the device back, until somebody of the
staff signs in.
"""

from __future__ import annotations

from allauth.account.internal.flows.logout import logout
from django.http import HttpRequest
from django.urls import reverse

HANDED_OVER = "handed_over"
SIGNING_IN = (
    "account_login",
    "account_confirm_login_code",
    "account_password",
    "mfa_login_webauthn",
    "mfa_authenticate",
    "account_logout",  # half-way, to start over
)


def hand_over(request: HttpRequest, *, page: str, back: str) -> None:
    """Sign out, and leave `page` alone to be opened here; staff who sign in go on at `back`.

    Both are addresses within the site.
    """
    logout(request, show_message=False)
    request.session[HANDED_OVER] = {"page": page, "back": back}


def finish(request: HttpRequest) -> None:
    """Leave no page to open: what the device was handed over for is done."""
    request.session[HANDED_OVER] |= {"page": ""}


def take_back(request: HttpRequest) -> None:
    """Let the device open everything again."""
    del request.session[HANDED_OVER]


def is_handed_over(request: HttpRequest) -> bool:
    """Whether a client has this device in hand."""
    return HANDED_OVER in request.session


def may_open(request: HttpRequest) -> bool:
    """Whether this page is open to the client who has the device: theirs, or the sign-in."""
    ways = {reverse(name) for name in ("account_give_back", *SIGNING_IN)}
    return request.path in ways | {request.session[HANDED_OVER]["page"]}
