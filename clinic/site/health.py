"""Whether this process lives, and whether it can serve."""

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process runs; a failure here is a reason to restart it."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether the database and the cache answer; 503 names the one that does not."""
    states = {"database": works(ask_database), "cache": works(ask_cache)}
    return JsonResponse(
        {name: "ok" if is_well else "does not answer" for name, is_well in states.items()},
        status=200 if all(states.values()) else 503,
    )


def works(ask: Callable[[], None]) -> bool:
    """Whether `ask` gets its answer."""
    try:
        ask()
    except Exception:  # each database and cache fails in its own way; all mean the same here
        logger.exception("Not ready: %s failed", ask.__name__)
        return False
    return True


def ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def ask_cache() -> None:
    cache.set("readyz", "ok", timeout=60)
    if cache.get("readyz") != "ok":
        raise LookupError("the cache forgot what it was told")
