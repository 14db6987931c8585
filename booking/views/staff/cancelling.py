"""Canceling a visit: for a reason of ours, or for the client who asked us to."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking import services
from booking.errors import BookingError
from booking.forms.desk import CLINIC, HEALTH, StaffCancelForm
from booking.models import Booking, BookingEvent, Happened
from booking.selectors.changes import quiet_step, quiet_until, why_settled
from booking.services.cancelling import is_late
from booking.services.ledger import staff
from booking.terms import late_fee
from booking.views.staff.frame import (
    CHANGES_VISITS,
    changeable_or_404,
    may_open_client,
    user_of,
    visit_url,
)
from clinic.accounts.access import allowed
from clinic.clients.models import ConsentKind
from clinic.clients.selectors import preferences
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page

WAIVES = "booking.waive_fee"


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(*CHANGES_VISITS)
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """What canceling costs and what the client will be told; the button; and then its undo."""
    booking, now = changeable_or_404(request, reference), clock.now()
    may_waive = user_of(request).has_perm(WAIVES)
    if settled := why_settled(booking, now=now):
        return _settled(request, booking, settled, now=now)
    if request.method != "POST":
        form = StaffCancelForm(initial={"why": ""}, may_waive=may_waive)
        return _cancel_page(request, booking, form, now=now)
    form = StaffCancelForm(request.POST, may_waive=may_waive)
    if not form.is_valid():
        return _cancel_page(request, booking, form, status=422, now=now)
    asked = form.cleaned_data
    try:
        services.cancel(
            booking=booking,
            actor=staff(user_of(request)),
            for_client=asked["why"] != CLINIC,
            is_health_reason=asked["why"] == HEALTH,
            fee_shown=None if asked["why"] == HEALTH else asked["fee"],
            waives_fee=bool(asked.get("waives")),
            reason=asked["reason"].strip(),
            version=asked["version"],
            now=now,
        )
    except BookingError as error:
        booking = changeable_or_404(request, reference)
        if settled := why_settled(booking, now=now):
            return _settled(request, booking, settled, now=now)
        return _cancel_page(request, booking, form, refusal=error, status=409, now=now)
    return see_other(request.path)


def _cancel_page(
    request: HttpRequest,
    booking: Booking,
    form: StaffCancelForm,
    *,
    refusal: BookingError | None = None,
    status: int = 200,
    now: datetime,
) -> HttpResponse:
    """Render what canceling costs now; 422 or 409 with what is in the way."""
    context = {
        "booking": booking,
        "fee": late_fee(booking) if is_late(booking, now=now) else 0,
        "form": form,
        "is_past_free_hour": now > booking.free_until,
        "may_open_client": may_open_client(request, booking, now=now),
        "refusal": refusal,
        "told": _ways(booking),
    }
    with timezone.override(booking.location.zone):
        return staff_page(request, "staff/cancel.html", context, status=status)


def _settled(request: HttpRequest, booking: Booking, why: str, *, now: datetime) -> HttpResponse:
    """What was just canceled, with its undo; where something else happened, the visit and why."""
    step = quiet_step(booking, by=BookingEvent.By.STAFF, now=now)
    if step is None or step.what != Happened.CANCELLED:
        messages.warning(request, why)
        return see_other(visit_url(booking))
    context = {
        "booking": booking,
        "may_open_client": may_open_client(request, booking, now=now),
        "step": step,
        "told": _ways(booking),
        "until": quiet_until(booking, step),
    }
    with timezone.override(booking.location.zone):
        return staff_page(request, "staff/canceled.html", context)


def _ways(booking: Booking) -> dict[str, str]:
    """Return how the client hears of it: by "email" and "sms", to where. One query, or none."""
    client = booking.client
    if client is None:
        return {}
    ways = {"email": client.email} if client.email else {}
    if settings.HAS_SMS and client.phone and preferences(client)[ConsentKind.SERVICE_SMS]:
        ways["sms"] = str(client.phone)
    return ways
