"""When people work, and when rooms and devices can be used."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.models import Kind
from booking.permissions import schedules_of
from booking.selectors.rosters import roster_of, zone_of
from booking.services import changes
from booking.views.staff.frame import user_of
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.addresses import key_in
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page

MAKES, ASKS = "booking.add_schedulechange", "booking.ask_schedulechange"


@require_safe
@allowed(MAKES, ASKS)
def schedule(request: HttpRequest) -> HttpResponse:
    """Lead to each schedule that this person may change; to their own, where that is all."""
    user = user_of(request)
    theirs = schedules_of(user).select_related("location", "provider")
    found = list(theirs.order_by("provider__position", "location__position", "name"))
    if not user.has_perm(MAKES) and len(found) == 1:
        return see_other(reverse("staff:schedule_of", args=[found[0].pk]))
    groups = [
        (title, [each for each in found if each.kind == kind and each.is_active])
        for kind, title in (
            (Kind.PROVIDER, _("People")),
            (Kind.ROOM, _("Rooms")),
            (Kind.DEVICE, _("Devices")),
        )
    ]
    former = [each for each in found if not each.is_active]
    context = {"groups": groups, "former": former, "may_make": user.has_perm(MAKES)}
    return staff_page(request, "staff/schedules.html", context)


@require_safe
@allowed(MAKES, ASKS)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Show hours, extra openings and time off ahead of one person, room or device."""
    user, now = user_of(request), clock.now()
    resource = get_object_or_404(schedules_of(user).select_related("location"), pk=pk)
    zone = zone_of(resource)
    context = {
        "schedule": roster_of(resource, now=now),
        "must_ask": changes.must_ask(user, now=now),
        "may_make": user.has_perm(MAKES),
        "today": now.astimezone(zone).date(),
        "zone": zone,
    }
    with timezone.override(zone):
        return staff_page(request, "staff/schedule.html", context)


@press(else_to="schedule_of")
@allowed(MAKES)
def end_time_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one time away of a schedule back; the others of its change stay."""
    resource = get_object_or_404(schedules_of(user_of(request)), pk=pk)
    row = resource.time_off.filter(pk=key_in(request.POST.get("time_off"))).first()
    if row is None:
        messages.warning(request, _("This time away was taken back already."))
    else:
        changes.end_time_off(time_off=row, user=user_of(request), now=clock.now())
        messages.success(request, _("Taken back. The time can be booked again."))
    return see_other(reverse("staff:schedule_of", args=[pk]))
