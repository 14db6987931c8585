"""Whether the history of prices reproduces the price of every booking ever made, line by line.

A booking was priced when it was held, and again when a move changed what it is; what stays the
same keeps its line (`booking.selectors.changes.PromisedPrices`). So each line has to be what the
prices said at one of those moments, for the date the visit had then. Events keep how a visit stood
before each move. Which price list a provider had is not kept: where theirs of today does not say
it, one that somebody has must.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from booking.models import Booking, BookingEvent, BookingLine, Provider
from clinic.places.models import Location
from clinic.web.money import money
from treatments.models import AddOn, Price
from treatments.selectors.prices import deciding

Offer = tuple[int | None, int | None]


class Moment(NamedTuple):
    """When a visit was priced, and as what."""

    option: int
    location: int
    price_list: int | None
    visit_on: date
    priced_at: datetime


class Line(NamedTuple):
    """A line of a bill."""

    position: int
    code: str
    name: str
    amount: Decimal


def wrong_prices() -> Iterator[tuple[str, str]]:
    """Yield each booking with a line that the history does not reproduce: reference and sentence.

    8 queries, whatever the number of bookings.
    """
    history = History()
    lines: dict[int, list[Line]] = defaultdict(list)
    for booking, *facts in BookingLine.objects.order_by("booking", "position").values_list(
        "booking", "position", "code", "name", "amount"
    ):
        lines[booking].append(Line._make(facts))
    add_ons = dict(AddOn.objects.order_by().values_list("code", "pk"))
    for pk, reference, moments in _visits():
        for line in lines[pk]:
            if line.position and line.code not in add_ons:
                continue  # an add-on that was given another code
            extra = add_ons[line.code] if line.position else None
            if not any(history.says(line.amount, moment, extra) for moment in moments):
                says = f"costs {money(line.amount)} for {line.name}, which no price said then."
                yield reference, says


class History:
    """All that was ever published, undone or not. 2 queries."""

    def __init__(self) -> None:
        self._rows: dict[Offer, list[Price]] = defaultdict(list)
        for row in Price.objects.order_by():
            self._rows[row.option_id, row.add_on_id].append(row)
        used = Price.objects.filter(price_list__isnull=False).order_by()
        self._lists = {None, *used.values_list("price_list", flat=True).distinct()}

    def says(self, amount: Decimal, moment: Moment, add_on: int | None) -> bool:
        """Whether the option of `moment`, or `add_on` with it, cost `amount` then."""
        offer = (None, add_on) if add_on else (moment.option, None)
        known = [
            row
            for row in self._rows[offer]
            if row.published_at <= moment.priced_at
            and (row.withdrawn_at is None or row.withdrawn_at > moment.priced_at)
            and row.location_id in (None, moment.location)
        ]
        for price_list in (moment.price_list, *self._lists):
            row = deciding(known, price_list_id=price_list, visit_on=moment.visit_on)
            if row and row.amount == amount:
                return True
        return False


def _visits() -> Iterator[tuple[int, str, list[Moment]]]:
    """Each booking with the moments at which it was priced. 4 queries."""
    zones = {pk: ZoneInfo(zone) for pk, zone in Location.objects.values_list("pk", "time_zone")}
    lists = dict(Provider.objects.order_by().values_list("pk", "price_list"))
    before: dict[int, list[Moment]] = defaultdict(list)
    moved = BookingEvent.objects.filter(data__has_key="before").order_by()
    for booking, data in moved.values_list("booking", "data"):
        stood = data["before"]
        at = datetime.fromisoformat(stood["starts_at"])
        before[booking].append(
            Moment(
                option=stood["option"],
                location=stood["location"],
                price_list=lists.get(stood["provider"]),
                visit_on=at.astimezone(zones[stood["location"]]).date(),
                priced_at=datetime.fromisoformat(stood["priced_at"]),
            )
        )
    rows = Booking.objects.order_by("pk").values_list(
        "pk", "reference", "option", "location", "provider", "starts_at", "priced_at"
    )
    for pk, reference, option, location, provider, starts_at, priced_at in rows.iterator():
        visit_on = starts_at.astimezone(zones[location]).date()
        present = Moment(option, location, lists.get(provider), visit_on, priced_at)
        yield pk, reference, [present, *before[pk]]
