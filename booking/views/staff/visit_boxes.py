"""A visit as a box of the calendar: how it looks by where it stands, and what it says to whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from booking.letters.staff import initialed
from booking.models import UPCOMING, Booking, Provider, Status
from booking.scheduling.axis import Axis
from booking.selectors.calendar import Column
from booking.services.resizing import RESIZABLE
from booking.views.staff.boxes import Box, Sort, Viewer
from clinic.web.templatetags.lumen import clock_time

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


def visit_box(
    visit: Booking, column: Column, axis: Axis, viewer: Viewer, *, is_week: bool, now: datetime
) -> Box:
    """Return `visit` as `viewer` may see it: whose it is, or only that the time is taken."""
    is_seen = viewer.sees(visit)
    look = _look(visit) if is_seen else TAKEN
    span = (int(visit.starts_at.timestamp()), int(visit.ends_at.timestamp()))
    at, minutes = axis.place(span, column.day)
    taken = Box(
        sort=Sort.VISIT,
        at=at,
        minutes=minutes,
        css=_css(look, minutes),
        name=look.word,
        times=_("%(start)s to %(end)s")
        % {"start": clock_time(visit.starts_at), "end": clock_time(visit.ends_at)},
        icon=look.icon,
        lane=0 if isinstance(column.resource, Provider) else lane_of(visit.provider),
    )
    if not is_seen or visit.client is None:
        return taken
    may_change = viewer.changes(visit)
    return replace(
        taken,
        name=short_name(visit) if is_week else visit.client.name,
        line=_line(visit, is_week=is_week, has_provider=bool(taken.lane)),
        word=look.word,
        reference=visit.reference,
        version=visit.schedule_version,
        person=visit.provider_id,
        can_move=may_change and visit.status in UPCOMING and visit.starts_at > now,
        can_resize=may_change and visit.status in RESIZABLE,
    )


def _look(visit: Booking) -> Look:
    if visit.has_alert and visit.status in UPCOMING:  # type: ignore[attr-defined]
        return NEEDS_SOMEBODY
    return LOOKS[Status(visit.status)]


def _line(visit: Booking, *, is_week: bool, has_provider: bool) -> str:
    """Say what is done, how long, and who does it where the column is not theirs."""
    treatment = visit.option.treatment.name
    line = treatment if is_week else f"{treatment}, {_length(visit)}"
    return f"{visit.provider.first_name}, {line}" if has_provider else line


def short_name(visit: Booking) -> str:
    """Write a client as "Maya E": enough for a cell that many may see."""
    return initialed(visit.client).removesuffix(".") if visit.client else ""


def _length(visit: Booking) -> str:
    return _("%(count)d min") % {"count": visit.minutes}


def _css(look: Look, minutes: int) -> str:
    size = " is-short is-tiny" if minutes < TINY else " is-short" if minutes < SHORT else ""
    return look.css + size


def lane_of(provider: Provider) -> int:
    """Return which of the colors is theirs."""
    return (provider.lane - 1) % LANES + 1
