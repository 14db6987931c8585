"""How the clinic's log names what it is about, what was done, and the pages it leads to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from booking.models import Booking, Resource, ScheduleChange
from booking.selectors.desk import references
from clinic.accounts.models import User
from clinic.clients.models import Client, name_key
from clinic.places.models import Location, PolicyVersion
from clinic.trail import subjects, words
from clinic.trail.subjects import Show, Shown
from treatments.models import AddOn, Instruction, InstructionVersion, Option, Treatment

SHORTEST_NAME = 3  # letters of a name to look for
FOUND_AT_MOST = 50

WORDS: dict[str, str | Promise] = {
    "catalogue.added": _("Something new in the catalogue"),
    "catalogue.moved": _("Order of the catalogue changed"),
    "catalogue.offered": _("Offered again"),
    "catalogue.retired": _("No longer offered"),
    "catalogue.saved": _("Catalogue changed"),
    "client.changed": _("Details of a client changed"),
    "client.merged": _("Two records of a client joined"),
    "client.taken_apart": _("Joined records taken apart"),
    "device.added": _("Device added"),
    "device.renamed": _("Device renamed"),
    "note.added": _("Note about a client added"),
    "note.put_back": _("Note about a client put back"),
    "note.removed": _("Note about a client removed"),
    "place.added": _("Place added"),
    "place.changed": _("Details of a place changed"),
    "policy.published": _("Policies changed"),
    "price.imported": _("Prices read from a file"),
    "price.published": _("Prices published"),
    "price.undone": _("Change of prices taken back"),
    "provider.added": _("Aesthetician added"),
    "provider.changed": _("Profile of an aesthetician changed"),
    "room.added": _("Room added"),
    "room.renamed": _("Room renamed"),
    "schedule.asked": _("Change of the schedule asked for"),
    "schedule.in_force": _("Change of the schedule in force"),
    "schedule.pending": _("Change of the schedule begun"),
    "schedule.refused": _("Change of the schedule not approved"),
    "schedule.closure_ended": _("Closure taken back"),
    "schedule.time_off_ended": _("Time off taken back"),
    "schedule.withdrawn": _("Change of the schedule taken back"),
    "text.added": _("New text begun"),
    "text.approved": _("Text approved"),
    "text.discarded": _("Draft of a text discarded"),
    "text.handed_in": _("Text handed to the medical lead"),
    "text.sent_back": _("Text sent back"),
    "text.taken_back": _("Text taken back to be written on"),
    "text.written": _("Draft of a text written"),
    "visit.booked": _("Visit booked, details to come"),
    "visit.confirmed": _("Visit booked"),
    "visit.moved": _("Visit moved"),
    "visit.resized": _("Visit made longer or shorter"),
    "visit.cancelled": _("Visit canceled"),
    "visit.undone": _("Change of a visit taken back"),
    "visit.handed_over": _("Device handed to a client for their details"),
    "visit.kept": _("Visit kept by exception"),
    "visit.reseated": _("Other room or device for a visit"),
    "visit.sent_again": _("Message about a visit sent again"),
    "visit.fee_owed_again": _("Fee owed again"),
    "visit.fee_paid": _("Fee paid"),
    "visit.fee_waived": _("Fee waived"),
    "visit.checked_in": _("Client checked in"),
    "visit.started": _("Treatment begun"),
    "visit.completed": _("Visit completed"),
    "visit.no_show": _("Client did not come"),
    "visit.declined": _("Visit declined"),
    "visit.too_late": _("Client came too late"),
    "visit.unprepared": _("Client came unprepared"),
    "visit.taken_back": _("Note about a visit taken back"),
}


def register() -> None:
    """Let the log name visits, clients, people, places and what is offered."""
    words.register(WORDS)
    subjects.register("booking", show=visits, find=visits_called)
    subjects.register("client", show=rows(Client, page="staff:client"), find=clients_called)
    subjects.register("user", show=rows(User, page="staff:account"))
    subjects.register("location", show=rows(Location))
    for kind in ("resource", "provider", "room", "device"):
        subjects.register(kind, show=rows(Resource, name=lambda row: row.name))
    subjects.register("schedule_change", show=rows(ScheduleChange, page="staff:change"))
    subjects.register("policy_version", show=rows(PolicyVersion, follow=("location",)))
    subjects.register("price_change", show=price_changes)
    subjects.register("treatment", show=rows(Treatment, page="catalogue:treatment"))
    subjects.register("option", show=rows(Option, follow=("treatment",)))
    subjects.register("add_on", show=rows(AddOn, page="catalogue:add_on"))
    subjects.register("instruction", show=rows(Instruction, page="catalogue:text"))
    version = rows(InstructionVersion, page="catalogue:version", follow=("instruction",))
    subjects.register("instruction_version", show=version)


def rows(
    model: type[Model],
    *,
    page: str = "",
    follow: Collection[str] = (),
    name: Callable[[Any], str] = str,
) -> Show:
    """Return how rows of `model` are shown: by `name`, with `page` of their own. One query."""

    def show(keys: Collection[int]) -> dict[int, Shown]:
        found = model._default_manager.select_related(*follow) if follow else model._default_manager
        return {
            pk: Shown(name(row), reverse(page, args=[pk]) if page else "")
            for pk, row in found.in_bulk(keys).items()
        }

    return show


def visits(keys: Collection[int]) -> dict[int, Shown]:
    """Return visits by their references. One query."""
    found = Booking.objects.filter(pk__in=keys).values_list("pk", "reference")
    return {pk: Shown(name, reverse("staff:visit", args=[name])) for pk, name in found}


def visits_called(typed: str) -> Iterable[int]:
    """Return the visit of a reference. One query."""
    return Booking.objects.filter(reference__in=references(typed)).values_list("pk", flat=True)


def clients_called(typed: str) -> Iterable[int]:
    """Return the clients whose names hold what is typed. At most one query."""
    if len(name_key(typed)) < SHORTEST_NAME or ":" in typed:
        return []
    found = Client.objects.filter(name_key__contains=name_key(typed))
    return found.values_list("pk", flat=True)[:FOUND_AT_MOST]


def price_changes(keys: Collection[int]) -> dict[int, Shown]:
    """Return changes of prices by their numbers, which their pages have too. No query."""
    name = str(_("Change %(number)s"))
    return {pk: Shown(name % {"number": pk}, reverse("prices:change", args=[pk])) for pk in keys}
