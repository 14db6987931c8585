"""Where people may go: staff after the second step, a client with our device nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import sync_only_middleware
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect
from redis.exceptions import RedisError

from clinic.accounts import handing, steps
from clinic.web.presses import see_other

logger = logging.getLogger(__name__)

SETTING_UP = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_set_password",
    "account_reauthenticate",
}
SHOWING = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn"}
ALWAYS = {"account_logout", "healthz", "readyz"}


@sync_only_middleware
class HandedOver:
    """Open one page alone on a device that a client has in hand, until staff sign in.

    Any other address leads to the request to give it back, also one that does not exist, a press
    in another tab of the browser, and what a page asks for by itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if handing.is_handed_over(request):
            if request.user.is_authenticated and request.user.works_here:
                handing.take_back(request)
            elif not handing.may_open(request):
                ask = reverse("account_give_back")
                is_swap = request.htmx  # type: ignore[attr-defined]
                return HttpResponseClientRedirect(ask) if is_swap else see_other(ask)
        return self.get_response(request)


@sync_only_middleware
class SecondStepFirst:
    """Lead staff to setting up their second step, and to showing it in each session, first.

    It stands before every page, Django's admin included, whichever way somebody signed in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else None
        user = request.user
        if name in ALWAYS or not user.is_authenticated or steps.is_done(request):
            return None
        if not user.works_here:
            return None
        if not steps.is_set_up(user):
            return None if name in SETTING_UP else HttpResponseRedirect(reverse("mfa_index"))
        if name in SHOWING:
            return None
        back = urlencode({"next": request.get_full_path() if request.method == "GET" else "/"})
        return HttpResponseRedirect(f"{reverse('mfa_reauthenticate')}?{back}")


@sync_only_middleware
class NotUncounted:
    """Where a try to sign in cannot be counted, as the cache is down, ask for patience.

    Our own limits let everyone go on then; what django-allauth counts are codes that are short
    enough to be guessed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, RedisError):
            return None
        logger.error("The cache does not answer, a sign-in has to wait: %s", exception)
        return render(request, "account/not_counted.html", status=503)
