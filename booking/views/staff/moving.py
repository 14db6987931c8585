"""Moving a visit, making it longer or shorter, and taking that back: by those who work here.

Looking changes nothing: a time or a length is asked for by address, shown beside what stands now,
and done by the button below. However it was chosen, by form, by hand on the calendar or by keys,
it comes through here.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from booking import services
from booking.errors import BookingError, ReasonMissing
from booking.forms.calendar import NO, YES, MoveForm
from booking.forms.changes import StepForm
from booking.models import Booking, BookingEvent, Provider
from booking.selectors import FreeSlots, free_slots, providers_for
from booking.selectors.changes import prices_after, why_settled
from booking.selectors.outside import outside_hours
from booking.services.ledger import staff
from booking.views.staff.frame import CHANGES_VISITS, changeable_or_404, user_of
from booking.views.staff.outside import in_words
from booking.wishes import Wish
from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page

CARRIED = "carried_visit"  # in the session: the reference of the visit that is held
AROUND = timedelta(days=3)  # in which the nearest times are looked for
PEOPLE_OFFERED, TIMES_OFFERED = 3, 3


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(*CHANGES_VISITS)
def move(request: HttpRequest, reference: str) -> HttpResponse:
    """Choose a time; look at what changes; move the visit there."""
    visit, now = changeable_or_404(request, reference), clock.now()
    people = people_for(request, visit)
    form = MoveForm(
        request.POST if request.method == "POST" else request.GET or None,
        initial=_as_it_stands(visit),
        zone=visit.location.zone,
        people=people,
    )
    if not form.is_bound or not form.is_valid():
        return _move_page(request, visit, form, status=422 if form.is_bound else 200, now=now)
    if request.method != "POST":
        return _move_page(request, visit, form, now=now)
    return _move(request, visit, form, now=now)


def _move(request: HttpRequest, visit: Booking, form: MoveForm, *, now: datetime) -> HttpResponse:
    asked = form.cleaned_data
    try:
        services.move(
            booking=visit,
            starts_at=asked["starts_at"],
            wish=Wish.of(visit).with_(asked["provider"]),
            version=asked["version"],
            tell=asked["tell"],
            reason=asked["reason"],
            is_at_any_hour=True,
            actor=staff(user_of(request)),
            now=now,
        )
    except ReasonMissing as error:
        return _move_page(request, visit, form, missing=error, status=422, now=now)
    except BookingError as error:
        visit = changeable_or_404(request, visit.reference)
        return _move_page(request, visit, form, refusal=error, status=409, now=now)
    request.session.pop(CARRIED, None)
    return see_other(calendar_url("day", visit, done=visit.reference))


@press(else_to="move")
@allowed(*CHANGES_VISITS)
def undo(request: HttpRequest, reference: str) -> HttpResponse:
    """Take back what was just done to a visit, while nobody has been told of it."""
    visit, form = changeable_or_404(request, reference), StepForm(request.POST)
    if not form.is_valid():
        raise Http404
    step = get_object_or_404(visit.events, pk=form.cleaned_data["step"])
    try:
        services.undo(booking=visit, step=step, actor=staff(user_of(request)), now=clock.now())
    except BookingError as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, _("It is as it was before."))
    return see_other(calendar_url("day", visit))


def people_for(request: HttpRequest, visit: Booking) -> list[Provider]:
    """Return to whom this person may give `visit`: whoever is able to, or themselves only."""
    able = providers_for(Wish.of(visit).with_(None))
    user = user_of(request)
    if user.has_perm("booking.change_booking"):
        return able
    return [each for each in able if each.user_id == user.pk]


def calendar_url(page: str, visit: Booking, **query: str) -> str:
    """Return the address of the day or week of the calendar that `visit` stands in."""
    day = visit.starts_at.astimezone(visit.location.zone).date()
    asked = {"day": day.isoformat(), "place": visit.location.slug, **query}
    return f"{reverse(f'staff:{page}')}?{urlencode(asked)}"


def free_for(
    visit: Booking,
    wish: Wish,
    *,
    days: tuple[date, date],
    is_at_any_hour: bool = False,
    now: datetime,
) -> FreeSlots:
    """Return when `visit` could be as `wish`, on local dates. Up to 11 queries."""
    prices = prices_after(visit, wish, is_staff=True, now=now)
    free = free_slots(
        wish=wish,
        first_on=days[0],
        last_on=days[1],
        now=now,
        ignoring=visit,
        is_staff=True,
        is_at_any_hour=is_at_any_hour,
    )
    return free.priced(prices)


def _as_it_stands(visit: Booking) -> dict[str, Any]:
    wall = visit.starts_at.astimezone(visit.location.zone)
    return {"day": wall.date(), "time": wall.time(), "provider": visit.provider_id}


def last_change(visit: Booking, seen: int | None) -> BookingEvent | None:
    """Return what was done to `visit` since somebody saw it at version `seen`. One query, or none.

    None where it stands as they saw it.
    """
    if seen is None or seen == visit.schedule_version:
        return None
    return visit.events.select_related("user").order_by("pk").last()


def _move_page(
    request: HttpRequest,
    visit: Booking,
    form: MoveForm,
    *,
    refusal: BookingError | None = None,
    missing: ReasonMissing | None = None,
    status: int = 200,
    now: datetime,
) -> HttpResponse:
    """The form, what is free near the time asked for, and if that is free the last button."""
    asked = form.cleaned_data if form.is_bound and form.is_valid() else None
    context: dict[str, Any] = {
        "booking": visit,
        "form": form,
        "asked": asked,
        "ends_at": asked["starts_at"] + visit.duration if asked else None,
        "refusal": refusal,
        "missing": missing,
        "settled": why_settled(visit, now=now),
        "stale": last_change(visit, asked["version"]) if asked else None,
        "week_url": calendar_url("week", visit),
    }
    if not context["settled"]:
        context |= _what_is_free(visit, asked, people_for(request, visit), now=now)
    if context["stale"] or (asked and not context.get("is_free") and not context.get("is_there")):
        status = 409
    with timezone.override(visit.location.zone):
        return staff_page(request, "staff/move.html", context, status=status)


def _what_is_free(
    visit: Booking, asked: dict[str, Any] | None, people: list[Provider], *, now: datetime
) -> dict[str, Any]:
    """Whether the time asked for is free, and what is near it: with that person first."""
    near = asked["starts_at"] if asked else visit.starts_at
    provider = asked["provider"] if asked else visit.provider
    zone = visit.location.zone
    first_on = max(near - AROUND, now).astimezone(zone).date()
    days = (first_on, max(near, now).astimezone(zone).date() + AROUND)
    free = free_for(visit, Wish.of(visit).with_(None), days=days, now=now)
    starts = {each.pk: free.starts.get(each.pk, []) for each in people}
    second = int(near.timestamp())
    is_there = (near, provider) == (visit.starts_at, visit.provider)
    is_free, broken = second in starts.get(provider.pk, ()), list[str]()
    if not is_free and not is_there:
        broken = _around(visit, provider, near, now=now)
    return {
        "is_free": is_free or bool(broken),
        "is_there": is_there,
        "broken": broken,
        "nearest": [
            _offer(visit, each, start, asked)
            for each in sorted(people, key=lambda each: each != provider)[:PEOPLE_OFFERED]
            for start in _nearest(starts[each.pk], second, besides=int(visit.starts_at.timestamp()))
        ],
    }


def _around(visit: Booking, provider: Provider, at: datetime, *, now: datetime) -> list[str]:
    """What `visit` would be outside of at a time that nothing but hours keeps from being free.

    In words; none where it is not free at any hour. Up to 11 queries.
    """
    day = at.astimezone(visit.location.zone).date()
    wish = Wish.of(visit).with_(provider)
    free = free_for(visit, wish, days=(day, day), is_at_any_hour=True, now=now)
    second = int(at.timestamp())
    if second not in free.all_starts:
        return []
    return in_words(outside_hours(free, provider, second), provider)


def _offer(
    visit: Booking, provider: Provider, start: int, asked: dict[str, Any] | None
) -> dict[str, Any]:
    """A time that is free, and the address that looks at it; what was typed goes with it."""
    wall = datetime.fromtimestamp(start, visit.location.zone)
    query = {"day": f"{wall:%Y-%m-%d}", "time": f"{wall:%H:%M}", "provider": provider.pk}
    if wall.fold:
        query["again"] = 1
    query["version"] = visit.schedule_version
    if asked:
        query |= {"tell": YES if asked["tell"] else NO, "reason": asked["reason"]}
    return {"starts_at": wall, "provider": provider, "query": urlencode(query)}


def _nearest(starts: list[int], to: int, *, besides: int) -> list[int]:
    others = [start for start in starts if start not in (to, besides)]
    return sorted(sorted(others, key=lambda start: abs(start - to))[:TIMES_OFFERED])
