"""The place and its people, from clinic.toml: built once, then the clinic's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.utils.text import slugify

from booking.demo.facts import facts
from booking.models import Device, Provider, Resource, Room, TimeOff, WorkingHours
from booking.permissions import Role
from booking.scheduling.wallclock import day_span
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.places.models import Closure, Location, OpeningHours, PolicyVersion
from treatments.catalogue import load_catalogue
from treatments.models import AddOn, Option, Price, PriceChange, PriceList, Treatment

PASSWORD = "a-quiet-hour"  # noqa: S105  of accounts that exist on a developer's machine only
MARK = "Demo clinic: its diary is drawn by a generator"
OPEN_SINCE = timedelta(days=365)
ANNOUNCED = timedelta(days=3)  # ago
DEAREST = Decimal(200)
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def is_marked() -> bool:
    """Whether this clinic is the demo, and nobody took its mark away."""
    return PolicyVersion.objects.filter(reason=MARK).exists()


def take_mark_away() -> None:
    """Let the clinic be its own from now on: no start draws anything any more."""
    PolicyVersion.objects.filter(reason=MARK).delete()


def accounts() -> list[dict[str, str]]:
    """Return who can sign in to show what each role sees: role, name and e-mail."""
    return facts()["accounts"]


def build_clinic(*, today: date, now: datetime) -> None:
    """Build both locations with catalogue, prices, staff and accounts, open for a year."""
    since = today - OPEN_SINCE
    users = _add_users()
    medical_lead, admin = (_user(users, role) for role in (Role.MEDICAL_LEAD, Role.ADMIN))
    PolicyVersion.objects.create(
        values={}, reason=MARK, published_at=now - OPEN_SINCE, published_by=admin
    )
    load_catalogue(approved_by=medical_lead, published_at=now - OPEN_SINCE, effective_from=since)
    places = {
        place["name"]: _add_location(place, position)
        for position, place in enumerate(facts()["locations"])
    }
    base = {
        price.option: price.amount
        for price in Price.objects.select_related("option__treatment")
        if price.option and price.amount is not None
    }
    prices = [
        price
        for place in facts()["locations"]
        for price in _prices_here(place, places[place["name"]], base)
    ]
    for position, person in enumerate(facts()["providers"]):
        provider = _add_provider(person, position, user=users[person["email"]])
        _add_hours(provider, person["week"], places[person["location"]], valid_from=since)
        prices += _prices_of(provider, person.get("dearer", []), base)
    for price in prices:
        price.effective_from, price.published_at = since, now - OPEN_SINCE
        price.published_by, price.reason = admin, "The demo clinic"
        price.full_clean()
    Price.objects.bulk_create(prices)
    _announce_prices(base, by=admin, today=today, now=now)
    _add_absences(places, today=today)


def _add_users() -> dict[str, User]:
    """Add everybody who signs in, each in the group of their role; return them by e-mail."""
    people = {
        person["email"]: (person["name"], Role.AESTHETICIAN) for person in facts()["providers"]
    }
    people |= {person["email"]: (person["name"], person["role"]) for person in facts()["accounts"]}
    password = make_password(PASSWORD)
    users = {}
    for email, (name, role) in people.items():
        users[email], _ = User.objects.get_or_create(
            email=email,
            defaults={
                "full_name": name,
                "is_staff": role != Role.CLIENT,
                "is_demo": True,
                "password": make_password(None) if role == Role.CLIENT else password,
            },
        )
        users[email].groups.add(Group.objects.get_or_create(name=role)[0])
        if role == Role.CLIENT:
            Client.objects.create(
                name=name, email=email, phone="+15035550100", user=users[email], is_demo=True
            )
    return users


def _user(users: Mapping[str, User], role: str) -> User:
    return next(users[who["email"]] for who in accounts() if who["role"] == role)


def _add_location(place: Mapping[str, Any], position: int) -> Location:
    names = ("name", "street", "city", "region", "postal_code", "phone", "time_zone", "directions")
    location = Location.objects.create(
        slug=slugify(place["name"]), position=position, **{name: place[name] for name in names}
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(location=location, weekday=weekday, opens_at=opens_at, closes_at=closes_at)
        for weekday, opens_at, closes_at in _week(place["opening"])
    )
    for name in place["rooms"]:
        Room.objects.create(name=name, location=location)
    for unit in place["devices"]:
        Device.objects.create(name=unit["name"], device_kind=unit["kind"], location=location)
    return location


def _add_provider(person: Mapping[str, Any], position: int, *, user: User) -> Provider:
    provider = Provider.objects.create(
        name=person["name"],
        slug=slugify(person["name"]),
        title=person["title"],
        bio=person["bio"].strip(),
        user=user,
        lane=position % 4 + 1,
        position=position,
    )
    provider.treatments.set(Treatment.objects.filter(code__in=person["treatments"].split()))
    provider.add_ons.set(AddOn.objects.filter(code__in=person["add_ons"].split()))
    return provider


def _add_hours(
    provider: Provider, week: Iterable[Mapping[str, str]], location: Location, *, valid_from: date
) -> None:
    WorkingHours.objects.bulk_create(
        WorkingHours(
            provider=provider,
            location=location,
            weekday=weekday,
            starts_at=starts_at,
            ends_at=ends_at,
            valid_from=valid_from,
        )
        for weekday, starts_at, ends_at in _week(week)
    )


def _prices_here(
    place: Mapping[str, Any], location: Location, base: Mapping[Option, Decimal]
) -> list[Price]:
    """What is less at one location: everything above an amount, by a few dollars."""
    if "less" not in place:
        return []
    return [
        Price(option=option, location=location, amount=amount - place["less"])
        for option, amount in base.items()
        if amount > place["dearer_than"]
    ]


def _prices_of(
    provider: Provider, dearer: Iterable[Mapping[str, Any]], base: Mapping[Option, Decimal]
) -> list[Price]:
    """What is dearer with one provider, in every length, and never above the band."""
    prices = [
        Price(option=option, amount=min(amount + more["by"], DEAREST))
        for more in dearer
        for option, amount in base.items()
        if option.treatment.code in more["treatments"].split()
    ]
    if prices:
        provider.price_list = PriceList.objects.create(name=provider.name)
        provider.save(update_fields=["price_list"])
    for price in prices:
        price.price_list = provider.price_list
    return prices


def _announce_prices(
    base: Mapping[Option, Decimal], *, by: User, today: date, now: datetime
) -> None:
    """Publish a change that is ahead, so that the price desk shows one and it can be undone."""
    coming = facts()["coming_prices"]
    day, published_at = today + timedelta(days=coming["in_days"]), now - ANNOUNCED
    change = PriceChange.objects.create(
        reason=coming["reason"],
        effective_from=day,
        made_by=by,
        made_at=published_at,
        published_at=published_at,
    )
    ends = coming["no_longer_dearer"]
    prices = [
        Price(option=option, amount=amount + coming["more"])
        for option, amount in base.items()
        if option.treatment.code in coming["treatments"].split()
    ] + [
        Price(option=option, price_list=PriceList.objects.get(name=ends["with"]))
        for option in base
        if option.treatment.code in ends["treatments"].split()
    ]
    for price in prices:
        price.effective_from, price.published_at, price.published_by = day, published_at, by
        price.reason, price.change = change.reason, change
        price.full_clean()
    Price.objects.bulk_create(prices)


def _add_absences(places: Mapping[str, Location], *, today: date) -> None:
    """Close for a holiday, give a day off and take a device out of service, all ahead."""
    for closure in facts()["closures"]:
        day = today + timedelta(days=closure["in_days"])
        Closure.objects.create(
            location=places[closure["location"]],
            starts_on=day,
            ends_on=day,
            reason=closure["reason"],
        )
    for absence in facts()["time_off"]:
        first = today + timedelta(days=absence["in_days"])
        if "weekday" in absence:
            first += timedelta(days=(WEEKDAYS.index(absence["weekday"]) - first.weekday()) % 7)
        last = first + timedelta(days=absence.get("for_days", 1) - 1)
        zone = places[absence["location"]].zone
        TimeOff.objects.create(
            resource=Resource.objects.get(name=absence["who"]),
            starts_at=datetime.fromtimestamp(day_span(first, zone)[0], UTC),
            ends_at=datetime.fromtimestamp(day_span(last, zone)[1], UTC),
            reason=absence["reason"],
        )


def _week(rows: Iterable[Mapping[str, str]]) -> list[tuple[int, time, time]]:
    """Read {days = "Mon Tue", hours = "09:00-12:30 13:15-17:00"} as (weekday, from, until)."""
    return [
        (WEEKDAYS.index(day), time.fromisoformat(stretch[:5]), time.fromisoformat(stretch[6:]))
        for row in rows
        for day in row["days"].split()
        for stretch in row["hours"].split()
    ]
