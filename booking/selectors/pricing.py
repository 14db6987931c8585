"""What the price desk asks about visits (`treatments.registry`); which price one comes from."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.urls import reverse

from booking.models import (
    UPCOMING,
    Booking,
    BookingLine,
    ExtraOpening,
    Provider,
    Status,
    WorkingHours,
)
from treatments.models import Price
from treatments.registry import Diary, Given, Promised, Sold, Works
from treatments.selectors import price_book

CAME = (Status.CHECKED_IN, Status.IN_PROGRESS, Status.COMPLETED)
EARLIER = timedelta(hours=14)  # nowhere does a day begin longer before it does in UTC


def promised(first_on: date, now: datetime) -> list[Promised]:
    """Return visits ahead and live holds on `first_on` or later, in order of time. 2 queries."""
    since = max(now, datetime.combine(first_on, time.min, UTC) - EARLIER)
    live = Q(status__in=UPCOMING) | Q(status=Status.HELD, held_until__gt=now)
    rows = list(
        Booking.objects.filter(live, starts_at__gte=since)
        .order_by("starts_at", "pk")
        .values_list(
            "pk",
            "reference",
            "starts_at",
            "location__time_zone",
            "location",
            "provider__price_list",
            "option",
            "price",
            "status",
        )
    )
    extras = _add_ons_of(since)
    found = []
    for pk, reference, at, zone, location, price_list, option, price, status in rows:
        visit_on = at.astimezone(ZoneInfo(zone)).date()
        if visit_on >= first_on:
            offers = ((option, None), *((None, add_on) for add_on in extras[pk]))
            found.append(
                Promised(
                    reference=reference,
                    url=reverse("staff:visit", args=[reference]),
                    at=at,
                    zone=zone,
                    visit_on=visit_on,
                    location=location,
                    price_list=price_list,
                    offers=offers,
                    price=price,
                    is_hold=status == Status.HELD,
                )
            )
    return found


def sold(since: datetime, until: datetime) -> Counter[Sold]:
    """Count what visits that took place from `since` to `until` were made of. 2 queries."""
    came = Booking.objects.filter(
        status__in=CAME, starts_at__gte=since, starts_at__lt=until
    ).order_by()
    counted: Counter[Sold] = Counter()
    whose = ("provider__price_list", "location")
    for option, price_list, location, count in came.values_list("option", *whose).annotate(
        Count("pk")
    ):
        counted[Sold((option, None), price_list, location)] += count
    with_extras = came.filter(add_ons__isnull=False)
    for add_on, price_list, location, count in with_extras.values_list("add_ons", *whose).annotate(
        Count("pk")
    ):
        counted[Sold((None, add_on), price_list, location)] += count
    return counted


def gives() -> Given:
    """Return what providers with a price list of their own give. 2 queries."""
    theirs = Provider.objects.filter(price_list__isnull=False, is_active=True).order_by()
    treatments = theirs.filter(treatments__isnull=False).values_list("price_list", "treatments")
    add_ons = theirs.filter(add_ons__isnull=False).values_list("price_list", "add_ons")
    return {(price_list, treatment, None) for price_list, treatment in treatments} | {
        (price_list, None, add_on) for price_list, add_on in add_ons
    }


def works() -> Works:
    """Return where providers with a price list of their own have or had hours. One query."""
    theirs = {"provider__price_list__isnull": False, "provider__is_active": True}
    hours, openings = (
        rows.order_by().filter(**theirs).values_list("provider__price_list", "location")
        for rows in (WorkingHours.objects, ExtraOpening.objects)
    )
    return set(hours.union(openings))


@dataclass(frozen=True)
class PricedLine:
    """A line of a bill and the price it comes from; None where an earlier promise was kept.

    `since` is the day from which that price counts there: its own, or the one on which a price of
    the place or the provider ended.
    """

    line: BookingLine
    row: Price | None
    since: date | None


def priced_by(booking: Booking) -> list[PricedLine]:
    """Return each line of `booking` with the price that counted when it was priced. One query.

    Its facts are there (`with_facts`). A line that a move left as it was promised comes from an
    earlier moment.
    """
    add_ons = {add_on.code: add_on for add_on in booking.add_ons.all()}
    book = price_book(
        option=booking.option,
        add_ons=list(add_ons.values()),
        location=booking.location,
        priced_at=booking.priced_at,
    )
    visit_on = booking.starts_at.astimezone(booking.location.zone).date()
    found = []
    for line in booking.lines.all():
        offer = add_ons.get(line.code) if line.position else booking.option
        links = (
            book.chain(offer, price_list_id=booking.provider.price_list_id, visit_on=visit_on)
            if offer
            else []
        )
        is_so = bool(links) and links[-1].amount == line.amount
        since = max(row.effective_from for row in links) if is_so else None
        found.append(PricedLine(line, links[-1] if is_so else None, since))
    return found


def begins_later(booking: Booking, *, now: datetime) -> date | None:
    """Return from which day on the price of `booking` counts, if that is still ahead. One query.

    What a visit today would cost is another price then.
    """
    today = now.astimezone(booking.location.zone).date()
    days = [priced.since for priced in priced_by(booking) if priced.since]
    return max((day for day in days if day > today), default=None)


DIARY = Diary(promised=promised, sold=sold, gives=gives, works=works)


def _add_ons_of(since: datetime) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    rows = Booking.add_ons.through.objects.filter(booking__starts_at__gte=since)
    for booking, add_on in rows.values_list("booking", "addon"):
        found[booking].append(add_on)
    return found
