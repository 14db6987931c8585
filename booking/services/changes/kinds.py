"""What each kind of change does: which rows it locks, writes and takes back, and whom it hits.

Rows that are replaced are kept in the change as text (`before`) and come back with their primary
keys; what was written is kept too (`after`), so that a change is never taken back over a later one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.core import serializers
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import (
    UPCOMING,
    Allocation,
    Booking,
    ExtraOpening,
    Provider,
    Resource,
    ScheduleChange,
    TimeOff,
    WorkingHours,
)
from booking.scheduling.wallclock import day_span
from booking.services import schedule
from booking.services.schedule import Stretch
from clinic.places.models import Closure, Location, OpeningHours
from treatments.models import AddOn, Option, Treatment, Visibility

Change = ScheduleChange
Kind = ScheduleChange.Kind


@dataclass(frozen=True, kw_only=True)
class Way:
    """How changes of a kind go about it; each function runs in a transaction of its caller.

    `hit` are the promised visits ahead, by primary key, that the change as written runs into.
    With `is_relative` those it hit before it was written are none of its business.
    """

    locks: Callable[[Change], Iterable[int]]
    write: Callable[[Change, datetime], None]
    take_back: Callable[[Change], None]
    hit: Callable[[Change, datetime], set[int]]
    is_relative: bool = False


def ahead(*, now: datetime) -> QuerySet[Booking]:
    """Return the visits that are promised and have not begun."""
    return Booking.objects.filter(status__in=UPCOMING, starts_at__gt=now)


def _keys(visits: QuerySet[Booking]) -> set[int]:
    return set(visits.values_list("pk", flat=True))


# Whose rows


def _its_resource(change: Change) -> list[int]:
    return [change.resource_id] if change.resource_id else []


def _all_of_its_place(change: Change) -> set[int]:
    """Rooms and devices of the place, and whoever works or has a visit there."""
    fixtures = Resource.objects.filter(location=change.location)
    people = Provider.objects.filter(
        Q(working_hours__location=change.location) | Q(extra_openings__location=change.location)
    )
    return {*fixtures.values_list("pk", flat=True), *people.values_list("pk", flat=True)}


def _all_who_give_it(change: Change) -> set[int]:
    if change.add_on_id:
        givers = Provider.objects.filter(add_ons=change.add_on_id)
    else:
        treatment = change.treatment_id or _option(change).treatment_id
        givers = Provider.objects.filter(treatments=treatment)
    return set(givers.values_list("pk", flat=True))


def _option(change: Change) -> Option:
    if change.option is None:
        raise ValueError("A change of no option")
    return change.option


# Away, out of service


def _write_time_off(change: Change, now: datetime) -> None:
    for start, end in change.data["spans"]:
        row = TimeOff(
            resource=_resource(change),
            starts_at=datetime.fromisoformat(start),
            ends_at=datetime.fromisoformat(end),
            reason=change.reason[:120],
            change=change,
            created_by=change.asked_by,
        )
        row.full_clean(exclude=["resource", "change", "created_by"])
        row.save()


def _remove_time_off(change: Change) -> None:
    change.time_off.all().delete()


def _in_its_time_off(change: Change, now: datetime) -> set[int]:
    away = TimeOff.objects.filter(
        change=change, starts_at__lt=OuterRef("ends_at"), ends_at__gt=OuterRef("starts_at")
    )
    kept = Allocation.objects.filter(Exists(away), resource=change.resource_id, ends_at__gt=now)
    return _keys(ahead(now=now).filter(pk__in=kept.values("booking")))


def _resource(change: Change) -> Resource:
    if change.resource is None:
        raise ValueError("A change of no resource")
    return change.resource


def _provider(change: Change) -> Provider:
    return Provider.objects.get(pk=_resource(change).pk)


def _place(change: Change) -> Location:
    if change.location is None:
        raise ValueError("A change of no place")
    return change.location


# Hours: whole sets of rows are replaced


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
        _provider(change),
        _place(change),
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
        provider=_provider(change),
        location=_place(change),
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
            location=_place(change),
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
    found = schedule.stranded(location=_place(change), providers=providers, now=now)
    return _keys(ahead(now=now).filter(pk__in=found)) if found else found


# Closures


def _write_closure(change: Change, now: datetime) -> None:
    closure = Closure(
        location=_place(change),
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
    zone = _place(change).zone
    first, last = (
        day_span(date.fromisoformat(change.data[name]), zone) for name in ("starts_on", "ends_on")
    )
    start, end = (datetime.fromtimestamp(second, zone) for second in (first[0], last[1]))
    there = ahead(now=now).filter(location=change.location_id)
    return _keys(there.filter(starts_at__lt=end, ends_at__gt=start))


# Out of use, no longer offered


def _switch_off(change: Change, now: datetime) -> None:
    if not Resource.objects.filter(pk=_resource(change).pk, is_active=True).update(is_active=False):
        raise NotNow(_("%(name)s is out of use already.") % {"name": change.resource})


def _switch_on(change: Change) -> None:
    Resource.objects.filter(pk=_resource(change).pk).update(is_active=True)


def _with_it(change: Change, now: datetime) -> set[int]:
    kept = Allocation.objects.filter(resource=change.resource_id, ends_at__gt=now)
    return _keys(ahead(now=now).filter(pk__in=kept.values("booking")))


def _retire(change: Change, now: datetime) -> None:
    rows, field, off = _offer(change)
    was = rows.values_list(field, flat=True).get()
    if was == off:
        raise NotNow(_("This is no longer offered already."))
    change.data["was"] = was
    rows.update(**{field: off})


def _offer_again(change: Change) -> None:
    rows, field, _off = _offer(change)
    rows.update(**{field: change.data["was"]})


def _offer(change: Change) -> tuple[QuerySet[Any], str, Any]:
    """Return what is retired, and the field and value that say so."""
    if change.option_id:
        return Option.objects.filter(pk=change.option_id), "is_active", False
    if change.add_on_id:
        return AddOn.objects.filter(pk=change.add_on_id), "visibility", Visibility.RETIRED
    treatments = Treatment.objects.filter(pk=change.treatment_id or 0)
    return treatments, "visibility", Visibility.RETIRED


def _of_it(change: Change, now: datetime) -> set[int]:
    if change.option_id:
        return _keys(ahead(now=now).filter(option=change.option_id))
    if change.add_on_id:
        return _keys(ahead(now=now).filter(add_ons=change.add_on_id))
    return _keys(ahead(now=now).filter(option__treatment=change.treatment_id))


AWAY = Way(
    locks=_its_resource, write=_write_time_off, take_back=_remove_time_off, hit=_in_its_time_off
)


def _hours(
    rows: Callable[[Change], QuerySet[Any]],
    write: Callable[[Change, datetime], None],
    *,
    locks: Callable[[Change], Iterable[int]],
    hit: Callable[[Change, datetime], set[int]],
) -> Way:
    replace, restore = _replacing(rows, write)
    return Way(locks=locks, write=replace, take_back=restore, hit=hit, is_relative=True)


WAYS: dict[str, Way] = {
    Kind.TIME_OFF: AWAY,
    Kind.OUT_OF_SERVICE: AWAY,
    Kind.HOURS: _hours(
        _weekly_rows, _write_weeks, locks=_its_resource, hit=_outside_its_persons_hours
    ),
    Kind.EXTRA: _hours(
        _extra_rows, _write_extra, locks=_its_resource, hit=_outside_its_persons_hours
    ),
    Kind.OPENING: _hours(
        _door_rows, _write_doors, locks=_all_of_its_place, hit=_outside_hours_there
    ),
    Kind.CLOSURE: Way(
        locks=_all_of_its_place, write=_write_closure, take_back=_remove_closure, hit=_on_its_days
    ),
    Kind.LEAVING: Way(locks=_its_resource, write=_switch_off, take_back=_switch_on, hit=_with_it),
    Kind.RETIRING: Way(locks=_all_who_give_it, write=_retire, take_back=_offer_again, hit=_of_it),
}


def lock(change: Change) -> None:
    """Lock the rows that bookings lock too, by pk; until it is committed nobody is promised."""
    rows = Resource.objects.filter(pk__in=set(WAYS[change.kind].locks(change)))
    list(rows.order_by("pk").select_for_update(no_key=True))
