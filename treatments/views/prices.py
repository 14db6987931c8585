"""The price desk: the table, the draft typed into it, and publishing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, cast

from django.contrib import messages as toasts
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.places.selectors import home_zone
from clinic.web import clock
from clinic.web.addresses import key_in
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page
from treatments import services
from treatments.cells import Cell, Edit, read_name
from treatments.errors import PriceError, PricesChanged
from treatments.forms.prices import INHERIT, KINDS, BulkForm, FilterForm, StartForm
from treatments.models import Price, PriceChange
from treatments.price_files import price_of
from treatments.registry import diary
from treatments.selectors import drafts, matrix
from treatments.selectors.price_history import latest_changes
from treatments.selectors.rules import (
    PriceRules,
    cell_of,
    first_seen,
    first_start,
    price_rules,
    today_at,
)

SETS_PRICES = ("treatments.add_pricechange",)
LATEST = 5  # changes shown beside the table
ON_A_PAGE = 50
SKIPPED = {"csrfmiddlewaretoken", "save"}

Typed = dict[Cell, tuple[str, str]]


@dataclass
class Desk:
    """What one person sees of the price desk."""

    user: User
    asked: dict[str, Any]
    query: str
    now: datetime

    @classmethod
    def of(cls, request: HttpRequest) -> Desk:
        """Return the desk as `request` asks for it."""
        asked = FilterForm(request.GET).asked()
        kept = {name: request.GET[name] for name in ("place", "whose", "kind") if asked[name]}
        query = QueryDict(mutable=True)
        query.update(kept)
        return cls(cast(User, request.user), asked, query.urlencode(), clock.now())

    @cached_property
    def house(self) -> matrix.House:
        return matrix.house(diary().gives(), diary().works())

    @cached_property
    def today(self) -> date:
        """The date where the day is youngest."""
        days = (today_at(place, self.now) for place in self.house.places)
        return min(days, default=self.now.date())

    @cached_property
    def rules(self) -> PriceRules:
        return price_rules(today=self.today, now=self.now)

    @cached_property
    def draft(self) -> PriceChange | None:
        return drafts.draft_of(self.user)

    @cached_property
    def edits(self) -> dict[Cell, Edit]:
        return drafts.edits_of(self.draft)

    @cached_property
    def preview(self) -> drafts.Preview:
        starts_on = self.draft.effective_from if self.draft else None
        return drafts.preview(self.house, self.edits, self.rules, starts_on=starts_on, now=self.now)

    @cached_property
    def columns(self) -> list[matrix.Column]:
        return matrix.columns(
            self.house,
            location=self.asked["place"],
            price_list=self.asked["whose"],
            now=self.now,
        )

    def lines(self, typed: Mapping[Cell, tuple[str, str]]) -> list[matrix.Line]:
        """Return the rows of the table; `typed` are the texts that are no prices."""
        return matrix.lines(
            self.house,
            self.columns,
            self.rules,
            edits=self.edits,
            conflicts={each.edit.cell for each in self.preview.conflicts},
            typed=typed,
            kind=self.asked["kind"],
        )

    def forget(self) -> None:
        """Read the draft anew: it was written."""
        for name in ("draft", "edits", "preview"):
            self.__dict__.pop(name, None)

    @property
    def url(self) -> str:
        """Where this part of the table is."""
        return f"{reverse('prices:index')}?{self.query}".rstrip("?")

    def start_form(self, data: QueryDict | None = None, *, is_draft: bool = False) -> StartForm:
        """Return the form that says from when and why."""
        first_on = first_start(self.edits, self.house.places, self.now)
        initial = {}
        if data is None:
            reason = self.draft.reason if self.draft else ""
            initial = {"effective_from": self.preview.starts_on, "reason": reason}
        return StartForm(data, first_on=first_on, is_draft=is_draft, initial=initial)

    def bulk_form(self, data: QueryDict | None = None) -> BulkForm:
        """Return the form that changes many of the prices shown."""
        shown = self.asked["kind"]
        offers = [
            (offered.key, offered.says)
            for offered in self.house.offered
            if not shown or (shown == "add_ons") != offered.is_option
        ]
        columns = [(column.key, column.says) for column in self.columns]
        return BulkForm(data, offers=offers, columns=columns)


@require_safe
@allowed(*SETS_PRICES)
def index(request: HttpRequest) -> HttpResponse:
    """Show what everything costs, and what is to change."""
    return page(request, Desk.of(request))


@press(else_to="index")
@allowed(*SETS_PRICES)
def edit(request: HttpRequest) -> HttpResponse:
    """Keep what was typed into the table."""
    desk = Desk.of(request)
    written, dropped, typed = _typed(desk, request.POST)
    if written or desk.edits.keys() & set(dropped):
        services.write_edits(author=desk.user, edits=written, dropped=dropped, now=desk.now)
        desk.forget()
    status = 422 if typed else 200
    if request.htmx:  # type: ignore[attr-defined]
        touched = {each.cell for each in written} | set(dropped) | typed.keys()
        return _answer(request, desk, typed, touched, status=status)
    if typed:
        return page(request, desk, typed=typed, status=status)
    return see_other(desk.url)


@press(else_to="index")
@allowed(*SETS_PRICES)
def bulk(request: HttpRequest) -> HttpResponse:
    """Change many prices of the draft at once."""
    desk = Desk.of(request)
    form = desk.bulk_form(request.POST)
    if not form.is_valid():
        return page(request, desk, bulk=form, status=422)
    edits, dropped = _in_bulk(desk, form)
    if edits or dropped:
        services.write_edits(author=desk.user, edits=edits, dropped=dropped, now=desk.now)
    changed = len(edits) + len(dropped)
    toasts.success(
        request,
        ngettext(
            "%(count)d price of your draft was changed.",
            "%(count)d prices of your draft were changed.",
            changed,
        )
        % {"count": changed},
    )
    return see_other(desk.url)


@press(else_to="index")
@allowed(*SETS_PRICES)
def start(request: HttpRequest) -> HttpResponse:
    """Keep from when the draft is to count, and show what it does then."""
    desk = Desk.of(request)
    form = desk.start_form(request.POST, is_draft=True)
    if form.is_valid():
        services.set_start(author=desk.user, **form.cleaned_data, now=desk.now)
        desk.forget()
    status = 200 if form.is_valid() else 422
    if request.htmx:  # type: ignore[attr-defined]
        context = _context(desk, start=form)
        with timezone.override(home_zone(desk.house.places)):
            return render(request, "prices/_started.html", context, status=status)
    return see_other(desk.url) if form.is_valid() else page(request, desk, start=form, status=422)


@press(else_to="index")
@allowed(*SETS_PRICES)
def settle(request: HttpRequest) -> HttpResponse:
    """Keep a price typed over one that was changed since, or take it back."""
    desk = Desk.of(request)
    try:
        cell, seen = read_name(request.POST.get("cell", ""))
    except ValueError:
        return see_other(desk.url)
    if "mine" in request.POST:
        services.see_again(author=desk.user, cells={cell: seen}, now=desk.now)
    else:
        services.write_edits(author=desk.user, edits=[], dropped=[cell], now=desk.now)
    return see_other(desk.url)


@press(else_to="index")
@allowed(*SETS_PRICES)
def discard(request: HttpRequest) -> HttpResponse:
    """Put the draft aside; its page has the way back."""
    desk = Desk.of(request)
    draft = services.discard(author=desk.user, now=desk.now)
    if draft is None:
        return see_other(desk.url)
    toasts.success(request, _("Your changes are put aside."))
    return see_other(reverse("prices:change", args=[draft.pk]))


@press(else_to="index")
@allowed(*SETS_PRICES)
def publish(request: HttpRequest) -> HttpResponse:
    """Publish the draft as it was looked at."""
    desk = Desk.of(request)
    mine = PriceChange.objects.filter(made_by=desk.user)
    draft = mine.filter(pk=key_in(request.POST.get("draft"))).first()
    if draft is None or (draft.undone_at and not draft.published_at):
        toasts.warning(request, _("There is no change to publish yet."))
        return see_other(desk.url)
    if draft.published_at:
        return see_other(reverse("prices:change", args=[draft.pk]))
    form = desk.start_form(request.POST)
    if not form.is_valid():
        return page(request, desk, start=form, status=422)
    try:
        change = services.publish(
            change=draft,
            house=desk.house,
            looked_at=request.POST.get("looked_at", ""),
            **form.cleaned_data,
            user=desk.user,
            now=clock.now(),
        )
    except PriceError as error:
        services.set_start(author=desk.user, **form.cleaned_data, now=desk.now)
        desk.forget()
        is_news = isinstance(error, PricesChanged)
        refusal = "" if is_news else str(error)
        return page(request, desk, start=form, refusal=refusal, status=409)
    day = date_format(form.cleaned_data["effective_from"], "F j")
    toasts.success(request, _("Published: it counts for visits from %(day)s.") % {"day": day})
    return see_other(reverse("prices:change", args=[change.pk]))


@require_safe
@allowed(*SETS_PRICES)
def promised(request: HttpRequest) -> HttpResponse:
    """List the visits whose price the draft leaves as it was promised."""
    desk = Desk.of(request)
    shown = Paginator(desk.preview.kept, ON_A_PAGE).get_page(request.GET.get("page"))
    return staff_page(request, "prices/promised.html", {"page": shown, "preview": desk.preview})


def page(request: HttpRequest, desk: Desk, *, status: int = 200, **known: Any) -> HttpResponse:
    """Render the desk. `known`: typed, start, bulk, refusal where a form came back."""
    typed: Typed = known.pop("typed", {})
    context = _context(desk, **known) | {
        "bulk": known.get("bulk") or desk.bulk_form(),
        "changes": latest_changes(count=LATEST, places=desk.house.places, now=desk.now),
        "columns": desk.columns,
        "filters": FilterForm(desk.asked | {"place": getattr(desk.asked["place"], "slug", "")}),
        "kinds": KINDS,
        "lines": desk.lines(typed),
        "refusal": known.get("refusal", ""),
        "typed": typed,
    }
    with timezone.override(home_zone(desk.house.places)):
        return staff_page(request, "prices/index.html", context, status=status)


def _context(desk: Desk, *, start: StartForm | None = None, **_known: Any) -> dict[str, Any]:
    """What the draft beside the table needs."""
    return {
        "asked": desk.asked,
        "draft": desk.draft,
        "looked_at": drafts.digest(desk.edits.values()),
        "now": desk.now,
        "preview": desk.preview,
        "query": desk.query,
        "start": start or desk.start_form(),
    }


def _answer(
    request: HttpRequest, desk: Desk, typed: Typed, touched: set[Cell], *, status: int
) -> HttpResponse:
    """The draft, and the cells that were typed into, each in its place in the page."""
    squares = [
        square for line in desk.lines(typed) for square in line.squares if square.cell in touched
    ]
    context = _context(desk) | {"squares": squares}
    with timezone.override(home_zone(desk.house.places)):
        return render(request, "prices/_answer.html", context, status=status)


def _typed(desk: Desk, posted: QueryDict) -> tuple[list[Edit], list[Cell], Typed]:
    """Read the table: prices that differ from those seen, cells taken back, and what is no price.

    A field that holds what its price was when the page was made, or what the draft says, says
    nothing new. One that was emptied takes back what the draft says; where that says nothing, its
    own price ends and it is inherited.
    """
    found: dict[str, tuple[Cell, tuple[int, ...]]] = {}
    for name in posted:
        if name not in SKIPPED:
            try:
                found[name] = read_name(name)
            except ValueError:
                continue
    rows = Price.objects.in_bulk({pk for _cell, seen in found.values() for pk in seen if pk})
    written: list[Edit] = []
    dropped: list[Cell] = []
    typed: Typed = {}
    for name, (cell, seen) in found.items():
        text, had = str(posted[name]).strip(), desk.edits.get(cell)
        present = first_seen(seen, rows)
        is_own = any(
            row.amount is not None and cell_of(row) == cell for row in map(rows.get, seen) if row
        )
        if not text and (had or not present or not is_own):
            dropped += [] if had and had.amount is None else [cell]
            continue
        try:
            amount = price_of(text) if text else None
            if amount is None and cell.is_base:
                raise ValueError(_("A base price has nothing to inherit from."))
        except ValueError as error:
            typed[cell] = (text, str(error))
            continue
        if had is not None and had.amount == amount:
            continue
        if (present and amount == present.amount) or (amount is None and not is_own):
            dropped += [cell] if had else []
        elif desk.house.offered_of(cell) and desk.house.column_of(cell, desk.now):
            written.append(Edit(cell, amount, seen))
    return written, dropped, typed


def _in_bulk(desk: Desk, form: BulkForm) -> tuple[list[Edit], list[Cell]]:
    """What the form makes of the prices it names, of the draft's where it has some.

    And the cells of which the draft is to say nothing any more.
    """
    offers, names = set(form.cleaned_data["offers"]), set(form.cleaned_data["columns"])
    shown = [column for column in desk.columns if column.key in names]
    squares = [
        matrix.square(desk.house, offered, column, desk.rules, edits=desk.edits)
        for offered in desk.house.offered
        if offered.key in offers
        for column in shown
    ]
    given = [square for square in squares if square.is_given]
    if form.cleaned_data["how"] == INHERIT:
        return _inherited(given)
    edits = []
    for square in given:
        edit = square.edit
        amount = edit.amount if edit else square.amount
        is_meant = square.is_own or edit is not None or form.cleaned_data["inherited"]
        if amount is None or not is_meant:
            continue
        changed = form.after(amount)
        if edit:
            edits.append(replace(edit, amount=changed))
        elif changed != amount or not square.is_own:
            edits.append(Edit(square.cell, changed, square.seen))
    return edits, []


def _inherited(squares: list[matrix.Square]) -> tuple[list[Edit], list[Cell]]:
    """Let what has a price of its own end, and forget what the draft says of the others."""
    edits, dropped = [], []
    for square in squares:
        if square.cell.is_base:
            continue
        if square.is_own:
            edits.append(Edit(square.cell, None, square.seen))
        elif square.edit:
            dropped.append(square.cell)
    return edits, dropped
