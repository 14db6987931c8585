"""The price desk: the table, the draft typed into it, and publishing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as toasts
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from clinic.accounts.access import allowed
from clinic.places.selectors import home_zone
from clinic.web import clock
from clinic.web.addresses import key_in
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page
from treatments import services
from treatments.cells import Cell, read_name
from treatments.errors import PriceError, PricesChanged
from treatments.forms.prices import KINDS, FilterForm, StartForm
from treatments.models import PriceChange
from treatments.selectors import drafts
from treatments.selectors.price_history import latest_changes
from treatments.views.price_desk import SETS_PRICES, Desk
from treatments.views.price_typing import Typed, in_bulk, read_table

LATEST = 5  # changes shown beside the table
ON_A_PAGE = 50


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
    written, dropped, typed = read_table(desk, request.POST)
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
    edits, dropped = in_bulk(desk, form)
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
