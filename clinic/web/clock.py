"""What time it is. The only reader of the clock; everything below a view or task is told."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """Return the present instant, aware UTC; in tests and the demo shifted by CLOCK_OFFSET."""
    if settings.DEBUG or settings.TESTING:
        return timezone.now() + settings.CLOCK_OFFSET
    return timezone.now()


_home: Callable[[], tzinfo] = timezone.get_default_timezone


def go_by(home: Callable[[], tzinfo]) -> None:
    """Let `home` say on whose clock pages that belong to no place tell the time."""
    global _home
    _home = home


def home_zone() -> tzinfo:
    """Return on whose clock pages that belong to no place tell the time. One query."""
    return _home()


@cache
def zone_names() -> frozenset[str]:
    """Return every IANA time zone there is; looked up once, as it reads a folder of files."""
    return frozenset(available_timezones())


@cache
def places() -> tuple[str, ...]:
    """Return the zones of places people live in, in order: none of their former names."""
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text()
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return tuple(sorted(row[2] for row in rows))
