"""What clients owe for visits that did not take place, and what was done about it today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from booking.models import Booking, BookingEvent, Happened
from clinic.places.models import Location

FEE_STEPS = {Happened.FEE_PAID, Happened.FEE_WAIVED, Happened.FEE_OWED_AGAIN}
A_DAY_ANYWHERE = timedelta(hours=26)  # the longest that today has lasted somewhere


@dataclass(frozen=True)
class Totals:
    """How much is owed, and for how many visits."""

    amount: Decimal
    visits: int


def fees_owed(visits: QuerySet[Booking]) -> QuerySet[Booking]:
    """Return those of `visits` for which something is owed, the longest owed first."""
    owed = visits.filter(fee_owed__gt=0, client__isnull=False)
    return owed.select_related(
        "client", "location", "option__treatment", "provider__resource_ptr"
    ).order_by("status_changed_at", "pk")


def totals(visits: QuerySet[Booking]) -> Totals:
    """Return what is owed for `visits` together. One query."""
    found = visits.filter(fee_owed__gt=0, client__isnull=False).aggregate(
        amount=Sum("fee_owed"), visits=Count("pk")
    )
    return Totals(found["amount"] or Decimal(0), found["visits"])


def settled_today(visits: QuerySet[Booking], *, now: datetime) -> list[BookingEvent]:
    """Return by which events fees of `visits` were paid or waived today, by each place's clock.

    The latest first, without those taken back; with booking, client and place. One query.
    """
    later = BookingEvent.objects.filter(booking=OuterRef("booking"), pk__gt=OuterRef("pk"))
    events = BookingEvent.objects.filter(
        ~Exists(later.exclude(what=Happened.SENT_AGAIN)),
        booking__in=visits,
        what__in=[Happened.FEE_PAID, Happened.FEE_WAIVED],
        at__gt=now - A_DAY_ANYWHERE,
    ).select_related("booking__client", "booking__location", "user")
    return [
        event
        for event in events.order_by("-pk")
        if day_of(event, event.booking.location) == day_of(now, event.booking.location)
    ]


def fee_step(booking: Booking) -> BookingEvent | None:
    """Return the last thing that happened to `booking`, if it was about its fee. One query."""
    last = booking.events.exclude(what=Happened.SENT_AGAIN).order_by("-pk").first()
    return last if last and last.what in FEE_STEPS else None


def day_of(moment: BookingEvent | datetime, place: Location) -> date:
    """Return the day of a moment, or of an event, by the clock of `place`."""
    at = moment.at if isinstance(moment, BookingEvent) else moment
    return at.astimezone(place.zone).date()
