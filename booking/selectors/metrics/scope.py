"""What is counted: which days, where, with whom and of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.db.models import (
    BigIntegerField,
    Case,
    Expression,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)

from booking.constraints import Epoch
from booking.models import HOLDS, Booking
from booking.scheduling.spans import Span
from booking.scheduling.wallclock import day_span, steady_stretches
from booking.selectors.metrics.arithmetic import instant_of, number
from clinic.places.models import Location

ONE_DAY = timedelta(days=1)
CURRENT, BEFORE = 1, 2  # the period, and the one it is compared with


@dataclass(frozen=True)
class Period:
    """Days from the first to the last, both included."""

    first_on: date
    last_on: date

    @property
    def length(self) -> int:
        return (self.last_on - self.first_on).days + 1

    @property
    def days(self) -> list[date]:
        return [self.first_on + timedelta(days=n) for n in range(self.length)]

    def __contains__(self, day: date) -> bool:
        return self.first_on <= day <= self.last_on


@dataclass(frozen=True)
class Scope:
    """What to count: a period and the one it is compared with, where, with whom, and what.

    `is_part` says that somewhere else, with others or of other treatments there may be more.
    """

    period: Period
    before: Period
    places: Sequence[Location]
    provider_id: int | None = None
    treatment_id: int | None = None
    is_part: bool = False

    @cached_property
    def all_days(self) -> list[date]:
        """From the first day of the earlier period to the last of the later."""
        return Period(self.before.first_on, self.period.last_on).days

    def window(self, period: Period, place: Location) -> Span:
        """Return `period` as seconds, by the clock of `place`."""
        return (
            day_span(period.first_on, place.zone)[0],
            day_span(period.last_on + ONE_DAY, place.zone)[0],
        )

    def during(self, period: Period) -> Q:
        """Return the condition that a visit begins in `period`, each place by its own clock."""
        is_in = Q(pk__in=[])
        for place in self.places:
            start, end = map(instant_of, self.window(period, place))
            is_in |= Q(location=place, starts_at__gte=start, starts_at__lt=end)
        return is_in

    def visits(self, *periods: Period) -> QuerySet[Booking]:
        """Return the visits promised for `periods`, or for both, whatever came of them."""
        is_in = Q(pk__in=[])
        for period in periods or (self.period, self.before):
            is_in |= self.during(period)
        found = Booking.objects.filter(is_in, client__isnull=False).exclude(status__in=HOLDS)
        if self.provider_id is not None:
            found = found.filter(provider=self.provider_id)
        if self.treatment_id is not None:
            found = found.filter(option__treatment=self.treatment_id)
        return found.order_by()

    def which(self) -> Expression:
        """Say of a visit in which of the two periods it is."""
        return Case(
            When(self.during(self.period), then=Value(CURRENT)),
            default=Value(BEFORE),
            output_field=IntegerField(),
        )

    def wall_seconds(self) -> Expression:
        """Return seconds since 1970 as the wall clock of the visit's place counts them."""
        offsets = []
        for place in self.places:
            window = self.window(Period(self.before.first_on, self.period.last_on), place)
            for _start, end, offset in steady_stretches([window], place.zone):
                is_then = Q(location=place, starts_at__lt=instant_of(end))
                offsets.append(When(is_then, then=Value(offset, BigIntegerField())))
        shift = Case(*offsets, default=number(0), output_field=BigIntegerField())
        return Epoch("starts_at") + shift
