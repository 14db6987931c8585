"""All of a visit that a move changes: as it stands, as it is to stand, and back again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F

from booking.errors import NotNow
from booking.models import UPCOMING, Booking, BookingLine, Provider
from booking.scheduling.slots import Kept
from booking.services.ledger import allocate, free
from booking.wishes import Wish
from clinic.places.models import Location
from treatments.models import AddOn, Option
from treatments.selectors import PriceLine


@dataclass(frozen=True)
class Standing:
    """When a visit is, what it is and with whom, and what was promised of it.

    `texts` are the primary keys of the versions of its preparation and aftercare, `held_until` the
    deadline for its client's details, where they are missing.
    """

    wish: Wish
    provider: Provider
    starts_at: datetime
    ends_at: datetime
    lines: tuple[PriceLine, ...]
    priced_at: datetime
    promise: dict[str, Any]
    texts: list[int]
    held_until: datetime | None

    @classmethod
    def of(cls, booking: Booking) -> Standing:
        """Return how `booking` stands. 4 queries, or fewer where its facts are there."""
        return cls(
            wish=Wish.of(booking),
            provider=booking.provider,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at,
            lines=tuple(PriceLine(x.code, x.name, x.amount) for x in booking.lines.all()),
            priced_at=booking.priced_at,
            promise=booking.promise,
            texts=sorted(booking.instruction_versions.values_list("pk", flat=True)),
            held_until=booking.held_until,
        )

    @classmethod
    def read(cls, data: dict[str, Any], booking: Booking) -> Standing:
        """Return how `booking` stood when `data` was noted. 4 queries. Inverse of `as_data`."""
        promise = data["promise"]
        provider = Provider.objects.get(pk=data["provider"])
        wish = Wish(
            option=Option.objects.select_related("treatment").get(pk=data["option"]),
            location=Location.objects.get(pk=data["location"]),
            add_ons=tuple(AddOn.objects.filter(pk__in=data["add_ons"])),
            provider=provider,
            is_known=True,
            extra_minutes=booking.extra_minutes,
            buffer_minutes=promise.get("buffer_minutes"),
            wipe_minutes=promise.get("device_wipe_minutes"),
            adjusted_minutes=data.get("adjusted_minutes", 0),
        )
        until = data.get("held_until")
        lines = (PriceLine(code, name, Decimal(amount)) for code, name, amount in data["lines"])
        return cls(
            wish=wish,
            provider=provider,
            starts_at=datetime.fromisoformat(data["starts_at"]),
            ends_at=datetime.fromisoformat(data["ends_at"]),
            lines=tuple(lines),
            priced_at=datetime.fromisoformat(data["priced_at"]),
            promise=promise,
            texts=data["texts"],
            held_until=datetime.fromisoformat(until) if until else None,
        )

    def as_data(self) -> dict[str, Any]:
        """Return it as an event keeps it: primary keys, ISO instants, amounts as text."""
        return {
            **self.facts(),
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "lines": [(line.code, line.name, str(line.amount)) for line in self.lines],
            "priced_at": self.priced_at.isoformat(),
            "promise": self.promise,
            "texts": self.texts,
            "held_until": self.held_until and self.held_until.isoformat(),
        }

    def facts(self) -> dict[str, Any]:
        """Return what is booked, by primary keys, its price, and the minutes staff added."""
        return {
            "provider": self.provider.pk,
            "location": self.wish.location.pk,
            "option": self.wish.option.pk,
            "add_ons": sorted(add_on.pk for add_on in self.wish.add_ons),
            "price": str(self.price),
            "adjusted_minutes": self.wish.adjusted_minutes,
        }

    @property
    def price(self) -> Decimal:
        """The sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))


def differences(before: Standing, after: Standing) -> dict[str, list[Any]]:
    """Return each fact that differs, as [before, after]."""
    now = after.facts()
    return {name: [was, now[name]] for name, was in before.facts().items() if was != now[name]}


def put(booking: Booking, standing: Standing, kept: Iterable[Kept], *, moves: int) -> None:
    """Let `booking`, which is locked, stand so, keep what `kept` says and count `moves` more.

    Raises NotNow when it changed since it was read.
    """
    before = Standing.of(booking)
    found = Booking.objects.filter(
        pk=booking.pk, status__in=UPCOMING, schedule_version=booking.schedule_version
    ).update(
        option=standing.wish.option,
        location=standing.wish.location,
        provider=standing.provider,
        starts_at=standing.starts_at,
        ends_at=standing.ends_at,
        held_until=standing.held_until and min(standing.held_until, standing.starts_at),
        price=standing.price,
        priced_at=standing.priced_at,
        promise=standing.promise,
        adjusted_minutes=standing.wish.adjusted_minutes,
        moves=F("moves") + moves,
        schedule_version=F("schedule_version") + 1,
    )
    if not found:
        raise NotNow
    booking.refresh_from_db()
    booking.add_ons.set(standing.wish.add_ons)
    if standing.texts != before.texts:
        booking.instruction_versions.set(standing.texts)
    if standing.lines != before.lines:
        booking.lines.all().delete()
        write_lines(booking, standing.lines)
    free(booking)
    allocate(booking, kept)


def write_lines(booking: Booking, lines: Iterable[PriceLine]) -> None:
    """Write down what the visit costs; it has no lines yet."""
    BookingLine.objects.bulk_create(
        BookingLine(
            booking=booking, position=place, code=line.code, name=line.name, amount=line.amount
        )
        for place, line in enumerate(lines)
    )
