"""The calendar: a day or a week of a place, in columns of people, rooms or devices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.forms.calendar import LookForm
from booking.models import Booking, BookingEvent, Kind, Provider
from booking.permissions import changeable_visits
from booking.places import SEES_VISITS
from booking.selectors.calendar import Calendar, Column, calendar
from booking.selectors.changes import quiet_step
from booking.views.staff.boxes import Place, Viewer
from booking.views.staff.carrying import Carried, carried
from booking.views.staff.drawing import Drawn, called_here, draw
from booking.views.staff.frame import user_of
from booking.views.staff.visit_boxes import KEY, lane_of
from clinic.accounts.access import allowed
from clinic.places.models import Location
from clinic.web import clock
from clinic.web.addresses import key_in
from clinic.web.workspace import staff_page

WEEK = timedelta(days=7)
# Seconds between the times a held visit could be placed at: boxes for a finger.
APART = {"day": 30 * 60, "week": 60 * 60}


@dataclass(frozen=True)
class Asked:
    """What part of the calendar an address asks for."""

    page: str
    location: Location
    day: date
    by: Kind
    who: frozenset[int]

    @property
    def first_on(self) -> date:
        """The day, or the Monday of its week."""
        return self.day - timedelta(days=self.day.weekday()) if self.is_week else self.day

    @property
    def last_on(self) -> date:
        """The day, or the Sunday of its week."""
        return self.first_on + timedelta(days=6) if self.is_week else self.day

    @property
    def is_week(self) -> bool:
        """Whether a week is asked for."""
        return self.page == "week"

    def url(self, *, page: str = "", **other: Any) -> str:
        """Return the address of the same but for what is `other`."""
        asked = {"day": self.day.isoformat(), "place": self.location.slug, "by": self.by} | other
        if self.who and "by" not in other and "place" not in other:
            asked["who"] = sorted(self.who)
        return f"{reverse(f'staff:{page or self.page}')}?{urlencode(asked, doseq=True)}"


@dataclass(frozen=True)
class Done:
    """What this person just did to a visit, and can still take back."""

    visit: Booking
    step: BookingEvent
    is_told: bool  # its client will be, unless it is taken back


@require_safe
@allowed(*SEES_VISITS)
def day(request: HttpRequest) -> HttpResponse:
    """Show one day, a column for everybody. 15 queries, and 5 for what was just done."""
    return _page(request, "day")


@require_safe
@allowed(*SEES_VISITS)
def week(request: HttpRequest) -> HttpResponse:
    """Show a week from Monday, a column for everybody on each day. As many queries as a day."""
    return _page(request, "week")


def _page(request: HttpRequest, page: str) -> HttpResponse:
    now = clock.now()
    locations = list(Location.objects.filter(is_active=True))
    if not locations:
        raise Http404
    asked = _asked(request, page, locations, now=now)
    found = calendar(
        location=asked.location,
        first_on=asked.first_on,
        last_on=asked.last_on,
        by=asked.by,
        chosen=asked.who,
        now=now,
    )
    held = carried(request, location=asked.location, days=(asked.first_on, asked.last_on), now=now)
    with timezone.override(asked.location.zone):
        today = timezone.localtime(now).date()
        context = {
            "asked": asked,
            "book_url": f"{reverse('staff:book')}?{urlencode({'place': asked.location.slug})}",
            "calendar": found,
            "days": _drawn(found, held, Viewer.of(user_of(request)), asked, now=now),
            "hours": found.axis.hours(),
            "held": held,
            "done": _done(request, now=now),
            "key": KEY,
            "kinds": [(kind, asked.url(by=kind)) for kind in Kind],
            "lanes": [
                (each, called_here(each), lane_of(each) if isinstance(each, Provider) else 0)
                for each in found.resources
            ],
            "locations": [(each, asked.url(place=each.slug)) for each in locations],
            "pages": [(each, asked.url(page=each)) for each in ("day", "week")],
            "earlier": asked.url(day=asked.day - (WEEK if asked.is_week else timedelta(days=1))),
            "later": asked.url(day=asked.day + (WEEK if asked.is_week else timedelta(days=1))),
            "to_today": asked.url(day=today),
            "today": today,
            "now": now,
        }
        return staff_page(request, f"staff/calendar_{page}.html", context)


def _asked(request: HttpRequest, page: str, locations: list[Location], *, now: datetime) -> Asked:
    """What the address asks for; where it says nothing of use, today at the first place."""
    form = LookForm(request.GET)
    form.is_valid()
    typed = form.cleaned_data
    location = next((each for each in locations if each.slug == typed.get("place")), locations[0])
    return Asked(
        page=page,
        location=location,
        day=typed.get("day") or now.astimezone(location.zone).date(),
        by=Kind(typed.get("by") or Kind.PROVIDER),
        who=frozenset(filter(None, map(key_in, request.GET.getlist("who")))),
    )


def _drawn(
    found: Calendar, held: Carried | None, viewer: Viewer, asked: Asked, *, now: datetime
) -> list[tuple[date, list[Drawn]]]:
    def places(column: Column) -> list[Place]:
        if held is None or found.by != Kind.PROVIDER:
            return []
        apart = APART[asked.page]
        return held.places(column.day, column.resource.pk, found.axis, apart=apart)

    return [
        (
            on,
            [
                draw(
                    column,
                    found.axis,
                    viewer=viewer,
                    is_week=asked.is_week,
                    places=places(column),
                    now_at=found.now_on(on),
                    now=now,
                )
                for column in columns
            ],
        )
        for on, columns in found.columns.items()
    ]


def _done(request: HttpRequest, *, now: datetime) -> Done | None:
    """What was just done to the visit that the address names. No query without one, else 5."""
    reference = request.GET.get("done", "").replace("\0", "")[:8]
    if not reference:
        return None
    visit = changeable_visits(user_of(request)).with_facts().visit(reference)
    if visit is None:
        return None
    step = quiet_step(visit, by=BookingEvent.By.STAFF, now=now)
    if step is None:
        return None
    is_told = visit.starts_at > now and not step.data.get("is_quiet")
    return Done(visit, step, is_told)
