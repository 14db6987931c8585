"""The fictional people who come: when somebody may come again, and who comes for the first time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from django.db.models import Max, Min, Q

from booking.demo.facts import facts
from booking.models import ACTIVE, Booking, Status
from clinic.clients.models import Client, email_key, name_key
from clinic.places.models import Location

REST = timedelta(days=6)  # between two visits of one person
TRIES = 12  # to find somebody who may come again, before somebody new does
NEW_SHARE = 0.08  # of visits are first ones

NAMES = facts()["names"]
HOSTS = ["mail.example", "post.example", "inbox.example"]
AREA_CODES = {"OR": "503", "ME": "207"}


@dataclass(eq=False)
class Guest:
    """A generated client: when they first came, and the day of their latest visit."""

    client: Client
    first_done_at: datetime | None = None
    last_on: date | None = None

    @property
    def is_known(self) -> bool:
        """Whether they have come before; who has not yet has one visit ahead at most."""
        return self.first_done_at is not None

    def may_come_on(self, day: date) -> bool:
        """Whether they have come, and have rested since."""
        return self.is_known and (self.last_on is None or day - self.last_on >= REST)


@dataclass
class Book:
    """The guests of one location; somebody new is written down as they come."""

    location: Location
    known: list[Guest] = field(default_factory=list)
    waiting: list[Guest] = field(default_factory=list)

    def guest_on(self, day: date, rng: Random) -> Guest:
        """Return somebody who may come on `day`: again, or for the first time."""
        if self.known and rng.random() > NEW_SHARE:
            for guest in rng.choices(self.known, k=TRIES):
                if guest.may_come_on(day):
                    return guest
        return self.waiting[0] if self.waiting else Guest(self._stranger(rng))

    def note(self, guest: Guest, visit: Booking, day: date) -> None:
        """Remember what became of a visit on `day`; who cancels their first comes another time."""
        if visit.status in ACTIVE:
            guest.last_on = day
            if guest in self.waiting:
                self.waiting.remove(guest)
        elif not guest.is_known and guest not in self.waiting:
            self.waiting.append(guest)
        if visit.status == Status.COMPLETED and not guest.is_known:
            guest.first_done_at = visit.ends_at
            self.known.append(guest)

    def _stranger(self, rng: Random) -> Client:
        first, last = rng.choice(NAMES["first"].split()), rng.choice(NAMES["last"].split())
        number, line = rng.randrange(10**6), rng.randrange(100)
        email = f"{first}.{last}.{number}@{rng.choice(HOSTS)}".lower()
        name = f"{first} {last}"
        return Client(
            name=name,
            email=email,
            phone=f"+1{AREA_CODES.get(self.location.region, '503')}55501{line:02}",
            time_zone=self.location.time_zone,
            email_key=email_key(email),
            name_key=name_key(name),
            is_demo=True,
        )


def books_of(locations: list[Location]) -> dict[int, Book]:
    """Return the guests of each location. 2 queries.

    Who has no visit yet, as the client that can sign in at first, waits at the first of them.
    """
    books = {location.pk: Book(location) for location in locations}
    latest = {
        row["client"]: row
        for row in Booking.objects.filter(client__is_demo=True)
        .order_by()
        .values("client")
        .annotate(
            place=Max("location"),
            first_done_at=Min("ends_at", filter=Q(status=Status.COMPLETED)),
            comes_at=Max("starts_at", filter=Q(status__in=ACTIVE)),
        )
    }
    for client in Client.objects.filter(is_demo=True).order_by("pk"):
        row = latest.get(client.pk)
        if row is None:
            books[locations[0].pk].waiting.append(Guest(client))
        elif row["first_done_at"] and row["place"] in books:
            last_on = row["comes_at"].astimezone(books[row["place"]].location.zone).date()
            guest = Guest(client, first_done_at=row["first_done_at"], last_on=last_on)
            books[row["place"]].known.append(guest)
    return books
