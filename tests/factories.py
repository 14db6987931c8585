"""Rows for tests: what the clinic has when nothing more is said.

Places keep Portland's time and visits begin on Monday 4 March 2030 at 09:00 UTC unless told
otherwise. `open_clinic` sets a whole scene in which one treatment can be booked, `booked` a visit
with everything it keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import factory
from django.contrib.auth.models import Group
from django.db.models import Model
from factory.django import DjangoModelFactory

from booking.models import (
    ACTIVE,
    Allocation,
    Booking,
    BookingLine,
    Device,
    ExtraOpening,
    Provider,
    Room,
    Status,
    TimeOff,
    WorkingHours,
)
from clinic.accounts.models import Invitation, User
from clinic.clients.models import Client
from clinic.places.models import Closure, Location, OpeningHours, PolicyVersion
from clinic.places.policies import Policy
from treatments.models import (
    AddOn,
    DeviceKind,
    Instruction,
    InstructionKind,
    InstructionVersion,
    Option,
    Price,
    PriceList,
    Treatment,
)

MONDAY = date(2030, 3, 4)
MONDAY_9AM = datetime(2030, 3, 4, 9, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
EVERY_DAY = range(7)


def many(name: str) -> factory.PostGeneration:
    """Return a hook that fills the many-to-many field `name` with what the test gives."""

    def fill(row: Model, create: bool, others: Iterable[Model] | None, **_: Any) -> None:
        if create:
            getattr(row, name).set(others or ())

    return factory.PostGeneration(fill)


def join_groups(user: User, create: bool, names: Iterable[str] | None, **_: Any) -> None:
    """Give `user` the roles of those names."""
    if create:
        user.groups.set(Group.objects.get_or_create(name=name)[0] for name in names or ())


class UserFactory(DjangoModelFactory):
    """Somebody who signs in; `groups` are names of roles. Without a password unless given one."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@lumen.example")
    full_name = "Robin Hale"
    password = factory.django.Password(None)

    groups = factory.PostGeneration(join_groups)


class InvitationFactory(DjangoModelFactory):
    """An address asked to join the front desk; good for a week from Monday, 9 am."""

    class Meta:
        model = Invitation

    email = factory.Sequence(lambda n: f"invited{n}@lumen.example")
    role = factory.LazyFunction(lambda: Group.objects.get_or_create(name="front desk")[0])
    invited_by = factory.SubFactory(UserFactory)
    valid_until = MONDAY_9AM + timedelta(days=7)


# Places


class LocationFactory(DjangoModelFactory):
    class Meta:
        model = Location

    name = factory.Sequence(lambda n: f"Alder Street {n}")
    slug = factory.Sequence(lambda n: f"alder-street-{n}")
    street = "214 Alder Street, Suite 2"
    city = "Portland"
    region = "OR"
    postal_code = "97205"
    phone = "+1 503 555 0142"
    time_zone = "America/Los_Angeles"


class OpeningHoursFactory(DjangoModelFactory):
    class Meta:
        model = OpeningHours

    location = factory.SubFactory(LocationFactory)
    weekday = 0
    opens_at = time(9)
    closes_at = time(18)


class ClosureFactory(DjangoModelFactory):
    class Meta:
        model = Closure

    location = factory.SubFactory(LocationFactory)
    starts_on = MONDAY
    ends_on = factory.SelfAttribute("starts_on")
    reason = "Holiday"


class PolicyVersionFactory(DjangoModelFactory):
    """Rules in force for the whole clinic: `PolicyVersionFactory(values={"hold_minutes": 5})`."""

    class Meta:
        model = PolicyVersion

    location = None
    values = factory.Dict({})
    reason = "As the clinic works"
    published_at = LONG_AGO


# What is offered


class InstructionFactory(DjangoModelFactory):
    class Meta:
        model = Instruction

    code = factory.Sequence(lambda n: f"P-{n}")
    kind = InstructionKind.PREP
    name = "Preparation"


class InstructionVersionFactory(DjangoModelFactory):
    """An approved wording; `approved_by=None` makes a draft."""

    class Meta:
        model = InstructionVersion

    instruction = factory.SubFactory(InstructionFactory)
    number = factory.LazyAttribute(lambda text: text.instruction.versions.count() + 1)
    lines = factory.LazyFunction(lambda: ["Come with a bare face."])
    steps = factory.LazyFunction(lambda: [{"when": "Same day", "do": "Come with a bare face."}])
    short = "A bare face, please."
    approved_by = factory.SubFactory(UserFactory)
    approved_at = factory.LazyAttribute(lambda text: LONG_AGO if text.approved_by else None)


class TreatmentFactory(DjangoModelFactory):
    """A treatment of the face on a console; `instructions` are the texts it comes with."""

    class Meta:
        model = Treatment
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"T9{n}")
    name = factory.Sequence(lambda n: f"Face Tone {n}")
    slug = factory.Sequence(lambda n: f"face-tone-{n}")
    summary = "A gentle low-level current over the whole face."
    areas = factory.LazyFunction(lambda: ["face"])
    device_needs = factory.LazyFunction(lambda: [["console"]])

    instructions = many("instructions")


class OptionFactory(DjangoModelFactory):
    """An hour, and a quarter of an hour kept clear after it."""

    class Meta:
        model = Option

    treatment = factory.SubFactory(TreatmentFactory)
    minutes = 60
    buffer_minutes = 15


class AddOnFactory(DjangoModelFactory):
    """Ten minutes by hand, nothing needed; `not_with` are treatments it does not go with."""

    class Meta:
        model = AddOn
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"X9{n}")
    name = factory.Sequence(lambda n: f"Finish {n}")
    slug = factory.Sequence(lambda n: f"finish-{n}")
    summary = "Ten minutes more."
    minutes = 10

    instructions = many("instructions")
    not_with = many("not_with")


class PriceListFactory(DjangoModelFactory):
    class Meta:
        model = PriceList

    name = factory.Sequence(lambda n: f"Prices {n}")


class PriceFactory(DjangoModelFactory):
    """What an option costs, anywhere and with anyone; `option=None, add_on=...` for an add-on."""

    class Meta:
        model = Price

    option = factory.SubFactory(OptionFactory)
    amount = Decimal(170)
    effective_from = LONG_AGO.date()
    published_at = LONG_AGO


# Who and what gives it


class ProviderFactory(DjangoModelFactory):
    """An aesthetician without hours; `treatments` and `add_ons` are what they give."""

    class Meta:
        model = Provider
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Ana Lund {n}")
    slug = factory.Sequence(lambda n: f"ana-{n}")
    title = "Aesthetician"

    treatments = many("treatments")
    add_ons = many("add_ons")


class RoomFactory(DjangoModelFactory):
    class Meta:
        model = Room

    name = factory.Sequence(lambda n: f"Room {n}")
    location = factory.SubFactory(LocationFactory)


class DeviceFactory(DjangoModelFactory):
    class Meta:
        model = Device

    name = factory.Sequence(lambda n: f"Device {n}")
    location = factory.SubFactory(LocationFactory)
    device_kind = DeviceKind.CONSOLE


class WorkingHoursFactory(DjangoModelFactory):
    class Meta:
        model = WorkingHours

    provider = factory.SubFactory(ProviderFactory)
    location = factory.SubFactory(LocationFactory)
    weekday = 0
    starts_at = time(9)
    ends_at = time(18)
    valid_from = LONG_AGO.date()


class ExtraOpeningFactory(DjangoModelFactory):
    class Meta:
        model = ExtraOpening

    provider = factory.SubFactory(ProviderFactory)
    location = factory.SubFactory(LocationFactory)
    day = MONDAY
    starts_at = time(18)
    ends_at = time(20)


class TimeOffFactory(DjangoModelFactory):
    """All of Monday, by UTC."""

    class Meta:
        model = TimeOff

    resource = factory.SubFactory(ProviderFactory)
    starts_at = MONDAY_9AM.replace(hour=0)
    ends_at = factory.LazyAttribute(lambda away: away.starts_at + timedelta(days=1))
    reason = "Away"


def give_hours(
    provider: Provider,
    location: Location,
    *,
    days: Iterable[int] = EVERY_DAY,
    starts_at: time = time(9),
    ends_at: time = time(18),
    **fields: Any,
) -> list[WorkingHours]:
    """Let `provider` work at `location` on `days` (Monday is 0), by the location's clock."""
    return [
        WorkingHoursFactory(
            provider=provider,
            location=location,
            weekday=day,
            starts_at=starts_at,
            ends_at=ends_at,
            **fields,
        )
        for day in days
    ]


# Clients and their visits


class ClientFactory(DjangoModelFactory):
    class Meta:
        model = Client

    name = factory.Sequence(lambda n: f"Maya Ellison {n}")
    email = factory.Sequence(lambda n: f"maya{n}@mail.example")
    phone = "+15035550123"


class BookingFactory(DjangoModelFactory):
    """A confirmed booking on Monday 4 March 2030 at 09:00 UTC, with its price lines.

    It keeps nothing in the diary: `booked` does. `held=True` makes it a hold of somebody unknown.
    """

    class Meta:
        model = Booking

    class Params:
        held = factory.Trait(
            status=Status.HELD,
            client=None,
            visitor=factory.Sequence(lambda n: f"visitor{n}"),
            held_until=factory.LazyAttribute(
                lambda booking: booking.created_at + Policy().hold_time
            ),
        )

    reference = factory.Sequence(lambda n: f"B{n:06d}")
    status = Status.CONFIRMED
    status_changed_at = factory.SelfAttribute("created_at")
    client = factory.SubFactory(ClientFactory)
    request_key = factory.LazyFunction(uuid4)
    location = factory.SubFactory(LocationFactory)
    provider = factory.SubFactory(ProviderFactory)
    option = factory.SubFactory(OptionFactory)
    add_ons: Sequence[AddOn] = ()
    extra_minutes = 0
    starts_at = MONDAY_9AM
    ends_at = factory.LazyAttribute(
        lambda booking: (
            booking.starts_at
            + booking.option.duration
            + timedelta(minutes=booking.extra_minutes + sum(x.minutes for x in booking.add_ons))
        )
    )
    created_at = factory.LazyAttribute(lambda booking: booking.starts_at - timedelta(days=7))
    priced_at = factory.SelfAttribute("created_at")
    price = Decimal(170)
    promise = factory.LazyAttribute(
        lambda booking: Policy().promise() | {"buffer_minutes": booking.option.buffer_minutes}
    )

    @classmethod
    def _create(cls, model_class: type[Booking], *args: Any, **fields: Any) -> Booking:
        """Add-ons cost 30 each, and the option what is left of the price."""
        add_ons = fields.pop("add_ons")
        booking = super()._create(model_class, *args, **fields)
        booking.add_ons.set(add_ons)
        offers = [(x.code, x.name, Decimal(30)) for x in add_ons]
        rest = booking.price - sum(amount for *_, amount in offers)
        offers.insert(0, (booking.option.treatment.code, str(booking.option), rest))
        BookingLine.objects.bulk_create(
            BookingLine(booking=booking, position=n, code=code, name=name, amount=amount)
            for n, (code, name, amount) in enumerate(offers)
        )
        return booking


def booked(*, room: Room | None = None, devices: Iterable[Device] = (), **fields: Any) -> Booking:
    """Return a booking that keeps its provider, `room` and `devices`, turnover included.

    Without `room` and `devices` it gets its own, as its treatment needs them. One that is over
    without having happened keeps nothing.
    """
    booking = BookingFactory(**fields)
    if booking.status not in ACTIVE:
        return booking
    location = booking.location
    room = room or RoomFactory(location=location)
    devices = devices or [
        DeviceFactory(location=location, device_kind=kinds[0])
        for kinds in booking.option.treatment.device_needs
    ]
    turnover = booking.ends_at + booking.option.buffer
    wiped = booking.ends_at + timedelta(minutes=Policy().device_wipe_minutes)
    until = [(booking.provider, turnover), (room, turnover), *((unit, wiped) for unit in devices)]
    Allocation.objects.bulk_create(
        Allocation(
            booking=booking,
            resource_id=resource.pk,
            starts_at=booking.starts_at,
            ends_at=ends_at,
        )
        for resource, ends_at in until
    )
    return booking


# Scenes


@dataclass(frozen=True)
class Scene:
    """One location in which one option can be booked."""

    location: Location
    option: Option
    providers: list[Provider]
    rooms: list[Room]
    devices: list[Device]

    @property
    def treatment(self) -> Treatment:
        return self.option.treatment

    @property
    def provider(self) -> Provider:
        return self.providers[0]

    @property
    def room(self) -> Room:
        return self.rooms[0]

    @property
    def console(self) -> Device:
        return next(unit for unit in self.devices if unit.device_kind == DeviceKind.CONSOLE)


def open_clinic(
    zone: str = "America/New_York",
    *,
    opens: time = time(9),
    closes: time = time(18),
    providers: int = 1,
    rooms: int = 1,
    consoles: int = 1,
    handhelds: int = 0,
    leds: int = 0,
    minutes: int = 60,
    buffer_minutes: int = 15,
    price: Decimal = Decimal(170),
    needs: Sequence[Sequence[str]] = (("console",),),
) -> Scene:
    """Open a clinic every day from `opens` to `closes`; everybody in it works all that time.

    It offers one option of `minutes`, which takes a device for each of `needs`.
    """
    location = LocationFactory(time_zone=zone)
    for day in EVERY_DAY:
        OpeningHoursFactory(location=location, weekday=day, opens_at=opens, closes_at=closes)
    treatment = TreatmentFactory(device_needs=[list(kinds) for kinds in needs])
    option = OptionFactory(treatment=treatment, minutes=minutes, buffer_minutes=buffer_minutes)
    PriceFactory(option=option, amount=price)
    people = ProviderFactory.create_batch(providers, treatments=[treatment])
    for provider in people:
        give_hours(provider, location, starts_at=opens, ends_at=closes)
    counts = {
        DeviceKind.HANDHELD: handhelds,
        DeviceKind.CONSOLE: consoles,
        DeviceKind.LED: leds,
    }
    return Scene(
        location=location,
        option=option,
        providers=people,
        rooms=RoomFactory.create_batch(rooms, location=location),
        devices=[
            DeviceFactory(location=location, device_kind=kind)
            for kind, count in counts.items()
            for _ in range(count)
        ],
    )
