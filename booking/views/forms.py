"""The details that a client completes by the link of a visit that staff booked."""

from __future__ import annotations

from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking import links
from booking.errors import AskTheClinic, BookingError, FormOverdue, NotNow
from booking.forms.details import DetailsForm
from booking.letters.facts import book_again_url
from booking.models import Booking, Status
from booking.services.confirming import ASKED
from booking.services.forms import Details, complete_form, is_overdue
from booking.views.details import never_treat
from booking.views.holds import go_on
from booking.views.steps import booking_summary
from booking.views.visitors import for_visitor
from booking.views.visits import manage_path, private
from booking.visitors import Visitor
from clinic.accounts import handing
from clinic.clients.models import ConsentKind
from clinic.clients.selectors import preferences
from clinic.web import clock
from clinic.web.pages import render_page
from clinic.web.phones import in_national_form

BY_LINK, AT_THE_DESK = "form", "form at the desk"


@require_http_methods(["GET", "HEAD", "POST"])
@for_visitor
def form(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Take down what is missing, until the deadline; then the visit is confirmed."""
    booking, now = _waiting_or_404(token), clock.now()
    typed = request.POST if request.method == "POST" else None
    if is_overdue(booking, now=now):
        return let_go_page(request, booking, status=409 if typed is not None else 200)
    if booking.status != Status.PENDING_FORM or booking.client is None:
        return private(go_on(request, _way_back(request, booking, token)))
    client = booking.client
    is_known = bool(client.email and client.phone) and preferences(client)[ConsentKind.DATA]
    phone = in_national_form(str(client.phone))
    contact = {"name": client.name, "email": client.email, "phone": phone}
    details = DetailsForm(typed, initial=contact, is_known=is_known)
    if not details.is_valid():
        return form_page(request, booking, details, now=now)
    try:
        complete_form(
            booking=booking,
            details=_said(details),
            source=AT_THE_DESK if _is_at_the_desk(request) else BY_LINK,
            now=now,
        )
    except FormOverdue:
        return let_go_page(request, booking, status=409)
    except AskTheClinic as error:
        return form_page(request, booking, details, refusal=error, now=now)
    except NotNow:
        pass  # canceled meanwhile, as the page of the visit says
    if handing.is_handed_over(request):
        handing.finish(request)
    return private(go_on(request, _way_back(request, booking, token)))


def form_page(
    request: HttpRequest,
    booking: Booking,
    form: DetailsForm,
    *,
    refusal: BookingError | None = None,
    now: datetime,
) -> HttpResponse:
    """Render what is asked, with the deadline; 422 or 409 where it could not be taken."""
    status = 409 if refusal else 422 if form.errors else 200
    context = {
        "booking": booking,
        "form": form,
        "form_url": links.page_path(booking, "form"),
        "cancel_url": links.page_path(booking, "cancel"),
        "is_handed_over": handing.is_handed_over(request),
        "never_treat": never_treat(),
        "refusal": refusal,
        "summary": booking_summary(booking, now=now),
    }
    with timezone.override(booking.location.zone):
        return private(
            render_page(request, "booking/form.html", "booking/_form.html", context, status=status)
        )


def let_go_page(request: HttpRequest, booking: Booking, *, status: int) -> HttpResponse:
    """Say that the time was let go, and where there are others."""
    context = {
        "booking": booking,
        "book_again_url": book_again_url(booking),
        "is_handed_over": handing.is_handed_over(request),
    }
    with timezone.override(booking.location.zone):
        return private(
            render_page(
                request, "booking/let_go.html", "booking/_let_go.html", context, status=status
            )
        )


def _waiting_or_404(token: str) -> Booking:
    booking = links.form_for(token, now=clock.now())
    if booking is None:
        raise Http404
    return booking


def _said(form: DetailsForm) -> Details:
    cleaned = form.cleaned_data
    return Details(
        consents=[kind for kind in ASKED if cleaned.get(f"agree_{kind}")],
        name=str(cleaned.get("name", "")),
        email=str(cleaned.get("email", "")),
        phone=str(cleaned.get("phone", "")),
        time_zone=cleaned["time_zone"],
    )


def _is_at_the_desk(request: HttpRequest) -> bool:
    """Whether the form is filled in on a device of ours."""
    if handing.is_handed_over(request):
        return True
    return request.user.is_authenticated and bool(request.user.works_here)


def _way_back(request: HttpRequest, booking: Booking, token: str) -> str:
    """Where to go with nothing left to fill in: the visit, as who holds the device sees it."""
    if handing.is_handed_over(request):
        return reverse("account_give_back")
    if _is_at_the_desk(request):
        return reverse("staff:booked", args=[booking.reference])
    return manage_path(token)
