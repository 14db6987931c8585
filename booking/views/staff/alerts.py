"""What needs a person: clients to call, messages that did not arrive, preparation nobody read."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from booking.permissions import alerts_of, visits_of
from booking.places import SEES_VISITS
from booking.selectors.proof import open_alerts, unread_preparation
from booking.services.care import mark_seen
from booking.views.staff.frame import user_of, visit_url
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page

ON_A_PAGE = 25


@require_safe
@allowed(*SEES_VISITS)
def alerts(request: HttpRequest) -> HttpResponse:
    """What is open, the newest first, and whose preparation is unread two days before."""
    user, now = user_of(request), clock.now()
    page = Paginator(open_alerts(alerts_of(user)), ON_A_PAGE).get_page(request.GET.get("page"))
    unread = unread_preparation(visits=visits_of(user), now=now)
    context = {"page": page, "count": page.paginator.count, "unread": unread}
    return staff_page(request, "staff/alerts.html", context)


@require_POST
@allowed("booking.change_alert", "booking.view_own_booking")
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that somebody has dealt with an alert; go back to where the button stood."""
    user = user_of(request)
    alert = get_object_or_404(alerts_of(user).select_related("booking__client"), pk=pk)
    mark_seen(alert=alert, user=user, now=clock.now())
    if alert.seen_by == user:
        said = _("Done. It is noted with the visit of %(client)s.")
    else:
        said = _("Somebody else has dealt with this already. It is noted with the visit.")
    messages.success(request, said % {"client": alert.booking.client})
    is_from_visit = request.POST.get("from") == "visit"
    return see_other(visit_url(alert.booking) if is_from_visit else reverse("staff:alerts"))
