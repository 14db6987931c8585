"""The clinic that is measured: Alder Street with 10 providers, 4 rooms and 3 devices.

Its next 60 days are 60 % booked by the time of its rooms; `add_history` puts two years and 60,000
visits behind them. Same seed, same diary.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from booking.models import (
    Allocation,
    Booking,
    BookingLine,
    Device,
    Provider,
    Room,
    Status,
    WorkingHours,
)
from clinic.clients.models import Client, email_key, name_key
from clinic.places.models import Location, OpeningHours
from clinic.places.policies import Policy
from treatments.models import Option, Price, Treatment

DAYS = 60
SHARE = 0.6
HISTORY_DAYS = 730
HISTORY_VISITS = 60_000
CLIENTS = 2_000
SHIFTS = (
    [(time(9), time(13)), (time(13, 30), time(17))],
    [(time(11), time(15)), (time(15, 45), time(19))],
)


@dataclass
class Clinic:
    """What the measurements ask about."""

    location: Location
    option: Option
    today: date
    rooms: list[Room]
    providers: list[Provider]
    devices: list[Device]
    clients: list[Client]

    @property
    def now(self) -> datetime:
        """Eight in the morning of today, on the clinic's wall."""
        return datetime.combine(self.today, time(8), tzinfo=self.location.zone).astimezone(UTC)


def build_clinic(today: date, *, share: float = SHARE) -> Clinic:
    """Write the clinic into an empty database, `share` of its next 60 days booked."""
    location = Location.objects.create(
        name="Alder Street",
        slug="alder-street",
        street="214 Alder Street",
        city="Portland",
        region="OR",
        postal_code="97205",
        time_zone="America/Los_Angeles",
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(location=location, weekday=day, opens_at=time(9), closes_at=time(20))
        for day in range(7)
    )
    treatment = Treatment.objects.create(
        code="T06",
        name="Classic Face Tone",
        slug="classic-face-tone",
        summary="The whole face.",
        device_needs=[["console"]],
    )
    option = Option.objects.create(treatment=treatment, minutes=45, buffer_minutes=15)
    long_ago = today - timedelta(days=HISTORY_DAYS)
    Price.objects.create(
        option=option,
        amount=Decimal(145),
        effective_from=long_ago,
        published_at=datetime.combine(long_ago, time(0), tzinfo=UTC),
    )
    providers = [_provider(n, treatment, location, long_ago) for n in range(10)]
    rooms = [Room.objects.create(name=f"R{n + 1}", location=location) for n in range(4)]
    devices = [
        Device.objects.create(name=f"D{n + 1}", location=location, device_kind=kind)
        for n, kind in enumerate(["console", "console", "handheld"])
    ]
    clients = Client.objects.bulk_create(_client(n) for n in range(CLIENTS))
    clinic = Clinic(location, option, today, rooms, providers, devices, clients)
    days = [today + timedelta(days=n) for n in range(DAYS)]
    write_visits(clinic, planned_visits(clinic, days, minutes=60, share=share))
    return clinic


def add_history(clinic: Clinic) -> int:
    """Put the past behind the clinic and return how many visits it has."""
    days = [clinic.today - timedelta(days=n + 1) for n in range(HISTORY_DAYS)]
    visits = list(planned_visits(clinic, days, minutes=30, share=0.96))[:HISTORY_VISITS]
    write_visits(clinic, visits)
    return len(visits)


def booked_share(clinic: Clinic) -> float:
    """Return the booked part of the rooms' open time in the next 60 days."""
    rooms = Allocation.objects.filter(
        resource__in=[room.pk for room in clinic.rooms], starts_at__gte=clinic.now
    )
    booked = sum((row.ends_at - row.starts_at for row in rooms), timedelta())
    return booked / (DAYS * len(clinic.rooms) * timedelta(hours=11))


Visit = tuple[datetime, datetime, Room, Provider, Device | None]


def planned_visits(
    clinic: Clinic, days: Iterable[date], *, minutes: int, share: float
) -> Iterator[Visit]:
    """Yield visits, turnover included, in which nobody and nothing is twice."""
    draw = random.Random(2030)
    step = timedelta(minutes=minutes)
    for day in days:
        opens = datetime.combine(day, time(9), tzinfo=clinic.location.zone).astimezone(UTC)
        for n in range(int(timedelta(hours=11) / step)):
            starts_at = opens + n * step
            providers = draw.sample(clinic.providers, len(clinic.rooms))
            devices: list[Device | None] = [*clinic.devices, None]
            draw.shuffle(devices)
            for room, provider, device in zip(clinic.rooms, providers, devices, strict=True):
                if draw.random() < share:
                    yield starts_at, starts_at + step, room, provider, device


def write_visits(clinic: Clinic, visits: Iterable[Visit]) -> None:
    """Write visits as bookings with their lines and allocations."""
    visits = list(visits)
    draw = random.Random(len(visits))
    bookings = [
        Booking(
            reference=f"{draw.getrandbits(40):08X}"[-8:],
            request_key=UUID(int=draw.getrandbits(128)),
            status=Status.CONFIRMED if starts_at > clinic.now else Status.COMPLETED,
            status_changed_at=starts_at - timedelta(days=7),
            client=draw.choice(clinic.clients),
            location=clinic.location,
            provider=provider,
            option=clinic.option,
            starts_at=starts_at,
            ends_at=ends_at - timedelta(minutes=15),
            created_at=starts_at - timedelta(days=7),
            priced_at=starts_at - timedelta(days=7),
            price=Decimal(145),
            promise=Policy().promise() | {"buffer_minutes": 15},
        )
        for starts_at, ends_at, _room, provider, _device in visits
    ]
    Booking.objects.bulk_create(bookings, batch_size=1000)
    BookingLine.objects.bulk_create(
        (
            BookingLine(booking=booking, position=0, code="T06", name="T06", amount=145)
            for booking in bookings
        ),
        batch_size=1000,
    )
    Allocation.objects.bulk_create(
        (
            Allocation(booking=booking, resource_id=kept.pk, starts_at=visit[0], ends_at=visit[1])
            for booking, visit in zip(bookings, visits, strict=True)
            for kept in visit[2:]
            if kept is not None
        ),
        batch_size=1000,
    )


def _client(n: int) -> Client:
    name, email = f"Maya Ellison {n}", f"maya{n}@mail.example"
    return Client(name=name, email=email, name_key=name_key(name), email_key=email_key(email))


def _provider(n: int, treatment: Treatment, location: Location, since: date) -> Provider:
    provider = Provider.objects.create(name=f"Ana {n}", slug=f"ana-{n}", position=n)
    provider.treatments.add(treatment)
    WorkingHours.objects.bulk_create(
        WorkingHours(
            provider=provider,
            location=location,
            weekday=(n + day) % 7,
            starts_at=starts_at,
            ends_at=ends_at,
            valid_from=since,
        )
        for day in range(5)
        for starts_at, ends_at in SHIFTS[n % 2]
    )
    return provider
