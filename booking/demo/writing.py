"""Writing what was drawn: many rows, few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.db.models import F

from booking.demo.drawing import Drawn
from booking.message_plan import Trigger, planned_messages
from booking.models import (
    ACTIVE,
    Allocation,
    Booking,
    BookingEvent,
    BookingLine,
    Happened,
    Reading,
    Status,
)
from booking.selectors.care import names_of
from booking.services.confirming import ASKED, CONSENT_WORDING
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.messaging import services as messaging
from clinic.messaging.models import Message
from treatments.models import InstructionKind, InstructionVersion
from treatments.selectors import instructions_for

AGREED_TO = {ConsentKind.TREATMENT, ConsentKind.DATA}
WHAT = {
    Status.CONFIRMED: Happened.CONFIRMED,
    Status.COMPLETED: Happened.COMPLETED,
    Status.NO_SHOW: Happened.NO_SHOW,
    Status.CANCELLED_CLIENT: Happened.CANCELLED,
    Status.CANCELLED_LATE: Happened.CANCELLED,
}


REMEMBERED = timedelta(days=14)  # as long back the demo shows every message, before only M01


def complete_past_visits(*, now: datetime) -> int:
    """Complete the generated visits that are over and that nobody has touched; return how many."""
    over = Booking.objects.filter(is_demo=True, status=Status.CONFIRMED, ends_at__lte=now)
    facts = over.select_related("location", "provider", "client")
    visits = list(facts.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    if visits:
        Booking.objects.filter(pk__in=[visit.pk for visit in visits]).update(
            status=Status.COMPLETED, status_changed_at=F("ends_at")
        )
        BookingEvent.objects.bulk_create(
            _event(visit, Status.CONFIRMED, Status.COMPLETED, visit.ends_at) for visit in visits
        )
        after = [draft for visit in visits for draft in _after(visit)]
        messaging.plan(
            messages=[each for each in after if each.useful_until and each.useful_until > now],
            now=now,
        )
    return len(visits)


def write_visits(drawn: list[Drawn], *, now: datetime) -> None:
    """Write visits with clients, lines, texts, allocations, events and messages."""
    if not drawn:
        return
    bookings = [visit.booking for visit in drawn]
    _write_clients(bookings)
    Booking.objects.bulk_create(bookings)
    BookingLine.objects.bulk_create(
        BookingLine(
            booking=visit.booking,
            position=place,
            code=line.code,
            name=line.name,
            amount=line.amount,
        )
        for visit in drawn
        for place, line in enumerate(visit.price.lines)
    )
    Allocation.objects.bulk_create(
        Allocation(
            booking=visit.booking,
            resource_id=resource,
            starts_at=datetime.fromtimestamp(start, UTC),
            ends_at=datetime.fromtimestamp(end, UTC),
        )
        for visit in drawn
        for resource, start, end in visit.kept
    )
    Booking.add_ons.through.objects.bulk_create(
        Booking.add_ons.through(booking=visit.booking, addon=add_on)
        for visit in drawn
        for add_on in visit.add_ons
    )
    _write_texts(drawn, now=now)
    BookingEvent.objects.bulk_create(event for booking in bookings for event in _history(booking))
    _write_messages(bookings, now=now)


def _write_clients(bookings: Iterable[Booking]) -> None:
    """Write who comes for the first time, and what they agreed to."""
    since: dict[int, tuple[Client, datetime]] = {}
    for booking in bookings:
        client = booking.client
        if client is not None and client.pk is None:
            _, made_at = since.get(id(client), (client, booking.created_at))
            since[id(client)] = client, min(made_at, booking.created_at)
    Client.objects.bulk_create([client for client, _ in since.values()])
    Consent.objects.bulk_create(
        Consent(
            client=client,
            kind=kind,
            is_given=kind in AGREED_TO,
            wording_version=CONSENT_WORDING,
            source="booking",
            given_at=made_at,
        )
        for client, made_at in since.values()
        for kind in ASKED
    )


def _write_texts(drawn: Iterable[Drawn], *, now: datetime) -> None:
    """Write down which wordings each visit was promised, and who has read them."""
    known: dict[tuple[int, ...], list[InstructionVersion]] = {}
    rows, readings = [], []
    for visit in drawn:
        treatment = visit.booking.option.treatment
        key = (treatment.pk, *sorted(add_on.pk for add_on in visit.add_ons))
        if key not in known:
            known[key] = instructions_for(treatment=treatment, add_ons=visit.add_ons)
        rows += [
            Booking.instruction_versions.through(booking=visit.booking, instructionversion=text)
            for text in known[key]
        ]
        if reading := _reading(visit.booking, known[key], now=now):
            readings.append(reading)
    Booking.instruction_versions.through.objects.bulk_create(rows)
    Reading.objects.bulk_create(readings)


def _reading(booking: Booking, texts: list[InstructionVersion], *, now: datetime) -> Reading | None:
    """What four of five clients say of the preparation, once it is here; the fifth is behind."""
    told_at = max(booking.created_at, booking.starts_at - timedelta(days=3))
    read_at = told_at + timedelta(hours=2)
    prep = [text for text in texts if text.instruction.kind == InstructionKind.PREP]
    if not prep or booking.pk % 5 == 0 or not now - REMEMBERED < read_at <= now:
        return None
    return Reading(
        booking=booking,
        page=Reading.Page.PREPARATION,
        versions=names_of(prep),
        opened_at=read_at,
        acknowledged_at=read_at,
    )


def _history(booking: Booking) -> list[BookingEvent]:
    """What happened to a visit: it was booked, and perhaps more."""
    events = [_event(booking, Status.HELD, Status.CONFIRMED, booking.created_at)]
    if booking.status != Status.CONFIRMED:
        status = Status(booking.status)
        events.append(_event(booking, Status.CONFIRMED, status, booking.status_changed_at))
    return events


def _event(booking: Booking, before: Status, after: Status, at: datetime) -> BookingEvent:
    by_client = after == Status.CONFIRMED or after not in ACTIVE
    return BookingEvent(
        booking=booking,
        what=WHAT[after],
        at=at,
        by=BookingEvent.By.CLIENT if by_client else BookingEvent.By.CLINIC,
        data={"from": before, "to": after},
    )


def _write_messages(bookings: Iterable[Booking], *, now: datetime) -> None:
    """Write what was due by now as sent, and plan the rest of what is still to come."""
    sent: dict[str, list[messaging.Draft]] = defaultdict(list)
    planned: list[messaging.Draft] = []
    for booking in bookings:
        is_ahead = booking.status == Status.CONFIRMED
        until = now if is_ahead else booking.status_changed_at
        address = booking.client.email if booking.client else ""
        is_recent = booking.ends_at > now - REMEMBERED
        promised = copy(booking)
        promised.status = Status.CONFIRMED  # as it stood when its messages were planned
        for draft in planned_messages(promised, now=booking.created_at):
            if draft.due_at > until:
                planned += [draft] if is_ahead else []
            elif draft.code == "M01" or is_recent:
                sent[address] += [replace(draft, version=0)] if _is_mail(draft) else []
        if booking.status == Status.COMPLETED and is_recent:
            for draft in _after(booking):
                (sent[address] if draft.due_at <= now else planned).append(draft)
    for email, drafts in sent.items():
        messaging.record_sent(messages=drafts, sent_to=email, now=now)
    if planned:
        messaging.plan(messages=planned, now=now)


def _after(visit: Booking) -> list[messaging.Draft]:
    """What a client is told after a visit; nobody of the demo wants news."""
    drafts = planned_messages(visit, Trigger.COMPLETED, now=visit.ends_at)
    return [draft for draft in drafts if draft.kind == Message.Kind.CARE]


def _is_mail(draft: messaging.Draft) -> bool:
    """Whether it went to the client; nobody of the demo is texted, and no sheet is kept."""
    return draft.recipient == "client" and draft.channel == Message.Channel.EMAIL
