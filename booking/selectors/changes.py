"""What of a promised visit can still be changed, until when, and at what price."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.models import CANCELED, UPCOMING, Booking, BookingEvent, Happened
from booking.wishes import Wish
from clinic.places.policies import Policy
from treatments.models import AddOn, Option
from treatments.selectors import PriceBook, PriceLine, price_book

QUIET = {
    Happened.BOOKED,
    Happened.CONFIRMED,
    Happened.MOVED,
    Happened.CANCELLED,
    Happened.RESIZED,
}


class PromisedPrices(PriceBook):
    """What a promised visit would cost as something else: what stays of it keeps its price.

    A line stays as promised where its offer, the place and whose prices count are the same;
    the rest costs what today's list says. A change the clinic makes leaves every line that stays.
    """

    def __init__(self, booking: Booking, wish: Wish, today: PriceBook, *, is_staff: bool) -> None:
        super().__init__(wish.option, wish.add_ons, ())
        self._today, self._is_staff = today, is_staff
        self._list_id = booking.provider.price_list_id
        self._promised: dict[Option | AddOn, PriceLine] = {}
        if is_staff or wish.location == booking.location:
            self._promised = dict(_promised(booking))

    def line(
        self, offer: Option | AddOn, *, price_list_id: int | None, visit_on: object
    ) -> PriceLine:
        """Return what `offer` costs in this visit. Raises NoPrice."""
        is_same = self._is_staff or price_list_id == self._list_id
        if is_same and offer in self._promised:
            return self._promised[offer]
        return self._today.line(offer, price_list_id=price_list_id, visit_on=visit_on)  # type: ignore[arg-type]


def prices_after(
    booking: Booking, wish: Wish, *, is_staff: bool = False, now: datetime
) -> PromisedPrices:
    """Return what `booking` costs once it is `wish`, with anybody on any day. Up to 3 queries."""
    today = price_book(
        option=wish.option, add_ons=wish.add_ons, location=wish.location, priced_at=now
    )
    return PromisedPrices(booking, wish, today, is_staff=is_staff)


def why_settled(booking: Booking, *, now: datetime) -> str:
    """Return why nothing of the visit can be changed any more; "" while it is ahead."""
    if booking.status in CANCELED:
        return _("This appointment was canceled already.")
    if booking.status not in UPCOMING or booking.starts_at <= now:
        return _("This appointment has begun or is over.")
    return ""


def why_not_move(booking: Booking, *, policy: Policy, now: datetime) -> str:
    """Return why the client cannot move the visit online; "" where they can."""
    if settled := why_settled(booking, now=now):
        return settled
    if booking.moves >= booking.promise["moves_at_most"]:
        return _("This visit was moved as often as it can be online. Please call us.")
    if booking.starts_at - now < policy.notice(is_known=True):
        hours = policy.notice_hours_known
        return ngettext(
            "It is less than %(hours)d hour ahead. Please call us to move it.",
            "It is less than %(hours)d hours ahead. Please call us to move it.",
            hours,
        ) % {"hours": hours}
    return ""


def quiet_step(booking: Booking, *, by: str, now: datetime) -> BookingEvent | None:
    """Return what `by` just did and can take back without a word. One query.

    That is to book, move, cancel, or make longer or shorter.

    None once its few minutes are over, or when anything else has happened to the visit since.
    """
    last = booking.events.exclude(what=Happened.SENT_AGAIN).order_by("-pk").first()
    if last is None or last.what not in QUIET or last.by != by:
        return None
    return last if now < quiet_until(booking, last) else None


def quiet_until(booking: Booking, step: BookingEvent) -> datetime:
    """Return until when `step` can be taken back."""
    return step.at + timedelta(minutes=booking.undo_minutes)


def _promised(booking: Booking) -> list[tuple[Option | AddOn, PriceLine]]:
    """Each offer of the visit with its line; the treatment's is the first. Up to two queries."""
    lines = [PriceLine(line.code, line.name, line.amount) for line in booking.lines.all()]
    by_code = {line.code: line for line in lines[1:]}
    extras = [(each, by_code[each.code]) for each in booking.add_ons.all() if each.code in by_code]
    return [(booking.option, lines[0]), *extras] if lines else []
