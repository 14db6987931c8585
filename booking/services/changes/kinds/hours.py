"""Working hours, extra openings, doors: whole sets of rows are replaced.

Rows that are replaced are kept in the change as text (`before`) and come back with their primary
keys; what was written is kept too (`after`), so that a change is never taken back over a later one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, time
from typing import Any

from django.core import serializers
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import ExtraOpening, WorkingHours
from booking.services import schedule
from booking.services.changes.kinds.way import (
    Change,
    Way,
    ahead,
    all_of_its_place,
    its_resource,
    keys,
    place_of,
    provider_of,
)
from booking.services.schedule import Stretch
from clinic.places.models import OpeningHours


def _weekly_rows(change: Change) -> QuerySet[Any]:
    return WorkingHours.objects.filter(provider=change.resource_id, location=change.location_id)


def _extra_rows(change: Change) -> QuerySet[Any]:
    day = (change.data.get("adds") or change.data["removes"])[0]
    return ExtraOpening.objects.filter(
        provider=change.resource_id, location=change.location_id, day=day
    )


def _door_rows(change: Change) -> QuerySet[Any]:
    return OpeningHours.objects.filter(location=change.location_id)


def _replacing(
    rows: Callable[[Change], QuerySet[Any]], write: Callable[[Change, datetime], None]
) -> tuple[Callable[[Change, datetime], None], Callable[[Change], None]]:
    """Return how to `write` over the set of `rows` of a change, and how to bring it back."""

    def replace(change: Change, now: datetime) -> None:
        change.data["before"] = _written_down(rows(change))
        write(change, now)
        change.data["after"] = _written_down(rows(change))

    def restore(change: Change) -> None:
        if _written_down(rows(change)) != change.data["after"]:
            raise NotNow(
                _("These hours have been changed again since. Set the hours that you want now.")
            )
        rows(change).delete()
        for row in serializers.deserialize("python", change.data["before"]):
            row.save()

    return replace, restore


def _written_down(rows: QuerySet[Any]) -> list[Any]:
    """Return `rows` as JSON keeps them, primary keys included."""
    found: list[Any] = json.loads(serializers.serialize("json", rows.order_by("pk")))
    return found


def _write_weeks(change: Change, now: datetime) -> None:
    schedule.write_weeks(
        provider_of(change),
        place_of(change),
        weeks=[_stretches(week) for week in change.data["weeks"]],
        valid_from=date.fromisoformat(change.data["valid_from"]),
        now=now,
    )


def _write_extra(change: Change, now: datetime) -> None:
    if "removes" in change.data:
        if not ExtraOpening.objects.filter(pk=change.data["extra"]).delete()[0]:
            raise NotNow(_("This extra opening was taken away already."))
        return
    day, starts_at, ends_at = change.data["adds"]
    extra = ExtraOpening(
        provider=provider_of(change),
        location=place_of(change),
        day=date.fromisoformat(day),
        starts_at=time.fromisoformat(starts_at),
        ends_at=time.fromisoformat(ends_at),
    )
    extra.full_clean()
    extra.save()
    schedule.check_days(extra.provider, extra.location, changed=[extra], now=now)


def _write_doors(change: Change, now: datetime) -> None:
    _door_rows(change).delete()
    for stretch in _stretches(change.data["week"]):
        doors = OpeningHours(
            location=place_of(change),
            weekday=stretch.weekday,
            opens_at=stretch.starts_at,
            closes_at=stretch.ends_at,
        )
        doors.full_clean()
        doors.save()


def _stretches(week: Iterable[list[Any]]) -> list[Stretch]:
    return [
        Stretch(day, time.fromisoformat(start), time.fromisoformat(end)) for day, start, end in week
    ]


def _outside_its_persons_hours(change: Change, now: datetime) -> set[int]:
    return _outside(change, [change.resource_id or 0], now)


def _outside_hours_there(change: Change, now: datetime) -> set[int]:
    there = ahead(now=now).filter(location=change.location_id).order_by()
    return _outside(change, set(there.values_list("provider", flat=True)), now)


def _outside(change: Change, providers: Collection[int], now: datetime) -> set[int]:
    found = schedule.stranded(location=place_of(change), providers=providers, now=now)
    return keys(ahead(now=now).filter(pk__in=found)) if found else found


def _hours(
    rows: Callable[[Change], QuerySet[Any]],
    write: Callable[[Change, datetime], None],
    *,
    locks: Callable[[Change], Iterable[int]],
    hit: Callable[[Change, datetime], set[int]],
) -> Way:
    replace, restore = _replacing(rows, write)
    return Way(locks=locks, write=replace, take_back=restore, hit=hit, is_relative=True)


HOURS = _hours(_weekly_rows, _write_weeks, locks=its_resource, hit=_outside_its_persons_hours)
EXTRA = _hours(_extra_rows, _write_extra, locks=its_resource, hit=_outside_its_persons_hours)
OPENING = _hours(_door_rows, _write_doors, locks=all_of_its_place, hit=_outside_hours_there)
