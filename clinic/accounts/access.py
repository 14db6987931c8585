"""Who may open a page: those who are signed in and may do what it is for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache

View = Callable[..., HttpResponseBase]


def allowed(*permissions: str) -> Callable[[View], View]:
    """Open a page to whoever has one of `permissions`, and let no cache keep it.

    Who is not signed in does that first and comes back; who may not is told so, with a 403.
    """

    def decorate(view: View) -> View:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, /, **names: object) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(_page(request))
            if not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied
            return view(request, **names)

        return guarded

    return decorate


def _page(request: HttpRequest) -> str:
    """Where to come back to: this page, or the one on which the button was pressed."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    return urlsplit(request.headers.get("Referer", "")).path or "/"
