"""What we may send: the page that says it, and the press that ends one kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from clinic.clients import links, reach, selectors, services
from clinic.clients.forms import PREFERENCES_WORDING, PreferencesForm
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.web import clock
from clinic.web.presses import see_other

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
        with timezone.override(client.time_zone or timezone.get_default_timezone()):
            response = view(request, client, **names)
        response["X-Robots-Tag"] = "noindex"
        return response

    return answer


@by_link
def preferences(request: HttpRequest, client: Client) -> HttpResponse:
    """What we may send, each kind on its own, and since when it is so."""
    return preferences_page(request, client, template="clients/preferences.html")


def preferences_page(request: HttpRequest, client: Client, *, template: str) -> HttpResponse:
    """Show what `client` wants to hear in `template`, or keep what the form says. 4 queries."""
    form = PreferencesForm(request.POST if request.method == "POST" else None, client=client)
    if form.is_valid():
        services.save_preferences(
            client=client,
            wanted=form.wanted(),
            phone=form.cleaned_data.get("phone") or "",
            wording_version=PREFERENCES_WORDING,
            now=clock.now(),
        )
        messages.success(request, _("Saved. From now on we do it that way."))
        return see_other(request.path)
    answers = selectors.optional_answers(client)
    number = client.phone.as_e164 if client.phone else ""
    context = {
        "me": client,
        "form": form,
        "since": selectors.standing_since(answers),
        "history": [(answer, where_asked(answer)) for answer in answers],
        "is_stopped": settings.HAS_SMS and bool(number) and not reach.takes_texts(number),
    }
    return render(request, template, context, status=422 if form.errors else 200)


@csrf_exempt  # mail programs press it too; the signed address is what they bring
@by_link
def unsubscribe(request: HttpRequest, client: Client, kind: str) -> HttpResponse:
    """End one kind of message: by a press on the page, or by the button of a mail program."""
    if kind not in selectors.OPTIONAL:
        raise Http404
    ended = ConsentKind(kind)
    is_pressed = ONE_CLICK in request.POST.items()
    if is_pressed:
        services.change_preferences(
            client=client,
            wanted={ended: False},
            wording_version=PREFERENCES_WORDING,
            source="unsubscribe",
            now=clock.now(),
        )
    context = {
        "kind": ended,
        "is_on": not is_pressed and selectors.preferences(client)[ended],
        "preferences_url": links.preferences_url(client),
    }
    return render(request, "clients/unsubscribe.html", context)


def where_asked(answer: Consent) -> str:
    """Where an answer was given, in words."""
    return {
        "booking": _("when you booked"),
        "preferences": _("in your preferences"),
        "unsubscribe": _("by unsubscribing"),
        "text message": _("by text"),
    }.get(answer.source, answer.source)
