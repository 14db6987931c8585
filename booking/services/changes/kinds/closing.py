"""A place that is closed for some days."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from booking.scheduling.wallclock import day_span
from booking.services.changes.kinds.way import Change, Way, ahead, all_of_its_place, keys, place_of
from clinic.places.models import Closure


def _write_closure(change: Change, now: datetime) -> None:
    closure = Closure(
        location=place_of(change),
        starts_on=date.fromisoformat(change.data["starts_on"]),
        ends_on=date.fromisoformat(change.data["ends_on"]),
        reason=change.reason[:120] or _("Closed"),
    )
    closure.full_clean(exclude=["location"])
    closure.save()
    change.data["closure"] = closure.pk


def _remove_closure(change: Change) -> None:
    Closure.objects.filter(pk=change.data["closure"]).delete()


def _on_its_days(change: Change, now: datetime) -> set[int]:
    zone = place_of(change).zone
    first, last = (
        day_span(date.fromisoformat(change.data[name]), zone) for name in ("starts_on", "ends_on")
    )
    start, end = (datetime.fromtimestamp(second, zone) for second in (first[0], last[1]))
    there = ahead(now=now).filter(location=change.location_id)
    return keys(there.filter(starts_at__lt=end, ends_at__gt=start))


CLOSURE = Way(
    locks=all_of_its_place, write=_write_closure, take_back=_remove_closure, hit=_on_its_days
)
