"""When people work and things are in use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from booking.errors import TouchesVisits
from booking.models import Allocation, Provider, Resource, Status, TimeOff, WorkingHours
from booking.selectors.diary import days_between, open_spans, working_spans
from clinic.accounts.models import User
from clinic.places.models import Location
from clinic.places.policies import Policy, policy_for


class Stretch(NamedTuple):
    """Work without a break on one day of the week, by the location's clock."""

    weekday: int
    starts_at: time
    ends_at: time


@transaction.atomic
def add_time_off(
    *,
    resource: Resource,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = "",
    user: User | None = None,
    now: datetime,
) -> TimeOff:
    """Keep `resource` out of the diary for a span; a person away, a device out of service.

    Raises TouchesVisits when a visit or a live hold is in it, ValidationError for a span that
    ends before it starts.
    """
    _lock(resource)
    time_off = TimeOff(
        resource=resource, starts_at=starts_at, ends_at=ends_at, reason=reason, created_by=user
    )
    time_off.full_clean()
    if _kept(resource, now=now).filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise TouchesVisits
    time_off.save()
    return time_off


@transaction.atomic
def remove_time_off(*, time_off: TimeOff) -> None:
    """Take time off back; its resource can be booked again."""
    _lock(time_off.resource)
    time_off.delete()


@transaction.atomic
def set_working_hours(
    *,
    provider: Provider,
    location: Location,
    week: Iterable[Stretch],
    valid_from: date,
    every_weeks: int = 1,
    now: datetime,
) -> None:
    """Let `provider` work at `location` in this weekly pattern from `valid_from` on.

    What held before ends the day before. Raises ValidationError for hours without the breaks of
    the policy, TouchesVisits when a promised visit would lie outside.
    """
    week = sorted(week)
    check_breaks(week, policy_for(location, now=now))
    _lock(provider)
    standing = WorkingHours.objects.filter(provider=provider, location=location)
    standing.filter(valid_from__gte=valid_from).delete()
    standing.exclude(valid_until__lt=valid_from).update(valid_until=valid_from - timedelta(days=1))
    for stretch in week:
        hours = WorkingHours(
            provider=provider,
            location=location,
            weekday=stretch.weekday,
            starts_at=stretch.starts_at,
            ends_at=stretch.ends_at,
            valid_from=valid_from,
            every_weeks=every_weeks,
        )
        hours.full_clean()
        hours.save()
    _refuse_stranded_visits(provider, location, valid_from, now=now)


def check_breaks(week: Iterable[Stretch], policy: Policy) -> None:
    """Raise ValidationError where a day has too much treating in a row, or stretches overlap.

    Stretches with less than a break between them are one stretch.
    """
    worked: Stretch | None = None
    for stretch in week:
        if worked is None or worked.weekday != stretch.weekday:
            worked = stretch
        else:
            gap = _minutes(worked.ends_at, stretch.starts_at)
            if gap < 0:
                raise ValidationError(_("Two stretches of work overlap."))
            starts_at = worked.starts_at if gap < policy.break_minutes else stretch.starts_at
            worked = Stretch(stretch.weekday, starts_at, stretch.ends_at)
        if _minutes(worked.starts_at, worked.ends_at) > policy.treating_minutes_in_a_row:
            raise ValidationError(
                _(
                    "That is more than %(hours)s hours of treating in a row. "
                    "Leave a break of at least %(minutes)s minutes."
                )
                % {
                    "hours": policy.treating_minutes_in_a_row // 60,
                    "minutes": policy.break_minutes,
                }
            )


def _refuse_stranded_visits(
    provider: Provider, location: Location, valid_from: date, *, now: datetime
) -> None:
    kept = list(
        _kept(provider, now=now)
        .filter(booking__location=location, ends_at__gt=now)
        .values_list("starts_at", "ends_at")
    )
    days = [start.astimezone(location.zone).date() for start, _end in kept]
    if not days or max(days) < valid_from:
        return
    span = days_between(max(min(days), valid_from), max(days))
    open_on = open_spans(location=location, days=span)
    working = working_spans(location=location, providers=[provider.pk], days=span, open_on=open_on)[
        provider.pk
    ]
    for day, (starts_at, ends_at) in zip(days, kept, strict=True):
        start, end = starts_at.timestamp(), ends_at.timestamp()
        if day >= valid_from and not any(a <= start and end <= b for a, b in working):
            raise TouchesVisits


def _kept(resource: Resource, *, now: datetime) -> QuerySet[Allocation]:
    """The allocations of `resource` that stand: visits and live holds."""
    return Allocation.objects.filter(resource=resource).exclude(
        booking__status=Status.HELD, booking__held_until__lte=now
    )


def _lock(resource: Resource) -> None:
    Resource.objects.select_for_update(no_key=True).get(pk=resource.pk)


def _minutes(earlier: time, later: time) -> int:
    return (later.hour - earlier.hour) * 60 + later.minute - earlier.minute
