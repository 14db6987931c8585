"""A column of the calendar as the page draws it: boxes at minutes, each with its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from booking.letters.staff import initialed
from booking.models import UPCOMING, Booking, Provider, Resource, Status
from booking.scheduling.axis import Axis
from booking.scheduling.spans import Span
from booking.scheduling.wallclock import day_span
from booking.selectors.calendar import Column, Off, Why
from booking.selectors.today import name_here
from booking.services.resizing import RESIZABLE
from clinic.accounts.models import User
from clinic.web.templatetags.lumen import clock_short, clock_time, day_short

SHORT, TINY = 40, 25  # minutes; a lower box has one line only, or a low one
LANES = 4  # colors there are


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a visit looks by where it stands: a class, an icon, and the word that says it."""

    css: str
    icon: str = ""
    word: str | Promise


LOOKS = {
    Status.HELD: Look(css="is-held", icon="hourglass", word=gettext_lazy("Being booked")),
    Status.PENDING_FORM: Look(
        css="is-warn", icon="hourglass-split", word=gettext_lazy("Waiting for the form")
    ),
    Status.PENDING_CLEARANCE: Look(
        css="is-warn", icon="hourglass-split", word=gettext_lazy("Waiting for a doctor’s word")
    ),
    Status.CONFIRMED: Look(css="is-ok", word=gettext_lazy("Confirmed")),
    Status.CHECKED_IN: Look(css="is-in", icon="person-check", word=gettext_lazy("Checked in")),
    Status.IN_PROGRESS: Look(css="is-live", icon="activity", word=gettext_lazy("In treatment")),
    Status.COMPLETED: Look(css="is-done", icon="check2-all", word=gettext_lazy("Completed")),
    Status.NO_SHOW: Look(css="is-miss", icon="person-x", word=gettext_lazy("No-show")),
}
NEEDS_SOMEBODY = Look(
    css="is-warn", icon="exclamation-triangle", word=gettext_lazy("Needs a person")
)
TAKEN = Look(css="is-shut", word=gettext_lazy("Booked"))
KEY = [
    *(LOOKS[each] for each in (Status.COMPLETED, Status.IN_PROGRESS, Status.CHECKED_IN)),
    *(LOOKS[each] for each in (Status.NO_SHOW, Status.HELD, Status.PENDING_FORM)),
    NEEDS_SOMEBODY,
]


@dataclass(frozen=True)
class Viewer:
    """Who is looking, and what they may see and change."""

    user: User
    sees_all: bool
    changes_all: bool
    changes_own: bool
    books_all: bool
    books_own: bool

    @classmethod
    def of(cls, user: User) -> Viewer:
        """Return `user` with what they may do. 2 queries."""
        return cls(
            user=user,
            sees_all=user.has_perm("booking.view_booking"),
            changes_all=user.has_perm("booking.change_booking"),
            changes_own=user.has_perm("booking.change_own_booking"),
            books_all=user.has_perm("booking.add_booking"),
            books_own=user.has_perm("booking.add_own_booking"),
        )

    def sees(self, visit: Booking) -> bool:
        """Whether they may look at `visit` and its client."""
        return self.sees_all or visit.provider.user_id == self.user.pk

    def changes(self, visit: Booking) -> bool:
        """Whether they may move `visit`."""
        return self.changes_all or (self.changes_own and visit.provider.user_id == self.user.pk)

    def books(self, column: Column) -> bool:
        """Whether they may book a visit into `column`."""
        if not isinstance(column.resource, Provider):
            return False
        return self.books_all or (self.books_own and column.resource.user_id == self.user.pk)


class Sort(StrEnum):
    """What a box is."""

    VISIT = "visit"
    OFF = "off"
    FREE = "free"
    PLACE = "place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box in a column: where it begins and how long it is, in minutes, and what it says."""

    sort: Sort
    at: int
    minutes: int
    css: str = ""
    name: str | Promise
    times: str = ""
    line: str = ""
    icon: str = ""
    word: str | Promise = ""
    lane: int = 0
    reference: str = ""  # of a visit that can be opened
    version: int = 0
    person: int = 0  # who gives it, where the column does not say
    can_move: bool = False
    can_resize: bool = False
    start: str = ""  # of a time that can be taken, "09:15" on the wall


class Place(NamedTuple):
    """Where a held visit could be placed: a start in seconds, and whether it is outside hours."""

    start: int
    is_outside: bool


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


def lane_of(provider: Provider) -> int:
    """Return which of the colors is theirs."""
    return (provider.lane - 1) % LANES + 1


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
        _visit(each, column, axis, viewer, is_week=is_week, now=now) for each in column.visits
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


def _visit(
    visit: Booking, column: Column, axis: Axis, viewer: Viewer, *, is_week: bool, now: datetime
) -> Box:
    span = (int(visit.starts_at.timestamp()), int(visit.ends_at.timestamp()))
    at, minutes = axis.place(span, column.day)
    times = _("%(start)s to %(end)s") % {
        "start": clock_time(visit.starts_at),
        "end": clock_time(visit.ends_at),
    }
    lane = 0 if isinstance(column.resource, Provider) else lane_of(visit.provider)
    if not viewer.sees(visit):
        return Box(
            sort=Sort.VISIT,
            at=at,
            minutes=minutes,
            css=_css(TAKEN, minutes),
            name=TAKEN.word,
            times=times,
            lane=lane,
        )
    status = Status(visit.status)
    look = LOOKS[status]
    if visit.has_alert and status in UPCOMING:  # type: ignore[attr-defined]
        look = NEEDS_SOMEBODY
    if visit.client is None:
        return Box(
            sort=Sort.VISIT,
            at=at,
            minutes=minutes,
            css=_css(look, minutes),
            name=look.word,
            times=times,
            icon=look.icon,
            lane=lane,
        )
    treatment = visit.option.treatment.name
    line = treatment if is_week else f"{treatment}, {_length(visit)}"
    if lane:
        line = f"{visit.provider.first_name}, {line}"
    may_change = viewer.changes(visit)
    return Box(
        sort=Sort.VISIT,
        at=at,
        minutes=minutes,
        css=_css(look, minutes),
        name=short_name(visit) if is_week else visit.client.name,
        times=times,
        line=line,
        icon=look.icon,
        word=look.word,
        lane=lane,
        reference=visit.reference,
        version=visit.schedule_version,
        person=visit.provider_id,
        can_move=may_change and status in UPCOMING and visit.starts_at > now,
        can_resize=may_change and status in RESIZABLE,
    )


def short_name(visit: Booking) -> str:
    """Write a client as "Maya E": enough for a cell that many may see."""
    return initialed(visit.client).removesuffix(".") if visit.client else ""


def _length(visit: Booking) -> str:
    return _("%(count)d min") % {"count": visit.minutes}


def _css(look: Look, minutes: int) -> str:
    size = " is-short is-tiny" if minutes < TINY else " is-short" if minutes < SHORT else ""
    return look.css + size


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
