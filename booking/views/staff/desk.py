"""Who is to be booked, where and what: all that was sent, read once for the page and the press."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404

from booking.forms.desk import BookForm
from booking.models import Provider
from booking.permissions import clients_of
from booking.selectors import Extra, Length, Offered, extras_with, offers, providers_for
from booking.selectors.offers import staff_at
from booking.services.desk import known_as, wish_of
from booking.views.staff.frame import user_of
from booking.wishes import Wish
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.places.models import Location
from clinic.web import clock
from clinic.web.addresses import day_in, key_in

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


def read_desk(request: HttpRequest) -> Desk | None:
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


def choice_of(desk: Desk) -> Choice | None:
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


def recognized(desk: Desk) -> tuple[Desk, bool]:
    """The desk with the client that the typed name and number are of, and whether they are."""
    if desk.client is not None or not desk.data.get("name") or "forget" in desk.data:
        return desk, False
    typed = BookForm(desk.data, is_new=True)
    typed.is_valid()
    known = known_as(typed.newcomer) if typed.newcomer else None
    if known is None or not clients_of(desk.user, now=desk.now).filter(pk=known.pk).exists():
        return desk, False
    return replace(desk, client=known), True
