"""Calendars to subscribe to: the feed itself, and the page on which a client gets its address."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from booking import feeds
from booking.models import Booking
from booking.selectors.calendars import open_feed_of
from booking.services import calendars
from booking.views.visitors import for_visitor
from booking.views.visits import linked_booking
from booking.visitors import Visitor
from clinic.clients.models import Client
from clinic.web import clock
from clinic.web.presses import press, see_other


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The visits of whoever's address this is; a 404 tells nothing about anybody."""
    found = feeds.feed_for(token)
    if found is None:
        raise Http404
    content = feeds.contents(found, now=clock.now())
    response = HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={
            # No Last-Modified: a visit given to somebody else leaves no date behind in this feed.
            "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
            "Cache-Control": f"private, max-age={int(feeds.ASK_AGAIN_AFTER.total_seconds())}",
            "X-Robots-Tag": "noindex",
        },
    )
    answer = get_conditional_response(request, etag=response["ETag"], response=response)
    return answer or response


@require_safe
@for_visitor
def subscribe(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Where a client gets the address of all their visits, changes it and ends it."""
    booking = linked_booking(token)
    found = open_feed_of(_client_of(booking))
    context = {
        "feed": found,
        "feed_url": feeds.feed_url(found) if found else "",
        "subscribe_url": feeds.subscribe_url(found) if found else "",
        "open_url": reverse("booking:open_address", args=[token]),
        "close_url": reverse("booking:close_address", args=[token]),
        "manage_url": reverse("booking:manage", args=[token]),
    }
    response = render(request, "booking/subscribe.html", context)
    response["Referrer-Policy"] = "same-origin"  # no other site learns the link
    return response


@press(else_to="subscribe")
@for_visitor
def open_address(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Make the client an address, or a new one that ends the old."""
    calendars.open_feed(owner=_client_of(linked_booking(token)), now=clock.now())
    return see_other(f"{reverse('booking:subscribe', args=[token])}#address")


@press(else_to="subscribe")
@for_visitor
def close_address(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """End the client's address."""
    calendars.close_feed(owner=_client_of(linked_booking(token)), now=clock.now())
    return see_other(reverse("booking:subscribe", args=[token]))


def _client_of(booking: Booking) -> Client:
    if booking.client is None:
        raise Http404
    return booking.client
