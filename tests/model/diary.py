"""Whatever a clinic does in any order: the steps. What must be true after each stands in `truth`.

A step knows beforehand whether it may be done, from what the last look showed and from what
`free_slots` lists: what may be done has to work, what may not has to leave every row as it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db.models import Q
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from booking import services
from booking.errors import AskTheClinic, BookingError
from booking.message_plan import REMINDERS, Trigger, planned_messages
from booking.models import (
    ACTIVE,
    UPCOMING,
    Allocation,
    Booking,
    BookingEvent,
    OutsideBusy,
    Provider,
    Status,
    TimeOff,
)
from booking.selectors import free_slots
from booking.services.forms import end_overdue_forms
from booking.services.ledger import CLIENT, Actor
from booking.services.standing import Standing
from booking.wishes import Wish
from clinic.clients.models import Client
from clinic.messaging.models import Message
from clinic.messaging.services import send_due_messages
from tests.booking.scenes import type_details
from tests.factories import PriceFactory
from tests.model.truth import (
    DAY,
    GRACE,
    HOUR,
    MINUTE,
    QUIET,
    Event,
    Lines,
    Truth,
    fingerprint,
)
from treatments.models import AddOn, Option
from treatments.selectors.rules import SETTLES

LENGTHS = [MINUTE, MINUTE, 2 * MINUTE, 4 * MINUTE, 11 * MINUTE, HOUR, 12 * HOUR, DAY, 3 * DAY]
ERAS = [  # two days before the clock goes forward, two before it goes back, and a calm month
    datetime(2027, 3, 12, 15, tzinfo=UTC),
    datetime(2027, 11, 5, 15, tzinfo=UTC),
    datetime(2030, 3, 1, 15, tzinfo=UTC),
]
TAKEN_BACK = {"checked_in", "started", "completed", "no_show", "declined", "too_late"}
MADE = {"booked", "confirmed"}
CAN_BE_UNDONE = MADE | {"moved", "cancelled", "resized"}
NEWS = {("M01", "1"), ("M02", "1"), ("M09", "1")}  # codes that tell a time, with occurrence
STEPS = ["check_in", "check_in", "start", "complete", "mark_no_show", "decline", "take_back"]


class Ask(NamedTuple):
    """What somebody would like, as places in the lists of the house; provider 2 is anyone."""

    place: int
    option: int
    has_extra: bool
    provider: int


class When(NamedTuple):
    """A time some days ahead: one of the times listed, or any quarter of an hour."""

    days: int
    quarter: int
    is_listed: bool


people = st.integers(0, 3)
ANY = 7
picks = st.integers(0, 8)
asks = st.builds(
    Ask,
    place=st.sampled_from([0, 0, 1]),
    option=st.integers(0, 1),
    has_extra=st.booleans(),
    provider=st.integers(0, 2),
)
often = st.sampled_from([True, True, False])
seldom = st.sampled_from([False, False, True])
times = st.builds(
    When,
    days=st.integers(0, 3),
    quarter=st.integers(0, 15),
    is_listed=often,
)


class Diary(Truth):
    """What may happen in the clinic of a run, in any order."""

    @initialize(era=st.sampled_from(ERAS), first=st.lists(st.tuples(asks, times), max_size=2))
    def begin(self, era: datetime, first: list[tuple[Ask, When]]) -> None:
        self.now = era
        self.look()
        for person, (ask, when) in enumerate(first):
            self.book(person, ask, when)
            self.look()

    # Clients

    @rule(person=people, ask=asks, when=times)
    def hold(self, person: int, ask: Ask, when: When) -> None:
        visitor = self.house.visitor_of(person)
        wish = self.wish(ask).as_asked_by(visitor)
        starts_at, ends_at, is_free = self.time(wish, when)
        client = visitor.client.pk if visitor.client else None
        may: bool | None = is_free and not self.has_visit(client, starts_at, ends_at)
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
        starts_at, *_ = self.time(wish, when, moved=booking, is_staff=is_staff)
        if is_late:
            starts_at += 8 * HOUR
        self.move_to(booking, wish, starts_at, is_staff=is_staff, is_late=is_late, tell=tell)

    def move_to(
        self,
        booking: Booking,
        wish: Wish,
        starts_at: datetime,
        *,
        is_staff: bool,
        is_late: bool = False,
        tell: bool = True,
    ) -> None:
        own = Wish.of(booking)
        how: dict[str, Any] = {"is_staff": is_staff, "is_late": is_late, "tell": tell}
        is_there = booking.starts_at == starts_at and wish.is_as(own)
        if is_there and wish.provider in (None, booking.provider):
            before = fingerprint()
            self.attempt(True, lambda: self.do_move(booking, starts_at, wish, **how))
            assert fingerprint() == before, "moved to where it stands, and something changed"
            return
        ends_at, is_free = self.until(
            wish, starts_at, moved=booking, is_staff=is_staff, is_at_any_hour=is_staff and is_late
        )
        lines = self.lines[booking.pk]
        kept = self.kept_lines(booking, is_staff=is_staff)
        may = (
            booking.status in UPCOMING
            and booking.starts_at > self.now
            and (is_staff or (booking.moves < 2 and booking.starts_at - self.now >= 12 * HOUR))
            and is_free
            and not self.has_visit(booking.client_id, starts_at, ends_at, besides=booking.pk)
        )
        waited = self.waited(booking)
        if self.attempt(may, lambda: self.do_move(booking, starts_at, wish, **how)) is not None:
            self.lines_before[booking.pk] = lines
            self.lines[booking.pk] = kept(wish, booking.provider)
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
                self.lines[booking.pk] = self.lines_before[booking.pk]
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

    # The day of the visit

    @precondition(lambda self: self.visits)
    @rule(pick=picks, what=st.sampled_from(STEPS), is_time=often)
    def treat(self, pick: int, what: str, is_time: bool) -> None:
        getattr(self, what)(pick, is_time)

    @precondition(lambda self: self.visits)
    @rule(pick=picks, steps=st.integers(1, 4))
    def come(self, pick: int, steps: int) -> None:
        for what in ["check_in", "start", "complete", "take_back"][:steps]:
            if self.visits:  # the last may be let go while we wait for it
                getattr(self, what)(pick, True)
                self.look()

    def check_in(self, pick: int, is_time: bool) -> None:
        booking = self.pick(pick, Status.CONFIRMED)
        self.wait_for(booking, -20 * MINUTE if is_time else None)
        zone = booking.location.zone
        is_today = self.now.astimezone(zone).date() == booking.starts_at.astimezone(zone).date()
        if self.note("check_in", booking, booking.status == Status.CONFIRMED and is_today):
            self.is_here(booking)

    def is_here(self, booking: Booking) -> None:
        """Nobody reminds them any more."""
        kept = self.expected[booking.pk].items()
        self.expected[booking.pk] = {
            key: due for key, due in kept if key.split(":")[2] not in REMINDERS
        }

    def start(self, pick: int, _is_time: bool) -> None:
        booking = self.pick(pick, Status.CHECKED_IN)
        self.note("start", booking, booking.status == Status.CHECKED_IN)

    def complete(self, pick: int, is_time: bool) -> None:
        booking = self.pick(pick, Status.CHECKED_IN, Status.IN_PROGRESS)
        self.wait_for(booking, HOUR if is_time else None)
        has_begun = booking.starts_at <= self.now
        may = booking.status == Status.IN_PROGRESS or (
            booking.status == Status.CHECKED_IN and has_begun
        )
        if self.note("complete", booking, may):
            self.expect(booking, Trigger.COMPLETED)

    def mark_no_show(self, pick: int, is_time: bool) -> None:
        booking = self.pick(pick, Status.CONFIRMED)
        self.wait_for(booking, 15 * MINUTE if is_time else None)
        may = booking.status == Status.CONFIRMED and booking.starts_at <= self.now
        if self.note("mark_no_show", booking, may):
            assert booking.fee_owed == self.half_of_treatment(booking)
            self.expect(booking, Trigger.NO_SHOW)

    def decline(self, pick: int, _is_time: bool) -> None:
        booking = self.pick(pick, Status.CONFIRMED, Status.CHECKED_IN)
        may = booking.status in {Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS}
        if self.note("decline", booking, may):
            self.expect(booking, Trigger.DECLINED)

    def take_back(self, pick: int, _is_time: bool) -> None:
        booking = self.pick(pick)
        last, zone = self.events[booking.pk][-1], booking.location.zone
        is_today = last.at.astimezone(zone).date() == self.now.astimezone(zone).date()
        may: bool | None = None  # of several steps, an earlier one may be next
        shortened = last.data.get("shortened", 0) * MINUTE
        if last.what in TAKEN_BACK:
            may = is_today and (
                self.may_grow_back(booking, shortened)
                if booking.status in ACTIVE
                else self.is_free_again(booking)
            )
        if self.note("take_back", booking, may):
            if last.what == "checked_in" and shortened:
                assert (booking.starts_at, booking.ends_at) == self.before_late[booking.pk]
            is_ahead = booking.status == Status.CONFIRMED and booking.starts_at > self.now
            self.expect(booking, Trigger.UNDONE if is_ahead else Trigger.TAKEN_BACK)

    def may_grow(self, booking: Booking, by: timedelta) -> bool:
        """Whether nothing is in the minutes after what is kept, nor after the client's time."""
        for kept in booking.allocations.all():
            into = Q(starts_at__lt=kept.ends_at + by, ends_at__gt=kept.ends_at)
            there = into & Q(resource=kept.resource_id)
            others = Allocation.objects.filter(there).exclude(booking=booking)
            lapsed = Q(booking__status=Status.HELD, booking__held_until__lte=self.now)
            if (
                others.exclude(lapsed).exists()
                or TimeOff.objects.filter(there).exists()
                or OutsideBusy.objects.filter(there).exists()
            ):
                return False
        ends_at = booking.ends_at + by
        return not self.has_visit(booking.client_id, booking.starts_at, ends_at, booking.pk)

    def may_grow_back(self, booking: Booking, by: timedelta) -> bool:
        """Whether nothing is in the minutes that a late visit gave up."""
        given_up = {"starts_at__lt": booking.starts_at, "ends_at__gt": booking.starts_at - by}
        kept = booking.allocations.values("resource")
        others = Allocation.objects.filter(resource__in=kept, **given_up).exclude(booking=booking)
        starts_at = booking.starts_at - by
        return not by or not (
            others.exists()
            or self.has_visit(booking.client_id, starts_at, booking.starts_at, booking.pk)
        )

    def is_free_again(self, booking: Booking) -> bool | None:
        """Whether a visit that ended may have its time again; None where it began at any minute."""
        if self.has_visit(booking.client_id, booking.starts_at, booking.ends_at, booking.pk):
            return False
        if booking.starts_at.minute % 15:
            return None
        how: dict[str, Any] = {"asked_at": booking.starts_at, "is_at_any_hour": True}
        return self.is_free(booking, Standing.of(booking), is_staff=True, **how)

    def wait_for(self, booking: Booking, after_start: timedelta | None) -> None:
        """Let it be so long after the start of a visit, if that is ahead."""
        if after_start is not None and booking.starts_at + after_start > self.now:
            self.pass_time(booking.starts_at + after_start)

    def note(self, what: str, booking: Booking, may: bool | None) -> bool:
        service = getattr(services, what)
        done = self.attempt(
            may, lambda: service(booking=booking, actor=self.desk, now=self.now) or booking
        )
        return done is not None

    # The house

    @rule(
        what=st.sampled_from(["off", "off", "back", "busy", "free", "dearer"]),
        pick=picks,
        days=st.integers(0, 3),
        hour=st.integers(0, 12),
        hours=st.integers(1, 6),
    )
    def keep_house(self, what: str, pick: int, days: int, hour: int, hours: int) -> None:
        starts_at = self.wall(days, time(hour))
        ends_at = starts_at + hours * HOUR
        if what == "off":
            self.take_time_off(pick, starts_at, ends_at)
        elif what == "back" and self.away:
            services.remove_time_off(time_off=self.away.pop())
        elif what == "busy":
            OutsideBusy.objects.create(
                calendar=self.house.elsewhere[pick % 2],
                resource=self.house.providers[pick % 2],
                starts_at=starts_at,
                ends_at=ends_at,
            )
        elif what == "free":
            OutsideBusy.objects.all().delete()
        elif what == "dearer":
            self.ask_more(pick)

    def take_time_off(self, pick: int, starts_at: datetime, ends_at: datetime) -> None:
        resource = self.house.resources[pick % len(self.house.resources)]
        kept = Allocation.objects.filter(
            resource=resource, starts_at__lt=ends_at, ends_at__gt=starts_at
        ).exclude(booking__status=Status.HELD, booking__held_until__lte=self.now)
        away = self.attempt(
            not kept.exists(),
            lambda: services.add_time_off(
                resource=resource, starts_at=starts_at, ends_at=ends_at, now=self.now
            ),
        )
        if away is not None:
            self.away.append(away)

    def ask_more(self, pick: int) -> None:
        self.pass_time(self.now + SETTLES)  # what is priced until then is priced without it
        price_list, offer = list(self.prices)[pick % len(self.prices)]
        self.prices[price_list, offer] += 5
        is_extra = isinstance(offer, AddOn)
        PriceFactory(
            option=None if is_extra else offer,
            add_on=offer if is_extra else None,
            price_list_id=price_list,
            amount=self.prices[price_list, offer],
            effective_from=(self.now - DAY).date(),
            published_at=self.now,
        )

    # Time and mail

    @rule(length=st.sampled_from(LENGTHS), is_mail_sent=st.booleans())
    def wait(self, length: timedelta, is_mail_sent: bool) -> None:
        self.pass_time(self.now + length, is_mail_sent=is_mail_sent)
        if length >= DAY:
            services.delete_old_holds(now=self.now)

    @precondition(lambda self: self.visits)
    @rule(pick=picks, hours=st.sampled_from([-25, -20, -1, 0]))
    def wait_for_a_visit(self, pick: int, hours: int) -> None:
        self.wait_for(self.pick(pick, Status.CONFIRMED), hours * HOUR)

    @rule(is_refused=st.sampled_from([False, False, True]))
    def send(self, is_refused: bool) -> None:
        self.post.refuses = is_refused
        send_due_messages(clock=lambda: self.now)
        self.post.refuses = False

    def pass_time(self, until: datetime, *, is_mail_sent: bool = False) -> None:
        """Let it be `until`, beat ending holds that lapsed; perhaps with a worker at work."""
        while is_mail_sent:
            waiting = Message.objects.planned().filter(ready_at__lte=until).order_by("ready_at")
            if (ready_at := waiting.values_list("ready_at", flat=True).first()) is None:
                break
            self.now = max(self.now, ready_at)
            send_due_messages(clock=lambda: self.now)
        self.now = until
        if Booking.objects.filter(status=Status.HELD, held_until__lte=until - GRACE).exists():
            services.end_lapsed_holds(now=until)
        waiting = Booking.objects.filter(status=Status.PENDING_FORM)
        if waiting.filter(held_until__lte=until - GRACE).exists():
            overdue = list(waiting.filter(held_until__lte=until).values_list("pk", flat=True))
            end_overdue_forms(now=until)
            for booking in map(self.fresh, overdue):
                assert booking.status == Status.EXPIRED_HOLD
                self.expect(booking, Trigger.OVERDUE)

    # Words

    def attempt(self, may: bool | None, act: Callable[[], Any]) -> Any:
        """Do it, and return what it returns or True; None if it was refused and nothing changed."""
        before = {} if may else fingerprint()
        try:
            done = act()
        except (BookingError, ValidationError) as error:
            refusal: Exception | None = error
        else:
            refusal = None
        if refusal is None:
            assert may is not False, "this had to be refused"
            return True if done is None else done
        assert not may, f"refused: {refusal!r}"
        after = fingerprint()
        if isinstance(refusal, AskTheClinic):  # the reason goes by mail
            before["messaging_message"] = after["messaging_message"] = []
        assert after == before, f"refused, and something changed: {refusal!r}"
        return None

    def expect(self, booking: Booking, trigger: Trigger) -> None:
        """From now on exactly what the plan says after `trigger` is to be told of the visit."""
        self.expect_change(booking, trigger, tell=True)

    def expect_change(
        self, booking: Booking, trigger: Trigger, *, tell: bool, waited: Collection[str] = ()
    ) -> None:
        """The same; without a word, the client is told only where they `waited` to be told."""
        drafts = planned_messages(booking, trigger, now=self.now)
        if not tell:
            drafts = [
                draft
                for draft in drafts
                if draft.recipient != "client"
                or (draft.code, draft.occurrence) not in NEWS
                or draft.channel in waited
            ]
            if "email" not in waited:
                self.silent.add((booking.pk, booking.schedule_version))
        mine = [draft for draft in drafts if draft.subject.startswith("booking:")]
        self.expected[booking.pk] = {draft.key: draft.due_at for draft in mine}
        for draft in set(drafts) - set(mine):
            assert Message.objects.filter(key=draft.key).exists(), f"{draft.key} is missing"

    def waited(self, booking: Booking) -> set[str]:
        """The channels by which the client is still to be told when the visit is."""
        return {
            note.channel
            for key, note in self.messages.items()
            if note.booking == booking.pk
            and (note.status, note.recipient) == ("planned", "client")
            and tuple(key.split(":")[2:4]) in NEWS
        }

    def fresh(self, pk: int) -> Booking:
        """A booking as a page reads it."""
        related = ("option__treatment", "location", "provider", "client")
        return Booking.objects.select_related(*related).get(pk=pk)

    def pick(self, number: int, *likely: str) -> Booking:
        """One of the visits that stand so, if there is one; now and then any."""
        fitting = [visit for visit in self.visits if visit.status in likely]
        among = fitting if fitting and number < ANY else self.visits
        chosen = self.touched if number in {0, ANY} else 0
        if chosen not in {visit.pk for visit in among}:
            chosen = among[-1 - number % len(among)].pk
        self.touched = chosen
        return self.fresh(chosen)

    def wish(self, ask: Ask) -> Wish:
        house = self.house
        return Wish(
            option=house.options[ask.option],
            location=house.places[ask.place],
            add_ons=(house.extra,) if ask.has_extra else (),
            provider=house.providers[ask.provider] if ask.provider < 2 else None,
        )

    def wall(self, days: int, at: time) -> datetime:
        """The instant at which the wall of both houses shows `at`, so many days from today."""
        zone = self.house.places[0].zone
        return datetime.combine(self.today() + days * DAY, at, tzinfo=zone).astimezone(UTC)

    def today(self) -> date:
        return self.now.astimezone(self.house.places[0].zone).date()

    def time(
        self, wish: Wish, when: When, *, moved: Booking | None = None, is_staff: bool = False
    ) -> tuple[datetime, datetime, bool]:
        """Choose a time: from when to when, and whether it is listed as free."""
        day = self.today() + (1 + when.days) * DAY
        free = free_slots(
            wish=wish,
            first_on=day,
            last_on=day,
            now=self.now,
            ignoring=moved,
            is_staff=is_staff,
        )
        opens = 9 if wish.location == self.house.places[0] else 0
        hours, quarters = divmod(when.quarter, 4)
        starts_at = self.wall(1 + when.days, time(opens + hours, 15 * quarters))
        if when.is_listed and free.all_starts:
            listed = free.all_starts[when.quarter * 7 % len(free.all_starts)]
            starts_at = datetime.fromtimestamp(listed, UTC)
        length = timedelta(seconds=free.demand.treatment_seconds)
        is_free = int(starts_at.timestamp()) in free.all_starts
        return starts_at, starts_at + length, is_free

    def until(
        self, wish: Wish, starts_at: datetime, *, moved: Booking, **how: bool
    ) -> tuple[datetime, bool]:
        """Until when it would be from then on, and whether that is listed as free."""
        day = starts_at.astimezone(wish.location.zone).date()
        free = free_slots(wish=wish, first_on=day, last_on=day, now=self.now, ignoring=moved, **how)
        length = timedelta(seconds=free.demand.treatment_seconds)
        return starts_at + length, int(starts_at.timestamp()) in free.all_starts

    def is_free(self, booking: Booking, there: Standing, **how: Any) -> bool:
        """Whether `booking` could stand `there`, as the page that lists times sees it."""
        day = there.starts_at.astimezone(there.wish.location.zone).date()
        wish = there.wish.with_(there.provider)
        free = free_slots(
            wish=wish, first_on=day, last_on=day, now=self.now, ignoring=booking, **how
        )
        return int(there.starts_at.timestamp()) in free.all_starts

    def has_visit(
        self, client: int | None, starts_at: datetime, ends_at: datetime, besides: int = 0
    ) -> bool:
        return any(
            visit.client_id == client
            and visit.pk != besides
            and visit.status in ACTIVE
            and visit.starts_at < ends_at
            and visit.ends_at > starts_at
            for visit in self.visits
            if client
        )

    def may_come_first(self, client: int | None) -> bool:
        """Whether they have been here, or have no first visit ahead."""
        mine = [visit for visit in self.visits if visit.client_id == client]
        return (
            client is None
            or client == self.house.regular.pk
            or any(visit.status == Status.COMPLETED for visit in mine)
            or not any(visit.status in UPCOMING and visit.starts_at > self.now for visit in mine)
        )

    def tariff(self, wish: Wish, provider: Provider) -> Lines:
        """What it costs today, line by line."""
        return [self.price(offer, provider) for offer in (wish.option, *wish.add_ons)]

    def price(self, offer: Option | AddOn, provider: Provider) -> Decimal:
        own = self.prices.get((provider.price_list_id, offer))
        return self.prices[None, offer] if own is None else own

    def kept_lines(self, booking: Booking, *, is_staff: bool) -> Callable[[Wish, Provider], Lines]:
        """What a visit costs as something else: what stays of it keeps its price."""
        offers = (booking.option, *booking.add_ons.all())
        promised = dict(zip(offers, self.lines[booking.pk], strict=True))
        place, price_list = booking.location, booking.provider.price_list_id

        def lines(wish: Wish, provider: Provider) -> Lines:
            is_same = is_staff or (wish.location == place and provider.price_list_id == price_list)
            return [
                promised[offer] if is_same and offer in promised else self.price(offer, provider)
                for offer in (wish.option, *wish.add_ons)
            ]

        return lines

    def late_fee(self, booking: Booking) -> Decimal:
        """What it costs to cancel late: no less than it did before the client moved it late."""
        least = Decimal(booking.promise.get("late_fee", 0))
        return max(least, self.half_of_treatment(booking))

    def half_of_treatment(self, booking: Booking) -> Decimal:
        return self.lines[booking.pk][0] / 2
