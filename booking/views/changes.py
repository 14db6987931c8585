"""Cancelling a visit, taking back what was just done, booking the same again: by its link."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import links, services
from booking.errors import BookingError, NotFree, SlotTaken
from booking.forms.changes import HEALTH, CancelForm, StepForm
from booking.forms.wishes import RequestForm
from booking.models import Booking, BookingEvent, Happened, Status
from booking.selectors.changes import why_not_move, why_settled
from booking.services.cancelling import is_late
from booking.services.ledger import CLIENT
from booking.services.standing import Standing
from booking.terms import late_fee
from booking.views.choosing import or_choose_again
from booking.views.errands import NewVisit
from booking.views.holds import NOT_TO_BE_HAD, address
from booking.views.moving import Move, closest_page
from booking.views.times import times_page
from booking.views.visitors import for_visitor, may_hold, too_many
from booking.views.visits import know, linked_booking, manage_path, private
from booking.views.wishes import Asked, read
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.places.policies import policy_for
from clinic.web import clock
from clinic.web.presses import press, see_other
from clinic.web.templatetags.lumen import clock_time, day_short

WEEK = timedelta(days=7)


@require_http_methods(["GET", "HEAD", "POST"])
@for_visitor
def cancel(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """What canceling costs, before the button; and the button."""
    booking, now = linked_booking(token), clock.now()
    if settled := why_settled(booking, now=now):
        messages.warning(request, settled)
        return private(see_other(manage_path(token)))
    if request.method != "POST":
        return cancel_page(request, booking, token, now=now)
    try:
        pressed = read(CancelForm(request.POST))
        services.cancel(
            booking=booking,
            actor=CLIENT,
            is_health_reason=pressed["why"] == HEALTH,
            fee_shown=None if pressed["why"] == HEALTH else pressed["fee"],
            version=pressed["version"],
            now=now,
        )
    except BookingError as error:
        booking = linked_booking(token)
        settled = why_settled(booking, now=now)
        if not settled:
            return cancel_page(request, booking, token, refusal=error, now=now)
        messages.warning(request, settled)
    return private(see_other(manage_path(token)))


@press(else_to="manage")
@for_visitor
@or_choose_again
def undo(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Take back what was just done; where the time is gone meanwhile, show the closest."""
    booking, now = linked_booking(token), clock.now()
    try:
        step = get_object_or_404(booking.events, pk=read(StepForm(request.POST))["step"])
        services.undo(booking=booking, step=step, actor=CLIENT, now=now)
    except SlotTaken as error:
        return private(_instead(request, visitor, booking, token, step, error, now=now))
    except BookingError as error:
        messages.warning(request, str(error.message))
    return private(see_other(manage_path(token)))


@press(else_to="manage")
@for_visitor
@or_choose_again
def rebook(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Keep the same again, for whoever has the link of a visit."""
    booking = linked_booking(token)
    if booking.status == Status.PENDING_FORM:
        return private(see_other(links.page_path(booking, "form")))
    return hold_the_same(request, visitor, booking)


def hold_the_same(request: HttpRequest, visitor: Visitor, booking: Booking) -> HttpResponse:
    """Keep the same as `booking`, a week later at its hour; else show the closest times."""
    now, pressed = clock.now(), read(RequestForm(request.POST))
    if not may_hold(visitor):
        return too_many(request)
    client = know(request, visitor, booking)
    wish, wanted = Wish.of(booking).as_asked_by(client), same_hour_again(booking, now=now)
    try:
        held = services.hold_slot(
            wish=wish, starts_at=wanted, price_shown=None, visitor=client, now=now, **pressed
        )
    except NOT_TO_BE_HAD as error:
        refusal = _not_free(wanted, booking) if type(error) is SlotTaken else error
        page = times_page(
            request, NewVisit(client), Asked(wish), now=now, refusal=refusal, wanted=wanted
        )
        return private(page)
    return private(see_other(address("details", held)))


def cancel_page(
    request: HttpRequest,
    booking: Booking,
    token: str,
    *,
    refusal: BookingError | None = None,
    now: datetime,
) -> HttpResponse:
    """Render what canceling costs now; 409 where it is not what was shown."""
    is_fee_due = is_late(booking, now=now)
    context = {
        "booking": booking,
        "token": token,
        "refusal": refusal,
        "fee": late_fee(booking) if is_fee_due else 0,
        "is_late": is_fee_due,
        "is_past_free_hour": now > booking.free_until,
        "can_move": not why_not_move(
            booking, policy=policy_for(booking.location, now=now), now=now
        ),
    }
    with timezone.override(booking.location.zone):
        page = render(request, "booking/cancel.html", context, status=409 if refusal else 200)
    return private(page)


def same_hour_again(booking: Booking, *, now: datetime) -> datetime:
    """Return the first week after the visit in which its weekday and hour can be booked, in UTC.

    On the wall of its place, so that a clock change moves nothing.
    """
    zone = booking.location.zone
    earliest = now + policy_for(booking.location, now=now).notice(is_known=True)
    wall = booking.starts_at.astimezone(zone)
    while True:
        wall += WEEK  # on the wall: both ends have the same zone
        if wall.astimezone(UTC) >= earliest:
            return wall.astimezone(UTC)


def _instead(
    request: HttpRequest,
    visitor: Visitor,
    booking: Booking,
    token: str,
    step: BookingEvent,
    error: SlotTaken,
    *,
    now: datetime,
) -> HttpResponse:
    """The time before `step` is gone: what else there is, for the same visit or for a new one."""
    refusal = why_not_move(booking, policy=policy_for(booking.location, now=now), now=now)
    if step.what == Happened.MOVED and not refusal:
        former = Standing.read(step.data["before"], booking)
        move = Move(booking, token)
        asked, wanted = Asked(former.wish), former.starts_at
        return closest_page(request, move, asked, error, wanted, now=now)
    if step.what == Happened.CANCELLED:
        client = know(request, visitor, booking)
        asked = Asked(Wish.of(booking).as_asked_by(client))
        gone = NotFree(
            _(
                "Your appointment stays canceled: its time is gone. A time you choose here is a "
                "new booking."
            )
        )
        return times_page(
            request, NewVisit(client), asked, now=now, refusal=gone, wanted=booking.starts_at
        )
    messages.warning(request, str(error.message))
    return see_other(manage_path(token))


def _not_free(wanted: datetime, booking: Booking) -> SlotTaken:
    with timezone.override(booking.location.zone):
        when = {"day": day_short(wanted), "time": clock_time(wanted)}
    return NotFree(_("%(day)s, %(time)s is not free.") % when)
