"""Presses of a button: what only a POST may do, and where anything else is led."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch, reverse
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponseBase]


def press(*, else_to: str) -> Callable[[View], View]:
    """Let a POST through; lead a GET to the page `else_to` of the same urls, which has the button.

    The address of a press stays in the browser when its answer is a page, and people go there
    again by hand. Nothing is changed by it.
    """

    def decorate(view: View) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def answer(request: HttpRequest, /, **names: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, **names)
            here = cast(ResolverMatch, request.resolver_match).namespace
            page, query = reverse(f"{here}:{else_to}", kwargs=names), request.META["QUERY_STRING"]
            return see_other(f"{page}?{query}".rstrip("?"))

        return answer

    return decorate


def see_other(url: str) -> HttpResponse:
    """Return the redirect that follows a POST."""
    return HttpResponse(status=303, headers={"Location": url})
