"""What must be true of every booking, looked at all at once: `manage.py audit`.

It asks the database for rows and works the rest out by itself, so that it also finds what a
missing constraint or a mistake of a service let in. Instants are seconds since 1970, as in
`booking.scheduling`: tens of thousands of bookings take seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from booking.constraints import Epoch
from booking.models import ACTIVE, Allocation, Booking, BookingLine, Kind, Resource, Status
from booking.scheduling.slots import merged_needs
from booking.services.audited_prices import wrong_prices
from booking.subjects import VISIT
from clinic.messaging.models import Message
from clinic.web.money import money
from treatments.models import AddOn, Option

MINUTE = 60
GRACE = timedelta(minutes=2)  # in which beat ends what ran out
NOT_YET_PROMISED = {
    Status.HELD,
    Status.EXPIRED_HOLD,
    Status.PENDING_FORM,
    Status.PENDING_CLEARANCE,
}
HOLDS = {Status.HELD, Status.EXPIRED_HOLD}
OVERDUE: dict[str, str] = {
    Status.HELD: "a lapsed hold",
    Status.PENDING_FORM: "waiting beyond its deadline",
}
CONFIRMATION, FORM_DUE = "M01", "M02"
ENDED_EARLY = {Status.CANCELLED_CLIENT, Status.CANCELLED_LATE, Status.CANCELLED_CLINIC}


@dataclass(frozen=True, order=True)
class Finding:
    """A row that breaks a rule: which rule, which row, and what is wrong in a sentence."""

    rule: str
    row: str
    says: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.row} {self.says}"


class Thing(NamedTuple):
    """A resource."""

    name: str
    kind: str
    location: int | None
    device_kind: str | None


class Keep(NamedTuple):
    """An allocation: a resource kept for a booking over [start, end)."""

    booking: int
    resource: int
    start: int
    end: int


class Visit(NamedTuple):
    """A booking."""

    pk: int
    reference: str
    status: str
    client: int | None
    kept: int | None  # whom that client was merged into
    location: int
    provider: int
    option: int
    start: int
    end: int
    extra_minutes: int
    adjusted_minutes: int
    held_until: int | None
    price: Decimal
    promise: dict[str, Any]


class Offer(NamedTuple):
    """An option or add-on: how long it takes, and for each device the kinds that would do."""

    minutes: int
    needs: list[list[str]]


@dataclass(frozen=True)
class Rows:
    """All rows the rules are about, as they stood at one moment, by primary key."""

    things: dict[int, Thing]
    visits: dict[int, Visit]
    keeps: list[Keep]
    options: dict[int, Offer]
    add_ons: dict[int, Offer]
    add_ons_of: dict[int, list[int]]
    totals: dict[int, Decimal]
    told: set[tuple[str, str]]  # code and subject of first letters
    wrong_prices: list[tuple[str, str]]  # reference and sentence

    def offers_of(self, visit: Visit) -> list[Offer]:
        """The option and add-ons of a visit."""
        extras = [self.add_ons[pk] for pk in self.add_ons_of.get(visit.pk, ())]
        return [self.options[visit.option], *extras]


def findings(*, now: datetime) -> list[Finding]:
    """Return every row that breaks a rule. 16 queries, whatever the number of bookings."""
    rows = _read()
    keeps_of: dict[int, list[Keep]] = defaultdict(list)
    for keep in rows.keeps:
        keeps_of[keep.booking].append(keep)
    found = [
        Finding(rule, visit.reference, says)
        for visit in rows.visits.values()
        for rule, says in (
            *_wrong_with(visit, rows),
            *(("allocations", says) for says in _wrong_keeps(visit, keeps_of[visit.pk], rows, now)),
        )
    ]
    found += [Finding("price history", row, says) for row, says in rows.wrong_prices]
    return sorted([*found, *_overlapping_keeps(rows), *_overlapping_visits(rows)])


def _wrong_with(visit: Visit, rows: Rows) -> Iterator[tuple[str, str]]:
    """What is wrong with a booking by itself: rule and sentence."""
    total = rows.totals.get(visit.pk, Decimal(0))
    if total != visit.price:
        yield "price", f"costs {money(visit.price)}, but its lines add up to {money(total)}."
    booked = sum(offer.minutes for offer in rows.offers_of(visit))
    minutes = booked + visit.extra_minutes + visit.adjusted_minutes
    if visit.end - visit.start != minutes * MINUTE:
        lasts = (visit.end - visit.start) // MINUTE
        yield "time", f"lasts {lasts} minutes, but what was booked takes {minutes}."
    if visit.status not in Status.values:
        yield "status", f"has the status {visit.status!r}, which does not exist."
    if visit.status == Status.HELD and visit.held_until is None:
        yield "status", "is held, but does not say until when."
    if visit.status not in HOLDS and visit.client is None:
        yield "status", f"is {visit.status}, but for nobody."
    if visit.status not in HOLDS and visit.kept is not None:
        yield "client", "is of a duplicate, and not of the client it was merged into."
    if visit.status == Status.PENDING_FORM and visit.held_until is None:
        yield "status", "waits for its client's details, but does not say until when."
    if visit.status not in NOT_YET_PROMISED and not _was_told(visit, rows):
        yield "messages", f"is {visit.status}, but no {CONFIRMATION} was ever planned for it."


def _was_told(visit: Visit, rows: Rows) -> bool:
    """Whether its client was to be told of it; canceled before, asked for the details at least."""
    codes = [CONFIRMATION, FORM_DUE] if visit.status in ENDED_EARLY else [CONFIRMATION]
    return any((code, f"{VISIT}:{visit.pk}") in rows.told for code in codes)


def _wrong_keeps(visit: Visit, keeps: list[Keep], rows: Rows, now: datetime) -> Iterator[str]:
    """What is wrong with what a booking keeps, in sentences."""
    must_keep = _must_keep(visit, now)
    if must_keep:
        yield from _not_exactly(visit, keeps, rows)
    elif keeps and must_keep is False:
        state = OVERDUE.get(visit.status, visit.status)
        yield f"keeps {_named(keeps, rows)}, although it is {state}."


def _must_keep(visit: Visit, now: datetime) -> bool | None:
    """Whether it owns allocations; None while beat has not had the time to end what ran out."""
    if visit.status not in OVERDUE:
        return visit.status in ACTIVE
    until = visit.held_until or 0
    if until > now.timestamp():
        return True
    return None if until > (now - GRACE).timestamp() else False


def _not_exactly(visit: Visit, keeps: list[Keep], rows: Rows) -> Iterator[str]:
    """Where what is kept is not its provider, one room and a device for each need."""
    by_kind: dict[str, list[Keep]] = defaultdict(list)
    for keep in keeps:
        by_kind[rows.things[keep.resource].kind].append(keep)
    if [keep.resource for keep in by_kind[Kind.PROVIDER]] != [visit.provider]:
        yield f"keeps {_named(by_kind[Kind.PROVIDER], rows)} instead of its provider."
    if len(by_kind[Kind.ROOM]) != 1:
        yield f"keeps {_named(by_kind[Kind.ROOM], rows)} instead of one room."
    yield from _wrong_devices(visit, by_kind[Kind.DEVICE], rows)
    for keep in keeps:
        thing = rows.things[keep.resource]
        if thing.kind != Kind.PROVIDER and thing.location != visit.location:
            yield f"keeps {thing.name}, which stands somewhere else."
    yield from _wrong_spans(visit, keeps, rows)


def _wrong_devices(visit: Visit, devices: list[Keep], rows: Rows) -> Iterator[str]:
    needs = merged_needs(
        frozenset(kinds) for offer in rows.offers_of(visit) for kinds in offer.needs
    )
    for need in needs:
        fitting = [keep for keep in devices if rows.things[keep.resource].device_kind in need]
        if len(fitting) != 1:
            yield f"keeps {_named(fitting, rows)} instead of one {' or '.join(sorted(need))}."
    for keep in devices:
        thing = rows.things[keep.resource]
        if not any(thing.device_kind in need for need in needs):
            yield f"keeps {thing.name}, which it does not need."


def _wrong_spans(visit: Visit, keeps: list[Keep], rows: Rows) -> Iterator[str]:
    """Where something is not kept from the start to the end of its turnover as promised."""
    try:
        buffer, wipe = (visit.promise[rule] for rule in ("buffer_minutes", "device_wipe_minutes"))
    except KeyError as missing:
        yield f"does not say which {missing.args[0]} it was promised."
        return
    for keep in keeps:
        thing = rows.things[keep.resource]
        turnover = wipe if thing.kind == Kind.DEVICE else buffer
        right = (visit.start, visit.end + turnover * MINUTE)
        if (keep.start, keep.end) != right:
            yield f"keeps {thing.name} {_span(keep.start, keep.end)} instead of {_span(*right)}."


def _overlapping_keeps(rows: Rows) -> Iterator[Finding]:
    """Resources that are in two places at a time, whatever the constraint says."""
    spans = ((keep.resource, keep.start, keep.end, keep.booking) for keep in rows.keeps)
    for resource, start, end, one, other in _overlaps(spans):
        references = f"{rows.visits[one].reference} and {rows.visits[other].reference}"
        says = f"is kept for {references} at a time, {_span(start, end)}."
        yield Finding("overlap", rows.things[resource].name, says)


def _overlapping_visits(rows: Rows) -> Iterator[Finding]:
    """Clients who hold two visits at a time; holds are not visits yet."""
    spans = (
        (visit.client, visit.start, visit.end, visit.pk)
        for visit in rows.visits.values()
        if visit.client and visit.status in ACTIVE - {Status.HELD}
    )
    for _client, start, end, one, other in _overlaps(spans):
        says = f"and {rows.visits[other].reference} are of one client, {_span(start, end)}."
        yield Finding("client", rows.visits[one].reference, says)


def _overlaps(
    spans: Iterable[tuple[int, int, int, int]],
) -> Iterator[tuple[int, int, int, int, int]]:
    """Take (owner, start, end, row); give (owner, start, end of the overlap, row, row)."""
    owner, until, holder = 0, 0, 0
    for whose, start, end, row in sorted(spans):
        if whose == owner and start < until:
            yield owner, start, min(end, until), holder, row
        if whose != owner or end > until:
            owner, until, holder = whose, end, row


def _read() -> Rows:
    """All rows in one snapshot, so that a visit confirmed meanwhile is not seen by halves.

    16 queries.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        things = Resource.objects.values_list(
            "pk", "name", "kind", "location", "device__device_kind"
        )
        options = Option.objects.values_list("pk", "minutes", "treatment__device_needs")
        add_ons = AddOn.objects.values_list("pk", "minutes", "device_needs")
        add_ons_of: dict[int, list[int]] = defaultdict(list)
        for booking, add_on in Booking.add_ons.through.objects.values_list("booking", "addon"):
            add_ons_of[booking].append(add_on)
        totals = BookingLine.objects.order_by().values_list("booking").annotate(Sum("amount"))
        letters = Message.objects.filter(
            code__in=[CONFIRMATION, FORM_DUE], subject__startswith=f"{VISIT}:"
        )
        return Rows(
            things={pk: Thing._make(facts) for pk, *facts in things.order_by()},
            visits={row[0]: Visit._make(row) for row in _visits().iterator()},
            keeps=[Keep._make(row) for row in _keeps().iterator()],
            options={pk: Offer._make(facts) for pk, *facts in options.order_by()},
            add_ons={pk: Offer._make(facts) for pk, *facts in add_ons.order_by()},
            add_ons_of=add_ons_of,
            totals=dict(totals),
            told=set(letters.values_list("code", "subject")),
            wrong_prices=list(wrong_prices()),
        )


def _visits() -> QuerySet[Booking, Any]:
    """Bookings in the order of the fields of Visit."""
    return Booking.objects.order_by("pk").values_list(
        "pk",
        "reference",
        "status",
        "client",
        "client__merged_into",
        "location",
        "provider",
        "option",
        Epoch("starts_at"),
        Epoch("ends_at"),
        "extra_minutes",
        "adjusted_minutes",
        Epoch("held_until"),
        "price",
        "promise",
    )


def _keeps() -> QuerySet[Allocation, Any]:
    """Allocations in the order of the fields of Keep; what is no instant counts as 1970."""
    return Allocation.objects.order_by().values_list(
        "booking",
        "resource",
        Coalesce(Epoch("starts_at"), 0),
        Coalesce(Epoch("ends_at"), 0),
    )


def _named(keeps: Collection[Keep], rows: Rows) -> str:
    return " and ".join(sorted(rows.things[keep.resource].name for keep in keeps)) or "nothing"


def _span(start: int, end: int) -> str:
    """A span as an engineer reads it, UTC."""
    first, last = (datetime.fromtimestamp(second, UTC) for second in (start, end))
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
