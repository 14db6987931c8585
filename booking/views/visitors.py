"""Who is at the other end, and who may not go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from booking.visitors import Visitor
from clinic.clients.models import Client
from clinic.web import limits, visitors
from clinic.web.pages import render_page

P = ParamSpec("P")
CLIENT = "client"  # the session's key for the client who came by a manage link or was chosen
NOBODY = 0
HOLDS = limits.Limit("holds", places=10, window=timedelta(minutes=10))


def for_visitor(
    view: Callable[Concatenate[HttpRequest, Visitor, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Tell `view` who is there. A first look hands out the cookie, a POST has to bring it.

    These pages are personal: nothing between us and the browser keeps them, nor does the browser.
    """

    @never_cache
    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        known = visitors.known_id(request)
        if known is None and request.method == "POST":
            return no_cookie(request) if visitors.may_come(request) else too_many(request)
        visitor = Visitor(id=known or visitors.new_id(), client=_client(request))
        response = view(request, visitor, *args, **kwargs)
        if known is None:
            visitors.remember(request, response, visitor.id)
        response["X-Robots-Tag"] = "noindex"
        return response

    return answer


def may_hold(visitor: Visitor) -> bool:
    """Whether `visitor` may try to have a time kept once more."""
    return limits.take(HOLDS, visitor.id)


def no_cookie(request: HttpRequest) -> HttpResponse:
    """Answer a browser that did not bring the cookie back."""
    return render_page(request, "booking/no_cookie.html", "booking/_no_cookie.html", status=403)


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer somebody who tried more often than a person does."""
    return render_page(request, "429.html", "booking/_too_many.html", status=429)


def forget_client(request: HttpRequest) -> None:
    """Know the client no more; in an account neither, until one of its people is chosen."""
    if request.user.is_authenticated:
        request.session[CLIENT] = NOBODY
    else:
        request.session.pop(CLIENT, None)


def begin_anew(request: HttpRequest, **_signal: Any) -> None:
    """Forget, as somebody signs in, whom an earlier link said it was."""
    request.session.pop(CLIENT, None)


def _client(request: HttpRequest) -> Client | None:
    """Who it is: chosen or come by a link, else the one person of the account one is signed in to.

    In an account of several people, none of them until one is chosen.
    """
    if CLIENT in request.session:
        known = Client.objects.select_related("merged_into").filter(erased_at=None)
        found = known.filter(pk=request.session[CLIENT]).first()
        return found.kept if found else None
    if request.user.is_authenticated:
        mine = Client.objects.filter(user=request.user)[:2]
        return mine[0] if len(mine) == 1 else None
    return None
