"""Today: who comes, what is between, what is next, and what can be done in one tap."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.models import Provider
from booking.permissions import visits_of
from booking.places import SEES_VISITS
from booking.selectors.schedules import Schedule, Shelf, shelves
from booking.selectors.today import Day, day_of
from booking.views.staff.frame import CHANGES_VISITS, user_of
from clinic.accounts.access import allowed
from clinic.places.policies import policy_for
from clinic.web import clock
from clinic.web.addresses import day_in
from clinic.web.pages import render_page
from clinic.web.workspace import in_frame


@require_safe
@allowed(*SEES_VISITS)
def today(request: HttpRequest) -> HttpResponse:
    """Show a day; a refresh swaps what is in it. About 25 queries, however many visits."""
    return show(request, request.GET)


def show(
    request: HttpRequest, asked: QueryDict, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    """Show the day of `asked`, on the clock of its place; `refusal` is why a press did nothing."""
    found, chosen = choose(request, asked)
    context = {"shelves": found, "refusal": refusal, "now": clock.now()}
    if chosen is None:
        return _rendered(request, context, status=status)
    context |= {"day": _day(request, chosen)}
    with timezone.override(chosen.location.zone):
        return _rendered(request, context, status=status)


def choose(request: HttpRequest, asked: QueryDict) -> tuple[list[Shelf], Schedule | None]:
    """Return whose days this person may look at, and the one `asked` for. 6 queries.

    Else their own, where they work that day; else everyone's at the first place. None for
    somebody who has no hours anywhere.
    """
    user, now = user_of(request), clock.now()
    own = Provider.objects.filter(user=user).first()
    sees_all = user.has_perm("booking.view_booking")
    if own is None and not sees_all:
        return [], None
    found = shelves(asked=day_in(asked.get("day")), own=None if sees_all else own, now=now)
    every = [schedule for shelf in found for schedule in shelf.schedules]
    for schedule in every:
        if schedule.key == asked.get("who"):
            return found, schedule
    mine = [schedule for schedule in every if own is not None and schedule.of(own)]
    here = [schedule for schedule in mine if schedule.is_on]
    return found, next(iter([*here, *mine, *every]), None)


def _day(request: HttpRequest, schedule: Schedule) -> Day:
    user, now = user_of(request), clock.now()
    return day_of(
        schedule,
        visits=visits_of(user),
        policy=policy_for(schedule.location, now=now),
        may_press=any(map(user.has_perm, CHANGES_VISITS)),
        now=now,
    )


def _rendered(request: HttpRequest, context: dict[str, object], *, status: int) -> HttpResponse:
    context = in_frame(request, context)
    return render_page(request, "staff/today.html", "staff/_today.html", context, status=status)
