"""Making a visit longer or shorter, by those who work here: asked for, looked at, done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import services
from booking.errors import BookingError, ReasonMissing, SlotTaken
from booking.forms.calendar import ResizeForm
from booking.models import Booking
from booking.services.ledger import staff
from booking.services.resizing import (
    LEAST_MINUTES,
    RESIZABLE,
    RUNS_INTO,
    longest,
    outgrown,
    runs_into_something,
)
from booking.views.staff.frame import CHANGES_VISITS, changeable_or_404, user_of
from booking.views.staff.moving import calendar_url, last_change
from booking.views.staff.outside import in_words
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page

BY = (-30, -15, -10, -5, 5, 10, 15, 30)  # minutes, each a press


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(*CHANGES_VISITS)
def resize(request: HttpRequest, reference: str) -> HttpResponse:
    """Choose a length; look at what changes; make the visit longer or shorter."""
    visit, now = changeable_or_404(request, reference), clock.now()
    typed = request.POST if request.method == "POST" else request.GET or None
    form = ResizeForm(typed, initial={"minutes": visit.minutes})
    if not form.is_bound or not form.is_valid():
        return _page(request, visit, form, status=422 if form.is_bound else 200, now=now)
    if request.method != "POST":
        return _page(request, visit, form, now=now)
    try:
        services.resize(booking=visit, actor=staff(user_of(request)), now=now, **form.cleaned_data)
    except ReasonMissing as error:
        return _page(request, visit, form, missing=error, status=422, now=now)
    except BookingError as error:
        visit = changeable_or_404(request, reference)
        return _page(request, visit, form, refusal=error, status=409, now=now)
    return see_other(calendar_url("day", visit, done=visit.reference))


def _page(
    request: HttpRequest,
    visit: Booking,
    form: ResizeForm,
    *,
    refusal: BookingError | None = None,
    missing: ReasonMissing | None = None,
    status: int = 200,
    now: datetime,
) -> HttpResponse:
    """The form, and once a length is asked for the last button."""
    asked: dict[str, Any] | None = None
    if form.is_bound and form.is_valid():
        asked = form.cleaned_data
    most = longest(visit, now=now)
    lengths = [visit.minutes + by for by in BY if LEAST_MINUTES <= visit.minutes + by <= most]
    stale = last_change(visit, asked["version"]) if asked else None
    is_free = not asked or not runs_into_something(visit, asked["minutes"] - visit.minutes, now=now)
    if refusal is None and not is_free:
        refusal, status = SlotTaken(str(RUNS_INTO)), 409
    context = {
        "booking": visit,
        "form": form,
        "asked": asked,
        "broken": in_words(outgrown(visit, asked["minutes"]), visit.provider) if asked else [],
        "ends_at": visit.starts_at + timedelta(minutes=asked["minutes"]) if asked else None,
        "is_ahead": visit.starts_at > now,
        "is_free": is_free,
        "is_so": asked is not None and asked["minutes"] == visit.minutes,
        "lengths": lengths,
        "refusal": refusal,
        "missing": missing,
        "settled": "" if visit.status in RESIZABLE else _("This visit is over."),
        "stale": stale,
        "day_url": calendar_url("day", visit),
    }
    with timezone.override(visit.location.zone):
        return staff_page(request, "staff/resize.html", context, status=409 if stale else status)
