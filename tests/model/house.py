"""A small clinic in which visits get in each other's way: two houses, two people.

The second house has one room and one console, and is open at night, when the clock changes. One
of the two people has prices of their own, everybody has a diary that tells them what changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from booking import services
from booking.models import Booking, OutsideCalendar, Provider, Resource
from booking.services.ledger import staff
from booking.visitors import Visitor
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.messaging.models import Message
from clinic.places.models import Location
from tests.booking.scenes import confirm
from tests.factories import (
    EVERY_DAY,
    AddOnFactory,
    DeviceFactory,
    InstructionVersionFactory,
    LocationFactory,
    OpeningHoursFactory,
    OptionFactory,
    PriceFactory,
    PriceListFactory,
    RoomFactory,
    UserFactory,
    give_hours,
    open_clinic,
)
from treatments.models import AddOn, InstructionKind, Option

LONG, SHORT, EXTRA = Decimal(170), Decimal(110), Decimal(30)
BENS_LONG, BENS_SHORT = Decimal(190), Decimal(125)
Prices = dict[tuple[int | None, Option | AddOn], Decimal]


@dataclass(frozen=True)
class House:
    """What there is before anybody books."""

    places: list[Location]  # by day, by night
    options: list[Option]
    extra: AddOn
    providers: list[Provider]
    resources: list[Resource]
    desk: User
    regular: Client
    first_visit: Booking
    elsewhere: list[OutsideCalendar]
    prices: Prices  # by price list and offer

    def visitor_of(self, person: int) -> Visitor:
        """The browser of one of four people; the last is known to us."""
        return Visitor(id=f"{person:032x}", client=self.regular if person == 3 else None)


def open_house() -> House:
    """Open it; four months ago the regular client was there once."""
    by_day = open_clinic(opens=time(9), closes=time(13), providers=2, rooms=2, consoles=2)
    treatment, place = by_day.treatment, by_day.location
    for kind in (InstructionKind.PREP, InstructionKind.AFTERCARE):
        text = InstructionVersionFactory(instruction__kind=kind)
        treatment.instructions.add(text.instruction)
    by_night = LocationFactory(time_zone=place.time_zone)
    RoomFactory(location=by_night)
    DeviceFactory(location=by_night)
    for day in EVERY_DAY:
        OpeningHoursFactory(location=by_night, weekday=day, opens_at=time(0), closes_at=time(4))
    short = OptionFactory(treatment=treatment, minutes=30, buffer_minutes=10)
    extra = AddOnFactory(minutes=15)
    ana, ben = by_day.providers
    ben.price_list = PriceListFactory()
    for provider in (ana, ben):
        give_hours(provider, by_night, starts_at=time(0), ends_at=time(4))
        provider.add_ons.add(extra)
        provider.user = UserFactory(groups=["aesthetician"])
        provider.save()
    PriceFactory(option=short, amount=SHORT)
    PriceFactory(option=None, add_on=extra, amount=EXTRA)
    PriceFactory(option=by_day.option, price_list=ben.price_list, amount=BENS_LONG)
    PriceFactory(option=short, price_list=ben.price_list, amount=BENS_SHORT)
    desk = UserFactory(groups=["front desk"])
    long_ago = datetime(2026, 11, 10, 14, tzinfo=UTC)
    first = confirm(by_day, long_ago, now=long_ago - timedelta(days=3), name="Vera Holm")
    for step in (services.check_in, services.start, services.complete):
        step(booking=first, actor=staff(desk), now=long_ago)
    Message.objects.planned().delete()  # nobody waits for those any more
    assert first.client is not None
    return House(
        places=[place, by_night],
        options=[by_day.option, short],
        extra=extra,
        providers=[ana, ben],
        resources=list(Resource.objects.order_by("pk")),
        desk=desk,
        regular=first.client,
        first_visit=first,
        elsewhere=[
            OutsideCalendar.objects.create(
                provider=provider, address=f"https://{provider.slug}.example/", added_at=long_ago
            )
            for provider in (ana, ben)
        ],
        prices={
            (None, by_day.option): LONG,
            (None, short): SHORT,
            (None, extra): EXTRA,
            (ben.price_list_id, by_day.option): BENS_LONG,
            (ben.price_list_id, short): BENS_SHORT,
        },
    )
