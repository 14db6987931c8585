"""Hands that press and look: what holds whatever is pressed, and whom chance picks."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.test import Client as Browser
from django.urls import reverse

from booking import links
from booking.models import Booking, ScheduleChange
from booking.selectors import free_slots
from booking.wishes import Wish
from clinic.trail.models import Entry
from tests.workspace.clinic import Clinic, Clock, rows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DAYS = [date(2030, 3, 6), date(2030, 3, 10), date(2030, 11, 3)]  # two on which the clock is set
NAMES = ["Maya Ellison", "Nora Lind", "Vera Holm", "Ida Brandt", "June Park", "Lea Stone"]


class Hands:
    """Whoever presses something that day, as a seed draws it.

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

    def linked(self, *statuses: str) -> Booking | None:
        visit = self.pick(*statuses)
        return visit if visit is not None and visit.link_nonce else None

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

    def change(self, *states: str) -> ScheduleChange | None:
        found = ScheduleChange.objects.order_by("pk")
        fitting = list(found.filter(state__in=states)) if states else []
        every = fitting or list(found)
        return self.draw.choice(every) if every else None

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
