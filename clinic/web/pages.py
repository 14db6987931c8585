"""One page, one address: whole for a full load, a fragment for an htmx swap."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def render_page(
    request: HttpRequest,
    page: str,
    fragment: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Render `fragment` for an htmx swap and `page` for everything else, boosted links included."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    is_swap = bool(htmx) and not htmx.boosted and not htmx.history_restore_request
    response = render(request, fragment if is_swap else page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
