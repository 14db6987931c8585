"""Prices as files: the table and its history to take away, and prices to bring."""

from __future__ import annotations

from django.contrib import messages as toasts
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from clinic.accounts.access import allowed
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.sheets import sheet
from clinic.web.workspace import staff_page
from treatments import price_files, services
from treatments.forms.prices import FileForm
from treatments.selectors import drafts
from treatments.selectors.price_history import with_old
from treatments.views.price_desk import SETS_PRICES, Desk
from treatments.views.price_history import found_by, history_form


@require_safe
@allowed(*SETS_PRICES)
def matrix(request: HttpRequest) -> HttpResponseBase:
    """Give the part of the table that is shown as CSV: what counts, and what comes next."""
    desk = Desk.of(request)
    desk.edits = {}  # a file says what counts, not what is being typed
    squares = [square for line in desk.lines({}) for square in line.squares]
    lines = price_files.matrix_lines(squares)
    return sheet(f"prices-{desk.now:%Y-%m-%d}", price_files.SHOWN, lines)


@require_safe
@allowed(*SETS_PRICES)
def history(request: HttpRequest) -> HttpResponseBase:
    """Give the part of the history that is shown as CSV."""
    lines = price_files.history_lines(with_old(found_by(history_form(request))))
    return sheet(f"price-history-{clock.now():%Y-%m-%d}", price_files.HISTORY, lines)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed(*SETS_PRICES)
def take(request: HttpRequest) -> HttpResponse:
    """Look at a file of prices without taking it; then take it into the draft."""
    if request.method != "POST":
        return staff_page(request, "prices/import.html", _context(FileForm()))
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return staff_page(request, "prices/import.html", _context(form), status=422)
    desk, text = Desk.of(request), form.cleaned_data["text"]
    try:
        bands = drafts.policies(desk.house, now=desk.now)
        taken = price_files.taken(text, desk.house, desk.rules, bands=bands, now=desk.now)
    except price_files.Unreadable as error:
        form.add_error("file", str(error))
        return staff_page(request, "prices/import.html", _context(form), status=422)
    if "take" in request.POST and taken.edits and not taken.wrong:
        services.take_file(author=desk.user, edits=taken.edits, now=desk.now)
        toasts.success(
            request,
            ngettext(
                "%(count)d price is in your draft now.",
                "%(count)d prices are in your draft now.",
                len(taken.edits),
            )
            % {"count": len(taken.edits)},
        )
        return see_other(desk.url)
    proposed = drafts.proposed(
        desk.house,
        {edit.cell: edit for edit in taken.edits},
        desk.rules,
        starts_on=desk.today,
        bands=bands,
        now=desk.now,
    )
    context = _context(form) | {"taken": taken, "text": text, "proposed": proposed}
    status = 422 if taken.wrong else 200
    return staff_page(request, "prices/import.html", context, status=status)


def _context(form: FileForm) -> dict[str, object]:
    return {"columns": price_files.COLUMNS, "form": form}
