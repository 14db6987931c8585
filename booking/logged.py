"""How the clinic's log names what is about visits and people, and the pages it leads to."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from booking.models import Booking, Resource
from booking.selectors.desk import references
from clinic.accounts.models import User
from clinic.clients.models import Client, name_key
from clinic.places.models import Location
from clinic.trail import subjects, words
from clinic.trail.subjects import Shown

SHORTEST_NAME = 3  # letters of a name to look for
FOUND_AT_MOST = 50

WORDS: dict[str, str | Promise] = {
    "visit.confirmed": _("Visit booked"),
    "visit.moved": _("Visit moved"),
    "visit.resized": _("Visit made longer or shorter"),
    "visit.cancelled": _("Visit canceled"),
    "visit.undone": _("Change of a visit taken back"),
    "visit.fee_waived": _("Fee waived"),
    "visit.checked_in": _("Client checked in"),
    "visit.started": _("Treatment begun"),
    "visit.completed": _("Visit completed"),
    "visit.no_show": _("Client did not come"),
    "visit.declined": _("Visit declined"),
    "visit.taken_back": _("Note about a visit taken back"),
}


def register() -> None:
    """Let the log name visits, clients, people, resources and places."""
    words.register(WORDS)
    subjects.register("booking", show=visits, find=visits_called)
    subjects.register("client", show=clients, find=clients_called)
    subjects.register("user", show=people)
    subjects.register("location", show=locations)
    for kind in ("resource", "provider", "room", "device"):
        subjects.register(kind, show=resources)


def visits(keys: Collection[int]) -> dict[int, Shown]:
    """Return visits by their references. One query."""
    found = Booking.objects.filter(pk__in=keys).values_list("pk", "reference")
    return {pk: Shown(name, reverse("staff:visit", args=[name])) for pk, name in found}


def visits_called(typed: str) -> Iterable[int]:
    """Return the visit of a reference. One query."""
    return Booking.objects.filter(reference__in=references(typed)).values_list("pk", flat=True)


def clients(keys: Collection[int]) -> dict[int, Shown]:
    """Return clients by their present names. One query."""
    found = Client.objects.filter(pk__in=keys).values_list("pk", "name")
    return {pk: Shown(name) for pk, name in found}


def clients_called(typed: str) -> Iterable[int]:
    """Return the clients whose names hold what is typed. At most one query."""
    if len(name_key(typed)) < SHORTEST_NAME or ":" in typed:
        return []
    found = Client.objects.filter(name_key__contains=name_key(typed))
    return found.values_list("pk", flat=True)[:FOUND_AT_MOST]


def people(keys: Collection[int]) -> dict[int, Shown]:
    """Return those who sign in by their names. One query."""
    return {pk: Shown(str(user)) for pk, user in User.objects.in_bulk(keys).items()}


def resources(keys: Collection[int]) -> dict[int, Shown]:
    """Return people, rooms and devices by their names. One query."""
    return {pk: Shown(each.name) for pk, each in Resource.objects.in_bulk(keys).items()}


def locations(keys: Collection[int]) -> dict[int, Shown]:
    """Return places by their names. One query."""
    return {pk: Shown(each.name) for pk, each in Location.objects.in_bulk(keys).items()}
