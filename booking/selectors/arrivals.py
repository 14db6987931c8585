"""How late somebody is, who came unprepared before, and who had the last word about a visit."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from booking.models import Booking, BookingEvent, Happened, Status
from clinic.clients.models import Client
from clinic.places.policies import Policy
from clinic.web.templatetags.lumen import moment

MINUTE = 60  # seconds

# Who did what, and when: what a press is answered with that came too late.
SAID: dict[str, Promise] = {
    Happened.CONFIRMED: gettext_lazy("%(who)s booked this visit %(when)s."),
    Happened.MOVED: gettext_lazy("%(who)s moved this visit %(when)s."),
    Happened.RESIZED: gettext_lazy("%(who)s changed the length of this visit %(when)s."),
    Happened.CANCELLED: gettext_lazy("%(who)s canceled this visit %(when)s."),
    Happened.UNDONE: gettext_lazy("%(who)s took a change of this visit back %(when)s."),
    Happened.CHECKED_IN: gettext_lazy("%(who)s checked the client in %(when)s."),
    Happened.STARTED: gettext_lazy("%(who)s started this visit %(when)s."),
    Happened.COMPLETED: gettext_lazy("%(who)s completed this visit %(when)s."),
    Happened.NO_SHOW: gettext_lazy("%(who)s noted %(when)s that the client did not come."),
    Happened.DECLINED: gettext_lazy("%(who)s declined this visit %(when)s."),
    Happened.TOO_LATE: gettext_lazy("%(who)s noted %(when)s that the client came too late."),
    Happened.TAKEN_BACK: gettext_lazy("%(who)s took back what was noted %(when)s."),
}
NO_CHANGES = {  # of a visit
    Happened.UNPREPARED,
    Happened.FEE_WAIVED,
    Happened.FEE_PAID,
    Happened.FEE_OWED_AGAIN,
    Happened.SENT_AGAIN,
}
ELSE_SAID = gettext_lazy("%(who)s changed this visit %(when)s.")


class Lateness(IntEnum):
    """What a late arrival means by the policy (handbook, section 9), in order of time."""

    NONE = 0  # the visit has not begun
    KEPT = 1
    SHORTENED = 2
    TOO_LATE = 3
    OVER = 4  # nothing of the visit is left

    @classmethod
    def of(cls, booking: Booking, *, policy: Policy, now: datetime) -> Lateness:
        """Return what it means that the client of `booking` arrives `now`."""
        if now < booking.starts_at:
            return cls.NONE
        seconds = (now - booking.starts_at).total_seconds()
        if seconds <= policy.late_keep_minutes * MINUTE:
            return cls.KEPT
        if minutes_left(booking, now=now) < 1:
            return cls.OVER
        is_short = seconds <= policy.late_shorten_minutes * MINUTE
        return cls.SHORTENED if is_short else cls.TOO_LATE


def minutes_late(booking: Booking, *, now: datetime) -> int:
    """Return the whole minutes since `booking` was to begin."""
    return int((now - booking.starts_at).total_seconds() // MINUTE)


def minutes_left(booking: Booking, *, now: datetime) -> int:
    """Return how long the visit is that begins at this minute and ends as booked."""
    return booking.minutes - minutes_late(booking, now=now)


def has_come_unprepared(client: Client | None, *, before: Booking) -> bool:
    """Whether another visit of `client` was declined for missed preparation. One query."""
    return BookingEvent.objects.filter(
        booking__in=Booking.objects.filter(
            client=client, client__isnull=False, status=Status.DECLINED_AT_VISIT
        ).exclude(pk=before.pk),
        what=Happened.DECLINED,
        data__unprepared=True,
    ).exists()


def when_it_begins(booking: Booking) -> str:
    """Write "Mon, Mar 4, 9:00 am", on the clock of its place."""
    return _when(booking, booking.starts_at)


def how_it_stands(booking: Booking) -> str:
    """Return who had the last word about `booking`, what it was and when, and how it is now.

    One query. Times are the location's.
    """
    stands = {"state": booking.get_status_display()}
    sentence = _("This visit is %(state)s now; nothing was changed.") % stands
    if booking.status == Status.CONFIRMED:
        sentence = _("The client is not checked in yet; nothing was changed.")
    last = booking.events.exclude(what__in=NO_CHANGES).order_by("-pk").first()
    if last is None or last.what == Happened.CONFIRMED:
        return sentence
    said = SAID.get(last.what, ELSE_SAID)
    who = str(last.user) if last.user else last.get_by_display().capitalize()
    return f"{said % {'who': who, 'when': _when(booking, last.at)}} {sentence}"


def _when(booking: Booking, at: datetime) -> str:
    with timezone.override(booking.location.zone):
        return moment(at)
