"""One visit and the proof of it: what was sent, what was read, what needs a person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.models import UPCOMING
from booking.places import SEES_VISITS
from booking.selectors.proof import ledger
from booking.views.staff.frame import visit_or_404
from booking.views.steps import extras_in_words
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.workspace import staff_page


@require_safe
@allowed(*SEES_VISITS)
def visit(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the ledger of one visit, on the clock of its place."""
    booking, now = visit_or_404(request, reference), clock.now()
    context = {
        "booking": booking,
        "extras": extras_in_words(booking.add_ons.all(), booking.extra_minutes),
        "is_ahead": booking.status in UPCOMING and booking.starts_at > now,
        "ledger": ledger(booking),
        "now": now,
    }
    with timezone.override(booking.location.zone):
        return staff_page(request, "staff/visit.html", context)
