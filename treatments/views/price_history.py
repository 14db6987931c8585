"""What was published at the price desk: all of it, one change, and taking it back."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages as toasts
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic.accounts.access import allowed
from clinic.accounts.models import User
from clinic.places.models import Location
from clinic.places.selectors import home_zone
from clinic.web import clock
from clinic.web.presses import press, see_other
from clinic.web.workspace import staff_page
from treatments import services
from treatments.errors import PriceError
from treatments.forms.prices import HistoryForm
from treatments.models import AddOn, Price, PriceChange, Treatment
from treatments.registry import diary
from treatments.selectors import matrix
from treatments.selectors.drafts import edits_of
from treatments.selectors.price_history import published, with_old
from treatments.services.prices import begun
from treatments.views.price_desk import SETS_PRICES

UNDOES = ("treatments.change_pricechange",)
ON_A_PAGE = 50


@require_safe
@allowed(*SETS_PRICES)
def history(request: HttpRequest) -> HttpResponse:
    """List every price that was published, the latest first."""
    form = history_form(request)
    page = Paginator(found_by(form), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "rows": with_old(page.object_list), "now": clock.now()}
    return _page(request, "prices/history.html", context)


@require_safe
@allowed(*SETS_PRICES)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one change: its prices, and how it can be taken back. A draft is its author's."""
    row = _change_or_404(request, pk)
    now = clock.now()
    places = list(Location.objects.filter(is_active=True))
    context: dict[str, Any] = {"change": row, "now": now}
    if row.published_at:
        context["rows"] = with_old(published().filter(change=row))
        context["has_begun"] = begun(row, places, now=now)
    else:
        house = matrix.house(diary().gives())
        context["edits"] = [
            (edit, offered, column)
            for edit in edits_of(row).values()
            if (offered := house.offered_of(edit.cell))
            and (column := house.column_of(edit.cell, now))
        ]
    return _page(request, "prices/change.html", context)


@press(else_to="change")
@allowed(*UNDOES)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a change back before its day has come."""
    row = _change_or_404(request, pk)
    try:
        services.undo(change=row, user=cast(User, request.user), now=clock.now())
    except PriceError as error:
        toasts.warning(request, error.message)
    else:
        toasts.success(request, _("Undone. What was booked meanwhile keeps its price."))
    return see_other(reverse("prices:change", args=[pk]))


@press(else_to="change")
@allowed(*SETS_PRICES)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a draft of the prices that counted before a change."""
    row = _change_or_404(request, pk)
    house = matrix.house(diary().gives())
    user = cast(User, request.user)
    services.old_prices_again(change=row, author=user, house=house, now=clock.now())
    toasts.success(request, _("The old prices are in your draft. Choose a day and publish them."))
    return see_other(reverse("prices:index"))


@press(else_to="change")
@allowed(*SETS_PRICES)
def take_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a draft that was put aside."""
    row = _change_or_404(request, pk)
    try:
        services.take_up(change=row, author=cast(User, request.user), now=clock.now())
    except PriceError as error:
        toasts.warning(request, error.message)
        return see_other(reverse("prices:change", args=[pk]))
    toasts.success(request, _("Your changes are back."))
    return see_other(reverse("prices:index"))


def history_form(request: HttpRequest) -> HistoryForm:
    """Return the filter of the history as it was asked for. 2 queries."""
    offers = [*Treatment.objects.all(), *AddOn.objects.all()]
    return HistoryForm(request.GET, codes=[(offer.code, offer.name) for offer in offers])


def found_by(form: HistoryForm) -> QuerySet[Price]:
    """Return the prices the form asks for; all of them where it makes no sense."""
    asked = form.asked()
    return published(
        treatment=asked.get("code", ""),
        price_list=asked["whose"].pk if asked["whose"] else None,
        location=asked["place"].pk if asked["place"] else None,
    )


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    with timezone.override(home_zone(Location.objects.filter(is_active=True)[:1])):
        return staff_page(request, template, context)


def _change_or_404(request: HttpRequest, pk: int) -> PriceChange:
    """Return a change that was published, or a draft of who asks."""
    rows = PriceChange.objects.select_related("made_by", "undone_by")
    row = get_object_or_404(rows, pk=pk)
    if row.published_at is None and row.made_by_id != request.user.pk:
        raise Http404
    return row
