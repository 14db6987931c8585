"""One visit and the proof of it: what was sent, what was read, what needs a person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.permissions import changeable_visits
from booking.places import SEES_VISITS
from booking.selectors.presses import what_can_be_done
from booking.selectors.pricing import priced_by
from booking.selectors.proof import ledger
from booking.views.staff.frame import may_open_client, user_of, visit_or_404
from booking.views.steps import extras_in_words
from clinic.accounts.access import allowed
from clinic.places.policies import policy_for
from clinic.web import clock
from clinic.web.workspace import staff_page


@require_safe
@allowed(*SEES_VISITS)
def visit(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the ledger of one visit, on the clock of its place."""
    booking, user, now = visit_or_404(request, reference), user_of(request), clock.now()
    policy = policy_for(booking.location, now=now)
    may_press = changeable_visits(user).filter(pk=booking.pk).exists()
    context = {
        "booking": booking,
        "can": what_can_be_done(booking, policy=policy, now=now) if may_press else None,
        "extras": extras_in_words(booking.add_ons.all(), booking.extra_minutes),
        "ledger": ledger(booking),
        "priced": priced_by(booking),
        "may_open_client": may_open_client(request, booking, now=now),
        "now": now,
    }
    with timezone.override(booking.location.zone):
        return staff_page(request, "staff/visit.html", context)
