"""What clients owe for visits that did not take place: paid at the desk, or not asked for."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from booking.errors import NotNow
from booking.forms.staff import WaiveForm
from booking.models import Booking, BookingEvent
from booking.permissions import visits_of
from booking.selectors import fees as selectors
from booking.services import waive_fee
from booking.services.fees import owe_again, settle_fee
from booking.services.ledger import staff
from booking.views.staff.clients import client_url
from booking.views.staff.frame import user_of, visit_or_404, visit_url
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page

WAIVES = "booking.waive_fee"
ON_A_PAGE = 25


@require_safe
@allowed(WAIVES)
def fees(request: HttpRequest) -> HttpResponse:
    """Who owes what since when, and what was done about fees today."""
    visits, now = visits_of(user_of(request)), clock.now()
    page = Paginator(selectors.fees_owed(visits), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "totals": selectors.totals(visits),
        "settled": selectors.settled_today(visits, now=now),
    }
    return staff_page(request, "staff/fees.html", context)


@require_POST
@allowed(WAIVES)
def waive(request: HttpRequest, reference: str) -> HttpResponse:
    """Waive the fee of a visit, for a reason that stays in its history."""
    booking, form = visit_or_404(request, reference), WaiveForm(request.POST)
    if not form.is_valid():
        messages.warning(request, str(form.errors["reason"][0]))
        return _back(request, booking)
    return _done(
        request,
        booking,
        lambda: waive_fee(
            booking=booking,
            actor=staff(user_of(request)),
            now=clock.now(),
            **form.cleaned_data,
        ),
        said=_("The fee is waived. The reason is in the history."),
    )


@require_POST
@allowed(WAIVES)
def settle(request: HttpRequest, reference: str) -> HttpResponse:
    """Note that the fee of a visit was paid at the desk."""
    booking = visit_or_404(request, reference)
    return _done(
        request,
        booking,
        lambda: settle_fee(booking=booking, actor=staff(user_of(request)), now=clock.now()),
        said=_("Noted as paid."),
    )


@require_POST
@allowed(WAIVES)
def owe(request: HttpRequest, reference: str, step: int) -> HttpResponse:
    """Take back, on the same day, that a fee was paid or waived."""
    booking = visit_or_404(request, reference)
    event = get_object_or_404(BookingEvent, pk=step, booking=booking)
    try:
        owe_again(booking=booking, step=event, actor=staff(user_of(request)), now=clock.now())
    except NotNow as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, _("The fee is owed again."))
    return _back(request, booking)


def _done(
    request: HttpRequest, booking: Booking, service: Callable[[], object], *, said: str
) -> HttpResponse:
    """Do it, say so with the way to take it back beside it, and go back to where it was pressed."""
    try:
        service()
    except NotNow as error:
        messages.warning(request, str(error.message))
    else:
        step = selectors.fee_step(booking)
        where = urlencode({"from": request.POST.get("from", "")})
        undo = f"{reverse('staff:owe', args=[booking.reference, step.pk])}?{where}" if step else ""
        messages.success(request, said, extra_tags=undo)
    return _back(request, booking)


def _back(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Return to the list, the client or the visit, wherever the button stood."""
    match request.POST.get("from") or request.GET.get("from"):
        case "fees":
            return see_other(reverse("staff:fees"))
        case "client" if booking.client is not None:
            return see_other(client_url(booking.client))
    return see_other(visit_url(booking))
