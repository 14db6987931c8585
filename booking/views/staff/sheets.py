"""The sheet of a day, to print: times, codes and rooms, and no word about health."""

from __future__ import annotations

from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.models import Booking
from booking.permissions import visits_of
from booking.places import SEES_VISITS
from booking.selectors.today import sheet_of
from booking.views.staff.frame import user_of
from booking.views.staff.today import choose
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.addresses import day_in
from clinic.web.workspace import staff_page


@require_safe
@allowed(*SEES_VISITS)
def day_sheet(request: HttpRequest, day: str) -> HttpResponse:
    """Show the sheet of a date: of whom `who` names, else one's own, else everyone's."""
    if day_in(day) is None:
        raise Http404
    asked = QueryDict(mutable=True)
    asked.update({"day": day, "who": request.GET.get("who", "")})
    shelves, schedule = choose(request, asked)
    if schedule is None:
        raise Http404
    visits = sheet_of(schedule, visits=visits_of(user_of(request)))
    people = [(person, list(rows)) for person, rows in groupby(visits, key=_provider)]
    context = {"people": people, "schedule": schedule, "shelves": shelves, "now": clock.now()}
    with timezone.override(schedule.location.zone):
        return staff_page(request, "staff/sheet.html", context)


def _provider(visit: Booking) -> object:
    return visit.provider
