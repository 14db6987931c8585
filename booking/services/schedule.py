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
from booking.models import (
    Allocation,
    ExtraOpening,
    Provider,
    Resource,
    Status,
    TimeOff,
    WorkingHours,
)
from booking.scheduling.spans import merged
from booking.selectors.diary import applies, days_between, open_spans, working_spans
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
    if _stranded(provider, location, since=valid_from, now=now):
        raise TouchesVisits


@transaction.atomic
def save_stretch(*, hours: WorkingHours | ExtraOpening, now: datetime) -> None:
    """Write one stretch of somebody's work, new or changed.

    Looks at every day from today on that it makes different, together with what else that
    provider works there; so odd and even weeks are judged apart, and two fortnights that take
    turns may share an hour. Raises ValidationError for stretches that overlap or leave less than
    the breaks of the policy, TouchesVisits when a promised visit would lie outside.
    """
    hours.full_clean()
    if isinstance(hours, WorkingHours) and (hours.valid_until or date.max) < hours.valid_from:
        raise ValidationError({"valid_until": _("The last day is before the first.")})
    before = type(hours).objects.filter(pk=hours.pk).first() or hours
    _lock(hours.provider, before.provider)
    _check_days(hours, now=now)
    stranded = _stranded(before.provider, before.location, now=now)
    hours.save()
    if _stranded(before.provider, before.location, now=now) - stranded:
        raise TouchesVisits


@transaction.atomic
def remove_stretch(*, hours: WorkingHours | ExtraOpening, now: datetime) -> None:
    """Take one stretch of somebody's work away.

    Raises TouchesVisits when a promised visit would lie outside.
    """
    _lock(hours.provider)
    stranded = _stranded(hours.provider, hours.location, now=now)
    hours.delete()
    if _stranded(hours.provider, hours.location, now=now) - stranded:
        raise TouchesVisits


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


def _check_days(hours: WorkingHours | ExtraOpening, *, now: datetime) -> None:
    """Check the breaks of each kind of day that `hours`, written or not, is part of."""
    location = hours.location
    today = now.astimezone(location.zone).date()
    weekly = list(WorkingHours.objects.filter(provider=hours.provider, location=location))
    extra = list(
        ExtraOpening.objects.filter(provider=hours.provider, location=location, day__gte=today)
    )
    if isinstance(hours, WorkingHours):
        weekly = [row for row in weekly if row.pk != hours.pk] + [hours]
        days = _kinds_of_day(hours, weekly, extra, today)
    else:
        extra = [row for row in extra if row.pk != hours.pk] + [hours]
        days = {hours.day}
    policy = policy_for(location, now=now)
    for day in sorted(days):
        work: list[WorkingHours | ExtraOpening] = [row for row in weekly if applies(row, day)]
        work += [row for row in extra if row.day == day]
        check_breaks(
            sorted(Stretch(day.weekday(), row.starts_at, row.ends_at) for row in work), policy
        )


def _kinds_of_day(
    hours: WorkingHours, weekly: list[WorkingHours], extra: list[ExtraOpening], today: date
) -> set[date]:
    """Return days of `hours` from `today` on; any other one has the work of one of these, or less.

    Work is added only where a row begins to be valid, an odd and an even week each, and where
    there is an extra opening.
    """
    days = {row.day for row in extra}
    for row in weekly:
        since = max(today, hours.valid_from, row.valid_from)
        first = since + timedelta(days=(hours.weekday - since.weekday()) % 7)
        days |= {first, first + timedelta(weeks=1)}
    return {day for day in days if applies(hours, day)}


def _stranded(
    provider: Provider, location: Location, *, since: date = date.min, now: datetime
) -> set[datetime]:
    """Return the starts of the visits and live holds from `since` on that lie outside all hours."""
    kept = [
        (starts_at.astimezone(location.zone).date(), starts_at, ends_at)
        for starts_at, ends_at in _kept(provider, now=now)
        .filter(booking__location=location, ends_at__gt=now)
        .values_list("starts_at", "ends_at")
    ]
    kept = [visit for visit in kept if visit[0] >= since]
    if not kept:
        return set()
    span = days_between(min(kept)[0], max(kept)[0])
    open_on = open_spans(location=location, days=span)
    working = merged(
        working_spans(location=location, providers=[provider.pk], days=span, open_on=open_on)[
            provider.pk
        ]
    )
    return {
        starts_at
        for _day, starts_at, ends_at in kept
        if not any(
            start <= starts_at.timestamp() and ends_at.timestamp() <= end for start, end in working
        )
    }


def _kept(resource: Resource, *, now: datetime) -> QuerySet[Allocation]:
    """The allocations of `resource` that stand: visits and live holds."""
    return Allocation.objects.filter(resource=resource).exclude(
        booking__status=Status.HELD, booking__held_until__lte=now
    )


def _lock(*resources: Resource) -> None:
    pks = [resource.pk for resource in resources]
    list(Resource.objects.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True))


def _minutes(earlier: time, later: time) -> int:
    return (later.hour - earlier.hour) * 60 + later.minute - earlier.minute
