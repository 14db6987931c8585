"""How often somebody may try: counts that all processes share, in the cache.

Each try takes one of the limit's places for the length of its window, so that the limit holds over
any stretch of that length and not only between two full hours. Taking a place is one atomic `add`.
"""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

logger = logging.getLogger(__name__)
SILENCE = timedelta(seconds=5)
NEIGHBORS = 64  # bits: whoever has one IPv6 address has as many as they like within this prefix


@dataclass(frozen=True)
class Limit:
    """At most `places` tries within any `window`."""

    name: str
    places: int
    window: timedelta

    def keys(self, who: str) -> list[str]:
        """The places of `who`, as the cache names them."""
        return [f"limit:{self.name}:{who}:{place}" for place in range(self.places)]


def take(limit: Limit, who: str) -> bool:
    """Whether `who` may try once more; if so, this try counts.

    A cache that is down holds nobody up: everyone may, and the log says so once.
    """
    if is_cache_silent():
        return True
    try:
        keys = limit.keys(who)
        taken = cache.get_many(keys)
        seconds = limit.window.total_seconds()
        is_free = any(key not in taken and cache.add(key, 1, timeout=seconds) for key in keys)
    except Exception as error:  # each cache fails in its own way
        _complain(error)
        return True
    _work_again()
    return is_free


def is_spent(limit: Limit, who: str) -> bool:
    """Whether `who` has no tries left, without counting this as one."""
    if is_cache_silent():
        return False
    try:
        return len(cache.get_many(limit.keys(who))) >= limit.places
    except Exception as error:
        _complain(error)
        return False


def address_of(request: HttpRequest) -> str:
    """Return where `request` comes from: the rightmost address that is no proxy of ours.

    Each proxy appends the address it was asked by; what stands further left anybody may have
    written. Behind TRUSTED_PROXIES proxies, that many hops are ours.
    """
    told = request.headers.get("X-Forwarded-For", "").split(",")
    hops = [hop.strip() for hop in told if hop.strip()] + [request.META.get("REMOTE_ADDR", "")]
    hop = hops[max(0, len(hops) - 1 - settings.TRUSTED_PROXIES)]
    try:
        address = ipaddress.ip_address(hop)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, NEIGHBORS), strict=False))
    return str(address)


def is_cache_silent() -> bool:
    """Whether the cache did not answer a moment ago; nobody waits for it again so soon."""
    return monotonic() < _silent_until


_is_down = False
_silent_until = 0.0


def _complain(error: Exception) -> None:
    global _is_down, _silent_until
    if not _is_down:
        logger.error("The cache does not answer, nobody is limited until it does: %s", error)
    _is_down, _silent_until = True, monotonic() + SILENCE.total_seconds()


def _work_again() -> None:
    global _is_down
    _is_down = False
