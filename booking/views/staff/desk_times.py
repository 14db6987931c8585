"""When somebody can be booked at the desk: days, times, and what a time is outside of."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from booking.forms.desk import Chosen, TimeForm, read_chosen
from booking.scheduling.wallclock import instant
from booking.selectors import FreeSlots, Slot, free_slots
from booking.selectors.outside import outside_of
from booking.services.desk import broken_rules
from booking.views.staff.desk import Choice, Desk
from booking.views.staff.outside import in_words
from booking.views.steps import extras_in_words
from booking.views.times import FORTNIGHT, Day, parts_of_day
from clinic.web.templatetags.lumen import clock_time, day_short
from treatments.selectors import PriceBook, price_book


def times_context(desk: Desk, choice: Choice, *, gone: datetime | None) -> dict[str, Any]:
    """When it can be, and what the chosen time is outside of. 12 queries at most.

    `gone` is the time that was chosen and that somebody else took meanwhile.
    """
    pressed = read_chosen(desk.data.get("slot", "")) or read_chosen(desk.data.get("chosen", ""))
    day = _day_asked(desk, pressed, gone=gone)
    shown = _fortnight(day or desk.today, desk.today)
    wish = choice.wish
    prices = price_book(
        option=wish.option, add_ons=wish.add_ons, location=wish.location, priced_at=desk.now
    )
    free = free_slots(wish=wish, first_on=shown[0], last_on=shown[-1], now=desk.now, is_staff=True)
    listed = free.priced(prices)
    day = day or _first_day(desk, listed)
    time_form = _time_form(desk)
    start, provider = _start(desk, listed, day, pressed, time_form)
    slot = why_not = None
    if start is not None and gone is None:
        slot = _slot(free, choice, start, provider, prices, now=desk.now)
        why_not = None if slot else _not_free(desk, start)
    broken = broken_rules(free, slot, desk.client, now=desk.now) if slot else []
    wanted = gone or (datetime.fromtimestamp(start, UTC) if start and not slot else None)
    slots = listed.slots(listed.starts_on(day), prices)
    is_nobody_left = "now" in desk.data and start is None
    if is_nobody_left:
        wanted = desk.now
    return {
        **_days_context(desk, listed, shown),
        "broken": in_words(broken, slot.provider) if slot else [],
        "day": day,
        "extras_text": extras_in_words(wish.add_ons, wish.talk_minutes(free.policy)),
        "nearest": listed.slots(listed.nearest(wanted), prices) if wanted else [],
        "parts": parts_of_day(slots, desk.place.zone),
        "policy": free.policy,
        "slot": slot,
        "slots": slots,
        "talk_minutes": wish.talk_minutes(free.policy),
        "is_nobody_left": is_nobody_left,
        "time_form": time_form,
        "why_not": why_not,
    }


def _day_asked(desk: Desk, pressed: Chosen | None, *, gone: datetime | None) -> date | None:
    """The day to show: that of the time that was pressed, or the one that was asked for."""
    day = desk.day("go") or (desk.day("day") if "now" not in desk.data else desk.today)
    if gone is None and "slot" not in desk.data:
        return day
    at = gone or (pressed and pressed.starts_at)
    return desk.local_day(at) if at else day


def _first_day(desk: Desk, listed: FreeSlots) -> date:
    """The first day with a time on it, or today."""
    first = listed.first()
    return desk.local_day(datetime.fromtimestamp(first, UTC)) if first else desk.today


def _days_context(desk: Desk, listed: FreeSlots, shown: list[date]) -> dict[str, Any]:
    """The two weeks to choose a day of, and where those before and after them begin."""
    before = max(shown[0] - timedelta(days=FORTNIGHT), desk.today)
    return {
        "days": [
            Day(each, "", len(listed.starts_on(each)), listed.state_of(each)) for each in shown
        ],
        "earlier": before if shown[0] > desk.today else None,
        "later": shown[-1] + timedelta(days=1),
    }


def _fortnight(day: date, today: date) -> list[date]:
    """The days of the two weeks, counted from today, in which `day` lies."""
    start = today + timedelta(days=(day - today).days // FORTNIGHT * FORTNIGHT)
    return [start + timedelta(days=n) for n in range(FORTNIGHT)]


def _time_form(desk: Desk) -> TimeForm:
    """The typed time. A link may name any minute of the day, and means what begins after it."""
    data = desk.data
    if "check" in data:
        return TimeForm(data)
    typed = data.get("start", "")
    if not typed or {"slot", "now", "go"} & data.keys():
        return TimeForm()
    return TimeForm({"start": _next_quarter(typed)})


def _next_quarter(typed: str) -> str:
    try:
        at = time.fromisoformat(typed)
    except ValueError:
        return typed
    minutes = -(-(at.hour * 60 + at.minute) // 15) * 15
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def _start(
    desk: Desk, listed: FreeSlots, day: date, pressed: Chosen | None, typed: TimeForm
) -> tuple[int | None, int | None]:
    """The second that was chosen, however that was, and with whom if that was said."""
    if "now" in desk.data:
        return next(iter(listed.starts_on(desk.today)), None), None
    if typed.is_bound:
        if not typed.is_valid():
            return None, None
        wall, zone = typed.cleaned_data["start"], desk.place.zone
        start = instant(day, wall, zone, last=False)
        if datetime.fromtimestamp(start, zone).time() != wall:
            typed.add_error("start", _("The clock is set forward over that time that night."))
            return None, None
        return start, None
    if pressed is not None and desk.local_day(pressed.starts_at) == day:
        return int(pressed.starts_at.timestamp()), pressed.provider
    return None, None


def _slot(
    free: FreeSlots,
    choice: Choice,
    start: int,
    provider: int | None,
    prices: PriceBook,
    *,
    now: datetime,
) -> Slot | None:
    """The time at `start`, at any hour, with whom was chosen or who is least put out by it."""
    anytime = free.at_any_hour().priced(prices)
    able = [
        person
        for person in anytime.providers_at(start)
        if person in choice.people and provider in (None, person.pk)
    ]
    if not able:
        return None
    best = min(able, key=lambda person: len(outside_of(free, person, start, now=now)))
    return anytime.slot_with(best, start, prices)


def _not_free(desk: Desk, start: int) -> str:
    at = datetime.fromtimestamp(start, UTC)
    with timezone.override(desk.place.zone):
        when = {"day": day_short(at), "time": clock_time(at)}
    if at <= desk.now:
        return _("%(day)s, %(time)s has passed.") % when
    return _("%(day)s, %(time)s is not free: a visit, a hold or time off is in the way.") % when
