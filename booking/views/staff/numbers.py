"""The numbers of the clinic, for its owner: metrics, charts, and the visits behind them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.forms.numbers import NumbersForm
from booking.models import Provider
from booking.selectors.metrics.care import HIDDEN_UNDER
from booking.selectors.metrics.scope import Scope
from booking.selectors.numbers.behind import BEHIND, added
from booking.selectors.numbers.report import Report, report
from booking.views.staff import drawings
from clinic.accounts.access import allowed
from clinic.places.models import Location
from clinic.web import clock
from clinic.web.sheets import sheet
from clinic.web.workspace import staff_page

ON_A_PAGE = 50


@require_safe
@allowed("booking.view_numbers")
def numbers(request: HttpRequest) -> HttpResponse:
    """Show what the clinic came to in a period, beside the period before."""
    form, scope = _asked(request)
    if scope is None:
        return staff_page(request, "staff/numbers.html", {"form": form})
    counted = report(scope, now=clock.now())
    lines = counted.lines()
    people = Provider.objects.in_bulk([line.provider_id for line in lines])
    context = {
        "form": form,
        "scope": scope,
        "report": counted,
        "figures": counted.figures(),
        "lines": [(people[line.provider_id], line) for line in lines],
        "revenue": drawings.revenue(counted),
        "no_shows": drawings.no_shows(counted),
        "heat": None if scope.treatment_id else drawings.heat(counted.occupancy.heat),
        "hidden_under": HIDDEN_UNDER,
        "query": _query(form),
    }
    status = 200 if form.is_valid() else 422
    return staff_page(request, "staff/numbers.html", context, status=status)


@require_safe
@allowed("booking.view_numbers")
def visits(request: HttpRequest, slug: str) -> HttpResponse:
    """List the visits behind a number: when, what, with whom, for how much; nobody's name."""
    form, scope = _asked(request)
    if slug not in BEHIND or scope is None:
        raise Http404
    if not form.is_valid():
        return _as_asked(request)
    name, behind = BEHIND[slug]
    found = behind(scope, clock.now())
    listed = found.select_related("location", "provider", "option__treatment")
    page = Paginator(listed.order_by("-starts_at", "-pk"), ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "name": name,
        "scope": scope,
        "page": page,
        "added": added(found),
        "query": _query(form),
    }
    return staff_page(request, "staff/numbers_visits.html", context)


@require_safe
@allowed("booking.view_numbers")
def export(request: HttpRequest) -> HttpResponseBase:
    """Hand out the numbers as a sheet: all together, then each aesthetician's."""
    form, scope = _asked(request)
    if scope is None:
        raise Http404
    if not form.is_valid():
        return _as_asked(request)
    counted = report(scope, now=clock.now())
    period = scope.period
    head = [_("Who"), _("Number"), _("Unit"), _("Value"), _("Before"), _("Part"), _("Of")]
    name = f"numbers-{period.first_on:%Y-%m-%d}-to-{period.last_on:%Y-%m-%d}"
    narrowed = ", ".join(
        str(asked)
        for field in ("place", "provider", "treatment")
        if (asked := form.cleaned_data[field])
    )
    return sheet(name, head, _cells(counted, narrowed or _("All")))


def _as_asked(request: HttpRequest) -> HttpResponse:
    """Lead to the page that says what of the question makes no sense."""
    return redirect(f"{reverse('staff:numbers')}?{request.GET.urlencode()}")


def _cells(counted: Report, all_of: str) -> Iterator[list[Any]]:
    for figure in counted.figures():
        metric = figure.metric
        values = [_rounded(figure.value), _rounded(figure.before), figure.part, figure.whole]
        yield [all_of, metric.name, metric.unit, *values]
    lines = counted.lines()
    people = Provider.objects.in_bulk([line.provider_id for line in lines])
    for line in lines:
        who = people[line.provider_id].name
        yield [who, _("Revenue"), "money", line.totals.revenue, "", "", ""]
        yield [who, _("Completed visits"), "count", line.totals.completed, "", "", ""]
        yield [who, _("Time booked"), "percent", _rounded(line.time), "", "", ""]
        yield [who, _("Rebooked"), "percent", _rounded(line.rebooked), "", "", ""]


def _rounded(value: Any) -> Any:
    return "" if value is None else round(value, 2)


def _asked(request: HttpRequest) -> tuple[NumbersForm, Scope | None]:
    """Return the form, and what it asks for; nothing where there is no place at all. 2 queries."""
    form = NumbersForm(request.GET)
    places = list(Location.objects.all())
    if not places:
        return form, None
    today: date = clock.now().astimezone(places[0].zone).date()
    return form, form.scope(places, today=today)


def _query(form: NumbersForm) -> str:
    """Return what was asked for as a query, for the links of the page."""
    asked = form.cleaned_data if form.is_valid() else {}
    return urlencode({name: getattr(value, "pk", value) for name, value in asked.items() if value})
