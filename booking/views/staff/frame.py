"""What every page of the workspace stands in, and finding a visit by its reference."""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from booking.models import Booking
from booking.permissions import alerts_of, visits_of
from booking.selectors.desk import references
from clinic.accounts.access import allowed
from clinic.accounts.models import User

LONGEST_TYPED = 12
SEES_VISITS = ("booking.view_booking", "booking.view_own_booking")


@require_safe
@allowed(*SEES_VISITS)
def home(request: HttpRequest) -> HttpResponse:
    """Lead to what needs a person, which is why people look in."""
    return redirect("staff:alerts")


@require_safe
@allowed(*SEES_VISITS)
def find(request: HttpRequest) -> HttpResponse:
    """Lead to the visit of a reference, if it is one that this person may see."""
    typed = request.GET.get("q", "").strip()[:LONGEST_TYPED]
    visit = visits_of(user_of(request)).filter(reference__in=references(typed)).first()
    if visit is None:
        return staff_page(request, "staff/not_found.html", {"typed": typed}, status=404)
    return redirect(visit_url(visit))


def staff_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page in the frame, whose rail counts what needs a person. One query."""
    open_alerts = alerts_of(user_of(request)).filter(seen_at=None).count()
    return render(request, template, {**context, "open_alerts": open_alerts}, status=status)


def visit_or_404(request: HttpRequest, reference: str) -> Booking:
    """Return the visit, if it is one that this person may see. 3 queries."""
    visits = visits_of(user_of(request)).with_facts()
    visit = visits.filter(reference=reference, client__isnull=False).first()
    if visit is None:
        raise Http404
    return visit


def visit_url(booking: Booking) -> str:
    """Return the address of the page of `booking`."""
    return reverse("staff:visit", args=[booking.reference])


def user_of(request: HttpRequest) -> User:
    """Return who is signed in; `allowed` lets nobody else through."""
    return cast(User, request.user)
