"""The first page of the workspace, finding a visit by its reference, and who is asking."""

from __future__ import annotations

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from booking.models import Booking
from booking.permissions import visits_of
from booking.places import SEES_VISITS
from booking.selectors.desk import references
from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.web.workspace import hub, staff_page

LONGEST_TYPED = 12


@require_safe
@allowed(*SEES_VISITS)
def home(request: HttpRequest) -> HttpResponse:
    """Lead to what needs a person, which is why people look in."""
    return redirect("staff:alerts")


@require_safe
@allowed(*SEES_VISITS)
def clinic(request: HttpRequest) -> HttpResponse:
    """Lead to what an admin sets: prices, texts, rules, people and places."""
    links = hub(user_of(request))
    if not links:
        raise PermissionDenied
    return staff_page(request, "staff/clinic.html", {"links": links})


@require_safe
@allowed(*SEES_VISITS)
def find(request: HttpRequest) -> HttpResponse:
    """Lead to the visit of a reference, if it is one that this person may see."""
    typed = request.GET.get("q", "").strip()[:LONGEST_TYPED]
    visit = visits_of(user_of(request)).filter(reference__in=references(typed)).first()
    if visit is None:
        return staff_page(request, "staff/not_found.html", {"typed": typed}, status=404)
    return redirect(visit_url(visit))


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
