"""What somebody agreed to, everything we know of them, and being forgotten."""

from __future__ import annotations

import json
from typing import cast

from allauth.account.internal.flows.logout import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from booking import links
from booking.errors import BookingError
from booking.forms.account import EraseForm, words_asked
from booking.selectors.account import answers_of, visits_ahead, zone_of
from booking.services import privacy as rights
from booking.views.account.frame import for_person, freshly
from booking.views.account.readable import readable
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.clients.views import where_asked
from clinic.web import clock
from clinic.web.presses import press, see_other


@require_safe
@for_person
def privacy(request: HttpRequest, me: Client) -> HttpResponse:
    """What was agreed to, when, where and in which words; and the way to the rest."""
    answers = {
        kind: [(answer, where_asked(answer), words_asked(answer)) for answer in given]
        for kind, given in answers_of(me).items()
    }
    with timezone.override(zone_of(me)):
        return render(request, "booking/account/privacy.html", {"me": me, "answers": answers})


@require_safe
@for_person
@freshly
def everything(request: HttpRequest, me: Client) -> HttpResponse:
    """Everything we know, to be read."""
    found = rights.everything_about(me, now=clock.now())
    with timezone.override(zone_of(me)):
        context = {"me": me, "known": readable(found)}
        return render(request, "booking/account/everything.html", context)


@require_safe
@for_person
@freshly
def everything_file(request: HttpRequest, me: Client) -> HttpResponse:
    """Everything we know, as a file that other programs read."""
    found = rights.everything_about(me, now=clock.now())
    return HttpResponse(
        json.dumps(found, ensure_ascii=False, indent=2),
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="about-me.json"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_person
@freshly
def erase(request: HttpRequest, me: Client) -> HttpResponse:
    """What goes, what stays and for how long; and the button, where nothing speaks against it."""
    now, refusal = clock.now(), None
    form = EraseForm(request.POST if request.method == "POST" else None, client=me)
    if form.is_valid():
        try:
            rights.erase_client(client=me, now=now)
        except BookingError as error:
            refusal = error
        else:
            logout(request, show_message=False)
            return see_other(reverse("account:goodbye"))
    context = {
        "me": me,
        "form": form,
        "is_on_hold": me.legal_hold,
        "ahead": [
            (booking, links.page_path(booking, "manage")) for booking in visits_ahead(me, now=now)
        ],
    }
    status = 409 if refusal else 422 if form.errors else 200
    return render(request, "booking/account/erase.html", context, status=status)


@press(else_to="home")
@login_required
def close(request: HttpRequest) -> HttpResponse:
    """Close an account under whose address nobody ever booked."""
    if not rights.close_account(user=cast(User, request.user)):
        raise Http404
    logout(request, show_message=False)
    return see_other(reverse("account:goodbye"))
