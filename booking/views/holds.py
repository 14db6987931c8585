"""A time kept for somebody: taken, kept longer, given back, lost and taken again."""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from booking.errors import AskTheClinic, HoldExpired, NoMoreTime, NotNow, SlotTaken
from booking.forms.wishes import HoldForm, RequestForm
from booking.models import HOLDS, Booking, Status
from booking.services import extend_hold, hold_again, hold_slot, let_go
from booking.views.choosing import or_choose_again
from booking.views.errands import NewVisit
from booking.views.steps import DETAILS, booking_summary, steps
from booking.views.times import times_context, times_page
from booking.views.visitors import for_visitor, may_hold, too_many
from booking.views.wishes import Asked, option_or_404, read, read_wish, times_url
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.places.policies import policy_for
from clinic.web import clock
from clinic.web.presses import press, see_other

NOT_TO_BE_HAD = (SlotTaken, HoldExpired, AskTheClinic, NotNow)


@press(else_to="times")
@for_visitor
@or_choose_again
def hold(request: HttpRequest, visitor: Visitor, slug: str, minutes: int) -> HttpResponse:
    """Keep the time that was pressed and go on to the details."""
    if not may_hold(visitor):
        return too_many(request)
    now = clock.now()
    asked = read_wish(request.GET, option=option_or_404(slug, minutes), visitor=visitor)
    pressed = read(HoldForm(request.POST))
    try:
        booking = hold_slot(wish=asked.wish, visitor=visitor, now=now, **pressed)
    except NOT_TO_BE_HAD as error:
        return times_page(
            request, NewVisit(visitor), asked, now=now, refusal=error, wanted=pressed["starts_at"]
        )
    return see_other(address("details", booking))


@press(else_to="expired")
@for_visitor
@or_choose_again
def again(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """Take a time that was let go once more; what was typed is still there."""
    if not may_hold(visitor):
        return too_many(request)
    booking, now = own_booking(visitor, reference), clock.now()
    if elsewhere := instead_of_expired(booking, now):
        return elsewhere
    pressed = read(RequestForm(request.POST))
    try:
        held = hold_again(booking=booking, visitor=visitor, now=now, **pressed)
    except NOT_TO_BE_HAD as error:
        asked = Asked(Wish.of(booking).as_asked_by(visitor))
        return times_page(
            request, NewVisit(visitor), asked, now=now, refusal=error, wanted=booking.starts_at
        )
    return see_other(address("details", held))


@require_safe
@for_visitor
def bar(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """What became of a time: the bar with what is left, or the page that says we let it go."""
    booking = own_booking(visitor, reference)
    return bar_page(request, booking, now=clock.now())


@press(else_to="details")
@for_visitor
def extend(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """Keep the time some minutes more."""
    booking, now = own_booking(visitor, reference), clock.now()
    try:
        booking = extend_hold(booking=booking, now=now)
    except HoldExpired:
        return go_on(request, address("expired", booking))
    except NoMoreTime as error:
        if not request.htmx:  # type: ignore[attr-defined]
            messages.warning(request, str(error.message))
    return bar_page(request, booking, now=now)


@press(else_to="details")
@for_visitor
def release(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """Give the time back and show the others; a visit promised meanwhile stays."""
    booking = own_booking(visitor, reference)
    try:
        let_go(booking=booking, now=clock.now())
    except NotNow:
        return see_other(address("confirmed", booking))
    return see_other(times_url(Wish.of(booking)))


@require_safe
@for_visitor
@or_choose_again
def expired(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """The minutes ran out: take the time again if it is still free, or one close to it."""
    booking, now = own_booking(visitor, reference), clock.now()
    if elsewhere := instead_of_expired(booking, now):
        return elsewhere
    wish = Wish.of(booking).as_asked_by(visitor)
    context = times_context(Asked(wish), NewVisit(visitor), now=now, wanted=booking.starts_at)
    is_free = any(
        slot.starts_at == booking.starts_at and slot.price.total == booking.price
        for slot in context["slots"]
    )
    context |= {
        "booking": booking,
        "summary": booking_summary(booking, now=now),
        "is_free": is_free,
        "request_key": uuid4(),
        "ran_out": booking.held_until is None or booking.held_until <= now,
        **steps(DETAILS, wish=wish),
        "times_url": times_url(wish, day=context["day"]),
    }
    with timezone.override(booking.location.zone):
        return render(request, "booking/expired.html", context)


def own_booking(visitor: Visitor, reference: str) -> Booking:
    """Return the booking this browser made. 3 queries. Anyone else's is a 404."""
    booking = Booking.objects.with_facts().filter(visitor=visitor.id, reference=reference).first()
    if booking is None:
        raise Http404
    return booking


def instead_of_form(booking: Booking, now: datetime) -> str:
    """Return where to go when there is nothing left to fill in; "" while the time is kept."""
    if booking.status == Status.HELD and not booking.has_lapsed(now=now):
        return ""
    is_lost = booking.status in HOLDS
    return address("expired" if is_lost else "confirmed", booking)


def instead_of_expired(booking: Booking, now: datetime) -> HttpResponse | None:
    """Where to go when the time is not lost; None when it is."""
    if booking.status == Status.EXPIRED_HOLD or booking.has_lapsed(now=now):
        return None
    return see_other(address("details" if booking.status == Status.HELD else "confirmed", booking))


def hold_context(
    request: HttpRequest, booking: Booking, *, step: str, now: datetime
) -> dict[str, Any]:
    """Return what the bar of a time that is kept shows on the page of `step`. One query."""
    policy = policy_for(booking.location, now=now)
    until = booking.held_until or now
    seconds = ceil((until - now).total_seconds())
    may_extend = booking.hold_extensions < policy.hold_extensions
    return {
        "starts_at": booking.starts_at,
        "held_until": until,
        "place": booking.location.time_zone,
        "seconds_left": seconds,
        "seconds_total": max(policy.hold_minutes * 60, seconds),
        "hold_url": f"{address('bar', booking)}?step={step}",
        "extend_url": f"{address('extend', booking)}?step={step}" if may_extend else "",
        "csrf_token": get_token(request),
    }


def bar_page(request: HttpRequest, booking: Booking, *, now: datetime) -> HttpResponse:
    """Answer with the bar alone for an htmx swap, with its page for everything else."""
    if elsewhere := instead_of_form(booking, now):
        return go_on(request, elsewhere)
    step = "review" if request.GET.get("step") == "review" else "details"
    if not request.htmx:  # type: ignore[attr-defined]
        return see_other(address(step, booking))
    with timezone.override(booking.location.zone):
        context = hold_context(request, booking, step=step, now=now)
        return render(request, "components/hold_bar.html", context)


def address(name: str, booking: Booking) -> str:
    """Return the address of the page `name` of `booking`."""
    return reverse(f"booking:{name}", args=[booking.reference])


def go_on(request: HttpRequest, url: str) -> HttpResponse:
    """Go to `url` with the whole page, also when only a part of it asked."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(url)
    return see_other(url)
