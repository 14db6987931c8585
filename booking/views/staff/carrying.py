"""Picking a visit up, looking around, and placing it: what the session carries in between.

Nothing is moved by it. The visit stands where it is until its move is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse

from booking.models import Booking
from booking.permissions import changeable_visits
from booking.scheduling.axis import Axis
from booking.scheduling.slots import starts_within
from booking.scheduling.spans import intersect, merged
from booking.scheduling.wallclock import day_span
from booking.selectors import FreeSlots
from booking.selectors.changes import why_settled
from booking.selectors.outside import outside_hours
from booking.views.staff.boxes import Place
from booking.views.staff.drawing import spread
from booking.views.staff.frame import CHANGES_VISITS, changeable_or_404, user_of
from booking.views.staff.moving import (
    CARRIED,
    calendar_url,
    free_for,
    people_for,
)
from booking.wishes import Wish
from clinic.accounts.access import allowed
from clinic.places.models import Location
from clinic.web.presses import press, see_other


@dataclass(frozen=True)
class Carried:
    """The visit that is held, and where it could go on the days that are shown."""

    visit: Booking
    free: FreeSlots | None  # None at another place than the visit's
    people: frozenset[int]

    def places(self, day: date, provider: int, axis: Axis, *, apart: int) -> list[Place]:
        """Return where `provider` could give it on `day`, `apart` seconds from each other.

        On days on which they are in: times within their hours first, and around them what else
        has room on `axis`.
        """
        if self.free is None or provider not in self.people:
            return []
        person, whole = self.free.providers[provider], day_span(day, self.free.zone)
        if not intersect(merged(self.free.hours[provider]), [whole]):
            return []
        stands = (int(self.visit.starts_at.timestamp()), self.visit.provider_id)
        within, outside = list[int](), list[int]()
        for start in starts_within(self.free.starts[provider], whole):
            if (start, provider) == stands:
                continue
            if not outside_hours(self.free, person, start):
                within.append(start)
            elif axis.shows(start, apart // 60):
                outside.append(start)
        within = list(spread(within, apart=apart))
        outside = [each for each in outside if all(abs(each - one) >= apart for one in within)]
        found = [Place(each, is_outside=False) for each in within]
        found += [Place(each, is_outside=True) for each in spread(outside, apart=apart)]
        return sorted(found)


def carried(
    request: HttpRequest, *, location: Location, days: tuple[date, date], now: datetime
) -> Carried | None:
    """Return the visit this person holds, with its free times at any hour.

    No query where nothing is held.
    """
    reference = request.session.get(CARRIED)
    if reference is None:
        return None
    visit = changeable_visits(user_of(request)).with_facts().visit(reference)
    if visit is None or why_settled(visit, now=now):
        return None
    free = None
    if visit.location == location:
        wish = Wish.of(visit).with_(None)
        free = free_for(visit, wish, days=days, is_at_any_hour=True, now=now)
    return Carried(visit, free, frozenset(each.pk for each in people_for(request, visit)))


@press(else_to="move")
@allowed(*CHANGES_VISITS)
def pick_up(request: HttpRequest, reference: str) -> HttpResponse:
    """Hold a visit, and show the week it stands in."""
    visit = changeable_or_404(request, reference)
    request.session[CARRIED] = visit.reference
    return see_other(calendar_url("week", visit))


@press(else_to="move")
@allowed(*CHANGES_VISITS)
def put_back(request: HttpRequest, reference: str) -> HttpResponse:
    """Let go of the visit that is held; it stands where it was."""
    request.session.pop(CARRIED, None)
    return see_other(calendar_url("week", changeable_or_404(request, reference)))
