"""A column of the calendar as the page draws it: boxes at minutes, each with its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter

from django.utils import timezone
from django.utils.translation import gettext as _

from booking.models import Provider, Resource
from booking.scheduling.axis import Axis
from booking.scheduling.spans import Span
from booking.scheduling.wallclock import day_span
from booking.selectors.calendar import Column, Off, Why
from booking.selectors.today import name_here
from booking.views.staff.boxes import Box, Place, Sort, Viewer
from booking.views.staff.visit_boxes import lane_of, visit_box
from clinic.web.templatetags.lumen import clock_short, clock_time, day_short


@dataclass(frozen=True)
class Drawn:
    """A column with its boxes."""

    column: Column
    label: str
    hours: str
    boxes: list[Box]  # in order of time
    now_at: int | None

    @property
    def lane(self) -> int:
        """The color of its person; none for rooms and devices, whose visits keep their own."""
        resource = self.column.resource
        return lane_of(resource) if isinstance(resource, Provider) else 0

    @property
    def initials(self) -> str:
        """Two letters of a person, or nothing."""
        resource = self.column.resource
        return resource.initials if isinstance(resource, Provider) else ""

    @property
    def short_name(self) -> str:
        """What its resource is called at this place."""
        return called_here(self.column.resource)


def called_here(resource: Resource) -> str:
    """Return the first name of a person, the name of a room or device without that of its place."""
    if isinstance(resource, Provider):
        return resource.first_name
    return name_here(resource.name, resource.location) if resource.location else resource.name


def draw(
    column: Column,
    axis: Axis,
    *,
    viewer: Viewer,
    is_week: bool,
    places: Iterable[Place] = (),
    now_at: int | None,
    now: datetime,
) -> Drawn:
    """Return `column` on `axis` as `viewer` may see it. `places` are on offer for the visit that is
    held; `now_at` is where now stands.

    Wall times are those of the active zone, which is the place's.
    """
    visits = [
        visit_box(each, column, axis, viewer, is_week=is_week, now=now) for each in column.visits
    ]
    free = column.free if viewer.books(column) else []
    return Drawn(
        column=column,
        label=f"{column.resource.name}, {day_short(column.day)}",
        hours=_hours(column.working),
        boxes=sorted(
            [
                *_offs(column, axis, is_week=is_week),
                *(each for each in visits if each.minutes),
                *_free(free, column, axis),
                *(_place(each, axis) for each in places),
            ],
            key=attrgetter("at"),
        ),
        now_at=now_at,
    )


def spread(starts: Iterable[int], *, apart: int) -> Iterator[int]:
    """Yield of `starts`, in order, those that stand `apart` seconds from the one before.

    A box for each quarter of an hour would be too low for a finger.
    """
    last = None
    for start in starts:
        if last is None or start - last >= apart:
            yield start
            last = start


def _offs(column: Column, axis: Axis, *, is_week: bool) -> Iterator[Box]:
    for off in column.off:
        at, minutes = axis.place(off.span, column.day)
        if minutes > 0 and off.span[1] > axis.instant(axis.opens, column.day):
            yield Box(
                sort=Sort.OFF,
                at=at,
                minutes=minutes,
                css="" if off.why == Why.BREAK else "is-away",
                name=_reason(off, column, is_week=is_week),
                times=_times(off.span, whole=day_span(column.day, axis.zone)),
            )


def _times(span: Span, *, whole: Span) -> str:
    if span == whole:
        return _("all day")
    return _("%(start)s to %(end)s") % {"start": _wall(span[0]), "end": _wall(span[1])}


def _reason(off: Off, column: Column, *, is_week: bool) -> str:
    """Say why nothing can be booked, as shortly as can be."""
    if off.why == Why.CLOSED:
        return _("Closed: %(why)s") % {"why": off.says} if off.says else _("Closed")
    if off.why == Why.BREAK:
        return _("Break")
    if off.why == Why.TIME_OFF:
        return off.says or _("Time off")
    if off.why == Why.ELSEWHERE:
        return _("Busy elsewhere")
    if off.why == Why.OTHER_PLACE:
        return _("At %(place)s") % {"place": off.says}
    is_person = isinstance(column.resource, Provider)
    if not column.working or is_week:
        return _("Not in") if is_person else _("Closed")
    if off.span[1] <= column.working[0][0]:
        until = {"time": clock_short(_local(column.working[0][0]))}
        return _("Starts at %(time)s") % until if is_person else _("Opens at %(time)s") % until
    since = {"time": clock_short(_local(column.working[-1][1]))}
    return _("Off from %(time)s") % since if is_person else _("Closed from %(time)s") % since


def _free(free: list[Span], column: Column, axis: Axis) -> Iterator[Box]:
    for span in free:
        at, minutes = axis.place(span, column.day)
        yield Box(
            sort=Sort.FREE,
            at=at,
            minutes=minutes,
            name=_("Book at %(time)s") % {"time": _wall(span[0])},
            start=f"{_local(span[0]):%H:%M}",
        )


def _place(place: Place, axis: Axis) -> Box:
    local = _local(place.start)
    return Box(
        sort=Sort.PLACE,
        at=axis.at(place.start),
        minutes=0,
        name=clock_time(local),
        word=_("outside hours") if place.is_outside else "",
        start=f"{local:%H:%M}",
        css="again" if local.fold else "",
    )


def _hours(working: list[Span]) -> str:
    """Write from when to when somebody is in: "9 am to 6 pm"."""
    if not working:
        return _("not in")
    return _("%(start)s to %(end)s") % {
        "start": clock_short(_local(working[0][0])),
        "end": clock_short(_local(working[-1][1])),
    }


def _wall(second: int) -> str:
    return clock_time(_local(second))


def _local(second: int) -> datetime:
    return timezone.localtime(datetime.fromtimestamp(second, UTC))
