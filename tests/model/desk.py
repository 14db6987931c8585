"""What those who work at the clinic do to visits, on top of what may happen to any diary.

Each step is worked out here from the rows as the last look showed them, not by asking the service
that is tried.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from booking import services
from booking.message_plan import Trigger
from booking.models import (
    UPCOMING,
    Booking,
    Status,
)
from booking.selectors.details import missing_details
from booking.selectors.replanning.choices import Choice, Row
from booking.selectors.replanning.visits import replanned, touched_visits
from booking.services import changes
from booking.services.confirming import CONSENT_WORDING
from booking.services.desk import Newcomer, book_visit, known_as, wish_of
from booking.services.forms import Details, complete_form
from booking.wishes import Wish
from clinic.clients.models import Client
from tests.model.diary import Diary
from tests.model.truth import DAY, HOUR, MINUTE
from tests.model.words import Ask, When, asks, ends, is_listed, often, picks, times

FORM_HOURS, LONGEST_VISIT = 24, 90
KEPT_LATE, SHORTENED_LATE = 10 * MINUTE, 15 * MINUTE
BEGUN = {Status.CHECKED_IN, Status.IN_PROGRESS}
LATE = [1, 10, 11, 12, 13, 14, 15, 16, 25, 44, 100]  # minutes after the visit was to begin
DECISIONS = ["keep", "cancel", "move", "move"]
GROWS = [-30, -15, -5, 5, 15, 20, 60, 7]


class Desk(Diary):
    """The diary with people at the desk."""

    @rule(person=st.integers(0, 3), ask=asks, when=times, is_here=often)
    def book_by_phone(self, person: int, ask: Ask, when: When, is_here: bool) -> None:
        """For a client we know, or somebody with a name and a number alone."""
        known = self.known(person) if is_here else None
        someone = known or Newcomer(f"Person {person}", f"+1503555012{person}")
        client = known or known_as(Newcomer(f"Person {person}", f"+1503555012{person}"))
        wish = self.wish(ask)
        wish = wish.with_(wish.provider or self.house.providers[person % 2])
        asked = wish_of(wish, client)
        starts_at, free = self.time(asked, when, is_staff=True)
        booking = self.attempt(
            is_listed(free.at_any_hour(), starts_at)
            and not self.has_visit(client and client.pk, starts_at, ends(free, starts_at)),
            lambda: book_visit(
                wish=wish,
                starts_at=starts_at,
                price_shown=None,
                person=someone,
                reason="She is on the phone",
                request_key=uuid4(),
                actor=self.desk,
                now=self.now,
            ),
        )
        if booking is None:
            return
        self.lines[booking.pk] = self.tariff(wish, booking.provider)
        is_complete = not missing_details(booking.client, wording=CONSENT_WORDING, now=self.now)
        until = min(self.now + FORM_HOURS * HOUR, starts_at)
        stands = (Status.CONFIRMED, None) if is_complete else (Status.PENDING_FORM, until)
        assert (booking.status, booking.held_until) == stands
        self.expect(booking, Trigger.CONFIRMED if is_complete else Trigger.BOOKED)

    def known(self, person: int) -> Client | None:
        """Whoever booked as that person before, or the client we know."""
        if person == 3:
            return self.house.regular
        found = Client.objects.filter(name=f"Person {person}", merged_into=None)
        return found.order_by("pk").last()

    @precondition(lambda self: self.waiting())
    @rule(pick=picks, person=st.integers(0, 3))
    def complete_details(self, pick: int, person: int) -> None:
        """By the link; under a name and address of somebody we know it is their visit."""
        booking = self.pick(pick, Status.PENDING_FORM)
        assert booking.client is not None
        who = {"email": f"{person}@m.example", "phone": f"+1503555012{person}"}
        details = Details(["treatment", "data"], name=f"Person {person}", **who)
        if booking.client.email:
            details = Details(["treatment", "data"])
        twin = Client.objects.filter(email=who["email"], name=details.name).first()
        client = twin if details.email and twin else booking.client
        is_open = booking.status == Status.PENDING_FORM and booking.held_until > self.now
        may: bool | None = is_open and not self.has_visit(
            client.kept.pk, booking.starts_at, booking.ends_at, besides=booking.pk
        )
        if booking.status == Status.CONFIRMED:
            may = None  # twice is harmless
        before = booking.status
        changes = self.changes_told(booking)
        done = self.attempt(
            may,
            lambda: complete_form(booking=booking, details=details, source="form", now=self.now),
        )
        if done and before == Status.PENDING_FORM:
            booking = self.fresh(booking.pk)
            assert (booking.status, booking.client) == (Status.CONFIRMED, client.kept)
            self.expect(booking, Trigger.CONFIRMED)
            self.expected[booking.pk] |= changes

    def changes_told(self, booking: Booking) -> dict[str, datetime]:
        """What those who give a visit are still to hear of its changes: key and when due."""
        return {
            key: note.due_at
            for key, note in self.messages.items()
            if (note.booking, note.code, note.status) == (booking.pk, "M09", "planned")
        }

    def waiting(self) -> bool:
        return any(visit.status == Status.PENDING_FORM for visit in self.visits)

    # On the calendar

    @precondition(lambda self: self.visits)
    @rule(pick=picks, ask=st.none() | asks, when=times)
    def move_quietly(self, pick: int, ask: Ask | None, when: When) -> None:
        """Without a word to the client."""
        self.move(pick, ask, when, is_staff=True, tell=False)

    @rule(
        pick=picks,
        asked=st.tuples(times, times),
        minutes=st.sampled_from([-45, -15, 0, 15, 45]),
        is_staff=often,
    )
    def move_beside(
        self, pick: int, asked: tuple[When, When], minutes: int, is_staff: bool
    ) -> None:
        """To about the time of another visit of that client, with somebody else if need be."""
        for when in () if self.companions() else asked:
            self.book(3, Ask(0, 1, False, 2), when._replace(is_listed=True))
            self.look()
        if not (pairs := self.companions()):
            return
        moved, other = pairs[pick % len(pairs)]
        booking = self.fresh(moved)
        there = self.fresh(other)
        for provider in self.house.providers:
            own = Wish.of(booking)
            wish = own.instead(
                option=own.option,
                location=there.location,
                add_ons=own.add_ons,
                provider=provider,
            )
            starts_at = there.starts_at + minutes * MINUTE
            day = starts_at.astimezone(wish.location.zone).date()
            free = self.free(wish, day, ignoring=booking, is_staff=is_staff)
            self.move_to(booking, free, starts_at, is_staff=is_staff)
            self.look()
            booking = self.fresh(moved)

    def companions(self) -> list[tuple[int, int]]:
        """Pairs of promised visits ahead of one client."""
        ahead = [
            visit
            for visit in self.visits
            if visit.status in UPCOMING and visit.starts_at > self.now + DAY
        ]
        return [
            (one.pk, other.pk)
            for one in ahead
            for other in ahead
            if one.pk != other.pk and one.client_id == other.client_id
        ]

    @precondition(lambda self: self.visits)
    @rule(pick=picks, by=st.sampled_from(GROWS), tell=st.booleans(), is_said_why=often)
    def resize(self, pick: int, by: int, tell: bool, is_said_why: bool) -> None:
        """Longer or shorter: its start and price stay, all that is kept for it goes along.

        Past closing somebody says why.
        """
        booking = self.pick(pick, Status.CONFIRMED, Status.IN_PROGRESS, Status.PENDING_FORM)
        was, minutes = booking.ends_at, booking.minutes + by
        most = max(LONGEST_VISIT + booking.extra_minutes, booking.minutes)
        may = (
            booking.status in UPCOMING | BEGUN
            and 10 <= minutes <= most
            and by % 5 == 0
            and (by < 0 or self.may_grow(booking, by * MINUTE))
            and (by < 0 or is_said_why or self.is_within_doors(booking, was + by * MINUTE))
        )
        waited = self.waited(booking)
        service, reason = services.resize, "She stays for the mask" if is_said_why else ""
        if self.attempt(
            may,
            lambda: service(
                booking=booking,
                minutes=minutes,
                tell=tell,
                reason=reason,
                actor=self.desk,
                now=self.now,
            ),
        ):
            assert self.fresh(booking.pk).ends_at == was + by * MINUTE
            self.expect_change(booking, Trigger.MOVED, tell=tell, waited=waited)

    def is_within_doors(self, booking: Booking, ends_at: datetime) -> bool:
        """Whether the house is open as long as it takes; everybody is in all that time."""
        opens, closes = (9, 13) if booking.location == self.house.places[0] else (0, 4)
        zone = booking.location.zone
        day = booking.starts_at.astimezone(zone).date()
        doors = [datetime.combine(day, time(hour), tzinfo=zone) for hour in (opens, closes)]
        kept = booking.allocations.get(resource=booking.provider_id)
        until = ends_at + (kept.ends_at - booking.ends_at)
        return doors[0] <= booking.starts_at and until <= doors[1]

    # On the day

    @precondition(lambda self: self.visits)
    @rule(
        pick=picks,
        late=st.sampled_from(LATE),
        what=st.sampled_from(["check in", "check in", "anyway", "fee", "free"]),
        is_mistaken=st.booleans(),
    )
    def come_late(self, pick: int, late: int, what: str, is_mistaken: bool) -> None:
        """Kept, shortened to what is left, treated anyway, or too late; perhaps taken back."""
        booking = self.pick(pick, Status.CONFIRMED)
        self.wait_for(booking, late * MINUTE)
        since, length = self.now - booking.starts_at, booking.ends_at - booking.starts_at
        minutes = int(since / MINUTE)
        is_over = length - minutes * MINUTE < MINUTE
        is_too_late = since > SHORTENED_LATE or (is_over and since > KEPT_LATE)
        may = booking.status == Status.CONFIRMED and since >= timedelta()
        how = {"booking": booking, "actor": self.desk, "now": self.now}
        if what in {"fee", "free"}:
            owed = self.late_fee(booking) if what == "fee" else 0
            if self.attempt(
                may and is_too_late, lambda: services.turn_away(is_waived=what == "free", **how)
            ):
                assert (booking.status, booking.fee_owed) == (Status.CANCELLED_LATE, owed)
                self.expect(booking, Trigger.CANCELLED)
            return
        is_kept = since <= KEPT_LATE
        may = may and (
            (is_kept and self.is_same_day(booking))
            or (not is_kept and not is_over and (since <= SHORTENED_LATE or what == "anyway"))
        )
        stood = (booking.starts_at, booking.ends_at)
        if self.attempt(may, lambda: services.check_in_late(is_waived=what == "anyway", **how)):
            gone = timedelta() if is_kept else minutes * MINUTE
            booking = self.fresh(booking.pk)
            assert (booking.starts_at, booking.ends_at) == (stood[0] + gone, stood[1])
            self.before_late[booking.pk] = stood
            self.is_here(booking)
            if is_mistaken:
                self.look()
                self.take_back(0, True)

    def is_same_day(self, booking: Booking) -> bool:
        zone = booking.location.zone
        return self.now.astimezone(zone).date() == booking.starts_at.astimezone(zone).date()

    # The schedule

    @precondition(lambda self: self.visits)
    @rule(pick=picks, hours=st.integers(1, 5), what=st.sampled_from(DECISIONS))
    def be_away(self, pick: int, hours: int, what: str) -> None:
        """Who or what a visit keeps is away; visits that were promised wait for a decision."""
        booking = self.pick(pick, *UPCOMING)
        kept = list(booking.allocations.order_by("pk"))
        if not kept or booking.starts_at <= self.now:
            return
        starts_at = booking.starts_at - (pick % 3) * HOUR
        draft = changes.time_off(
            resource=kept[pick % len(kept)].resource,
            spans=[(starts_at, booking.starts_at + hours * HOUR)],
            zone=booking.location.zone,
        )
        changes.propose(change=draft, user=self.house.desk, now=self.now)
        self.look()
        if self.changes:
            self.decide(len(self.changes) - 1, what)

    @precondition(lambda self: self.changes)
    @rule(pick=picks, what=st.sampled_from([*DECISIONS, "withdraw"]))
    def decide(self, pick: int, what: str) -> None:
        """What is offered for a visit works; and what is withdrawn needs no decision."""
        change = self.changes[pick % len(self.changes)]
        if what == "withdraw":
            changes.withdraw(change=change, user=self.house.desk, now=self.now)
            return
        changes.settle(change=change, now=self.now)
        rows = replanned(list(touched_visits(change)), change=change, now=self.now)
        rows = [row for row in rows if row.is_open and not row.has_changed]
        if not rows:
            return
        row = rows[pick % len(rows)]
        choice = Choice(what)
        if what == "move":
            if not row.offers:
                return
            choice = row.offers[pick % len(row.offers)].choice
        self.decide_one(row, choice)

    def decide_one(self, row: Row, choice: Choice) -> None:
        booking = self.fresh(row.visit.pk)
        cost, kept = self.costs(booking), self.kept_lines(booking, is_staff=True)
        stood = (booking.starts_at, booking.provider_id)
        self.attempt(
            True,
            lambda: changes.decide(
                touched=row.touched,
                choice=choice,
                version=booking.schedule_version,
                user=self.house.desk,
                now=self.now,
            ),
        )
        booking = self.fresh(booking.pk)
        stands = (booking.starts_at, booking.provider_id)
        if choice.what == Choice.CANCEL:
            assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLINIC, 0)
            self.expect(booking, Trigger.CANCELLED)
            return
        meant = stood if choice.what == Choice.KEEP else (choice.starts_at, choice.provider)
        assert stands == meant, "decided, and not done"
        if stands != stood:
            self.before[booking.pk] = cost
            self.lines[booking.pk] = kept(Wish.of(booking), booking.provider)
            self.least[booking.pk] = Decimal(0)
            self.expect(booking, Trigger.MOVED)
