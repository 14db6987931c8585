"""What is ahead and what has been: each visit with what can be done about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking import links
from booking.models import Booking, Reading, Status
from booking.selectors.account import visit_of, visits_ahead, visits_behind
from booking.selectors.care import is_asked, promised_texts, timeline
from booking.selectors.proof import is_acknowledged
from booking.views.account.frame import for_person
from booking.views.changes import hold_the_same
from booking.views.choosing import or_choose_again
from booking.views.steps import extras_in_words
from booking.views.visitors import for_visitor
from booking.views.visits import quiet_context, task_context
from booking.visitors import Visitor
from clinic.clients.models import Client
from clinic.web import clock
from clinic.web.presses import press
from treatments.models import InstructionKind

ON_A_PAGE = 10


@require_safe
@for_visitor  # hands out the cookie that booking the same again asks for
def home(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The next visit and how to get ready for it, those after it, and those before."""
    return _home(request)


@for_person
def _home(request: HttpRequest, me: Client) -> HttpResponse:
    now = clock.now()
    ahead = visits_ahead(me, now=now)
    behind = visits_behind(me, now=now)
    page = Paginator(behind, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "me": me,
        "later": [(booking, links.page_path(booking, "manage")) for booking in ahead[1:]],
        "page": page,
        "request_key": uuid4(),
        **_care(page.object_list, now=now),
    }
    if ahead:
        context |= _next(ahead[0], now=now)
    return render(request, "booking/account/home.html", context)


@require_safe
@for_visitor
def visit(request: HttpRequest, visitor: Visitor, reference: str) -> HttpResponse:
    """What was agreed for one visit, to be kept or printed."""
    return _visit(request, reference)


@for_person
def _visit(request: HttpRequest, me: Client, reference: str) -> HttpResponse:
    booking = _mine(me, reference)
    is_good = links.is_good(booking, now=clock.now())
    context = {
        "me": me,
        "booking": booking,
        "extras": extras_in_words(booking.add_ons.all(), booking.extra_minutes),
        "manage_url": links.page_path(booking, "manage") if is_good else "",
        "request_key": uuid4(),
    }
    with timezone.override(booking.location.zone):
        return render(request, "booking/account/visit.html", context)


@require_safe
@for_person
def aftercare(request: HttpRequest, me: Client, reference: str) -> HttpResponse:
    """The care texts of a visit, also when its link is no longer good."""
    booking, now = _mine(me, reference), clock.now()
    if booking.status != Status.COMPLETED:
        raise Http404
    texts = promised_texts(booking, InstructionKind.AFTERCARE)
    context = {
        "me": me,
        "booking": booking,
        "points": timeline(texts, around=booking.ends_at, booking=booking, now=now),
        "is_asked": is_asked(booking, now=now),
        "token": links.token_of(booking),
        "is_open": links.is_good(booking, now=now),
        "reading": booking.readings.filter(page=Reading.Page.AFTERCARE).first(),
        "phone": booking.location.phone or settings.CLINIC_PHONE,
        "emergency": settings.EMERGENCY_NUMBER,
    }
    with timezone.override(booking.location.zone):
        return render(request, "booking/account/aftercare.html", context)


@press(else_to="visit")
@for_person
def again(request: HttpRequest, me: Client, reference: str) -> HttpResponse:
    """Keep the same again, a week later at the same hour; else show the closest times."""
    return _again(request, booking=_mine(me, reference))


@for_visitor
@or_choose_again
def _again(request: HttpRequest, visitor: Visitor, booking: Booking) -> HttpResponse:
    return hold_the_same(request, visitor, booking)


def _mine(me: Client, reference: str) -> Booking:
    """Return a visit of this person; a 404 tells nothing about anybody else's."""
    booking = visit_of(me, reference)
    if booking is None:
        raise Http404
    return booking


def _next(booking: Booking, *, now: datetime) -> dict[str, Any]:
    """Return what the next visit says: what to do for it, and what can be done. 4 queries."""
    texts = promised_texts(booking, InstructionKind.PREP)
    points = timeline(texts, around=booking.starts_at, booking=booking, now=now)
    reading = booking.readings.filter(page=Reading.Page.PREPARATION).first()
    context = {
        "booking": booking,
        "extras": extras_in_words(booking.add_ons.all(), booking.extra_minutes),
        "points": points,
        "today": [point for point in points if point.is_today],
        "then": next(
            (each for each in points if each.day and not each.is_today and not each.is_behind), None
        ),
        "is_read": is_acknowledged(reading, texts),
        "manage_url": links.page_path(booking, "manage"),
        "prepare_url": links.page_path(booking, "prepare"),
        "undo_url": links.page_path(booking, "undo"),
        **quiet_context(booking, now=now),
        **task_context(booking, now=now),
    }
    context["subscribe_url"] = reverse("account:calendar")
    return context


def _care(visits: Any, *, now: datetime) -> dict[str, Any]:
    """Return what the skin likes in the days after a visit, if there was one. One query."""
    latest = next((booking for booking in visits if is_asked(booking, now=now)), None)
    if latest is None:
        return {"cared_for": None}
    texts = promised_texts(latest, InstructionKind.AFTERCARE)
    points = timeline(texts, around=latest.ends_at, booking=latest, now=now)
    return {
        "cared_for": latest,
        "care": [point for point in points if not point.is_behind],
        "check_in_url": links.page_path(latest, "check_in"),
    }
