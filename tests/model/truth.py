"""What a run knows of its clinic, and what must be true of it after every step."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from booking.models import (
    Booking,
    BookingEvent,
    BookingLine,
    ScheduleChange,
    Status,
    TimeOff,
)
from booking.services.audit import findings
from booking.services.ledger import staff
from clinic.messaging.models import Message
from clinic.messaging.services import TOO_LATE
from tests.model.house import House

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GRACE, QUIET = 2 * MINUTE, 3 * MINUTE
HOLDS = {Status.HELD, Status.EXPIRED_HOLD}
CANCELED = {Status.CANCELLED_CLIENT, Status.CANCELLED_LATE, Status.CANCELLED_CLINIC}
OWE = {Status.CANCELLED_LATE, Status.NO_SHOW}
TOLD_BY_THEN = {  # the codes that may wait for their moment, by where a visit stands
    Status.PENDING_FORM: {"M02", "M09", "R01"},
    Status.EXPIRED_HOLD: {"R02"},
    Status.CONFIRMED: {"M01", "M03", "M04", "M05", "M06", "M09", "R01"},
    Status.CHECKED_IN: {"M01", "M09", "R01"},
    Status.IN_PROGRESS: {"M01", "M09", "R01"},
    Status.COMPLETED: {"M11", "M12", "M13", "M15"},
    Status.NO_SHOW: {"M10"},
    **{status: {"M09"} for status in CANCELED},
}
TABLES = [
    "booking_allocation",
    "booking_booking",
    "booking_booking_add_ons",
    "booking_booking_instruction_versions",
    "booking_bookingevent",
    "booking_bookingline",
    "booking_draft",
    "booking_outsidebusy",
    "booking_schedulechange",
    "booking_timeoff",
    "booking_touchedvisit",
    "clients_client",
    "clients_consent",
    "messaging_message",
    "treatments_price",
]

Lines = list[Decimal]
Rows = dict[str, list[tuple[Any, ...]]]


class Note(NamedTuple):
    """A message as the last look showed it."""

    booking: int
    code: str
    recipient: str
    channel: str
    version: int
    status: str
    reason: str
    due_at: datetime


class Event(NamedTuple):
    """What happened to a booking."""

    pk: int
    what: str
    by: str
    at: datetime
    data: dict[str, Any]


@dataclass
class Post:
    """A way out for letters and texts that says nothing; it refuses the next one if told to."""

    refuses: bool = False

    def __call__(self) -> Post:
        return self

    def __enter__(self) -> Post:
        return self

    def __exit__(self, *error: object) -> None: ...

    def open(self) -> None: ...

    def send(self, message: Message, letter: Any) -> str:
        from clinic.messaging.channels import Refused

        if self.refuses:
            self.refuses = False
            raise Refused("550 nobody of that name")
        return "taken"


class Truth(RuleBasedStateMachine):
    """A clinic of one run; all of it is rolled back at the end."""

    def __init__(self, house: House, post: Post) -> None:
        super().__init__()
        self.house, self.post = house, post
        self.desk = staff(house.desk)
        self.prices = dict(house.prices)
        self.lines: dict[int, Lines] = {}
        self.least: dict[int, Decimal] = {}  # what canceling costs who moved late
        self.before: dict[int, tuple[Lines, Decimal]] = {}  # both, before the last move
        self.expected: dict[int, dict[str, datetime]] = {}  # by booking: key and when due
        self.facts: dict[tuple[int, int], tuple[Any, ...]] = {}  # by booking and version
        self.silent: set[tuple[int, int]] = set()  # versions of which the client is told nothing
        self.before_late: dict[int, tuple[datetime, datetime]] = {}  # when it was to be
        self.away: list[TimeOff] = []
        self.touched = 0
        self.seen: Rows = {}  # as the last look showed them
        self.well: tuple[Rows, datetime] | None = None  # when all was well last
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.stack.close()

    @invariant()
    def all_is_well(self) -> None:
        """What neither a step nor the clock touched is as well as it was."""
        self.look()
        if self.well == (self.seen, self.now):
            return
        assert findings(now=self.now) == []
        self.prices_are_as_promised()
        self.messages_fit_the_visits()
        self.clients_know_or_will_know()
        self.well = (self.seen, self.now)

    def look(self) -> None:
        """Read anew what changed: what the next step chooses from, and what is checked."""
        rows = fingerprint()
        if rows == self.seen:
            return
        self.seen = rows
        self.bookings = {booking.pk: booking for booking in Booking.objects.order_by("pk")}
        del self.bookings[self.house.first_visit.pk]
        self.visits = [each for each in self.bookings.values() if each.status not in HOLDS]
        self.holding = [person for person in range(4) if self.held_by(person)]
        self.events: dict[int, list[Event]] = {pk: [] for pk in self.bookings}
        for booking, *facts in BookingEvent.objects.order_by("pk").values_list(
            "booking", "pk", "what", "by", "at", "data"
        ):
            if booking in self.events:
                self.events[booking].append(Event(*facts))
        self.messages = {
            key: Note(int(subject.partition(":")[2]), *facts)
            for key, subject, *facts in Message.objects.filter(
                subject__startswith="booking:"
            ).values_list(
                "key",
                "subject",
                "code",
                "recipient",
                "channel",
                "version",
                "status",
                "reason",
                "due_at",
            )
        }
        pending = ScheduleChange.objects.filter(state=ScheduleChange.State.PENDING)
        self.changes = list(pending.order_by("pk"))
        for visit in self.visits:
            self.facts[visit.pk, visit.schedule_version] = (
                visit.status not in CANCELED,
                visit.starts_at,
                visit.provider_id,
                visit.location_id,
            )

    def held_by(self, person: int) -> Booking | None:
        visitor = self.house.visitor_of(person).id
        held = [x for x in self.bookings.values() if x.visitor == visitor]
        return next((x for x in held if x.status == Status.HELD), None)

    def prices_are_as_promised(self) -> None:
        lines: dict[int, Lines] = {}
        for booking, amount in BookingLine.objects.order_by("booking", "position").values_list(
            "booking", "amount"
        ):
            lines.setdefault(booking, []).append(amount)
        for booking in self.bookings.values():
            assert lines[booking.pk] == self.lines[booking.pk], booking.reference
            assert booking.price == sum(lines[booking.pk])
            assert not booking.fee_owed or booking.status in OWE, booking.status

    def messages_fit_the_visits(self) -> None:
        for key, note in self.messages.items():
            assert note.reason != "could not be written", key
            if note.status != "planned" or note.code == "M19":
                continue
            booking = self.bookings[note.booking]
            assert note.code in TOLD_BY_THEN.get(booking.status, ()), f"{key}, {booking.status}"
            assert note.version == booking.schedule_version, f"{key} tells of the past"
            assert note.code == "R01" or key in self.expected[booking.pk], f"{key} is too much"
        for pk, drafts in self.expected.items():
            if pk not in self.bookings:
                continue  # waited for its details a month ago
            for key, due_at in drafts.items():
                assert key in self.messages, f"{key} was never planned"
                note = self.messages[key]
                assert note.status != "void", f"{key} was withdrawn: {note.reason}"
                assert note.status != "planned" or note.due_at == due_at, f"{key} is due else"
                assert note.booking == pk

    def clients_know_or_will_know(self) -> None:
        """What was told last is so, or better news is on its way, or came too late to help."""
        told: dict[int, int] = {}
        news: dict[tuple[int, int], Note] = {}
        for note in self.messages.values():
            is_news = note.code in {"M01", "M09"} and note.channel == "email"
            if not is_news or note.recipient != "client":
                continue
            news[note.booking, note.version] = note
            if note.status == "sent":
                told[note.booking] = max(note.version, told.get(note.booking, 0))
        for visit in self.visits:
            if visit.status not in {Status.CONFIRMED, *CANCELED} or visit.starts_at <= self.now:
                continue
            known = self.facts[visit.pk, told[visit.pk]] if visit.pk in told else (False,)
            truth = self.facts[visit.pk, visit.schedule_version]
            if known == truth or (known[0] is truth[0] is False):
                continue
            if (visit.pk, visit.schedule_version) in self.silent:
                continue
            note = news.get((visit.pk, visit.schedule_version))
            assert note is not None, f"{visit.pk}: nobody tells the client"
            assert note.status in {"planned", "failed"} or note.reason == TOO_LATE, note


def fingerprint() -> Rows:
    """Every row of the tables in which a visit leaves anything, as the database writes it."""
    rows = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            rows[table] = cursor.fetchall()
    return rows
