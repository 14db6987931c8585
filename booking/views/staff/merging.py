"""Making two records of one person one, and two of them again."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from booking.errors import NotNow
from booking.forms.clients import FindForm
from booking.selectors.duplicates import FILLED, likely_duplicates, side, why_not_merge
from booking.selectors.finding import find_clients
from booking.services.merging import merge_clients, take_apart
from booking.views.staff.clients import client_or_404, client_url
from booking.views.staff.frame import user_of
from clinic.accounts.access import allowed
from clinic.clients.models import ClientMerge
from clinic.web import clock
from clinic.web.presses import see_other
from clinic.web.workspace import staff_page


@require_safe
@allowed("clients.add_clientmerge")
def merge_whom(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the other record of the same person: a likely one, or one that is looked for."""
    client = client_or_404(request, pk)
    if client.erased_at:
        raise Http404
    form = FindForm(request.GET)
    typed = form.cleaned_data["q"] if form.is_valid() else ""
    found = find_clients(typed, user=user_of(request), now=clock.now()) if typed else []
    context = {
        "client": client,
        "typed": typed,
        "likely": likely_duplicates(client),
        "found": [other for other in found if other != client],
    }
    return staff_page(request, "staff/client_merge_whom.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed("clients.add_clientmerge")
def merge(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Show both side by side, who is kept first; a POST makes them one."""
    kept, merged = client_or_404(request, pk), client_or_404(request, other)
    if request.method == "POST":
        try:
            done = merge_clients(kept=kept, merged=merged, user=user_of(request), now=clock.now())
        except NotNow as error:
            messages.warning(request, str(error.message))
            return see_other(request.path)
        undo = reverse("staff:unmerge", args=[done.pk])
        messages.success(request, _("The two are one record now."), extra_tags=undo)
        return see_other(client_url(kept))
    if kept == merged:
        return see_other(client_url(kept))
    context = {
        "kept": side(kept),
        "merged": side(merged),
        "fills": [
            getattr(merged, name)
            for name in FILLED
            if not getattr(kept, name) and getattr(merged, name)
        ],
        "refusal": why_not_merge(kept, merged),
    }
    return staff_page(request, "staff/client_merge.html", context)


@require_POST
@allowed("clients.change_clientmerge")
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take two records apart again."""
    done = get_object_or_404(ClientMerge.objects.select_related("kept", "merged"), pk=pk)
    try:
        take_apart(merge=done, user=user_of(request), now=clock.now())
    except NotNow as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, _("They are two records again."))
    return see_other(client_url(done.kept))
