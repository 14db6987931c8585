"""What those who work here press: on the day, in the calendar, at the desk, of the schedule."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from booking.errors import BookingError
from booking.models import UPCOMING, Booking, BookingEvent, ScheduleChange, Status, TouchedVisit
from booking.services.desk import Newcomer, book_visit
from booking.services.ledger import staff
from clinic.clients.models import Client, ClientMerge
from tests.factories import (
    Scene,
)
from tests.workspace.hands import DAY, MINUTE, Hands

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


class Staff(Hands):
    """The desk, an admin, and three aestheticians."""

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


def _evening(person: Any, scene: Scene, day: date) -> dict[str, Any]:
    return {
        "resource": person.pk,
        "location": scene.location.pk,
        "day": day,
        "starts_at": "18:00",
        "ends_at": "20:00",
    }
