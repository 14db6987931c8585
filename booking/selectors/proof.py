"""What a client was told about a visit and what they read of it: the proof, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet

from booking.models import (
    UPCOMING,
    Alert,
    Booking,
    BookingEvent,
    Happened,
    Provider,
    Reading,
    SkinCheck,
    Status,
)
from booking.selectors.care import PREPARATION
from clinic.accounts.models import User
from clinic.messaging.models import Message
from clinic.places.models import Location
from treatments.models import InstructionKind, InstructionVersion

READ_BY = timedelta(hours=48)  # before the visit; what is unread then is a person's to look at
OF_HOLDS = {Happened.HELD, Happened.EXTENDED}  # events from before there was a visit
TELLS_WHEN = {"M01", "M09"}  # bring the preparation where it has no letter of its own


@dataclass(frozen=True)
class Page:
    """A page of care texts: what it shows now, and what the client pressed there."""

    kind: Reading.Page
    texts: list[InstructionVersion]
    reading: Reading | None

    @property
    def is_read(self) -> bool:
        """Whether the client said to have read all that it shows now."""
        return is_acknowledged(self.reading, self.texts)


@dataclass(frozen=True)
class Told:
    """A message with what its row only names."""

    message: Message
    recipient: str  # the name of whoever it is for
    texts: list[InstructionVersion]  # that it was made of


@dataclass(frozen=True)
class Ledger:
    """All that can be proved about one visit."""

    told: list[Told]  # by the time it was promised for
    pages: list[Page]
    alerts: list[Alert]  # the newest first
    events: list[BookingEvent]  # what happened to the visit, the latest first
    skin_check: SkinCheck | None
    undelivered: Message | None  # what was to bring the preparation, and did not

    @property
    def stands(self) -> list[Told]:
        """What went, or is to go, or could not."""
        return [told for told in self.told if told.message.status != Message.Status.VOID]

    @property
    def withdrawn(self) -> list[Told]:
        """What was planned until something about the visit changed."""
        return [told for told in self.told if told.message.status == Message.Status.VOID]


def ledger(booking: Booking) -> Ledger:
    """Return the proof of `booking`, which comes with its client and provider.

    8 queries at most: one each for messages, readings, texts, alerts, events and the check-in, and
    for the members of staff and the providers among the recipients, if there are any.
    """
    messages = list(Message.objects.about(f"booking:{booking.pk}").order_by("due_at", "pk"))
    readings = {reading.page: reading for reading in booking.readings.all()}
    promised = booking.instruction_versions.through.objects.filter(booking=booking)
    named = {text for message in messages for text in message.content_versions}
    texts = list(
        InstructionVersion.objects.select_related("instruction")
        .annotate(is_promised=Exists(promised.filter(instructionversion=OuterRef("pk"))))
        .filter(Q(pk__in=named) | Q(is_promised=True))
        .order_by("instruction__kind", "instruction__position", "instruction__code", "number")
    )
    people = people_in(messages)
    pages = [
        Page(
            page,
            [text for text in texts if text.is_promised and text.instruction.kind == page],
            readings.get(page),
        )
        for page in Reading.Page
    ]
    return Ledger(
        told=[
            Told(
                message,
                people.name(message.recipient, booking),
                [text for text in texts if str(text.pk) in message.content_versions],
            )
            for message in messages
        ],
        pages=[page for page in pages if page.texts and _is_time_for(page, booking)],
        alerts=list(booking.alerts.select_related("seen_by")),
        events=list(
            booking.events.exclude(what__in=OF_HOLDS).select_related("user").order_by("-at", "-pk")
        ),
        skin_check=SkinCheck.objects.filter(booking=booking).first(),
        undelivered=undelivered_preparation(booking, messages),
    )


def _is_time_for(page: Page, booking: Booking) -> bool:
    """Whether `page` is there to be read: aftercare is, once there is something to care for."""
    is_after = page.kind == Reading.Page.AFTERCARE
    return not is_after or page.reading is not None or booking.status == Status.COMPLETED


def texts_of(message: Message) -> list[InstructionVersion]:
    """Return the texts that `message` was made of when it went. One query."""
    texts = InstructionVersion.objects.filter(pk__in=message.content_versions)
    return list(texts.select_related("instruction").order_by("instruction__code", "number"))


@dataclass(frozen=True)
class People:
    """Those who work here, by primary key, as recipients of messages name them."""

    staff: dict[int, User]
    providers: dict[int, Provider]  # who give a visit, or gave it

    def name(self, recipient: str, visit: Booking | None) -> str:
        """Return what the `recipient` of a message is called; nothing where nobody is known."""
        role, _, key = recipient.partition(":")
        if role == "staff":
            return str(self.staff.get(int(key), ""))
        if role == "provider" and key:
            return str(self.providers.get(int(key), ""))
        if visit and role == "provider":
            return visit.provider.name
        return str(visit.client or "") if visit and role == "client" else ""


def people_in(messages: Iterable[Message]) -> People:
    """Return those who work here and whom `messages` are for. 2 queries at most."""
    keys: dict[str, set[int]] = {"staff": set(), "provider": set()}
    for message in messages:
        role, _, key = message.recipient.partition(":")
        if role in keys and key:
            keys[role].add(int(key))
    return People(
        staff=User.objects.in_bulk(keys["staff"]),
        providers=Provider.objects.in_bulk(keys["provider"]),
    )


def undelivered_preparation(booking: Booking, messages: Iterable[Message]) -> Message | None:
    """Return the message that was to bring the preparation and failed, if none went after it.

    `messages` are those about `booking`, by the time they were promised for.
    """
    mails = [
        message
        for message in messages
        if message.recipient == "client"
        and message.channel == Message.Channel.EMAIL
        and message.version == booking.schedule_version
    ]
    by_itself = [message for message in mails if message.code == PREPARATION]
    failed = None
    for message in by_itself or [mail for mail in mails if mail.code in TELLS_WHEN]:
        if message.status == Message.Status.FAILED:
            failed = message
        elif message.status == Message.Status.SENT:
            failed = None
    return failed


def open_alerts(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """Return those of `alerts` that nobody has dealt with, the newest first, with their visits."""
    return alerts.filter(seen_at=None).select_related(
        "booking__client", "booking__location", "booking__provider__resource_ptr"
    )


def unread_preparation(*, visits: QuerySet[Booking], now: datetime) -> list[Booking]:
    """Return those of `visits` that begin within 48 hours and whose preparation is not read.

    The soonest first; with client, provider and location. Visits made within those 48
    hours are left out: whoever books that late has the texts before their eyes. 3 queries.
    """
    texts = InstructionVersion.objects.filter(instruction__kind=InstructionKind.PREP)
    readings = Reading.objects.filter(page=Reading.Page.PREPARATION)
    near = visits.filter(
        location__in=Location.objects.all(),  # for the index by place and time
        status__in=UPCOMING,
        starts_at__gt=now,
        starts_at__lte=now + READ_BY,
        created_at__lt=F("starts_at") - READ_BY,
    )
    rows = (
        near.select_related("client", "location", "provider__resource_ptr")
        .prefetch_related(
            Prefetch("instruction_versions", texts, to_attr="preparation"),
            Prefetch("readings", readings, to_attr="prep_readings"),
        )
        .order_by("starts_at", "pk")
    )
    return [
        visit
        for visit in rows
        if visit.preparation
        and not is_acknowledged(next(iter(visit.prep_readings), None), visit.preparation)
    ]


def is_acknowledged(reading: Reading | None, texts: Iterable[InstructionVersion]) -> bool:
    """Whether the client said to have read all of `texts`, in these versions."""
    if reading is None or reading.acknowledged_at is None:
        return False
    return {text.pk for text in texts} <= {int(text) for text in reading.versions}
