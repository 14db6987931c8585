"""Booking for somebody on the phone or at the desk: one page, on which nothing typed is lost.

Everything that is chosen or typed travels in one form. Its buttons look (find a client, another
day, a time); one of them books.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from booking import links
from booking.errors import BookingError, NotNow, NotOffered, ReasonMissing, SlotTaken
from booking.forms.desk import BookForm, Chosen, TimeForm, read_chosen
from booking.models import ACTIVE, BookingEvent, Provider, Status
from booking.permissions import clients_of
from booking.scheduling.wallclock import instant
from booking.selectors import (
    Extra,
    FreeSlots,
    Length,
    Offered,
    Slot,
    extras_with,
    free_slots,
    offers,
    providers_for,
)
from booking.selectors.changes import quiet_step
from booking.selectors.details import missing_details, times_missed, visits_ahead
from booking.selectors.finding import find_clients
from booking.selectors.offers import staff_at
from booking.selectors.outside import outside_of
from booking.services.confirming import CONSENT_WORDING
from booking.services.desk import Newcomer, book_visit, broken_rules, known_as, wish_of
from booking.services.forms import can_be_told, is_overdue
from booking.services.ledger import staff
from booking.views.holds import go_on
from booking.views.staff.frame import may_open_client, user_of, visit_or_404, visit_url
from booking.views.staff.outside import in_words
from booking.views.steps import extras_in_words
from booking.views.times import FORTNIGHT, Day, parts_of_day
from booking.wishes import Wish
from clinic.accounts import handing
from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.places.models import Location
from clinic.trail.services import note
from clinic.web import clock
from clinic.web.addresses import day_in, key_in
from clinic.web.pages import render_page
from clinic.web.presses import press, see_other
from clinic.web.templatetags.lumen import clock_time, day_short
from clinic.web.workspace import in_frame, staff_page
from treatments.errors import NoPrice
from treatments.selectors import PriceBook, price_book

BOOKS = ("booking.add_booking", "booking.add_own_booking")
FURTHEST = timedelta(days=2 * 365)  # a day beyond that was mistyped


@dataclass(frozen=True)
class Desk:
    """Who books for whom and where, and all that was sent."""

    user: User
    now: datetime
    data: QueryDict
    places: list[Location]
    place: Location
    client: Client | None = None
    only: Provider | None = None  # whoever books into their own schedule alone

    @property
    def today(self) -> date:
        return self.now.astimezone(self.place.zone).date()

    @property
    def has_talk(self) -> bool:
        return not self.data.get("no_talk")

    def day(self, name: str) -> date | None:
        """Return the day sent as `name`, if it is one on which somebody may be booked."""
        day = day_in(self.data.get(name))
        return day and min(max(day, self.today), self.today + FURTHEST)

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.place.zone).date()


@dataclass(frozen=True)
class Choice:
    """What is booked, of all that could be."""

    offered: list[Offered]
    chosen: Offered
    length: Length
    extras: list[Extra]
    picked: list[Extra]
    people: list[Provider]
    wish: Wish
    is_as_asked: bool


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(*BOOKS)
def book(request: HttpRequest) -> HttpResponse:
    """Choose for whom, what and when; the last button books."""
    desk = _read(request)
    if desk is None:
        return staff_page(request, "staff/book_nowhere.html")
    if request.method == "POST" and "book" in request.POST:
        return _book(request, desk)
    return _page(request, desk)


@require_safe
@allowed(*BOOKS)
def booked(request: HttpRequest, reference: str) -> HttpResponse:
    """What was booked, and what comes next: the link to read out, or the client who is here.

    With nothing to come, its time let go or canceled, the page of the visit says so.
    """
    booking, now = visit_or_404(request, reference), clock.now()
    if booking.status not in ACTIVE:
        return redirect(visit_url(booking))
    assert booking.client is not None  # noqa: S101  # visit_or_404 finds no other
    zone = booking.location.zone
    is_today = booking.starts_at.astimezone(zone).date() == now.astimezone(zone).date()
    context = {
        "booking": booking,
        "extras": extras_in_words(booking.add_ons.all(), booking.extra_minutes),
        "form_url": links.page_url(booking, "form"),
        "is_told": can_be_told(booking.client),
        "is_waiting": booking.status == Status.PENDING_FORM,
        "may_check_in": is_today and booking.status == Status.CONFIRMED,
        "may_open_client": may_open_client(request, booking, now=now),
        "step": quiet_step(booking, by=BookingEvent.By.STAFF, now=now),
    }
    with timezone.override(zone):
        return staff_page(request, "staff/booked.html", context)


@press(else_to="booked")
@allowed(*BOOKS)
def hand_over(request: HttpRequest, reference: str) -> HttpResponse:
    """Sign out and open the form alone, for the client to whom this device is handed."""
    booking, now = visit_or_404(request, reference), clock.now()
    back = reverse("staff:booked", args=[booking.reference])
    if booking.status != Status.PENDING_FORM or is_overdue(booking, now=now):
        return see_other(back)
    about = f"booking:{booking.pk}"
    note(user_id=user_of(request).pk, what="visit.handed_over", subject=about, now=now)
    page = links.page_path(booking, "form")
    handing.hand_over(request, page=page, back=back)
    return see_other(page)


def _read(request: HttpRequest) -> Desk | None:
    """What was sent. Up to 5 queries. None where this person can book nobody anywhere."""
    data = request.POST if request.method == "POST" else request.GET
    user, now = user_of(request), clock.now()
    only = None
    places = list(Location.objects.filter(is_active=True))
    works_at = staff_at(places)
    if not user.has_perm("booking.add_booking"):
        only = next((person for _, person in works_at if person.user_id == user.pk), None)
        places = [place for place, person in works_at if person == only]
    if not places:
        return None
    asked = data.get("provider", "")
    theirs = [place for place, person in works_at if asked in (person.slug, str(person.pk))]
    place = next((place for place in places if place.slug == data.get("place")), None)
    place = place or next((place for place in theirs if place in places), places[0])
    return Desk(user, now, data, places, place, _client(data, user, now), only)


def _client(data: QueryDict, user: User, now: datetime) -> Client | None:
    """The client that was found and picked. A 404 for one whom `user` may not see."""
    key = data.get("pick") or data.get("client")
    if not key or "forget" in data:
        return None
    clients = clients_of(user, now=now).filter(erased_at=None).select_related("merged_into")
    return get_object_or_404(clients, pk=key_in(key)).kept


def _choice(desk: Desk) -> Choice | None:
    """What is chosen of what can be booked here; the first of it where nothing is. 9 queries.

    None where nothing can be.
    """
    data = desk.data
    offered = offers(locations=[desk.place], now=desk.now, is_staff=True)
    if desk.only:
        gives = set(desk.only.treatments.values_list("pk", flat=True))
        offered = [each for each in offered if each.treatment.pk in gives]
    if not offered:
        return None
    named = [each for each in offered if each.treatment.slug == data.get("treatment")]
    chosen = next(iter(named), offered[0])
    lengths = [each for each in chosen.lengths if str(each.option.minutes) == data.get("minutes")]
    length = next(iter(lengths), chosen.lengths[0])
    extras = extras_with(chosen, now=desk.now, is_staff=True)
    picked = [extra for extra in extras if extra.add_on.slug in data.getlist("add")]
    wish = Wish(
        option=length.option,
        location=desk.place,
        add_ons=tuple(extra.add_on for extra in picked),
    )
    people = [person for person in providers_for(wish) if desk.only is None or person == desk.only]
    asked = data.get("provider", "")
    provider = next((each for each in people if asked in (each.slug, str(each.pk))), desk.only)
    return Choice(
        offered=offered,
        chosen=chosen,
        length=length,
        extras=extras,
        picked=picked,
        people=people,
        wish=wish_of(wish.with_(provider), desk.client, has_talk=desk.has_talk),
        is_as_asked=bool(named and lengths) and len(picked) == len(data.getlist("add")),
    )


def _book(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Book what the page showed; else the page again, with what is in the way."""
    form = BookForm(desk.data, is_new=desk.client is None)
    chosen = read_chosen(desk.data.get("chosen", ""))
    if chosen is None:
        form.add_error(None, _("Choose a time first."))
    if not form.is_valid() or chosen is None:
        return _page(request, desk, form=form, status=422)
    choice = _choice(desk)
    people = choice.people if choice else []
    provider = next((person for person in people if person.pk == chosen.provider), None)
    try:
        if choice is None or not choice.is_as_asked or provider is None:
            raise NotOffered
        booking = book_visit(
            wish=choice.wish.with_(provider),
            starts_at=chosen.starts_at,
            price_shown=chosen.price,
            person=desk.client or _newcomer(form),
            has_talk=desk.has_talk,
            agrees_to_texts=bool(form.cleaned_data.get("texts")),
            reason=form.cleaned_data["reason"],
            request_key=form.cleaned_data["request_key"],
            actor=staff(desk.user),
            now=desk.now,
        )
    except ReasonMissing as error:
        form.add_error("reason", str(error.message))
        return _page(request, desk, form=form, status=422)
    except SlotTaken as error:
        return _page(request, desk, form=form, refusal=error, gone=chosen.starts_at, status=409)
    except NotNow as error:
        return _page(request, desk, form=form, refusal=error, status=409)
    except (NotOffered, NoPrice) as error:
        refusal = error if isinstance(error, BookingError) else NotOffered()
        return _page(request, desk, form=form, refusal=refusal, status=422)
    return go_on(request, reverse("staff:booked", args=[booking.reference]))


def _newcomer(form: BookForm) -> Newcomer:
    typed = form.cleaned_data
    return Newcomer(typed["name"], str(typed["phone"]), typed["email"])


def _page(
    request: HttpRequest,
    desk: Desk,
    *,
    form: BookForm | None = None,
    refusal: BookingError | None = None,
    gone: datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the page with all that was chosen and typed. At most 45 queries."""
    desk, is_recognized = _recognized(desk)
    if form is None or is_recognized:
        form = BookForm(initial=_typed(desk.data), is_new=desk.client is None)
    context: dict[str, Any] = {
        "desk": desk,
        "form": form,
        "is_recognized": is_recognized,
        "refusal": refusal,
        **_client_context(desk),
    }
    choice = _choice(desk)
    if choice is not None:
        context |= {"choice": choice} | _times_context(desk, choice, gone=gone)
        if "now" in desk.data and not desk.data.get("reason"):
            form.initial["reason"] = _("Walk-in")
    with timezone.override(desk.place.zone):
        return render_page(
            request,
            "staff/book.html",
            "staff/_book.html",
            in_frame(request, context),
            status=status,
        )


def _typed(data: QueryDict) -> dict[str, Any]:
    names = ("name", "phone", "email", "texts", "no_talk", "reason")
    typed = {name: data[name] for name in names if name in data}
    return typed | {"request_key": data.get("request_key") or uuid4()}


def _recognized(desk: Desk) -> tuple[Desk, bool]:
    """The desk with the client that the typed name and number are of, and whether they are."""
    if desk.client is not None or not desk.data.get("name") or "forget" in desk.data:
        return desk, False
    typed = BookForm(desk.data, is_new=True)
    typed.is_valid()
    known = known_as(typed.newcomer) if typed.newcomer else None
    if known is None or not clients_of(desk.user, now=desk.now).filter(pk=known.pk).exists():
        return desk, False
    return replace(desk, client=known), True


def _client_context(desk: Desk) -> dict[str, Any]:
    """Whom it is for: the client, or who is found by what was typed. Up to 5 queries."""
    typed = desk.data.get("q", "").strip()
    if desk.client is None:
        found = find_clients(typed, user=desk.user, now=desk.now) if typed else []
        return {"q": typed, "found": found}
    return {
        "missing": missing_details(desk.client, wording=CONSENT_WORDING, now=desk.now),
        "ahead": visits_ahead(desk.client, now=desk.now),
        "missed": times_missed(desk.client),
    }


def _times_context(desk: Desk, choice: Choice, *, gone: datetime | None) -> dict[str, Any]:
    """When it can be, and what the chosen time is outside of. 12 queries at most."""
    pressed = read_chosen(desk.data.get("slot", "")) or read_chosen(desk.data.get("chosen", ""))
    day = desk.day("go") or (desk.day("day") if "now" not in desk.data else desk.today)
    if gone is not None or "slot" in desk.data:
        at = gone or (pressed and pressed.starts_at)
        day = desk.local_day(at) if at else day
    shown = _fortnight(day or desk.today, desk.today)
    wish = choice.wish
    prices = price_book(
        option=wish.option, add_ons=wish.add_ons, location=wish.location, priced_at=desk.now
    )
    free = free_slots(wish=wish, first_on=shown[0], last_on=shown[-1], now=desk.now, is_staff=True)
    listed = free.priced(prices)
    first = listed.first()
    day = day or (desk.local_day(datetime.fromtimestamp(first, UTC)) if first else desk.today)
    time_form = _time_form(desk)
    start, provider = _start(desk, listed, day, pressed, time_form)
    slot, why_not = None, None
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
        "broken": in_words(broken, slot.provider) if slot else [],
        "day": day,
        "days": [
            Day(each, "", len(listed.starts_on(each)), listed.state_of(each)) for each in shown
        ],
        "earlier": max(shown[0] - timedelta(days=FORTNIGHT), desk.today)
        if shown[0] > desk.today
        else None,
        "later": shown[-1] + timedelta(days=1),
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
