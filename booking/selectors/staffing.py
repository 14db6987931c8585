"""Who works here and what stands where."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch, Q

from booking.models import UPCOMING, Booking, Kind, Provider, Resource, TimeOff
from clinic.accounts.models import CLIENTS, Invitation, User
from clinic.places.models import Closure, Location, OpeningHours, Weekday
from clinic.places.public_holidays import Holiday, proposed_closures

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Staff:
    """Everybody who works here, and who was asked to."""

    providers: list[Provider]
    former: list[Provider]
    accounts: list[User]
    invitations: list[Invitation]


def staff(*, now: datetime) -> Staff:
    """Return everybody who works here. 4 queries.

    `accounts` are those who sign in, with their roles prefetched; an aesthetician who does stands
    in both lists.
    """
    people = Provider.objects.select_related("user", "price_list").order_by("position", "name")
    working = Q(is_staff=True) | Q(is_superuser=True)
    accounts = User.objects.filter(working).select_related("provider").prefetch_related("groups")
    asked = Invitation.objects.filter(Invitation.open(now=now)).select_related("role", "invited_by")
    everybody = list(people)
    return Staff(
        providers=[person for person in everybody if person.is_active],
        former=[person for person in everybody if not person.is_active],
        accounts=list(accounts.order_by("-is_active", "full_name", "email")),
        invitations=list(asked),
    )


def roles_of(user: User) -> list[str]:
    """Return the names of the roles of `user`. No query where the groups are prefetched."""
    return sorted(group.name for group in user.groups.all() if group.name != CLIENTS)


@dataclass(frozen=True)
class Standing:
    """A room or a device, and when it is out of service from now on."""

    resource: Resource
    out_of_service: list[TimeOff]


@dataclass(frozen=True)
class PlaceFacts:
    """What stands at a place and when its doors are open."""

    week: list[tuple[Weekday, list[OpeningHours]]]
    closures: list[Closure]
    proposed: list[Holiday]
    rooms: list[Standing]
    devices: list[Standing]
    former: list[Resource]


def visits_ahead(*, location: Location, now: datetime) -> list[Booking]:
    """Return the visits promised at `location` that have not begun, in order. One query."""
    ahead = Booking.objects.filter(location=location, status__in=UPCOMING, starts_at__gt=now)
    return list(ahead.select_related("client", "option__treatment").order_by("starts_at", "pk"))


def place_facts(location: Location, *, now: datetime) -> PlaceFacts:
    """Return all that is set of `location`; closures and repairs from today on. 6 queries.

    Public holidays of a year ahead are proposed as closures.
    """
    today = now.astimezone(location.zone).date()
    hours: dict[int, list[OpeningHours]] = defaultdict(list)
    for stretch in location.opening_hours.all():
        hours[stretch.weekday].append(stretch)
    ahead = TimeOff.objects.filter(ends_at__gt=now).order_by("starts_at")
    things = (
        Resource.objects.filter(location=location, kind__in=[Kind.ROOM, Kind.DEVICE])
        .select_related("device")
        .prefetch_related(Prefetch("time_off", ahead, to_attr="ahead"))
        .order_by("device__device_kind", "name")
    )
    standing = [Standing(thing, thing.ahead) for thing in things if thing.is_active]
    return PlaceFacts(
        week=[(day, hours[day]) for day in Weekday],
        closures=list(location.closures.filter(ends_on__gte=today).order_by("starts_on")),
        proposed=proposed_closures(location, first_on=today, last_on=today + YEAR),
        rooms=[each for each in standing if each.resource.kind == Kind.ROOM],
        devices=[each for each in standing if each.resource.kind == Kind.DEVICE],
        former=[thing for thing in things if not thing.is_active],
    )
