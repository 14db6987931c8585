"""Finding whatever somebody types: clients, a visit by its reference, and who comes next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from booking.forms.clients import FindForm
from booking.permissions import visits_of
from booking.places import SEES_VISITS
from booking.selectors.finding import find_clients, find_visits
from booking.views.staff.frame import user_of, visit_url
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.pages import render_page
from clinic.web.workspace import in_frame


@require_safe
@allowed(*SEES_VISITS)
def find(request: HttpRequest) -> HttpResponse:
    """List what is meant, in the page or under the box; a whole reference leads to its visit."""
    user, now, form = user_of(request), clock.now(), FindForm(request.GET)
    typed = form.cleaned_data["q"] if form.is_valid() else ""
    clients = find_clients(typed, user=user, now=now)
    visits = find_visits(typed, clients, visits=visits_of(user), now=now)
    is_page = not request.htmx  # type: ignore[attr-defined]
    if is_page and visits.named is not None and not clients:
        return redirect(visit_url(visits.named))
    context = {"typed": typed, "clients": clients, "visits": visits}
    if is_page:
        context = in_frame(request, context)
    return render_page(request, "staff/find.html", "staff/_found.html", context)
