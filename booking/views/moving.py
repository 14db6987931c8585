"""Moving a visit, for whoever has its link: what it is to become, when, and is that right?

Looking at these pages changes nothing, and nothing is kept for anybody: the visit stands where it
is until the last button is pressed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.errors import AskTheClinic, BookingError, NotNow, NotOffered, SlotTaken
from booking.forms.changes import MoveForm, MoveToForm
from booking.forms.wishes import SlotForm
from booking.models import Booking
from booking.selectors import Slot, extras_with, free_slots, offers, providers_for
from booking.selectors.changes import prices_after, why_not_move
from booking.services import move as move_visit
from booking.services.holds import slot_at, why_not
from booking.services.ledger import CLIENT
from booking.services.moving import stands_so
from booking.terms import late_fee
from booking.views.errands import Press
from booking.views.steps import extras_in_words
from booking.views.times import month_page, times_page
from booking.views.visitors import for_visitor
from booking.views.visits import linked_booking, manage_path, private
from booking.views.wishes import Asked, read, wish_query
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.places.models import Location
from clinic.places.policies import Policy, policy_for
from clinic.web import clock
from clinic.web.presses import press, see_other
from treatments.errors import NoPrice
from treatments.selectors import PriceBook, VisitPrice


@dataclass(frozen=True)
class Move:
    """A time to move a visit to: its own is in nobody's way, and what stays keeps its price."""

    booking: Booking
    token: str
    page: str = "booking/move.html"
    month_page: str = "booking/move_month.html"

    def times_url(self, wish: Wish, **query: Any) -> str:
        return self._url("move", wish, **query)

    def month_url(self, wish: Wish, **query: Any) -> str:
        return self._url("move_month", wish, **query)

    def what_url(self, wish: Wish) -> str:
        """The address of the page on which length, extras and place are changed."""
        return self._url("move_what", wish)

    def press(self, wish: Wish, day: date | None) -> Press:
        path = reverse("booking:move_check", args=[self.token])
        return Press("get", path, parse_qsl(_query(wish)))

    def check(self, wish: Wish, policy: Policy) -> None:
        if not wish.is_as(Wish.of(self.booking)):
            wish.check(policy)  # what is booked already stays possible

    def left_out(self) -> Booking | None:
        return self.booking

    def prices(self, wish: Wish, *, now: datetime) -> PriceBook:
        return prices_after(self.booking, wish, now=now)

    def context(self, wish: Wish) -> dict[str, Any]:
        is_same = wish.is_as(Wish.of(self.booking))
        return {
            "booking": self.booking,
            "manage_url": manage_path(self.token),
            "what_url": self.what_url(wish),
            "is_same": is_same,
            "own": self.booking if is_same else None,
        }

    def _url(self, name: str, wish: Wish, **query: Any) -> str:
        return f"{reverse(f'booking:{name}', args=[self.token])}?{_query(wish, **query)}"


def if_movable(view: Callable[[HttpRequest, Move], HttpResponse]) -> Callable[..., HttpResponse]:
    """Hand `view` the visit to move; where it cannot be, go back to it and say why.

    What cannot be had is said on the page on which something else can be chosen.
    """

    @for_visitor
    @wraps(view)
    def answer(request: HttpRequest, visitor: Visitor, /, token: str) -> HttpResponse:
        booking, now = linked_booking(token), clock.now()
        errand = Move(booking, token)
        policy = policy_for(booking.location, now=now)
        if refusal := why_not_move(booking, policy=policy, now=now):
            messages.warning(request, refusal)
            return private(see_other(manage_path(token)))
        return private(or_what_else(request, errand, lambda: view(request, errand)))

    return answer


def or_what_else(
    request: HttpRequest, errand: Move, answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """Answer; where that is not offered, say so on the page on which something else is chosen."""
    try:
        return answer()
    except NotOffered as error:
        refusal = str(error.message)
    except NoPrice:
        refusal = _("This has no price yet. Please call us to book it.")
    return what_page(request, errand, request.GET, refusal=refusal)


@require_safe
@if_movable
def move(request: HttpRequest, errand: Move) -> HttpResponse:
    """Free times to move to; the visit's own is marked."""
    return times_page(request, errand, _asked(request.GET, errand), now=clock.now())


@require_safe
@if_movable
def month(request: HttpRequest, errand: Move) -> HttpResponse:
    """One month as a table."""
    return month_page(request, errand, _asked(request.GET, errand), now=clock.now())


@require_safe
@if_movable
def what(request: HttpRequest, errand: Move) -> HttpResponse:
    """Another length, other extras, another place."""
    return what_page(request, errand, request.GET)


@require_safe
@if_movable
def check(request: HttpRequest, errand: Move) -> HttpResponse:
    """From when to when, and the difference in price line by line: before the button."""
    now = clock.now()
    asked, pressed = _asked(request.GET, errand), read(SlotForm(request.GET))
    try:
        slot = _slot(errand, asked.wish, pressed, now)
    except SlotTaken as error:
        return times_page(
            request, errand, asked, now=now, refusal=error, wanted=pressed["starts_at"]
        )
    wish = asked.wish.with_(slot.provider)
    if stands_so(errand.booking, wish, slot.starts_at):
        return see_other(errand.times_url(wish))
    context = _changes(errand, wish, slot, now)
    with timezone.override(wish.location.zone):
        return render(request, "booking/move_check.html", context)


@press(else_to="move")
@for_visitor
def move_to(request: HttpRequest, visitor: Visitor, token: str) -> HttpResponse:
    """Move the visit. A second press finds it moved."""
    booking, now = linked_booking(token), clock.now()
    errand = Move(booking, token)
    try:
        asked, pressed = _asked(request.GET, errand), read(MoveToForm(request.POST))
        starts_at, version = pressed["starts_at"], pressed["version"]
        if version != booking.schedule_version and not stands_so(booking, asked.wish, starts_at):
            raise NotNow
        move_visit(
            booking=booking,
            starts_at=starts_at,
            wish=asked.wish,
            price_shown=pressed["price_shown"],
            actor=CLIENT,
            now=now,
        )
    except (SlotTaken, AskTheClinic) as error:
        return private(closest_page(request, errand, asked, error, starts_at, now=now))
    except BookingError as error:
        messages.warning(request, str(error.message))
    return private(see_other(manage_path(token)))


def closest_page(
    request: HttpRequest,
    errand: Move,
    asked: Asked,
    refusal: BookingError,
    wanted: datetime,
    *,
    now: datetime,
) -> HttpResponse:
    """Render the closest times to `wanted`, which could not be had, and why."""
    return or_what_else(
        request,
        errand,
        lambda: times_page(request, errand, asked, now=now, refusal=refusal, wanted=wanted),
    )


def what_page(
    request: HttpRequest, errand: Move, data: QueryDict, *, refusal: str = ""
) -> HttpResponse:
    """Render what else the visit could be; 422 where what was asked cannot be had."""
    booking, now = errand.booking, clock.now()
    places = list(Location.objects.filter(is_active=True))
    offered = next(
        iter(offers(locations=places, now=now, slug=booking.option.treatment.slug)), None
    )
    if "minutes" not in data:
        data = QueryDict(_query(Wish.of(booking)))  # nothing is asked for yet
    context: dict[str, Any] = {
        "booking": booking,
        "manage_url": manage_path(errand.token),
        "move_url": reverse("booking:move", args=[errand.token]),
        "policy": policy_for(booking.location, now=now),
        "chosen": offered,
        "refusal": refusal,
    }
    if offered:
        context["chosen"] = here = offered.at(data.get("location"))
        lengths = {str(length.option.minutes): length for length in here.lengths}
        context |= {
            "length": lengths.get(data.get("minutes", ""), here.lengths[0]),
            "extras": extras_with(here, now=now),
            "picked": data.getlist("add"),
            "places": offered.locations,
            "place": data.get("location"),
        }
    with timezone.override(booking.location.zone):
        status = 422 if refusal else 200
        return render(request, "booking/move_what.html", context, status=status)


def _asked(data: QueryDict, errand: Move) -> Asked:
    """What the visit is to become, and the day to look at. Up to 6 queries.

    Somebody who does not do that is not insisted on. Raises Http404 and NotOffered as `read` does.
    """
    cleaned = read(MoveForm(data))
    own = Wish.of(errand.booking)
    own_day = errand.booking.starts_at.astimezone(own.location.zone).date()
    if cleaned["minutes"] is None:
        return Asked(own, cleaned["day"] or own_day, cleaned["month"])
    treatment = own.option.treatment
    option = treatment.options.filter(minutes=cleaned["minutes"]).first()
    if option is None:
        raise Http404
    option.treatment = treatment
    wish = own.instead(
        option=option,
        location=cleaned["location"] or own.location,
        add_ons=cleaned["add"],
        provider=cleaned["with"],
    )
    if wish.provider and wish.provider not in providers_for(wish.with_(None)):
        wish = wish.with_(None)
    return Asked(wish, cleaned["day"] or own_day, cleaned["month"])


def _query(wish: Wish, **query: Any) -> str:
    return wish_query(wish, minutes=wish.option.minutes, **query)


def _slot(errand: Move, wish: Wish, pressed: dict[str, Any], now: datetime) -> Slot:
    """The time that was pressed, if it is still free. Raises SlotTaken and its kinds."""
    starts_at = pressed["starts_at"]
    errand.check(wish, policy_for(wish.location, now=now))
    prices = errand.prices(wish, now=now)
    day = starts_at.astimezone(wish.location.zone).date()
    free = free_slots(
        wish=wish, first_on=day, last_on=day, now=now, ignoring=errand.booking
    ).priced(prices)
    slot = slot_at(free, starts_at, pressed["price_shown"], prices)
    if slot is None:
        raise why_not(free, starts_at, now)
    return slot


def _changes(errand: Move, wish: Wish, slot: Slot, now: datetime) -> dict[str, Any]:
    """What the last page before a move shows."""
    booking = errand.booking
    before = VisitPrice(tuple(booking.lines.all()))  # type: ignore[arg-type]  # a line is a line
    is_late = now > booking.free_until
    free_until = booking.free_until
    if not is_late:
        free_until += slot.starts_at - booking.starts_at
    fee = late_fee(booking, lines=slot.price.lines)
    if is_late:
        fee = max(fee, late_fee(booking))
    return {
        "booking": booking,
        "slot": slot,
        "wish": wish,
        "minutes": wish.minutes(policy_for(wish.location, now=now)),
        "extras": extras_in_words(wish.add_ons, booking.extra_minutes),
        "is_same": wish.is_as(Wish.of(booking)),
        "lines": line_changes(before, slot.price),
        "difference": slot.price.total - booking.price,
        "is_late": is_late,
        "free_until": free_until,
        "fee": fee if now > free_until else 0,
        "moves_left": booking.promise["moves_at_most"] - booking.moves - 1,
        "manage_url": manage_path(errand.token),
        "times_url": errand.times_url(
            wish, day=slot.starts_at.astimezone(wish.location.zone).date()
        ),
        "to_url": f"{reverse('booking:move_to', args=[errand.token])}?{_query(wish)}",
    }


def line_changes(before: VisitPrice, after: VisitPrice) -> list[dict[str, Any]]:
    """Return each line of both bills: its name, what it cost (None: new), costs (None: gone)."""
    was = {line.code: line for line in before.lines}
    will_be = {line.code: line for line in after.lines}
    return [
        {
            "name": (will_be.get(code) or was[code]).name,
            "before": was[code].amount if code in was else None,
            "after": will_be[code].amount if code in will_be else None,
        }
        for code in dict.fromkeys((*was, *will_be))
    ]
