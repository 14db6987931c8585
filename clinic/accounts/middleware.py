"""Staff go nowhere before the second step, and nobody guesses codes while nobody counts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import sync_only_middleware
from django.utils.http import urlencode
from redis.exceptions import RedisError

from clinic.accounts import steps

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
