"""A visit that is promised: the page that says so, and the one its letters link to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking import calendar, calendar_links, links
from booking.models import HOLDS, Booking, BookingEvent, Status
from booking.selectors.changes import quiet_step, quiet_until, why_not_move, why_settled
from booking.services import delete_draft
from booking.terms import terms
from booking.views.holds import address, own_booking
from booking.views.steps import extras_in_words
from booking.views.visitors import CLIENT, for_visitor, forget_client
from booking.visitors import Visitor
from clinic.clients.links import preferences_url
from clinic.places.policies import policy_for
from clinic.web import clock
from clinic.web.presses import press, see_other
from treatments.models import InstructionKind
from treatments.selectors import instruction_steps

AHEAD = {Status.PENDING_FORM, Status.PENDING_CLEARANCE, Status.CONFIRMED, Status.CHECKED_IN}


@require_safe
@for_visitor
def confirmed(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """You are booked: when, where, what to bring. For the browser that booked it."""
    booking, now = own_booking(visitor, reference), clock.now()
    if booking.status in HOLDS:
        return see_other(address("details", booking))
    if booking.status != Status.CONFIRMED or booking.starts_at <= now:
        return see_other(links.manage_url(booking))
    with timezone.override(booking.location.zone):
        context = visit_context(booking, now=now)
        context["calendar_url"] = address("calendar", booking)
        context["manage_url"] = links.manage_url(booking)
        context["undo_url"] = links.page_path(booking, "undo")
        context["web_calendars"] = calendar_links.web_links(booking)
        context["subscribe_url"] = links.page_url(booking, "subscribe")
        return render(request, "booking/confirmed.html", context)


@require_safe
@for_visitor
def calendar_file(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """The visit as a file for the calendar, for the browser that booked it."""
    booking = own_booking(visitor, reference)
    if booking.status not in AHEAD:
        raise Http404
    return _calendar_file(booking)


@require_safe
@for_visitor
def manage(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """The visit as its client sees it, for whoever has the link from a letter."""
    booking = linked_booking(token)
    if booking.status == Status.PENDING_FORM:
        return private(see_other(links.page_path(booking, "form")))
    return manage_page(request, booking, now=clock.now())


@require_safe
@for_visitor
def manage_calendar(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """The visit as a file for the calendar, for whoever has the link."""
    booking = linked_booking(token)
    if booking.status not in AHEAD:
        raise Http404
    return private(_calendar_file(booking))


@press(else_to="manage")
@for_visitor
def another(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Know the client from now on, until the browser is closed, and begin a new booking."""
    booking = linked_booking(token)
    if booking.status == Status.PENDING_FORM:  # who it is, is what is asked first
        return private(see_other(links.page_path(booking, "form")))
    know(request, visitor, booking)
    return private(see_other(reverse("booking:start")))


@press(else_to="start")
@for_visitor
def forget(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Know the client no more: somebody else is at this browser."""
    forget_client(request)
    delete_draft(visitor=visitor)
    return see_other(reverse("booking:start"))


def know(request: HttpRequest, visitor: Visitor, booking: Booking) -> Visitor:
    """Know the client of `booking` until the browser is closed, or until who is signed in is not.

    Returns the browser as theirs.
    """
    request.session[CLIENT] = booking.client_id
    delete_draft(visitor=visitor)
    if not request.user.is_authenticated:  # a sign-in has an end and a key of its own
        request.session.cycle_key()
        request.session.set_expiry(0)
    return replace(visitor, client=booking.client)


def manage_page(request: HttpRequest, booking: Booking, *, now: datetime) -> HttpResponse:
    """Render the visit with what can be done about it now, and why the rest cannot. 4 queries."""
    with timezone.override(booking.location.zone):
        context = visit_context(booking, now=now) | task_context(booking, now=now)
        context["request_key"] = uuid4()
        return private(render(request, "booking/manage.html", context))


def task_context(booking: Booking, *, now: datetime) -> dict[str, Any]:
    """Return what `booking/_tasks.html` shows: what can be done about a visit now. One query."""
    is_ahead = booking.status in AHEAD and booking.starts_at > now
    context = {
        "token": links.token_of(booking),
        "is_ahead": is_ahead,
        "why_not_move": why_not_move(
            booking, policy=policy_for(booking.location, now=now), now=now
        ),
        "why_not_cancel": why_settled(booking, now=now),
        "is_free": now <= booking.free_until,
    }
    if is_ahead:
        context |= {
            "calendar_url": links.page_path(booking, "manage_calendar"),
            "web_calendars": calendar_links.web_links(booking),
            "subscribe_url": links.page_path(booking, "subscribe"),
        }
    return context


def quiet_context(booking: Booking, *, now: datetime) -> dict[str, Any]:
    """Return what can be taken back just now, if anything, and for how long. One query."""
    step = quiet_step(booking, by=BookingEvent.By.CLIENT, now=now)
    if step is None:
        return {"quiet": None}
    until = quiet_until(booking, step)
    seconds = ceil((until - now).total_seconds())
    return {"quiet": step, "quiet_until": until, "quiet_seconds": seconds}


def linked_booking(token: str) -> Booking:
    """Return the booking that `token` opens; a 404 tells nothing about any other."""
    booking = links.booking_for(token, now=clock.now())
    if booking is None:
        raise Http404
    return booking


def visit_context(booking: Booking, *, now: datetime) -> dict[str, Any]:
    """Return what the pages of a promised visit show. 3 queries."""
    is_ahead = booking.status in AHEAD and booking.starts_at > now
    texts = booking.instruction_versions.filter(instruction__kind=InstructionKind.PREP)
    preparation = instruction_steps(texts.order_by("instruction__position", "instruction__code"))
    return {
        "booking": booking,
        "is_ahead": is_ahead,
        **quiet_context(booking, now=now),
        "extras": extras_in_words(booking.add_ons.all(), booking.extra_minutes),
        "terms": terms(booking, now=now) if is_ahead else [],
        "preparation": preparation,
        "prepare_url": links.page_url(booking, "prepare") if is_ahead and preparation else "",
        "preferences_url": preferences_url(booking.client) if booking.client else "",
    }


def _calendar_file(booking: Booking) -> HttpResponse:
    return HttpResponse(
        calendar.invitation(booking, now=clock.now()),
        content_type="text/calendar; charset=utf-8; method=REQUEST",
        headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
    )


def manage_path(token: str) -> str:
    """Return the address of the visit that `token` opens."""
    return reverse("booking:manage", args=[token])


def private(response: HttpResponse) -> HttpResponse:
    """Let no other site learn the link.

    Not `no-referrer`: it makes browsers send `Origin: null` with a form of the page, which the
    check against forged requests has to refuse.
    """
    response["Referrer-Policy"] = "same-origin"
    return response
