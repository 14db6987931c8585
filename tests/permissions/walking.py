"""Everybody who may come to the site, every address it has, and what the one gets at the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import URLPattern, get_resolver, reverse
from django.urls.resolvers import RoutePattern

from booking import feeds, links, tokens
from booking.models import (
    Alert,
    Booking,
    OutsideCalendar,
    Resource,
    ScheduleChange,
    TouchedVisit,
)
from booking.permissions import Role
from booking.services.calendars import open_feed
from clinic.accounts import invitations
from clinic.accounts.models import User
from clinic.clients import links as client_links
from clinic.clients.models import Client, ClientMerge, ClientNote
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, on
from tests.booking.views.browsing import Visitor
from tests.factories import (
    AddOnFactory,
    ClientFactory,
    InstructionVersionFactory,
    InvitationFactory,
    ProviderFactory,
    UserFactory,
    open_clinic,
)
from tests.rows import make
from treatments.models import PriceChange

TABLE = Path(__file__).with_name("table.txt")
ROLES = ["visitor", "client", "other", "ana", "ben", "desk", "lead", "admin"]
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
HELD = {"bar", "extend", "release", "expired", "again", "details", "review", "confirm"}
QUERIES = {  # what an address is about, where it says so after a "?"
    **dict.fromkeys(["booking:times", "booking:month", "booking:hold"], "?location={place}"),
    "admin:autocomplete": "?app_label=booking&model_name=provider&field_name=user",
}
CHANGES = ("change", "answer", "withdraw", "choose", "decide")  # pages of one of the schedule
CLIENTS = ("client", "contact", "add_note", "merge_whom", "merge")  # pages of one client
ONLY_SHOWN = ("_changelist", "_history")  # of the admin: a POST says nothing that a GET does not


@dataclass(frozen=True)
class Route:
    """One address of the project: its name, or the pattern of one without, and its arguments."""

    name: str
    pattern: str

    @property
    def arguments(self) -> list[str]:
        return PARAMETER.findall(self.pattern)

    @property
    def methods(self) -> list[str]:
        return ["get"] if self.name.endswith(ONLY_SHOWN) else ["get", "post"]


def routes() -> list[Route]:
    """Return every address, in the order in which they are tried."""
    return list(_walk(get_resolver(), "", ()))


def _walk(resolver: Any, prefix: str, names: tuple[str, ...]) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        is_plain = isinstance(pattern.pattern, RoutePattern)
        path = prefix + (str(pattern.pattern) if is_plain else f"<{pattern.name or 'rest'}>")
        if not isinstance(pattern, URLPattern):
            inner = (*names, pattern.namespace) if pattern.namespace else names
            yield from _walk(pattern, path, inner)
        elif pattern.name:
            yield Route(":".join((*names, pattern.name)), path)
        else:
            yield Route("/" + PARAMETER.sub(r"<\1>", path), path)


@dataclass
class World:
    """A clinic with one client's visit and hold in it, and a browser for each who may come."""

    visit: Booking
    held: Booking
    client: Client
    rows: dict[str, Any]  # of each model of the admin, one that is nobody's here
    arguments: dict[str, Any]
    browsers: dict[str, Browser] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def path(self, route: Route, **others: str) -> str:
        """The address with the client's own visit, hold, calendar and so on in it, or `others`."""
        values = {name: str(self.value(route, name)) for name in route.arguments} | others
        path = PARAMETER.sub(lambda found: values[found[1]], route.pattern)
        query = QUERIES.get(route.name, "").format(place=self.visit.location.slug)
        return f"/{path}{query}"

    def value(self, route: Route, name: str) -> Any:
        area, _, page = route.name.rpartition(":")
        if name in self.arguments:
            return self.arguments[name]
        for of_page in (f"{route.name}.{name}", f"{page}.{name}"):
            if of_page in self.arguments:
                return self.arguments[of_page]
        if name == "token":
            return self.arguments[f"{route.name if page == 'feed' else area}.token"]
        if name == "reference":
            return (self.held if area == "booking" and page in HELD else self.visit).reference
        if name in {"object_id", "id"} and area in {"admin", ""}:
            model = "/".join(route.pattern.split("/")[1:3])
            return self.rows[model].pk if model in self.rows else "1"
        if area == "staff" and page.startswith("calendar_"):
            return self.arguments["staff.calendar"]
        return self.arguments[f"{area}.{name}"]

    def ask(self, role: str, method: str, path: str) -> HttpResponse:
        """Ask as `role`, and undo whatever came of it, the cookies included."""
        browser = self.browsers[role]
        browser.cookies = SimpleCookie(self.cookies[role])
        with transaction.atomic():
            response: HttpResponse = getattr(browser, method)(path)
            transaction.set_rollback(True)
        return response

    def outcomes(self, route: Route) -> list[str]:
        """What each role gets there: by GET, and by POST with an empty form."""
        path = self.path(route)
        if settings.REDIS_URL:
            cache.clear()  # no rollback reaches it, and nobody is to be limited here
        return [
            "/".join(outcome(self.ask(role, method, path)) for method in route.methods)
            for role in ROLES
        ]


def outcome(response: HttpResponse) -> str:
    """The status; "in" for the way to the sign-in, "go" for a way to anywhere else."""
    if response.status_code not in {301, 302, 303}:
        return str(response.status_code)
    ways_in = (reverse("account_login"), reverse("admin:login"), reverse("account_password"))
    return "in" if response["Location"].startswith(ways_in) else "go"


def table() -> dict[str, list[str]]:
    """Read the table: a name, and an outcome for each role."""
    lines = (line.split() for line in TABLE.read_text().splitlines())
    return {name: cells for name, *cells in (line for line in lines if line) if name != "#"}


def build() -> World:
    """Set it up. The client booked as a guest, then signed in at the same browser."""
    scene = open_clinic()
    guest = Visitor(scene).come()
    visit = guest.book(on(scene, 4, 9))
    assert visit.client is not None
    visit.client.user = user = UserFactory(groups=[Role.CLIENT])
    visit.client.save()
    stranger = ClientFactory(user=UserFactory(groups=[Role.CLIENT]))
    assert stranger.user is not None
    people: dict[str, User | None] = {"visitor": None, "client": user, "other": stranger.user}
    for name, role in (
        ("ana", Role.AESTHETICIAN),
        ("ben", Role.AESTHETICIAN),
        ("desk", Role.FRONT_DESK),
        ("lead", Role.MEDICAL_LEAD),
        ("admin", Role.ADMIN),
    ):
        people[name] = UserFactory(groups=[role], is_staff=True)
    visit.provider.user = people["ana"]
    visit.provider.save()
    ProviderFactory(user=people["ben"])
    browsers = {role: Visitor(scene).come().browser for role in ROLES} | {"client": guest.browser}
    for role, person in people.items():
        if person is not None:
            browsers[role].force_login(person)
    held = guest.hold(on(scene, 5, 9))
    rows = {
        f"{model._meta.app_label}/{model._meta.model_name}": make(model)
        for model in admin.site._registry
    }
    world = World(
        visit=visit,
        held=held,
        client=visit.client,
        rows=rows,
        arguments=_arguments(visit),
        browsers=browsers,
    )
    world.cookies = {role: browser.cookies.output(header="") for role, browser in browsers.items()}
    return world


def _arguments(visit: Booking) -> dict[str, Any]:
    """What stands for each argument: things of the client, of their visit and of its provider."""
    assert visit.client is not None
    now = NOW + timedelta(minutes=5)
    calendar = OutsideCalendar.objects.create(
        provider=visit.provider, address="https://calendar.example/ana.ics", added_at=now
    )
    alert = Alert.objects.create(booking=visit, kind=Alert.Kind.CALL, raised_at=now)
    feed = open_feed(owner=visit.client, now=now)
    treatment = visit.option.treatment
    add_on, version = AddOnFactory(), InstructionVersionFactory()
    change = ScheduleChange.objects.create(
        kind=ScheduleChange.Kind.TIME_OFF,
        state=ScheduleChange.State.PENDING,
        says="Ana is away",
        resource=visit.provider,
        asked_at=NOW,
    )
    TouchedVisit.objects.create(change=change, booking=visit, schedule_version=0)
    twin = ClientFactory(name=visit.client.name)
    record = ClientMerge.objects.create(
        kept=visit.client, merged=ClientFactory(), merged_at=NOW, moved={}
    )
    written = ClientNote.objects.create(client=visit.client, text="Rings twice", written_at=NOW)
    return {
        **{f"staff:{page}.pk": change.pk for page in CHANGES},
        **{f"staff:{page}.pk": visit.client.pk for page in CLIENTS},
        "staff:merge.other": twin.pk,
        "staff:unmerge.pk": record.pk,
        "staff:remove_note.pk": written.pk,
        "staff:put_back_note.pk": written.pk,
        "staff:owe.step": visit.events.latest("pk").pk,
        "propose.kind": "time_off",
        "schedule_of.pk": visit.provider.pk,
        "end_time_off.pk": visit.provider.pk,
        "app_list": "booking/",
        "content_type_id": 1,
        "rest": "nothing/",
        "prices.pk": PriceChange.objects.create(
            reason="The rent",
            effective_from=NOW.date() + timedelta(days=30),
            made_by=UserFactory(),
            made_at=NOW,
            published_at=NOW,
        ).pk,
        "booking.token": links.token_of(visit),
        "booking:feed.token": tokens.token_of(feed.nonce, purpose=feeds.PURPOSE),
        "clients.token": client_links.token_of(visit.client),
        "account_join.token": invitations.url_of(InvitationFactory()).split("/")[-2],
        "clients.kind": "care_tips",
        "booking.slug": treatment.slug,
        "booking.minutes": visit.option.minutes,
        "treatment.slug": treatment.slug,
        "change_place.slug": visit.location.slug,
        "catalogue.kind": "treatment",
        "catalogue.pk": treatment.pk,
        "catalogue:add_on.pk": add_on.pk,
        **{
            f"catalogue:{name}.pk": version.instruction_id
            for name in ("text", "write", "preview_text")
        },
        **{
            f"catalogue:{name}.pk": version.pk
            for name in (
                "version",
                "visits",
                "hand_in",
                "take_back",
                "approve",
                "send_back",
                "discard",
            )
        },
        "staff.slug": "M04",
        "numbers_visits.slug": "completed",
        "staff.channel": "email",
        "staff.calendar": calendar.pk,
        "day_sheet.day": "2030-03-04",
        "press.verb": "check-in",
        "done.pk": alert.pk,
        "person.slug": visit.provider.slug,
        "place.slug": visit.location.slug,
        "address.slug": visit.location.slug,
        "end_closure.slug": visit.location.slug,
        "rename.pk": Resource.objects.filter(location=visit.location).earliest("pk").pk,
        "account.pk": UserFactory(groups=[Role.FRONT_DESK], is_staff=True).pk,
        "uninvite.pk": InvitationFactory().pk,
        "open_address.pk": visit.provider.pk,
        "close_address.pk": visit.provider.pk,
        "staff.pk": Message.objects.filter(code="M01").earliest("pk").pk,
        "account_end_session.pk": UserSession.objects.create(
            user=visit.client.user, session_key="another", ip="192.0.2.1", user_agent="Phone"
        ).pk,
        "mfa_remove_webauthn.pk": 1,  # nobody has one
        "messaging.provider": "postmark",
        "site.name": "letter.eml",
    }
