"""Care around a visit, for whoever has its link: before it, after it, and a day later.

Loading these pages writes nothing, as mail scanners load them; a person's press does.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.errors import NotNow
from booking.forms.care import CheckInForm
from booking.models import COMING, Booking, Reading, SkinCheck, Status
from booking.selectors.care import is_asked, names_of, promised_texts, timeline
from booking.selectors.proof import is_acknowledged
from booking.services import care
from booking.views.visitors import for_visitor
from booking.views.visits import AHEAD, linked_booking
from booking.visitors import Visitor
from clinic.web import clock
from clinic.web.presses import press, see_other
from treatments.models import InstructionKind

TEXTS = "texts"  # the versions a page showed, in the form that says they were read


@require_safe
@for_visitor
def prepare(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """How to get ready: the texts as promised, each on its day."""
    booking, now = linked_booking(token), clock.now()
    is_ahead = booking.status in AHEAD and booking.starts_at > now
    context: dict[str, Any] = {"is_ahead": is_ahead}
    if is_ahead:
        texts = promised_texts(booking, InstructionKind.PREP)
        reading = booking.readings.filter(page=Reading.Page.PREPARATION).first()
        context |= {
            "points": timeline(texts, around=booking.starts_at, booking=booking, now=now),
            "reading": reading,
            "is_read": is_acknowledged(reading, texts),
            TEXTS: " ".join(names_of(texts)),
        }
    return _page(request, "prepare", booking, token, **context)


@press(else_to="prepare")
@for_visitor
def acknowledge(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """The client says that the preparation is read, in the wording the page showed."""
    booking, now = linked_booking(token), clock.now()
    versions = names_of(promised_texts(booking, InstructionKind.PREP))
    if versions and request.POST.get(TEXTS) == " ".join(versions):
        care.acknowledge(booking=booking, page=Reading.Page.PREPARATION, versions=versions, now=now)
    return see_other(f"{reverse('booking:prepare', args=[token])}#read")


@press(else_to="manage")
@for_visitor
def opened(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Somebody pressed a key or touched the screen on a page of care texts, so they are there."""
    booking = linked_booking(token)
    try:
        page = Reading.Page(request.POST.get("page", ""))
    except ValueError:
        raise Http404 from None
    care.open_page(booking=booking, page=page, now=clock.now())
    return HttpResponse(status=204)


@require_safe
@for_visitor
def aftercare(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """How to care for the skin, once there has been a visit."""
    booking, now = linked_booking(token), clock.now()
    is_over = booking.status == Status.COMPLETED
    context: dict[str, Any] = {"is_over": is_over, "is_coming": booking.status in COMING}
    if is_over:
        texts = promised_texts(booking, InstructionKind.AFTERCARE)
        context |= {
            "points": timeline(texts, around=booking.ends_at, booking=booking, now=now),
            "reading": booking.readings.filter(page=Reading.Page.AFTERCARE).first(),
            "is_asked": is_asked(booking, now=now),
        }
    return _page(request, "aftercare", booking, token, **context)


@require_safe
@for_visitor
def check_in(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """How is your skin? The letter's link chooses an answer; only a press sends it."""
    form = CheckInForm(initial={"answer": request.GET.get("answer")})
    return _check_in_page(request, linked_booking(token), token, form)


@press(else_to="check_in")
@for_visitor
def answer(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Keep whether somebody should call; the page then says who does."""
    booking, form = linked_booking(token), CheckInForm(request.POST)
    if not form.is_valid():
        return _check_in_page(request, booking, token, form)
    with suppress(NotNow):  # too early or too late, which the page says
        care.answer_check_in(booking=booking, needs_call=form.needs_call, now=clock.now())
    return see_other(reverse("booking:check_in", args=[token]))


def _check_in_page(
    request: HttpRequest, booking: Booking, token: str, form: CheckInForm
) -> HttpResponse:
    return _page(
        request,
        "check_in",
        booking,
        token,
        status=422 if form.errors else 200,
        form=form,
        check=SkinCheck.objects.filter(booking=booking).first(),
        is_asked=is_asked(booking, now=clock.now()),
        is_over=booking.status == Status.COMPLETED,
        is_coming=booking.status in COMING,
    )


def _page(
    request: HttpRequest,
    page: str,
    booking: Booking,
    token: str,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render a page on the clock of the place; all of them name the visit and whom to call."""
    context |= {
        "booking": booking,
        "token": token,
        "phone": booking.location.phone or settings.CLINIC_PHONE,
        "emergency": settings.EMERGENCY_NUMBER,
    }
    with timezone.override(booking.location.zone):
        return render(request, f"booking/{page}.html", context, status=status)
