"""A visit ahead: held, confirmed, moved, canceled, undone, by its client or by staff."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from booking import services
from booking.message_plan import Trigger
from booking.models import UPCOMING, Booking, BookingEvent, Status
from booking.selectors import FreeSlots
from booking.services.ledger import CLIENT, Actor
from booking.services.standing import Standing
from booking.wishes import Wish
from clinic.clients.models import Client
from tests.booking.scenes import type_details
from tests.model.truth import HOUR, MINUTE, QUIET, Event, fingerprint
from tests.model.words import (
    ANY,
    Ask,
    When,
    Words,
    asks,
    ends,
    is_listed,
    often,
    people,
    picks,
    seldom,
    times,
)

MADE = {"booked", "confirmed"}
CAN_BE_UNDONE = MADE | {"moved", "cancelled", "resized"}


class Clients(Words):
    """What clients may do from afar, and staff for them."""

    @rule(person=people, ask=asks, when=times)
    def hold(self, person: int, ask: Ask, when: When) -> None:
        visitor = self.house.visitor_of(person)
        wish = self.wish(ask).as_asked_by(visitor)
        starts_at, free = self.time(wish, when)
        client = visitor.client.pk if visitor.client else None
        is_free = is_listed(free, starts_at)
        may: bool | None = is_free and not self.has_visit(client, starts_at, ends(free, starts_at))
        if not is_free and self.held_by(person):
            may = None  # their own hold may be what is in the way, and is let go first
        held = self.attempt(
            may,
            lambda: services.hold_slot(
                wish=wish,
                starts_at=starts_at,
                price_shown=None,
                visitor=visitor,
                request_key=uuid4(),
                now=self.now,
            ),
        )
        if held is not None:
            self.lines[held.pk] = self.tariff(wish, held.provider)

    def confirm(self, person: int, wants_texts: bool) -> None:
        held = self.held_by(person)
        if held is None:
            return
        visitor = self.house.visitor_of(person)
        texts = ["service_sms", "marketing_email"] if wants_texts else []
        who = {} if visitor.client else {"name": f"Person {person}", "email": f"{person}@m.example"}
        if not visitor.client:
            who["phone"] = f"+1503555012{person}"
        type_details(visitor, now=self.now, consents=["treatment", "data", *texts], **who)
        found = Client.objects.filter(email=who.get("email")).first() or visitor.client
        client = found.pk if found else None
        booking = self.fresh(held.pk)
        confirmed = self.attempt(
            not booking.has_lapsed(now=self.now)
            and booking.starts_at > self.now
            and self.is_free(booking, Standing.of(booking), asked_at=booking.created_at)
            and not self.has_visit(client, booking.starts_at, booking.ends_at)
            and self.may_come_first(client),
            lambda: services.confirm_booking(booking=booking, visitor=visitor, now=self.now),
        )
        if confirmed is not None:
            self.expect(confirmed, Trigger.CONFIRMED)

    @rule(person=people, ask=asks, when=times)
    def book(self, person: int, ask: Ask, when: When) -> None:
        self.hold(person, ask, when)
        self.look()
        self.confirm(person, wants_texts=bool(person % 2))

    @precondition(lambda self: self.holding)
    @rule(pick=picks, what=st.sampled_from(["confirm", "confirm", "extend", "let go"]))
    def use_hold(self, pick: int, what: str) -> None:
        person = self.holding[pick % len(self.holding)]
        held = self.held_by(person)
        assert held is not None
        booking = self.fresh(held.pk)
        if what == "confirm":
            self.confirm(person, wants_texts=bool(pick % 2))
        elif what == "let go":
            self.attempt(True, lambda: services.let_go(booking=booking, now=self.now))
        else:
            may = not booking.has_lapsed(now=self.now) and booking.hold_extensions < 10
            self.attempt(may, lambda: services.extend_hold(booking=booking, now=self.now))

    # Changes

    @precondition(lambda self: self.visits)
    @rule(pick=picks, ask=st.none() | asks, when=times, is_staff=st.booleans(), is_late=seldom)
    def move(
        self,
        pick: int,
        ask: Ask | None,
        when: When,
        is_staff: bool,
        is_late: bool = False,
        tell: bool = True,
    ) -> None:
        """To another time; staff who say why also where hours do not hold it (`is_late`)."""
        booking = self.pick(pick, Status.CONFIRMED)
        own = Wish.of(booking)
        wish = own
        if ask is not None:
            asked = self.wish(ask)
            wish = own.instead(
                option=asked.option,
                location=asked.location,
                add_ons=asked.add_ons,
                provider=asked.provider,
            )
        starts_at, free = self.time(wish, when, ignoring=booking, is_staff=is_staff)
        if is_late:
            starts_at += 8 * HOUR
            free = free.at_any_hour() if is_staff else free
        self.move_to(booking, free, starts_at, is_staff=is_staff, is_late=is_late, tell=tell)

    def move_to(
        self,
        booking: Booking,
        free: FreeSlots,
        starts_at: datetime,
        *,
        is_staff: bool,
        is_late: bool = False,
        tell: bool = True,
    ) -> None:
        """To a time of a day, as what `free` was asked for, which lists that day."""
        wish, own = free.wish, Wish.of(booking)
        how = {"is_staff": is_staff, "is_late": is_late, "tell": tell}
        is_there = booking.starts_at == starts_at and wish.is_as(own)
        if is_there and wish.provider in (None, booking.provider):
            before = fingerprint()
            self.attempt(True, lambda: self.do_move(booking, starts_at, wish, **how))
            assert fingerprint() == before, "moved to where it stands, and something changed"
            return
        ends_at = ends(free, starts_at)
        cost = self.costs(booking)
        kept = self.kept_lines(booking, is_staff=is_staff)
        is_free = is_staff or self.now <= booking.free_until
        least = Decimal(0) if is_free else self.late_fee(booking)
        may = (
            booking.status in UPCOMING
            and booking.starts_at > self.now
            and (is_staff or (booking.moves < 2 and booking.starts_at - self.now >= 12 * HOUR))
            and is_listed(free, starts_at)
            and not self.has_visit(booking.client_id, starts_at, ends_at, besides=booking.pk)
        )
        waited = self.waited(booking)
        if self.attempt(may, lambda: self.do_move(booking, starts_at, wish, **how)) is not None:
            self.before[booking.pk] = cost
            self.lines[booking.pk] = kept(wish, booking.provider)
            self.least[booking.pk] = least
            self.expect_change(booking, Trigger.MOVED, tell=tell, waited=waited)

    def do_move(
        self,
        booking: Booking,
        starts_at: datetime,
        wish: Wish,
        *,
        is_staff: bool,
        is_late: bool,
        tell: bool,
    ) -> Booking:
        services.move(
            booking=booking,
            starts_at=starts_at,
            wish=wish,
            tell=tell,
            actor=self.desk if is_staff else CLIENT,
            reason="Her train is late" if is_late else "",
            is_at_any_hour=is_late,
            now=self.now,
        )
        return booking

    @precondition(lambda self: self.visits)
    @rule(
        pick=picks,
        how=st.sampled_from(["client", "client", "health", "clinic"]),
        is_asked=st.booleans(),
        is_near=often,
    )
    def cancel(self, pick: int, how: str, is_asked: bool, is_near: bool) -> None:
        """By the client, by staff whom the client asked (`is_asked`), or by the clinic."""
        booking = self.pick(pick, Status.CONFIRMED)
        self.wait_for(booking, -20 * HOUR if is_near else None)
        booking = self.fresh(booking.pk)  # its form may be overdue by now
        last = self.events[booking.pk][-1]
        is_own = (last.what, last.by) == ("confirmed", "client")
        is_fresh = is_own and self.now < last.at + QUIET
        is_late = self.now > booking.free_until and not is_fresh
        owed = self.late_fee(booking) if is_late and how == "client" else 0
        if booking.status == Status.PENDING_FORM:
            owed = 0
        done = self.attempt(
            booking.status in UPCOMING and booking.starts_at > self.now,
            lambda: services.cancel(
                booking=booking,
                actor=self.desk if is_asked or how == "clinic" else CLIENT,
                for_client=is_asked and how != "clinic",
                is_health_reason=how == "health",
                now=self.now,
            ),
        )
        if done:
            assert booking.fee_owed == owed
            assert (booking.status == Status.CANCELLED_LATE) is bool(owed)
            assert (booking.status == Status.CANCELLED_CLINIC) is (how == "clinic")
            self.expect(booking, Trigger.CANCELLED)

    @precondition(lambda self: self.visits)
    @rule(pick=picks, ask=asks, when=times)
    def leave_late(self, pick: int, ask: Ask, when: When) -> None:
        """Move when it is no longer free, perhaps to something shorter, and cancel that."""
        self.wait_for(self.pick(pick, Status.CONFIRMED), -20 * HOUR)
        self.look()
        if self.visits:  # its form may have been overdue
            self.move(0, ask, when, is_staff=False)
            self.look()
            self.cancel(0, "client", is_asked=False, is_near=True)

    @precondition(lambda self: self.visits)
    @rule(pick=picks, is_staff=st.sampled_from([False, False, True]))
    def undo(self, pick: int, is_staff: bool) -> None:
        fresh = [
            visit.pk
            for visit in self.visits
            if (last := self.events[visit.pk][-1]).what in CAN_BE_UNDONE
            and self.now < last.at + QUIET
        ]
        booking = self.fresh(fresh[-1]) if fresh and pick < ANY else self.pick(pick)
        actor = self.desk if is_staff else CLIENT
        *_, step = (event for event in self.events[booking.pk] if event.what in CAN_BE_UNDONE)
        last = self.events[booking.pk][-1]
        pressed = BookingEvent.objects.get(pk=step.pk)
        may = self.may_undo(booking, step, actor)
        waited = self.waited(booking)
        if last.what == "undone" and last.data["undoes"] == step.pk:
            before = fingerprint()
            services.undo(booking=booking, step=pressed, actor=actor, now=self.now)
            assert fingerprint() == before, "undone twice, and something changed"
            return
        if self.attempt(
            may,
            lambda: services.undo(booking=booking, step=pressed, actor=actor, now=self.now),
        ):
            if step.what in MADE:
                assert booking.fee_owed == 0
                self.expect(booking, Trigger.CANCELLED)
                return
            if step.what == "moved":
                self.lines[booking.pk], self.least[booking.pk] = self.before[booking.pk]
                stands = json.loads(json.dumps(Standing.of(booking).as_data()))
                assert stands == step.data["before"]
            if step.what == "resized":
                assert booking.adjusted_minutes == step.data["adjusted_minutes"][0]
            is_told = not step.data.get("is_quiet")
            self.expect_change(booking, Trigger.UNDONE, tell=is_told, waited=waited)

    def may_undo(self, booking: Booking, step: Event, actor: Actor) -> bool:
        """Whether `step` is the last, by the same side, fresh, and nobody is in the way."""
        last = self.events[booking.pk][-1]
        if last != step or step.by != actor.by or self.now >= step.at + QUIET:
            return False
        if step.what in MADE:
            return booking.status in UPCOMING and booking.starts_at > self.now
        if step.what == "resized":
            had, has = step.data["adjusted_minutes"]
            return had < has or self.may_grow(booking, (had - has) * MINUTE)
        there = Standing.of(booking)
        if step.what == "moved":
            there = Standing.read(step.data["before"], booking)
        elif actor is CLIENT and not self.may_come_first(booking.client_id):
            return False
        return (
            there.starts_at > self.now
            and self.is_free(booking, there, is_staff=True, is_at_any_hour=True)
            and not self.has_visit(
                booking.client_id, there.starts_at, there.ends_at, besides=booking.pk
            )
        )
