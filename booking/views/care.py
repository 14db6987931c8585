"""Care around a visit, for whoever has its link: before it, after it, and a day later."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.models import Booking, Status
from booking.views.visitors import for_visitor
from booking.views.visits import linked_booking
from booking.visitors import Visitor
from treatments.models import InstructionKind
from treatments.selectors import Step, instruction_steps


@require_safe
@for_visitor
def prepare(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """How to get ready, with the texts as promised."""
    booking = linked_booking(token)
    return _page(request, "prepare", booking, steps=_steps(booking, InstructionKind.PREP))


@require_safe
@for_visitor
def aftercare(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """How to care for the skin, once there has been a visit."""
    booking = linked_booking(token)
    is_over = booking.status == Status.COMPLETED
    steps = _steps(booking, InstructionKind.AFTERCARE) if is_over else []
    return _page(request, "aftercare", booking, steps=steps)


@require_safe
@for_visitor
def check_in(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """How is your skin, a day later?"""
    return _page(request, "check_in", linked_booking(token))


def _steps(booking: Booking, kind: InstructionKind) -> list[Step]:
    texts = booking.instruction_versions.filter(instruction__kind=kind)
    return instruction_steps(texts.order_by("instruction__position", "instruction__code"))


def _page(request: HttpRequest, page: str, booking: Booking, **context: object) -> HttpResponse:
    with timezone.override(booking.location.zone):
        response = render(request, f"booking/{page}.html", {"booking": booking, **context})
    response["Referrer-Policy"] = "same-origin"
    return response
