"""When people work and things are in use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from booking.errors import TouchesVisits
from booking.models import (
    Allocation,
    Booking,
    ExtraOpening,
    Provider,
    Resource,
    Status,
    TimeOff,
    WorkingHours,
)
from booking.scheduling.spans import Span, merged
from booking.scheduling.wallclock import span_on
from booking.selectors.diary import applies, days_between, open_spans, working_spans
from clinic.accounts.models import User
from clinic.places.models import Location, Weekday
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
    the policy or while they work elsewhere, TouchesVisits when a promised visit would lie outside.
    """
    _lock(provider)
    weeks = [week] if every_weeks == 1 else [week, ()]
    write_weeks(provider, location, weeks=weeks, valid_from=valid_from, now=now)
    if stranded(location=location, providers=[provider.pk], since=valid_from, now=now):
        raise TouchesVisits


def write_weeks(
    provider: Provider,
    location: Location,
    *,
    weeks: Sequence[Iterable[Stretch]],
    valid_from: date,
    now: datetime,
) -> None:
    """Let `weeks` hold from `valid_from` on; several take turns, from its week on.

    In the transaction of the caller, who has locked `provider`. Raises ValidationError.
    """
    standing = WorkingHours.objects.filter(provider=provider, location=location)
    standing.filter(valid_from__gte=valid_from).delete()
    standing.exclude(valid_until__lt=valid_from).update(valid_until=valid_from - timedelta(days=1))
    monday = valid_from - timedelta(days=valid_from.weekday())
    for number, week in enumerate(weeks):
        for stretch in sorted(week):
            hours = WorkingHours(
                provider=provider,
                location=location,
                weekday=stretch.weekday,
                starts_at=stretch.starts_at,
                ends_at=stretch.ends_at,
                valid_from=max(valid_from, monday + timedelta(weeks=number)),
                every_weeks=len(weeks),
            )
            hours.full_clean()
            hours.save()
    written = standing.filter(valid_from__gte=valid_from)
    check_days(provider, location, changed=list(written), now=now)


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
    outside = partial(stranded, location=before.location, providers=[before.provider_id], now=now)
    already = outside()
    hours.save()
    check_days(hours.provider, hours.location, changed=[hours], now=now)
    if outside() - already:
        raise TouchesVisits


@transaction.atomic
def remove_stretch(*, hours: WorkingHours | ExtraOpening, now: datetime) -> None:
    """Take one stretch of somebody's work away.

    Raises TouchesVisits when a promised visit would lie outside.
    """
    _lock(hours.provider)
    outside = partial(stranded, location=hours.location, providers=[hours.provider_id], now=now)
    already = outside()
    hours.delete()
    if outside() - already:
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


def check_days(
    provider: Provider,
    location: Location,
    *,
    changed: Iterable[WorkingHours | ExtraOpening],
    now: datetime,
) -> None:
    """Check each kind of day that `changed`, written rows of `location`, are part of. 3 queries.

    Raises ValidationError where a day lacks the breaks of the policy or has stretches that
    overlap, there or with work elsewhere at the same time.
    """
    today = now.astimezone(location.zone).date()
    weekly = list(WorkingHours.objects.filter(provider=provider).select_related("location"))
    extra = list(
        ExtraOpening.objects.filter(
            provider=provider, day__gte=today - timedelta(days=1)
        ).select_related("location")
    )
    days: set[date] = set()
    for row in changed:
        if isinstance(row, WorkingHours):
            days |= _kinds_of_day(row, weekly, extra, today)
        else:
            days.add(row.day)
    policy = policy_for(location, now=now)
    for day in sorted(days):
        here = [row for row in _work_on(day, weekly, extra) if row.location_id == location.pk]
        check_breaks(
            sorted(Stretch(day.weekday(), row.starts_at, row.ends_at) for row in here), policy
        )
        _refuse_two_places(day, here, weekly, extra)


def _work_on(
    day: date, weekly: Iterable[WorkingHours], extra: Iterable[ExtraOpening]
) -> list[WorkingHours | ExtraOpening]:
    work: list[WorkingHours | ExtraOpening] = [row for row in weekly if applies(row, day)]
    return work + [row for row in extra if row.day == day]


def _refuse_two_places(
    day: date,
    here: Iterable[WorkingHours | ExtraOpening],
    weekly: Iterable[WorkingHours],
    extra: Iterable[ExtraOpening],
) -> None:
    """Raise ValidationError where the work `here` on `day` is at one time with work elsewhere.

    Clocks may differ: what another place calls the day before or after is looked at too.
    """
    mine = [_instants(row, day) for row in here]
    places = {row.location_id for row in here}
    for other in (day - timedelta(days=1), day, day + timedelta(days=1)):
        for row in _work_on(other, weekly, extra):
            span = _instants(row, other)
            if row.location_id in places or span is None:
                continue
            if any(own and own[0] < span[1] and span[0] < own[1] for own in mine):
                raise ValidationError(
                    _("%(name)s works at %(place)s at that time on %(day)s.")
                    % {
                        "name": row.provider.name,
                        "place": row.location.name,
                        "day": Weekday(other.weekday()).label,
                    }
                )


def _instants(row: WorkingHours | ExtraOpening, day: date) -> Span | None:
    return span_on(day, row.starts_at, row.ends_at, row.location.zone)


def _kinds_of_day(
    hours: WorkingHours,
    weekly: Iterable[WorkingHours],
    extra: Iterable[ExtraOpening],
    today: date,
) -> set[date]:
    """Return days of `hours` from `today` on; any other one has the work of one of these, or less.

    Work is added only where a row begins to be valid, an odd and an even week each, and where
    there is an extra opening.
    """
    days = {row.day for row in extra if row.day >= today}
    for row in weekly:
        since = max(today, hours.valid_from, row.valid_from)
        first = since + timedelta(days=(hours.weekday - since.weekday()) % 7)
        days |= {first, first + timedelta(weeks=1)}
    return {day for day in days if applies(hours, day)}


def stranded(
    *,
    location: Location,
    providers: Collection[int],
    since: date = date.min,
    now: datetime,
) -> set[int]:
    """Return the visits and live holds from `since` on that lie outside all hours. 5 queries.

    Those of `providers` at `location`, by primary key of the booking.
    """
    kept = [
        (starts_at.astimezone(location.zone).date(), starts_at, ends_at, provider, booking)
        for starts_at, ends_at, provider, booking in _standing(now=now)
        .filter(resource__in=providers, booking__location=location, ends_at__gt=now)
        .values_list("starts_at", "ends_at", "resource", "booking")
    ]
    kept = [visit for visit in kept if visit[0] >= since]
    if not kept:
        return set()
    span = days_between(min(kept)[0], max(kept)[0])
    open_on = open_spans(location=location, days=span)
    working = working_spans(location=location, providers=providers, days=span, open_on=open_on)
    hours = {provider: merged(spans) for provider, spans in working.items()}
    return {
        booking
        for _day, starts_at, ends_at, provider, booking in kept
        if not any(
            start <= starts_at.timestamp() and ends_at.timestamp() <= end
            for start, end in hours[provider]
        )
    }


def _kept(resource: Resource, *, now: datetime) -> QuerySet[Allocation]:
    """The allocations of `resource` that stand: visits and live holds."""
    return _standing(now=now).filter(resource=resource)


def _standing(*, now: datetime) -> QuerySet[Allocation]:
    lapsed = Booking.objects.filter(status=Status.HELD, held_until__lte=now)
    return Allocation.objects.exclude(booking__in=lapsed)


def _lock(*resources: Resource) -> None:
    pks = [resource.pk for resource in resources]
    list(Resource.objects.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True))


def _minutes(earlier: time, later: time) -> int:
    return (later.hour - earlier.hour) * 60 + later.minute - earlier.minute
