"""The words in which the steps are told: try it, expect it to be told, choose, what it costs.

A step knows beforehand whether it may be done, from what the last look showed and from what
`free_slots` lists: what may be done has to work, what may not has to leave every row as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Q
from hypothesis import strategies as st

from booking import services
from booking.errors import AskTheClinic, BookingError
from booking.message_plan import Trigger, planned_messages
from booking.models import (
    ACTIVE,
    UPCOMING,
    Allocation,
    Booking,
    OutsideBusy,
    Provider,
    Status,
    TimeOff,
)
from booking.selectors import FreeSlots, free_slots
from booking.services.forms import end_overdue_forms
from booking.services.standing import Standing
from booking.wishes import Wish
from clinic.messaging.models import Message
from clinic.messaging.services import send_due_messages
from tests.model.truth import DAY, GRACE, Lines, Truth, fingerprint
from treatments.models import AddOn, Option

NEWS = {("M01", "1"), ("M02", "1"), ("M09", "1")}  # codes that tell a time, with occurrence


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


class Words(Truth):
    """What every step needs."""

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

    def note(self, what: str, booking: Booking, may: bool | None) -> bool:
        service = getattr(services, what)
        done = self.attempt(
            may, lambda: service(booking=booking, actor=self.desk, now=self.now) or booking
        )
        return done is not None

    def wait_for(self, booking: Booking, after_start: timedelta | None) -> None:
        """Let it be so long after the start of a visit, if that is ahead."""
        if after_start is not None and booking.starts_at + after_start > self.now:
            self.pass_time(booking.starts_at + after_start)

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

    def time(self, wish: Wish, when: When, **how: Any) -> tuple[datetime, FreeSlots]:
        """Choose a time of a day, and tell what is listed there; `how` as in `free_slots`."""
        free = self.free(wish, self.today() + (1 + when.days) * DAY, **how)
        opens = 9 if wish.location == self.house.places[0] else 0
        hours, quarters = divmod(when.quarter, 4)
        starts_at = self.wall(1 + when.days, time(opens + hours, 15 * quarters))
        if when.is_listed and free.all_starts:
            listed = free.all_starts[when.quarter * 7 % len(free.all_starts)]
            starts_at = datetime.fromtimestamp(listed, UTC)
        return starts_at, free

    def free(self, wish: Wish, day: date, **how: Any) -> FreeSlots:
        return free_slots(wish=wish, first_on=day, last_on=day, now=self.now, **how)

    def is_free(self, booking: Booking, there: Standing, **how: Any) -> bool:
        """Whether `booking` could stand `there`, as the page that lists times sees it."""
        day = there.starts_at.astimezone(there.wish.location.zone).date()
        wish = there.wish.with_(there.provider)
        return is_listed(self.free(wish, day, ignoring=booking, **how), there.starts_at)

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

    def costs(self, booking: Booking) -> tuple[Lines, Decimal]:
        """The lines of a visit, and what canceling it costs at least."""
        return self.lines[booking.pk], self.least.get(booking.pk, Decimal(0))

    def late_fee(self, booking: Booking) -> Decimal:
        """What it costs to cancel late: no less than it did before the client moved it late."""
        return max(self.costs(booking)[1], self.half_of_treatment(booking))

    def half_of_treatment(self, booking: Booking) -> Decimal:
        return self.lines[booking.pk][0] / 2


def is_listed(free: FreeSlots, starts_at: datetime) -> bool:
    return int(starts_at.timestamp()) in free.all_starts


def ends(free: FreeSlots, starts_at: datetime) -> datetime:
    """Until when it would be from `starts_at` on."""
    return starts_at + timedelta(seconds=free.demand.treatment_seconds)
