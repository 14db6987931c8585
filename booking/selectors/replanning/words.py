"""Why a time is offered for a visit, in words."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.models import Booking, Provider
from clinic.places.models import Location

MINUTE = 60


def why(visit: Booking, starts_at: datetime, provider: Provider) -> str:
    """Say what is good about that time for `visit`, given by `provider`."""
    day, was = day_at(starts_at, visit.location), day_at(visit.starts_at, visit.location)
    if starts_at == visit.starts_at:
        if provider.pk == visit.provider_id:
            return _("Another room or device is free")
        return _("%(name)s is trained and free") % {"name": provider.first_name}
    if day == was:
        return _how_far(int((starts_at - visit.starts_at).total_seconds()) // MINUTE)
    days = (day - was).days
    if days > 0:
        words = ngettext("%(count)d day later", "%(count)d days later", days)
    else:
        words = ngettext("%(count)d day earlier", "%(count)d days earlier", -days)
    return words % {"count": abs(days)}


def _how_far(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    length = " ".join(
        part
        for part in (
            hours and ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours},
            rest and ngettext("%(n)d minute", "%(n)d minutes", rest) % {"n": rest},
        )
        if part
    )
    words = _("%(length)s later") if minutes > 0 else _("%(length)s earlier")
    return words % {"length": length}


def day_at(moment: datetime, location: Location) -> date:
    """Return the day of `moment` at `location`."""
    return moment.astimezone(location.zone).date()
