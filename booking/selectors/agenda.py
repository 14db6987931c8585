"""What a provider's day looks like."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from booking.models import IN_DIARY, Booking, Provider


def visits_on(*, provider: Provider, day: date) -> list[Booking]:
    """Return the promised visits of `provider` on `day`, in order; the day is each place's own.

    Three queries.
    """
    noon = datetime.combine(day, time(12), UTC)
    around = Booking.objects.with_facts().filter(
        provider=provider,
        status__in=IN_DIARY,
        starts_at__gt=noon - timedelta(days=2),
        starts_at__lt=noon + timedelta(days=2),
    )
    return [
        visit
        for visit in around.order_by("starts_at")
        if visit.starts_at.astimezone(visit.location.zone).date() == day
    ]
