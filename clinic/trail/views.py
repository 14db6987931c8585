"""The log of the clinic: who did what, searched, exported and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic.trail import selectors, subjects
from clinic.trail.forms import SearchForm
from clinic.trail.models import Entry
from clinic.trail.services import note
from clinic.trail.subjects import Shown
from clinic.trail.words import facts_said, said
from clinic.web import clock
from clinic.web.addresses import key_in
from clinic.web.presses import press, see_other
from clinic.web.sheets import sheet
from clinic.web.workspace import staff_page

ON_A_PAGE = 50
AT_ONCE = 500  # entries of an export that are named together
CHECKED_AT_ONCE = 25_000  # seals, about a second's work


@dataclass(frozen=True)
class Row:
    """An entry with the present name of whoever did it, and of what it is about."""

    entry: Entry
    who: str
    about: Shown

    @property
    def what(self) -> str:
        return said(self.entry.what)

    @property
    def facts(self) -> list[tuple[str, str]]:
        return facts_said(self.entry.facts)


@require_safe
@never_cache
@login_required
@permission_required("trail.view_entry", raise_exception=True)
def log(request: HttpRequest) -> HttpResponse:
    """List entries, the latest first; earlier pages go on below the last number shown.

    With ?check the latest part of the chain is read, with ?check=25000 that up to there, and the
    page says whether anybody touched it. Times are those of the clinic's clock.
    """
    with timezone.override(clock.home_zone()):
        form = SearchForm(request.GET, whats=selectors.whats())
        entries = selectors.found(form.search()) if form.is_valid() else Entry.objects.none()
        before = request.GET.get("before", "")
        if before.isdecimal():
            entries = entries.filter(pk__lt=int(before[:18]))
        page = list(entries[: ON_A_PAGE + 1])
        context: dict[str, Any] = {
            "form": form,
            "rows": rows(page[:ON_A_PAGE]),
            "before": page[ON_A_PAGE - 1].pk if len(page) > ON_A_PAGE else None,
            "is_later": bool(before),
            "is_asked": any(request.GET.get(name) for name in form.fields),
        }
        if "check" in request.GET:
            context["checked"] = selectors.checked(
                at_most=CHECKED_AT_ONCE, until=key_in(request.GET["check"])
            )
        status = 200 if form.is_valid() else 422
        return staff_page(request, "trail/log.html", context, status=status)


@press(else_to="log")
@never_cache
@login_required
@permission_required("trail.view_entry", raise_exception=True)
def export(request: HttpRequest) -> HttpResponseBase:
    """Hand out all that is found as a sheet. Who took it is noted, and for what they asked."""
    zone, now = clock.home_zone(), clock.now()
    with timezone.override(zone):
        form = SearchForm(request.POST, whats=selectors.whats())
        if not form.is_valid():
            return see_other(reverse("trail:log"))
        search = form.search()
    last = note(
        user_id=request.user.pk,
        what="log.exported",
        now=now,
        who=search.user_id,
        asked=search.what,
        since=search.since,
        until=search.until,
    )
    head = [_("Number"), _("When"), _("Who"), _("User"), _("What"), _("Of"), _("Facts")]
    name = f"log-{now.astimezone(zone):%Y-%m-%d}"
    return sheet(name, head, _cells(selectors.found(search).filter(pk__lt=last.pk), zone))


def rows(entries: Sequence[Entry]) -> list[Row]:
    """Return `entries` in words. One query, and one for each kind of subject among them."""
    people = get_user_model()._default_manager.in_bulk(
        {entry.user_id for entry in entries if entry.user_id is not None}
    )
    about = subjects.shown(entry.subject for entry in entries)
    return [
        Row(
            entry,
            _name(people, entry.user_id),
            about.get(entry.subject) or Shown(entry.subject),
        )
        for entry in entries
    ]


def _name(people: dict[int, Any], user_id: int | None) -> str:
    if user_id is None:
        return _("The system")
    return str(people[user_id]) if user_id in people else _("User %(id)s") % {"id": user_id}


def _cells(entries: Any, zone: tzinfo) -> Iterator[list[Any]]:
    for some in _chunks(entries.iterator(chunk_size=AT_ONCE)):
        for row in rows(some):
            entry = row.entry
            facts = "; ".join(f"{name}: {value}" for name, value in row.facts)
            when = entry.at.astimezone(zone).isoformat(timespec="seconds")
            who = entry.user_id or ""
            yield [entry.pk, when, row.who, who, entry.what, entry.subject, facts]


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    some: list[Entry] = []
    for entry in entries:
        some.append(entry)
        if len(some) == AT_ONCE:
            yield some
            some = []
    yield some
