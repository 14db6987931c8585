"""One day at a clinic as a seed draws it: who presses what and when, through the pages.

Half of what is pressed makes sense when it is pressed. The rest is pressed all the same: a visit
completed twice, a canceled one checked in, a page that somebody else has made stale.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, time
from uuid import uuid4

from django.urls import reverse

from booking import links, services, tasks
from booking.errors import BookingError
from booking.models import UPCOMING, Booking, Status
from booking.selectors import free_slots
from booking.terms import late_fee
from booking.wishes import Wish
from clinic.messaging.services import send_due_messages
from clinic.trail import services as trail
from tests.booking.scenes import type_details, visitor
from tests.workspace.clinic import rows
from tests.workspace.hands import DAY, HOUR, MINUTE
from tests.workspace.staff import Staff

VISITS_AHEAD = 25


class Day(Staff):
    """A day, from before the doors open until they are closed."""

    def happen(self, *, presses: int) -> None:
        """Fill the diary, then let so many things happen between eight and seven."""
        self.clock.now = self.at(12, days=-3)
        while Booking.objects.filter(status__in=UPCOMING).count() < VISITS_AHEAD:
            days = 3 if self.draw.random() < 0.6 else self.draw.randint(4, 6)
            self.draw.choice([self.book_online, self.book_by_phone])(days)
            self.clock.now += 3 * MINUTE
        self.beat()
        self.clock.now = self.at(8)
        self.public.get(reverse("booking:start"))  # whoever presses has looked at a page
        span = self.at(19) - self.now
        moments = sorted(self.draw.random() for _ in range(presses))
        opens_at = self.now
        self.rows = rows()
        for moment in moments:
            self.clock.now = max(self.now, opens_at + moment * span)
            self.draw.choices(*zip(*self.what_happens(), strict=True))[0]()
        self.beat()
        self.clock.now = self.at(19) + HOUR
        self.beat()

    def what_happens(self) -> list[tuple[Callable[[], object], int]]:
        """What may happen next, and how often it does."""
        return [
            (self.go_on, 40),
            (self.press_anything, 14),
            (self.move, 14),
            (self.resize, 6),
            (self.undo, 2),
            (self.carry, 2),
            (self.cancel, 6),
            (self.settle_fee, 6),
            (self.book_at_the_desk, 5),
            (self.book_online, 2),
            (self.keep_a_time, 2),
            (self.complete_form, 6),
            (self.propose, 7),
            (self.decide, 10),
            (self.answer, 2),
            (self.withdraw, 2),
            (self.merge, 2),
            (self.take_apart, 1),
            (self.move_as_client, 5),
            (self.cancel_as_client, 3),
            (self.look_around, 6),
            (self.beat, 6),
        ]

    # Clients

    def complete_form(self) -> None:
        visit = self.pick(Status.PENDING_FORM)
        if visit is None or not visit.link_nonce:
            return
        number = self.draw.randint(1, 20)
        browser = self.public if self.chance(0.7) else self.clinic.desk
        self.get(browser, "booking:form", links.token_of(visit))
        self.post(
            browser,
            "booking:form",
            links.token_of(visit),
            name=visit.client.name if visit.client else "",
            email=f"n{number}@mail.example",
            phone=f"(503) 555-01{number + 10}",
            safe="on",
            agree_treatment="on",
            agree_data="on",
        )

    def move_as_client(self) -> None:
        visit = self.linked(Status.CONFIRMED)
        if visit is None:
            return
        first = self.day + self.draw.randint(1, 3) * DAY
        free = free_slots(
            wish=Wish.of(visit), first_on=first, last_on=first, now=self.now, ignoring=visit
        )
        hours = self.draw.randint(9, 17)
        starts_at = datetime.combine(first, time(hours), tzinfo=visit.location.zone)
        if free.all_starts and self.chance(0.8):
            starts_at = datetime.fromtimestamp(self.draw.choice(free.all_starts), UTC)
        self.post(
            self.public,
            "booking:move_to",
            links.token_of(visit),
            slot=f"{starts_at.astimezone(UTC):%Y%m%dT%H%MZ}-{visit.price:.2f}",
            version=visit.schedule_version,
        )
        self.think_better_of(visit, self.public)

    def cancel_as_client(self) -> None:
        visit = self.linked(*UPCOMING)
        if visit is None:
            return
        is_late = self.now > visit.free_until and visit.status == Status.CONFIRMED
        self.post(
            self.public,
            "booking:cancel",
            links.token_of(visit),
            why=self.draw.choice(["other", "other", "health"]),
            fee=late_fee(visit) if is_late else 0,
            version=visit.schedule_version,
        )
        self.think_better_of(visit, self.public)

    def book_online(self, days: int | None = None) -> None:
        days = self.draw.randint(0, 3) if days is None else days
        if start := self.free_start(days):
            wish, starts_at = start
            who = visitor()
            with suppress(BookingError):  # who has a first visit ahead
                held = services.hold_slot(
                    wish=wish,
                    starts_at=starts_at,
                    price_shown=None,
                    visitor=who,
                    request_key=uuid4(),
                    now=self.now,
                )
                name, number = self.name(), self.draw.randint(1, 40)
                type_details(who, now=self.now, name=name, email=f"n{number}@mail.example")
                services.confirm_booking(booking=held, visitor=who, now=self.now + MINUTE)
        self.rows = rows()

    def keep_a_time(self) -> None:
        """Hold a time and go away."""
        if start := self.free_start(self.draw.randint(0, 2)):
            wish, starts_at = start
            services.hold_slot(
                wish=wish,
                starts_at=starts_at,
                price_shown=None,
                visitor=visitor(),
                request_key=uuid4(),
                now=self.now,
            )
        self.rows = rows()

    # Around it

    def look_around(self) -> None:
        """Pages that show all of it."""
        browser, visit = self.someone(), self.pick()
        assert visit is not None
        for name, args in (
            ("staff:today", []),
            ("staff:day", []),
            ("staff:visit", [visit.reference]),
            ("staff:day_sheet", [self.day]),
            ("staff:changes", []),
            ("staff:fees", []),
            ("staff:client", [visit.client_id]),
        ):
            if self.chance(0.4):
                self.get(browser, name, *args)

    def beat(self) -> None:
        """What runs by itself, and the post."""
        tasks.end_lapsed_holds()
        tasks.end_overdue_forms()
        tasks.settle_changes()
        send_due_messages(clock=self.clock)
        trail.seal()
        self.rows = rows()
