"""Whatever a clinic does in any order: how it begins, its house, the time that passes.

The steps of its clients stand in `clients`, those of the day of a visit in `day`, those of the
desk in `desk`; what must be true after each stands in `truth`.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from booking import services
from booking.models import Allocation, OutsideBusy, Status
from clinic.messaging.services import send_due_messages
from tests.factories import PriceFactory
from tests.model.day import Day
from tests.model.truth import DAY, HOUR, MINUTE
from tests.model.words import Ask, When, asks, picks, times
from treatments.models import AddOn
from treatments.selectors.rules import SETTLES

LENGTHS = [MINUTE, MINUTE, 2 * MINUTE, 4 * MINUTE, 11 * MINUTE, HOUR, 12 * HOUR, DAY, 3 * DAY]
ERAS = [  # two days before the clock goes forward, two before it goes back, and a calm month
    datetime(2027, 3, 12, 15, tzinfo=UTC),
    datetime(2027, 11, 5, 15, tzinfo=UTC),
    datetime(2030, 3, 1, 15, tzinfo=UTC),
]


class Diary(Day):
    """What may happen in the clinic of a run, in any order."""

    @initialize(era=st.sampled_from(ERAS), first=st.lists(st.tuples(asks, times), max_size=2))
    def begin(self, era: datetime, first: list[tuple[Ask, When]]) -> None:
        self.now = era
        self.look()
        for person, (ask, when) in enumerate(first):
            self.book(person, ask, when)
            self.look()

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
