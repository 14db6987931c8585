"""Manage links: one per booking, until a month after the visit, replaceable.

A letter is written when it goes, long after the booking was made, so the token has to be found
again then. It is derived from the booking's random 128-bit nonce with the site's secret key; the
database holds the nonce and the token's hash, and gives nobody a link (decision 0004).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from booking import tokens
from booking.models import HOLDS, Booking, SkinAnswer, Status

PURPOSE = "booking.manage"


def new_link() -> tuple[str, str]:
    """Return a new nonce and the hash under which its token is found."""
    nonce = tokens.new_nonce()
    return nonce, tokens.hash_of(_token(nonce))


def manage_url(booking: Booking) -> str:
    """Return the full address of the page that shows `booking` to whoever has it."""
    return page_url(booking, "manage")


def page_url(booking: Booking, page: str) -> str:
    """Return the full address of one page of `booking`, for whoever has it.

    The pages are those under /visit/: manage, form, move, cancel, prepare, aftercare,
    check_in.
    """
    return f"{settings.SITE_URL}{page_path(booking, page)}"


def page_path(booking: Booking, page: str) -> str:
    """Return the address of one page of `booking` within the site."""
    return reverse(f"booking:{page}", args=[token_of(booking)])


def token_of(booking: Booking) -> str:
    """Return what opens the pages of `booking`, as their addresses carry it."""
    return _token(booking.link_nonce)


def check_in_url(booking: Booking, answer: SkinAnswer) -> str:
    """Return the full address where `answer` is chosen and one press sends it."""
    return f"{page_url(booking, 'check_in')}?answer={answer.value}"


def booking_for(token: str, *, now: datetime) -> Booking | None:
    """Return the booking that `token` opens, while the link is valid. 3 queries.

    None for a link that is unknown, altered, replaced or older than the policy allows.
    """
    booking = _linked(token)
    return booking if booking and is_good(booking, now=now) else None


def form_for(token: str, *, now: datetime) -> Booking | None:
    """Return the booking whose details `token` opens, also once its time was let go. 3 queries."""
    booking = _linked(token)
    if booking is None:
        return None
    was_let_go = booking.status == Status.EXPIRED_HOLD
    return booking if was_let_go or is_good(booking, now=now) else None


def is_good(booking: Booking, *, now: datetime) -> bool:
    """Whether the link of `booking` opens anything: it is promised, and was not long ago."""
    if booking.link_hash is None or booking.status in HOLDS:
        return False
    return now <= booking.ends_at + timedelta(days=booking.promise["manage_link_days"])


def _linked(token: str) -> Booking | None:
    return Booking.objects.with_facts().filter(link_hash=tokens.hash_of(token)).first()


def _token(nonce: str) -> str:
    return tokens.token_of(nonce, purpose=PURPOSE)
