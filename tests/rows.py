"""A row of any model: by its factory, or as it is made where there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db import models

from booking.models import (
    Alert,
    Allocation,
    Booking,
    BookingEvent,
    BookingLine,
    Draft,
    Feed,
    OutsideBusy,
    OutsideCalendar,
    Provider,
    Reading,
    Resource,
    ScheduleChange,
    SkinCheck,
    TimeOff,
    TouchedVisit,
)
from booking.services.calendars import open_feed
from clinic.accounts.models import User
from clinic.clients.models import Client, ClientMerge, ClientNote, Consent, ConsentKind
from clinic.messaging.models import Message, Suppression
from clinic.messaging.services import Draft as Planned
from clinic.messaging.services import plan
from clinic.places.models import PolicyVersion
from clinic.trail.models import Entry, Seal
from clinic.trail.services import note, seal
from tests import factories
from tests.factories import LONG_AGO, MONDAY_9AM, booked
from treatments.models import Price, PriceChange

numbers = iter(range(10**9))


def make_event() -> BookingEvent:
    return BookingEvent.objects.create(
        booking=booked(),
        what="confirmed",
        at=MONDAY_9AM,
        by=BookingEvent.By.STAFF,
        user=factories.UserFactory(),
    )


def make_consent() -> Consent:
    return Consent.objects.create(
        client=factories.ClientFactory(),
        kind=ConsentKind.TREATMENT,
        is_given=True,
        wording_version="1",
        source="booking",
        given_at=LONG_AGO,
    )


def make_message() -> Message:
    letter = Planned(
        subject=f"booking:{next(numbers)}", code="M01", recipient="client", due_at=MONDAY_9AM
    )
    plan(messages=[letter], now=LONG_AGO)
    return Message.objects.get(key=letter.key)


def make_busy() -> OutsideBusy:
    calendar = make_calendar()
    return calendar.busy.create(
        resource=calendar.provider, starts_at=MONDAY_9AM, ends_at=MONDAY_9AM + timedelta(hours=1)
    )


def make_calendar() -> OutsideCalendar:
    return OutsideCalendar.objects.create(
        provider=factories.ProviderFactory(),
        address="https://calendar.example/secret.ics",
        added_at=LONG_AGO,
    )


def make_entry() -> Entry:
    return note(user_id=7, what=f"price.shown{next(numbers)}", subject="price:1", now=MONDAY_9AM)


def make_seal() -> Seal:
    make_entry()
    seal()
    return Seal.objects.latest("position")


def make_change() -> ScheduleChange:
    return ScheduleChange.objects.create(
        kind=ScheduleChange.Kind.TIME_OFF,
        state=ScheduleChange.State.PENDING,
        says="Hana is away",
        resource=factories.ProviderFactory(),
        asked_by=factories.UserFactory(),
        asked_at=MONDAY_9AM,
    )


def make_note() -> ClientNote:
    return ClientNote.objects.create(
        client=factories.ClientFactory(),
        text=f"Rings twice {next(numbers)}",
        written_by=factories.UserFactory(),
        written_at=MONDAY_9AM,
    )


def make_merge() -> ClientMerge:
    return ClientMerge.objects.create(
        kept=factories.ClientFactory(),
        merged=factories.ClientFactory(),
        merged_by=factories.UserFactory(),
        merged_at=MONDAY_9AM,
    )


def make_price_change() -> models.Model:
    """A draft that was put aside; "reason" is what tells one from another."""
    author = factories.UserFactory(full_name=f"Sam Whitlock {next(numbers)}")
    return PriceChange.objects.create(
        reason=f"The rent {next(numbers)}",
        made_by=author,
        made_at=MONDAY_9AM,
        undone_at=MONDAY_9AM,
        undone_by=author,
    )


def make_price() -> models.Model:
    """With all that a price may name."""
    return factories.PriceFactory(
        price_list=factories.PriceListFactory(),
        location=factories.LocationFactory(),
        published_by=factories.UserFactory(),
    )


MAKE: dict[type[models.Model], Callable[[], Any]] = {
    Alert: lambda: Alert.objects.create(
        booking=booked(),
        kind=Alert.Kind.CALL,
        raised_at=MONDAY_9AM,
        seen_by=factories.UserFactory(),
    ),
    Allocation: lambda: booked().allocations.earliest("pk"),
    Booking: lambda: booked(add_ons=[factories.AddOnFactory()]),
    BookingEvent: make_event,
    BookingLine: lambda: booked().lines.get(),
    Client: lambda: factories.ClientFactory(user=factories.UserFactory()),
    ClientMerge: make_merge,
    ClientNote: make_note,
    Consent: make_consent,
    Draft: lambda: Draft.objects.create(visitor=f"v{next(numbers)}", updated_at=MONDAY_9AM),
    Entry: make_entry,
    Feed: lambda: open_feed(owner=factories.ClientFactory(), now=MONDAY_9AM),
    Group: lambda: Group.objects.create(name=f"helpers {next(numbers)}"),
    Message: make_message,
    Reading: lambda: Reading.objects.create(
        booking=booked(), page=Reading.Page.PREPARATION, opened_at=MONDAY_9AM
    ),
    SkinCheck: lambda: SkinCheck.objects.create(
        booking=booked(), needs_call=True, answered_at=MONDAY_9AM
    ),
    Resource: lambda: Resource.objects.get(pk=factories.RoomFactory().pk),
    ScheduleChange: make_change,
    Seal: make_seal,
    Suppression: lambda: Suppression.objects.create(
        channel="email",
        address=f"maya{next(numbers)}@mail.example",
        reason=Suppression.Reason.BOUNCED,
        source="test:1",
        since=MONDAY_9AM,
    ),
    User: lambda: factories.UserFactory(groups=["front desk"]),
    OutsideBusy: make_busy,
    OutsideCalendar: make_calendar,
    Price: make_price,
    PriceChange: make_price_change,
    Provider: lambda: factories.ProviderFactory(
        user=factories.UserFactory(),
        price_list=factories.PriceListFactory(),
        treatments=[factories.TreatmentFactory()],
        add_ons=[factories.AddOnFactory()],
    ),
    PolicyVersion: lambda: factories.PolicyVersionFactory(
        location=factories.LocationFactory(), published_by=factories.UserFactory()
    ),
    TimeOff: lambda: factories.TimeOffFactory(created_by=factories.UserFactory()),
    TouchedVisit: lambda: TouchedVisit.objects.create(
        change=make_change(), booking=booked(), schedule_version=0
    ),
}


def make(model: type[models.Model]) -> Any:
    """Return a new row of `model`, with others of its own around it."""
    maker = MAKE.get(model) or getattr(factories, f"{model.__name__}Factory")
    return maker()
