"""Changes of the schedule as somebody would make them: rows that are not saved yet.

`says` is the change in words, `data` what has to be written, in a form that keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.models import ExtraOpening, Provider, Resource, ScheduleChange
from booking.models import Kind as ResourceKind
from booking.services.schedule import Stretch
from clinic.places.models import Location
from clinic.web.templatetags.lumen import clock_time, day_short
from treatments.models import AddOn, Option, Treatment

Kind = ScheduleChange.Kind
Period = tuple[datetime, datetime]  # half-open, aware
LONGEST = 200  # letters of what a change says


def time_off(
    *, resource: Resource, spans: Sequence[Period], zone: ZoneInfo, reason: str = ""
) -> ScheduleChange:
    """Somebody is away: in one span, or in several that repeat. `zone` is for the words."""
    words = _("%(name)s is away, %(when)s")
    return _away(Kind.TIME_OFF, words, resource, spans, zone, reason)


def out_of_service(
    *, resource: Resource, spans: Sequence[Period], zone: ZoneInfo, reason: str = ""
) -> ScheduleChange:
    """A room or device cannot be used for a while."""
    words = _("%(name)s is out of service, %(when)s")
    return _away(Kind.OUT_OF_SERVICE, words, resource, spans, zone, reason)


def working_hours(
    *,
    provider: Provider,
    location: Location,
    weeks: Sequence[Iterable[Stretch]],
    valid_from: date,
    reason: str = "",
) -> ScheduleChange:
    """Somebody works in another weekly pattern from `valid_from` on.

    One of `weeks` repeats every week; two take turns, the first in the week of `valid_from`.
    """
    says = _("%(name)s has new hours at %(place)s from %(day)s") % {
        "name": provider,
        "place": location,
        "day": day_short(valid_from),
    }
    data = {
        "weeks": [[_as_text(stretch) for stretch in sorted(week)] for week in weeks],
        "valid_from": valid_from.isoformat(),
    }
    return _draft(Kind.HOURS, says, data, resource=provider, location=location, reason=reason)


def extra_opening(
    *, provider: Provider, location: Location, day: date, starts_at: time, ends_at: time
) -> ScheduleChange:
    """Somebody works on one more day, or for longer on one."""
    says = _("%(name)s also works at %(place)s on %(day)s, %(from)s to %(until)s")
    return _extra(says, "adds", provider, location, day, starts_at, ends_at)


def no_extra_opening(*, extra: ExtraOpening) -> ScheduleChange:
    """An extra opening does not take place."""
    says = _("%(name)s does not work at %(place)s on %(day)s, %(from)s to %(until)s, after all")
    hours = (extra.day, extra.starts_at, extra.ends_at)
    change = _extra(says, "removes", extra.provider, extra.location, *hours)
    change.data["extra"] = extra.pk
    return change


def closure(
    *, location: Location, starts_on: date, ends_on: date, reason: str = ""
) -> ScheduleChange:
    """A place is closed for whole days, the first and the last included."""
    if starts_on == ends_on:
        says = _("%(place)s is closed on %(first)s")
    else:
        says = _("%(place)s is closed from %(first)s to %(last)s")
    says %= {"place": location, "first": day_short(starts_on), "last": day_short(ends_on)}
    data = {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    return _draft(Kind.CLOSURE, says, data, location=location, reason=reason)


def opening_hours(
    *, location: Location, week: Iterable[Stretch], reason: str = ""
) -> ScheduleChange:
    """The doors of a place open and close at other hours, from now on."""
    says = _("%(place)s has new opening hours") % {"place": location}
    data = {"week": [_as_text(stretch) for stretch in sorted(week)]}
    return _draft(Kind.OPENING, says, data, location=location, reason=reason)


def leaving(*, resource: Resource, reason: str = "") -> ScheduleChange:
    """A person leaves, a room or a device is not used any more; what they did stays."""
    says = _("%(name)s is no longer in use")
    if resource.kind == ResourceKind.PROVIDER:
        says = _("%(name)s leaves")
    return _draft(Kind.LEAVING, says % {"name": resource}, {}, resource=resource, reason=reason)


def retiring(*, offer: Treatment | Option | AddOn, reason: str = "") -> ScheduleChange:
    """A treatment, one length of it or an extra is no longer offered."""
    says = _("%(name)s is no longer offered") % {"name": offer}
    subject = {Treatment: "treatment", Option: "option", AddOn: "add_on"}[type(offer)]
    return _draft(Kind.RETIRING, says, {}, reason=reason, **{subject: offer})


def _away(
    kind: str, words: str, resource: Resource, spans: Sequence[Period], zone: ZoneInfo, reason: str
) -> ScheduleChange:
    when = span_in_words(*spans[0], zone)
    if len(spans) > 1:
        more = ngettext("and %(count)d time more", "and %(count)d times more", len(spans) - 1)
        when = f"{when}, {more % {'count': len(spans) - 1}}"
    data = {"spans": [[end.astimezone(UTC).isoformat() for end in span] for span in spans]}
    says = words % {"name": resource, "when": when}
    return _draft(kind, says, data, resource=resource, reason=reason)


def _extra(
    says: str,
    verb: str,
    provider: Provider,
    location: Location,
    day: date,
    starts_at: time,
    ends_at: time,
) -> ScheduleChange:
    says %= {
        "name": provider,
        "place": location,
        "day": day_short(day),
        "from": clock_time(starts_at),
        "until": clock_time(ends_at),
    }
    data = {verb: [day.isoformat(), starts_at.isoformat(), ends_at.isoformat()]}
    return _draft(Kind.EXTRA, says, data, resource=provider, location=location)


def _draft(kind: str, says: str, data: dict[str, Any], **fields: Any) -> ScheduleChange:
    return ScheduleChange(kind=kind, says=says[:LONGEST], data=data, **fields)


def _as_text(stretch: Stretch) -> list[Any]:
    return [stretch.weekday, stretch.starts_at.isoformat(), stretch.ends_at.isoformat()]


def span_in_words(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> str:
    """Write a span on the clock of `zone`: whole days as days, hours of one day once."""
    with timezone.override(zone):
        first, last = starts_at.astimezone(zone), ends_at.astimezone(zone)
        is_whole = first.time() == last.time() == time(0)
        if is_whole:
            last_day = date.fromordinal(last.date().toordinal() - 1)
            if last_day == first.date():
                return _("all of %(day)s") % {"day": day_short(last_day)}
            days = {"first": day_short(first.date()), "last": day_short(last_day)}
            return _("%(first)s to %(last)s") % days
        words = {"day": day_short(first), "from": clock_time(first), "until": clock_time(last)}
        if first.date() == last.date():
            return _("%(day)s, %(from)s to %(until)s") % words
        words["last"] = day_short(last)
        return _("%(day)s, %(from)s to %(last)s, %(until)s") % words
