"""What somebody looks for a time for: another visit, or another time for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import uuid4

from django.urls import reverse

from booking.models import Booking, Status
from booking.views.steps import TIME, steps
from booking.views.wishes import times_url, wish_query
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.places.policies import Policy
from treatments.selectors import PriceBook, price_book


@dataclass(frozen=True)
class Press:
    """What the button of a time sends: how, where to, and what beside the time itself."""

    method: str
    url: str
    fields: list[tuple[str, str]]


class Errand(Protocol):
    """What somebody looks for a time for: where its pages are, and what counts there."""

    @property
    def page(self) -> str:
        """The template of the times, as a whole page."""

    @property
    def month_page(self) -> str:
        """The template of a month."""

    def times_url(self, wish: Wish, **query: Any) -> str:
        """The address of the times for `wish`."""

    def month_url(self, wish: Wish, **query: Any) -> str:
        """The address of a month of times."""

    def press(self, wish: Wish, day: date | None) -> Press:
        """What pressing a time does."""

    def check(self, wish: Wish, policy: Policy) -> None:
        """Raise NotOffered unless this may be asked for."""

    def left_out(self) -> Booking | None:
        """The booking that is in nobody's way: it would give its time up for the new one."""

    def prices(self, wish: Wish, *, now: datetime) -> PriceBook:
        """What it costs, with anybody on any day."""

    def context(self, wish: Wish) -> dict[str, Any]:
        """What its pages show besides."""


@dataclass(frozen=True)
class NewVisit:
    """A time for a visit that is not booked yet."""

    visitor: Visitor
    page: str = "booking/times.html"
    month_page: str = "booking/month.html"

    def times_url(self, wish: Wish, **query: Any) -> str:
        return times_url(wish, **query)

    def month_url(self, wish: Wish, **query: Any) -> str:
        path = reverse("booking:month", args=[wish.option.treatment.slug, wish.option.minutes])
        return f"{path}?{wish_query(wish, **query)}"

    def press(self, wish: Wish, day: date | None) -> Press:
        return Press("post", hold_url(wish, day), [("request_key", str(uuid4()))])

    def check(self, wish: Wish, policy: Policy) -> None:
        wish.check(policy)

    def left_out(self) -> Booking | None:
        return Booking.objects.filter(visitor=self.visitor.id, status=Status.HELD).first()

    def prices(self, wish: Wish, *, now: datetime) -> PriceBook:
        return price_book(
            option=wish.option, add_ons=wish.add_ons, location=wish.location, priced_at=now
        )

    def context(self, wish: Wish) -> dict[str, Any]:
        return steps(TIME, wish=wish)


def hold_url(wish: Wish, day: date | None = None) -> str:
    """Return where a time for `wish` is asked to be kept."""
    path = reverse("booking:hold", args=[wish.option.treatment.slug, wish.option.minutes])
    return f"{path}?{wish_query(wish, day=day)}"
