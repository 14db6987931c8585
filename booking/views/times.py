"""Step 2: who and when?"""

from __future__ import annotations

from calendar import Calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.errors import BookingError, NotOffered, SlotTaken
from booking.models import Provider
from booking.selectors import FreeSlots, Slot, free_slots, providers_for
from booking.selectors.slots import DayState, last_day
from booking.views.choosing import or_choose_again
from booking.views.errands import Errand, NewVisit
from booking.views.steps import extras_in_words, price_in_words
from booking.views.visitors import for_visitor
from booking.views.wishes import Asked, option_or_404, read_wish
from booking.visitors import Visitor
from booking.wishes import Wish
from clinic.places.policies import policy_for
from clinic.web import clock
from clinic.web.money import money
from clinic.web.pages import render_page
from treatments.errors import NoPrice
from treatments.selectors import PriceBook

FORTNIGHT = 14
A_FEW = 6  # times that are read at a glance; more of them stand behind the best ones
NOON, FIVE = 12, 17
SUNDAY = 6
MIDDAY = timedelta(hours=12)


@dataclass(frozen=True)
class Day:
    """A day to choose: its address, how many times it has, and why none."""

    day: date
    url: str
    free: int
    state: DayState


@dataclass(frozen=True)
class Part:
    """A part of the day with its times."""

    name: str
    icon: str
    slots: list[Slot]


@require_safe
@for_visitor
@or_choose_again
def times(request: HttpRequest, visitor: Visitor, slug: str, minutes: int) -> HttpResponse:
    """Free times on one day. Choosing another day or person swaps the times, not the page."""
    asked = read_wish(request.GET, option=option_or_404(slug, minutes), visitor=visitor)
    return times_page(request, NewVisit(visitor), asked, now=clock.now())


@require_safe
@for_visitor
@or_choose_again
def month(request: HttpRequest, visitor: Visitor, slug: str, minutes: int) -> HttpResponse:
    """One month as a table: which days have times, and how many."""
    asked = read_wish(request.GET, option=option_or_404(slug, minutes), visitor=visitor)
    return month_page(request, NewVisit(visitor), asked, now=clock.now())


def month_page(
    request: HttpRequest, errand: Errand, asked: Asked, *, now: datetime
) -> HttpResponse:
    """Render a month of times."""
    context = month_context(asked, errand, now=now)
    with timezone.override(asked.wish.location.zone):
        return render_page(request, errand.month_page, "booking/_month.html", context)


def times_page(
    request: HttpRequest,
    errand: Errand,
    asked: Asked,
    *,
    now: datetime,
    refusal: BookingError | None = None,
    wanted: datetime | None = None,
) -> HttpResponse:
    """Render the times; where `wanted` could not be had, 409 with why and the closest ones."""
    context = times_context(asked, errand, now=now, wanted=wanted)
    context["refusal"] = refusal
    context["is_taken"] = type(refusal) is SlotTaken
    with timezone.override(asked.wish.location.zone):
        return render_page(
            request,
            errand.page,
            "booking/_times.html",
            context,
            status=409 if refusal else 200,
        )


def times_context(
    asked: Asked, errand: Errand, *, now: datetime, wanted: datetime | None = None
) -> dict[str, Any]:
    """Return what the second step shows. 13 queries; 8 more where the day has no time to offer.

    Without a day, the first that has times. The day of `wanted` is shown where something else was
    asked for and could not be had. Raises NotOffered, NoPrice.
    """
    wish = asked.wish
    people, last = _people_and_last_day(wish, errand, now)
    zone = wish.location.zone
    today = now.astimezone(zone).date()
    day = wanted.astimezone(zone).date() if wanted else asked.day
    day = day and min(max(day, today), last)
    shown = _fortnight(day or today, today, last)
    left_out = errand.left_out()
    prices = errand.prices(wish, now=now)

    def look(until: date) -> FreeSlots:
        free = free_slots(wish=wish, first_on=today, last_on=until, now=now, ignoring=left_out)
        return free.priced(prices)

    free = look(shown[-1])
    has_times = free.starts_on(day) if day else free.all_starts
    if (wanted or not has_times) and shown[-1] < last:
        free = look(last)  # the closest ones may come after these two weeks
    first = free.first()
    if day is None:
        day = datetime.fromtimestamp(first, zone).date() if first else today
        shown = _fortnight(day, today, last)
    people = _with_price(people, wish, prices, day)
    return {
        **_choice_so_far(wish, people, prices, day, free),
        **errand.context(wish),
        **_days_context(errand, wish, free, shown, today=today, last=last),
        **_slots_context(free, prices, day, wanted=wanted),
        "wanted": wanted,
        "people": _people(errand, wish, people, prices, day),
        "first": free.slot(first, prices) if first else None,
        "month_url": _month_url(errand, wish, day),
        "day": day,
        "press": errand.press(wish, day),
    }


def _days_context(
    errand: Errand, wish: Wish, free: FreeSlots, shown: list[date], *, today: date, last: date
) -> dict[str, Any]:
    """The days to choose from, and the ways to those before and after."""
    return {
        "days": [
            Day(d, errand.times_url(wish, day=d), len(free.starts_on(d)), free.state_of(d))
            for d in shown
        ],
        "earlier": errand.times_url(wish, day=shown[0] - timedelta(days=1))
        if shown[0] > today
        else "",
        "later": errand.times_url(wish, day=shown[-1] + timedelta(days=1))
        if shown[-1] < last
        else "",
    }


def _slots_context(
    free: FreeSlots, prices: PriceBook, day: date, *, wanted: datetime | None
) -> dict[str, Any]:
    """The times of `day`, and those closest to what was `wanted`, or to its middle."""
    slots = free.slots(free.starts_on(day), prices)
    middle = datetime(day.year, day.month, day.day, tzinfo=free.zone) + MIDDAY
    return {
        "state": free.state_of(day),
        "slots": slots,
        "best": free.slots(free.best_on(day), prices) if len(slots) > A_FEW else [],
        "parts": parts_of_day(slots, free.zone),
        "nearest": free.slots(free.nearest(wanted or middle), prices),
    }


def month_context(asked: Asked, errand: Errand, *, now: datetime) -> dict[str, Any]:
    """Return one month of times. 12 queries. Raises NotOffered, NoPrice."""
    wish = asked.wish
    people, last = _people_and_last_day(wish, errand, now)
    today = now.astimezone(wish.location.zone).date()
    asked_for = asked.month or asked.day or today
    first_on = min(max(asked_for, today), last).replace(day=1)
    weeks = Calendar(SUNDAY).monthdatescalendar(first_on.year, first_on.month)
    in_month = [d for week in weeks for d in week if d.month == first_on.month]
    prices = errand.prices(wish, now=now)
    free = free_slots(
        wish=wish,
        first_on=max(first_on, today),
        last_on=min(in_month[-1], last),
        now=now,
        ignoring=errand.left_out(),
    ).priced(prices)
    people = _with_price(people, wish, prices, free.days[0])

    def cell(d: date) -> Day | None:
        if d.month != first_on.month:
            return None
        return Day(d, errand.times_url(wish, day=d), len(free.starts_on(d)), DayState.CLOSED)

    return {
        **_choice_so_far(wish, people, prices, free.days[0], free),
        **errand.context(wish),
        "first_on": first_on,
        "weekdays": [date_format(d, "D") for d in weeks[0]],
        "weeks": [[cell(d) for d in week] for week in weeks],
        "day": asked.day,
        "back_url": errand.times_url(wish, day=asked.day),
        "earlier": _month_url(errand, wish, asked.day, first_on - timedelta(days=1))
        if first_on > today
        else "",
        "later": _month_url(errand, wish, asked.day, in_month[-1] + timedelta(days=1))
        if in_month[-1] < last
        else "",
    }


def parts_of_day(slots: list[Slot], zone: ZoneInfo) -> list[Part]:
    """Return `slots` as morning, afternoon and evening by the wall clock of `zone`."""

    def between(first: int, end: int) -> list[Slot]:
        return [slot for slot in slots if first <= slot.starts_at.astimezone(zone).hour < end]

    parts = [
        Part(_("Morning"), icon="sunrise", slots=between(0, NOON)),
        Part(_("Afternoon"), icon="sun", slots=between(NOON, FIVE)),
        Part(_("Evening"), icon="moon", slots=between(FIVE, 24)),
    ]
    return [part for part in parts if part.slots]


def _month_url(errand: Errand, wish: Wish, day: date | None, month: date | None = None) -> str:
    """The address of the month around `day`, or of `month`."""
    shown = month or day
    return errand.month_url(wish, day=day, month=shown and f"{shown:%Y-%m}")


def _people_and_last_day(wish: Wish, errand: Errand, now: datetime) -> tuple[list[Provider], date]:
    """Who could give it, and how far the diary is open. 2 queries. Raises NotOffered."""
    policy = policy_for(wish.location, now=now)
    errand.check(wish, policy)
    people = providers_for(wish.with_(None))
    if not people:
        what = {"what": _in_words(wish), "place": wish.location.name}
        raise NotOffered(
            _("Nobody at %(place)s gives %(what)s at present. Please choose again.") % what
        )
    if wish.provider and wish.provider not in people:
        raise NotOffered(
            _("%(name)s does not do that at %(place)s. Please choose somebody else.")
            % {"name": wish.provider.first_name, "place": wish.location.name}
        )
    return people, last_day(policy, wish.location, now)


def _in_words(wish: Wish) -> str:
    """What is asked for: "Classic Face Tone with Eye focus, Gua sha finish"."""
    treatment = wish.option.treatment.name
    if not wish.add_ons:
        return treatment
    extras = ", ".join(str(add_on) for add_on in wish.add_ons)
    return _("%(treatment)s with %(extras)s") % {"treatment": treatment, "extras": extras}


def _with_price(people: list[Provider], wish: Wish, prices: PriceBook, day: date) -> list[Provider]:
    """Those of `people` who have a price on `day`. Raises NoPrice where `wish` finds nobody."""
    priced = [
        person
        for person in people
        if prices.has_price(price_list_id=person.price_list_id, visit_on=day)
    ]
    if not priced or (wish.provider and wish.provider not in priced):
        raise NoPrice(str(wish.option))
    return priced


def _fortnight(day: date, today: date, last: date) -> list[date]:
    """The days of the two weeks, counted from today, in which `day` lies."""
    start = today + timedelta(days=(day - today).days // FORTNIGHT * FORTNIGHT)
    days = (start + timedelta(days=n) for n in range(FORTNIGHT))
    return [d for d in days if d <= last]


def _people(
    errand: Errand, wish: Wish, people: list[Provider], prices: PriceBook, day: date
) -> list[dict[str, Any]]:
    """Anyone, then everybody by name with the price on `day`."""
    anyone = {
        "id": "with-anyone",
        "label": _("Anyone"),
        "sub": _("Most times"),
        "url": errand.times_url(wish.with_(None), day=day),
        "is_chosen": wish.provider is None,
    }
    return [anyone] + [
        {
            "id": f"with-{person.slug}",
            "label": person.first_name,
            "sub": money(_total(person, prices, day)),
            "url": errand.times_url(wish.with_(person), day=day),
            "is_chosen": wish.provider == person,
            "initials": person.initials,
            "lane": person.lane,
        }
        for person in people
    ]


def _choice_so_far(
    wish: Wish, people: list[Provider], prices: PriceBook, day: date, free: FreeSlots
) -> dict[str, Any]:
    """What stands beside the times: what is being booked, and from how much."""
    asked = [wish.provider] if wish.provider else people
    totals = [_total(person, prices, day) for person in asked]
    cheapest = asked[totals.index(min(totals))]
    visit = prices.visit(price_list_id=cheapest.price_list_id, visit_on=day)
    talk, is_from = wish.talk_minutes(free.policy), len(set(totals)) > 1
    return {
        "wish": wish,
        "policy": free.policy,
        "talk_minutes": talk,
        "all_minutes": wish.minutes(free.policy),
        "extras_text": extras_in_words(wish.add_ons, talk),
        "lines": visit.lines,
        "total": visit.total,
        "is_from": is_from,
        "price_text": price_in_words(visit.total, is_from=is_from),
    }


def _total(person: Provider, prices: PriceBook, day: date) -> Decimal:
    return prices.visit(price_list_id=person.price_list_id, visit_on=day).total
