"""What happens to a visit on its day, in one tap each, and each can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from booking import services
from booking.errors import BookingError
from booking.models import Booking
from booking.services.ledger import staff
from booking.services.visits import Unprepared
from booking.views.staff.frame import CHANGES_VISITS, changeable_or_404, user_of, visit_url
from booking.views.staff.today import show
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.templatetags.lumen import minutes

TAKE_BACK = "take-back"
# What a press does, by its verb and choice, and what is said once it is done.
DONE: dict[tuple[str, str], tuple[Callable[..., None], dict[str, Any], Promise]] = {
    ("check-in", ""): (services.check_in, {}, _("%(client)s is checked in.")),
    ("late", ""): (services.check_in_late, {}, _("%(client)s is checked in.")),
    ("late", "anyway"): (
        services.check_in_late,
        {"is_waived": True},
        _("%(client)s is checked in."),
    ),
    ("late", "fee"): (
        services.turn_away,
        {},
        _("%(client)s came too late. The time is free, and the late fee is owed."),
    ),
    ("late", "free"): (
        services.turn_away,
        {"is_waived": True},
        _("%(client)s came too late. The time is free, and nothing is owed."),
    ),
    ("start", ""): (services.start, {}, _("%(client)s is in treatment.")),
    ("complete", ""): (services.complete, {}, _("The visit of %(client)s is completed.")),
    ("no-show", ""): (services.mark_no_show, {}, _("Noted: %(client)s did not come.")),
    ("decline", ""): (
        services.decline,
        {},
        _("Declined for safety. %(client)s owes nothing, and the time is free."),
    ),
    ("decline", "unprepared"): (
        services.decline,
        {"is_unprepared": True},
        _("Declined, as %(client)s came unprepared. The time is free."),
    ),
    **{
        ("decline", way.value): (services.go_on_unprepared, {"choice": way}, said)
        for way, said in (
            (Unprepared.CLEANSE, _("Noted: cleansed, and we go on.")),
            (Unprepared.LOWER, _("Noted: a lower intensity.")),
            (Unprepared.CHANGE, _("Noted: another treatment. Choose it here.")),
        )
    },
    (TAKE_BACK, ""): (services.take_back, {}, _("Taken back.")),
}
SHORTENED = _("%(client)s is checked in, for the %(left)s that are left.")
NOTES = {way.value for way in Unprepared}  # change nothing, so there is nothing to take back


@require_POST
@allowed(*CHANGES_VISITS)
def press(request: HttpRequest, reference: str, verb: str) -> HttpResponse:
    """Do what was pressed, say so with Undo beside it, and show where the button stood.

    What can no longer be done is answered with who did what and when: a 409 to a swap.
    """
    booking = changeable_or_404(request, reference)
    choice = request.POST.get("choice", "")
    if (verb, choice) not in DONE:
        raise Http404
    service, how, said = DONE[verb, choice]
    booked = booking.minutes
    try:
        service(booking=booking, actor=staff(user_of(request)), now=clock.now(), **how)
    except BookingError as error:
        return _back(request, booking, refusal=str(error.message))
    undo = "" if verb == TAKE_BACK or choice in NOTES else _undo_url(request, booking)
    if booking.minutes < booked:  # also where the button was drawn before it came to that
        said = SHORTENED
    words = {"client": booking.client, "left": minutes(booking.minutes)}
    messages.success(request, str(said) % words, extra_tags=undo)
    if choice == Unprepared.CHANGE:
        return _go(request, reverse("staff:move", args=[booking.reference]))
    return _back(request, booking)


def _undo_url(request: HttpRequest, booking: Booking) -> str:
    """The address that takes it back, and leads where this press does."""
    path = reverse("staff:press", args=[booking.reference, TAKE_BACK])
    return f"{path}?{_where(request).urlencode()}".rstrip("?")


def _where(request: HttpRequest) -> QueryDict:
    """Return where the button stood: `from`, and of a day `day` and `who`."""
    where = QueryDict(mutable=True)
    for name in ("from", "day", "who"):
        if value := request.POST.get(name) or request.GET.get(name):
            where[name] = value
    return where


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """Lead to another page, also from a swap."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(url)
    return see_other(url)


def _back(request: HttpRequest, booking: Booking, *, refusal: str = "") -> HttpResponse:
    """Show again where the button stood, a part of it to a swap."""
    where = _where(request)
    if request.htmx:  # type: ignore[attr-defined]
        return show(request, where, refusal=refusal, status=409 if refusal else 200)
    if refusal:
        messages.warning(request, refusal)
    if where.pop("from", None) != ["today"]:
        return see_other(visit_url(booking))
    return see_other(f"{reverse('staff:today')}?{where.urlencode()}".rstrip("?"))
