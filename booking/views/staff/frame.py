"""The first page of the workspace, and who is asking."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from booking.models import Booking
from booking.permissions import changeable_visits, may_open, visits_of
from booking.places import SEES_VISITS
from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.web.workspace import hub, staff_page

CHANGES_VISITS = ("booking.change_booking", "booking.change_own_booking")


@require_safe
@allowed(*SEES_VISITS)
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the day, which is why people look in."""
    return redirect("staff:today")


@require_safe
@allowed(*SEES_VISITS)
def clinic(request: HttpRequest) -> HttpResponse:
    """Lead to what an admin sets: prices, texts, rules, people and places."""
    links = hub(user_of(request))
    if not links:
        raise PermissionDenied
    return staff_page(request, "staff/clinic.html", {"links": links})


def visit_or_404(request: HttpRequest, reference: str) -> Booking:
    """Return the visit, if it is one that this person may see. 3 queries."""
    visit = visits_of(user_of(request)).with_facts().visit(reference)
    if visit is None:
        raise Http404
    return visit


def changeable_or_404(request: HttpRequest, reference: str) -> Booking:
    """Return the visit, if it is one that this person may change. 3 queries."""
    visit = changeable_visits(user_of(request)).with_facts().visit(reference)
    if visit is None:
        raise Http404
    return visit


def may_open_client(request: HttpRequest, booking: Booking, *, now: datetime) -> bool:
    """Whether this person may see how the client is reached, and their record. 1 query, or none.

    Somebody's own visits stay theirs to look at; the person is theirs for the days around one.
    """
    client = booking.client
    return client is not None and may_open(client, user=user_of(request), now=now)


def visit_url(booking: Booking) -> str:
    """Return the address of the page of `booking`."""
    return reverse("staff:visit", args=[booking.reference])


def user_of(request: HttpRequest) -> User:
    """Return who is signed in; `allowed` lets nobody else through."""
    return cast(User, request.user)
