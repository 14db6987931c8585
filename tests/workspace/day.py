"""One day at a clinic as a seed draws it: who presses what and when, through the pages.

Half of what is pressed makes sense when it is pressed. The rest is pressed all the same: a visit
completed twice, a canceled one checked in, a page that somebody else has made stale.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from django.apps import apps
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from booking import links, services, tasks
from booking.errors import BookingError
from booking.models import (
    UPCOMING,
    Booking,
    BookingEvent,
    ScheduleChange,
    Status,
    TouchedVisit,
)
from booking.permissions import Role
from booking.selectors import free_slots
from booking.services.desk import Newcomer, book_visit
from booking.services.ledger import staff
from booking.terms import late_fee
from booking.wishes import Wish
from clinic.clients.models import Client, ClientMerge
from clinic.messaging.services import send_due_messages
from clinic.trail import services as trail
from clinic.trail.models import Entry
from tests.booking.scenes import type_details, visitor
from tests.factories import (
    AddOnFactory,
    InstructionVersionFactory,
    OptionFactory,
    PriceFactory,
    Scene,
    UserFactory,
    open_clinic,
)
from treatments.models import AddOn, InstructionKind, Option

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAYS = [date(2030, 3, 6), date(2030, 3, 10), date(2030, 11, 3)]  # two on which the clock is set
VISITS_AHEAD = 25
ROOMS = {"booking", "clients", "messaging"}
NEXT = {  # what is pressed in turn by who does what the page suggests
    Status.CONFIRMED: "check-in",
    Status.CHECKED_IN: "start",
    Status.IN_PROGRESS: "complete",
}
VERBS = [
    ("check-in", ""),
    ("late", ""),
    ("late", "anyway"),
    ("late", "fee"),
    ("late", "free"),
    ("start", ""),
    ("complete", ""),
    ("no-show", ""),
    ("decline", ""),
    ("decline", "unprepared"),
    ("decline", "cleanse"),
    ("decline", "change"),
    ("take-back", ""),
    ("take-back", ""),
    ("take-back", ""),
]
NAMES = ["Maya Ellison", "Nora Lind", "Vera Holm", "Ida Brandt", "June Park", "Lea Stone"]


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Clinic:
    """Three people, three rooms, two consoles; two lengths and an extra by hand."""

    scene: Scene
    options: list[Option]
    extra: AddOn
    desk: Browser
    admin: Browser
    aestheticians: list[Browser]

    @property
    def staff(self) -> list[Browser]:
        """Whoever presses: the desk most of the time."""
        return [self.desk, self.desk, self.desk, self.admin, *self.aestheticians]


def open_day() -> Clinic:
    """Open it; every visit has a text to read before and one after."""
    scene = open_clinic(providers=3, rooms=3, consoles=2, handhelds=1)
    for kind in (InstructionKind.PREP, InstructionKind.AFTERCARE):
        version = InstructionVersionFactory(instruction__kind=kind)
        scene.treatment.instructions.add(version.instruction)
    short = OptionFactory(treatment=scene.treatment, minutes=30, buffer_minutes=10)
    PriceFactory(option=short, amount=110)
    extra = AddOnFactory(device_needs=[["handheld"]])
    PriceFactory(option=None, add_on=extra, amount=30)
    browsers = []
    for provider in scene.providers:
        provider.add_ons.add(extra)
        provider.user = UserFactory(groups=[Role.AESTHETICIAN])
        provider.save()
        browsers.append(_signed_in(provider.user))
    return Clinic(
        scene,
        [scene.option, short],
        extra,
        desk=_signed_in(UserFactory(groups=[Role.FRONT_DESK], is_staff=True)),
        admin=_signed_in(UserFactory(groups=[Role.ADMIN], is_staff=True)),
        aestheticians=browsers,
    )


def _signed_in(user: Any) -> Browser:
    browser = Browser()
    browser.force_login(user)
    browser.user = user  # type: ignore[attr-defined]
    return browser


class Day:
    """A day, from before the doors open until they are closed.

    `done` counts how often what was pressed changed something, `refused` how often it did not.
    """

    def __init__(self, clinic: Clinic, clock: Clock, *, seed: int) -> None:
        self.clinic, self.clock, self.draw = clinic, clock, random.Random(seed)
        self.done, self.refused = Counter[str](), Counter[str]()
        self.day = self.draw.choice(DAYS)
        self.log: list[str] = [f"seed {seed}, {self.day}"]
        self.public = Browser()
        self.rows: dict[str, list[Any]] = {}

    @property
    def now(self) -> datetime:
        return self.clock.now

    def at(self, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
        """The instant at which the wall shows that time, so many days from today."""
        wall = datetime.combine(self.day + days * DAY, time(hour, minute))
        return wall.replace(tzinfo=self.clinic.scene.location.zone).astimezone(UTC)

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

    # Presses

    def post(self, browser: Browser, page: str, /, *args: Any, **typed: Any) -> Any:
        """Press a button; what is refused changes nothing, what staff change is in the log."""
        entries = Entry.objects.count()
        url = reverse(page, args=args)
        self.log.append(f"{self.now:%d %H:%M} {url} {typed}")
        response = browser.post(url, typed)
        after = rows()
        changed = sorted(name for name, found in after.items() if self.rows.get(name) != found)
        self.log[-1] += f" -> {response.status_code} {changed}"
        assert response.status_code < 500
        if browser is not self.public:
            is_refused = response.status_code >= 400 and page != "staff:decide"  # one by one
            assert not changed or not is_refused, "refused, and something changed"
            is_clients = not page.startswith("staff:")  # who fills in the form on our device
            is_noted = is_clients or Entry.objects.count() > entries
            assert not changed or is_noted, "nothing of it is in the log"
        self.rows = after
        (self.done if changed else self.refused)[page] += 1
        return response

    def get(self, browser: Browser, page: str, /, *args: Any, **query: Any) -> Any:
        """Look at a page; that changes nothing."""
        url = reverse(page, args=args)
        self.log.append(f"{self.now:%d %H:%M} {url} {query}")
        response = browser.get(url, query)
        assert response.status_code < 500
        assert rows() == self.rows, "looked at, and something changed"
        return response

    def someone(self, visit: Booking | None = None) -> Browser:
        """Who presses: most of the time somebody who may."""
        if visit is not None and self.chance(0.85):
            own = self.clinic.scene.providers.index(visit.provider)
            return self.draw.choice([self.clinic.desk, self.clinic.aestheticians[own]])
        return self.draw.choice(self.clinic.staff)

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def pick(self, *statuses: str, today: bool = False) -> Booking | None:
        """A visit that stands so; any visit at all where there is none, now and then anyway."""
        visits = Booking.objects.filter(client__isnull=False).select_related(
            "client", "location", "provider", "option__treatment"
        )
        fitting = visits.filter(status__in=statuses) if statuses else visits
        if today:
            fitting = fitting.filter(starts_at__lt=self.at(20), starts_at__gt=self.at(0))
        keys = list(fitting.order_by("starts_at", "pk").values_list("pk", flat=True))
        if not keys or self.chance(0.1):
            keys = list(visits.order_by("pk").values_list("pk", flat=True))
        return visits.get(pk=self.draw.choice(keys))

    # Today

    def go_on(self) -> None:
        """Press what the page suggests for a visit that is due."""
        begun = [Status.CHECKED_IN, Status.IN_PROGRESS]
        due = Booking.objects.filter(
            client__isnull=False,
            starts_at__gt=self.at(0),
            starts_at__lt=self.now + 15 * MINUTE,
            status__in=[*begun, Status.CONFIRMED],
        )
        visits = list(due.order_by("starts_at", "pk"))
        if not visits:
            return
        visit = self.draw.choice(visits)
        late = (self.now - visit.starts_at) / MINUTE
        verb, choice = NEXT[Status(visit.status)], ""
        if visit.status == Status.CONFIRMED and late >= 1:
            choices = ["anyway", "fee", "free"] if late > 15 else [""]
            verb, choice = "late", self.draw.choice(choices)
            if late > 40 or self.chance(0.2):
                verb, choice = "no-show", ""
        self.press(visit, verb, choice)

    def press_anything(self) -> None:
        visit = self.pick(today=True)
        if visit is not None:
            self.press(visit, *self.draw.choice(VERBS))

    def press(self, visit: Booking, verb: str, choice: str = "") -> None:
        self.post(self.someone(visit), "staff:press", visit.reference, verb, choice=choice)
        if self.chance(0.1):  # twice
            self.post(self.someone(), "staff:press", visit.reference, verb, choice=choice)

    # The calendar

    def move(self) -> None:
        """To one of the times the page has, or to any; told or not."""
        visit = self.pick(*UPCOMING)
        if visit is None:
            return
        browser = self.someone(visit)
        page = self.get(browser, "staff:move", visit.reference)
        nearest = page.context.get("nearest") if page.context else None
        typed: dict[str, Any] = {
            "day": self.day + self.draw.randint(0, 3) * DAY,
            "time": f"{self.draw.randint(8, 19):02}:{self.draw.choice(['00', '15', '30', '40'])}",
            "provider": self.draw.choice(self.clinic.scene.providers).pk,
            "version": visit.schedule_version,
        }
        if nearest and self.chance(0.8):
            typed = dict(parse_qsl(self.draw.choice(nearest)["query"]))
        if self.chance(0.1):
            typed["version"] = max(0, visit.schedule_version - 1)
        self.post(
            browser,
            "staff:move",
            visit.reference,
            **typed | {"tell": self.draw.choice(["yes", "no"]), "reason": "The room"},
        )
        self.think_better_of(visit, browser)

    def resize(self) -> None:
        visit = self.pick(*UPCOMING, Status.CHECKED_IN, Status.IN_PROGRESS)
        if visit is None:
            return
        browser = self.someone(visit)
        self.post(
            browser,
            "staff:resize",
            visit.reference,
            minutes=visit.minutes + self.draw.choice([-20, -10, -5, 5, 10, 15, 30, 7]),
            version=max(0, visit.schedule_version - self.chance(0.1)),
            tell=self.draw.choice(["yes", "no"]),
        )
        self.think_better_of(visit, browser)

    def undo(self) -> None:
        """Take back whatever happened lately, to whichever visit."""
        step = self.draw.choice(list(BookingEvent.objects.order_by("-pk")[:9]))
        self.post(self.someone(), "staff:undo", step.booking.reference, step=step.pk)

    def think_better_of(self, visit: Booking, browser: Browser) -> None:
        """Take back what was just done, now and then; the client perhaps, who hears of it."""
        if not self.chance(0.3):
            return
        self.clock.now += self.draw.randint(1, 4) * MINUTE
        step = visit.events.latest("pk")
        if browser is self.public:
            self.post(browser, "booking:undo", links.token_of(visit), step=step.pk)
        else:
            self.post(browser, "staff:undo", visit.reference, step=step.pk)

    def carry(self) -> None:
        visit = self.pick(*UPCOMING)
        if visit is None:
            return
        browser = self.someone(visit)
        self.post(browser, "staff:pick_up", visit.reference)
        self.get(browser, "staff:week", day=self.day)
        self.post(browser, "staff:put_back", visit.reference)

    # The desk

    def cancel(self) -> None:
        visit = self.pick(*UPCOMING)
        if visit is None:
            return
        browser = self.someone(visit)
        page = self.get(browser, "staff:cancel", visit.reference)
        fee = page.context.get("fee", 0) if page.context else 0
        typed = {
            "why": self.draw.choice(["client", "client", "health", "clinic"]),
            "fee": fee if self.chance(0.9) else 1,
            "version": max(0, visit.schedule_version - self.chance(0.1)),
            "reason": self.draw.choice(["", "The room is flooded"]),
        }
        if self.chance(0.3):
            typed["waives"] = "on"
        self.post(browser, "staff:cancel", visit.reference, **typed)
        self.think_better_of(visit, browser)

    def settle_fee(self) -> None:
        """Ask for nothing, take the money, or owe it again."""
        owed = Booking.objects.filter(fee_owed__gt=0).order_by("pk")
        visit = self.draw.choice(list(owed)) if owed and self.chance(0.7) else self.pick()
        if visit is None:
            return
        step = visit.events.filter(what__in=["fee_paid", "fee_waived"]).last()
        if step is None:
            around = BookingEvent.objects.filter(what__in=["fee_paid", "fee_waived"])
            step = around.order_by("-pk").first()
        match self.draw.choice(["waive", "settle", "owe"]):
            case "owe" if step is not None:
                self.post(self.someone(), "staff:owe", step.booking.reference, step.pk)
            case "waive":
                self.post(self.someone(), "staff:waive", visit.reference, reason="Her first")
            case _:
                self.post(self.someone(), "staff:settle", visit.reference)

    def book_at_the_desk(self) -> None:
        """Through the page: a walk-in, somebody on the phone, or a client who stands there."""
        browser, option = self.someone(), self.draw.choice(self.clinic.options)
        typed: dict[str, Any] = {
            "treatment": self.clinic.scene.treatment.slug,
            "minutes": option.minutes,
            "place": self.clinic.scene.location.slug,
            "day": self.day + self.draw.randint(0, 2) * DAY,
            "request_key": uuid4(),
            "reason": self.draw.choice(["", "Walk-in"]),
        }
        if self.chance(0.5):
            typed["client"] = self.draw.choice(list(Client.objects.order_by("pk"))).pk
        else:
            typed |= {"name": self.name(), "phone": f"(503) 555-01{self.draw.randint(10, 19)}"}
        page = self.get(browser, "staff:book", **typed)
        slots = page.context.get("slots") if page.context else None
        if slots:
            slot = self.draw.choice(slots)
            typed["chosen"] = f"{slot.key}-{slot.provider.pk}"
        self.post(browser, "staff:book", **typed, book="1")

    def book_by_phone(self, days: int) -> None:
        """Without the page: most of them are to complete their details."""
        if start := self.free_start(days, is_staff=True):
            wish, starts_at = start
            phone = f"+150355501{self.draw.randint(10, 99)}"
            email = self.draw.choice(["", f"n{self.draw.randint(1, 99)}@mail.example"])
            with suppress(BookingError):  # who has another visit then
                book_visit(
                    wish=wish,
                    starts_at=starts_at,
                    price_shown=None,
                    person=Newcomer(self.name(), phone, email),
                    reason="She asked for it",
                    request_key=uuid4(),
                    actor=staff(self.clinic.desk.user),  # type: ignore[attr-defined]
                    now=self.now,
                )

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

    # The schedule

    def propose(self) -> None:
        scene, browser = self.clinic.scene, self.someone()
        first = self.day + self.draw.randint(0, 4) * DAY
        days: dict[str, Any] = {"starts_on": first, "ends_on": first, "reason": "Training"}
        person = self.draw.choice(scene.providers)
        thing = self.draw.choice([*scene.rooms, *scene.devices])
        hours = self.draw.choice([{"is_all_day": "on"}, {"starts_at": "10:00", "ends_at": "14:00"}])
        away = days | hours | {"repeats": "0"}
        kind, typed = self.draw.choice(
            [
                ("time_off", away | {"resource": person.pk}),
                ("time_off", away | {"resource": person.pk}),
                ("time_off", away | {"resource": person.pk}),
                ("out_of_service", away | {"resource": thing.pk}),
                ("closure", days | {"location": scene.location.pk}),
                ("leaving", {"resource": person.pk, "reason": "Training"}),
                ("retiring", {"option": self.clinic.options[1].pk}),
                ("extra", _evening(person, scene, first)),
            ]
        )
        page = self.post(browser, "staff:propose", kind, **typed)
        if page.status_code == 200 and self.chance(0.8):
            self.post(browser, "staff:propose", kind, **typed, seen=page.context["seen"])

    def decide(self) -> None:
        """Decide a visit or two of a change that waits, or any."""
        browser, change = self.someone(), self.change(ScheduleChange.State.PENDING)
        if change is None:
            return
        page = self.get(browser, "staff:change", change.pk)
        found = list(page.context["rows"]) if page.context and "rows" in page.context else []
        typed: dict[str, Any] = {}
        for row in found[: self.draw.randint(1, 3)]:
            picked = self.draw.choice(["keep", "cancel", str(row.choice), str(row.choice)])
            typed[f"choice-{row.touched.pk}"] = picked
            typed[f"version-{row.touched.pk}"] = row.visit.schedule_version
        if found and self.chance(0.3):
            self.post(browser, "staff:choose", change.pk, **typed)
        touched = TouchedVisit.objects.filter(change=change).first()
        if touched is not None and self.chance(0.2):  # by who does not look
            typed = {f"choice-{touched.pk}": "cancel", "only": touched.pk}
        self.post(browser, "staff:decide", change.pk, **typed)

    def answer(self) -> None:
        change = self.change(ScheduleChange.State.ASKED)
        if change is not None:
            word = self.draw.choice(["approve", "approve", "refuse"])
            self.post(self.clinic.admin, "staff:answer", change.pk, answer="So be it", **{word: 1})

    def withdraw(self) -> None:
        change = self.change()
        if change is not None:
            self.post(self.someone(), "staff:withdraw", change.pk)

    def change(self, *states: str) -> ScheduleChange | None:
        found = ScheduleChange.objects.order_by("pk")
        fitting = list(found.filter(state__in=states)) if states else []
        every = fitting or list(found)
        return self.draw.choice(every) if every else None

    # Clients

    def merge(self) -> None:
        clients = list(Client.objects.order_by("pk"))
        twins = [
            (one, other)
            for one in clients
            for other in clients
            if one != other and one.name == other.name and not one.merged_into_id
        ]
        kept, merged = self.draw.choice(twins) if twins else self.draw.sample(clients, 2)
        self.get(self.clinic.desk, "staff:merge", kept.pk, merged.pk)
        self.post(self.clinic.desk, "staff:merge", kept.pk, merged.pk)

    def take_apart(self) -> None:
        merges = list(ClientMerge.objects.order_by("pk"))
        if merges:
            self.post(self.clinic.desk, "staff:unmerge", self.draw.choice(merges).pk)

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

    def linked(self, *statuses: str) -> Booking | None:
        visit = self.pick(*statuses)
        return visit if visit is not None and visit.link_nonce else None

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

    # Words

    def name(self) -> str:
        return self.draw.choice(NAMES)

    def free_start(self, days: int, *, is_staff: bool = False) -> tuple[Wish, datetime] | None:
        """Something to book, and a time at which it is free that many days from now."""
        asked = Wish(
            location=self.clinic.scene.location,
            option=self.draw.choice(self.clinic.options),
            add_ons=(self.clinic.extra,) if self.chance(0.3) else (),
            provider=self.draw.choice(self.clinic.scene.providers) if is_staff else None,
        )
        first = self.now.astimezone(self.clinic.scene.location.zone).date() + days * DAY
        free = free_slots(
            wish=asked, first_on=first, last_on=first, now=self.now, is_staff=is_staff
        )
        if not free.all_starts:
            return None
        return asked, datetime.fromtimestamp(self.draw.choice(free.all_starts), UTC)


def _evening(person: Any, scene: Scene, day: date) -> dict[str, Any]:
    return {
        "resource": person.pk,
        "location": scene.location.pk,
        "day": day,
        "starts_at": "18:00",
        "ends_at": "20:00",
    }


def rows() -> dict[str, list[Any]]:
    """Every row of the tables in which a press can leave anything, as the database writes it."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label in ROOMS:
                cursor.execute(f"SELECT * FROM {model._meta.db_table}")
                found[model._meta.db_table] = sorted(cursor.fetchall(), key=repr)
    return found
