"""What we may send: the page that says it, and the press that ends one kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from clinic.clients import links, selectors, services
from clinic.clients.forms import PREFERENCES_WORDING, PreferencesForm
from clinic.clients.models import Client, ConsentKind
from clinic.web import clock

ONE_CLICK = ("List-Unsubscribe", "One-Click")  # what a mail program sends (RFC 8058)


def by_link(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Tell `view` whose link it is; a 404 tells nothing. Nobody keeps these pages."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, /, token: str, **names: Any) -> HttpResponse:
        client = links.client_for(token)
        if client is None:
            raise Http404
        response = view(request, client, **names)
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex"
        return response

    return answer


@by_link
def preferences(request: HttpRequest, client: Client) -> HttpResponse:
    """What we may send, each kind on its own."""
    form = PreferencesForm(request.POST if request.method == "POST" else None, client=client)
    if form.is_valid():
        services.save_preferences(
            client=client,
            wanted=form.wanted(),
            phone=form.cleaned_data["phone"],
            wording_version=PREFERENCES_WORDING,
            now=clock.now(),
        )
        messages.success(request, _("Saved. That is how we will do it."))
        return HttpResponse(status=303, headers={"Location": request.path})
    context = {"client": client, "form": form, "history": selectors.answers(client)}
    return render(request, "clients/preferences.html", context, status=422 if form.errors else 200)


@csrf_exempt  # mail programs press it too; the signed address is what they bring
@by_link
def unsubscribe(request: HttpRequest, client: Client, kind: str) -> HttpResponse:
    """End one kind of message: by a press on the page, or by the button of a mail program."""
    if kind not in selectors.OPTIONAL:
        raise Http404
    ended = ConsentKind(kind)
    if ONE_CLICK in request.POST.items():
        services.change_preferences(
            client=client,
            wanted={ended: False},
            wording_version=PREFERENCES_WORDING,
            source="unsubscribe",
            now=clock.now(),
        )
    context = {
        "kind": ended,
        "is_on": selectors.preferences(client)[ended],
        "preferences_url": links.preferences_url(client),
    }
    return render(request, "clients/unsubscribe.html", context)
