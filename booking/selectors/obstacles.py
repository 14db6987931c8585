"""What is in the way of a visit at a time, for those who work here."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from booking.models import OutsideBusy, Provider, TimeOff
from booking.scheduling.spans import Span
from booking.selectors.slots import FreeSlots


def in_the_way(free: FreeSlots, provider: Provider, start: int) -> str:
    """Say what keeps `provider` from giving what `free` is of at the second `start`, at any hour.

    Who gives it comes before where and with what. Up to 2 queries.
    """
    name = {"name": provider.first_name}
    if provider.pk not in free.providers:
        return _("%(name)s does not give this any more.") % name
    span = (start, start + free.demand.provider_seconds)
    first, last = (datetime.fromtimestamp(second, UTC) for second in span)
    theirs = {"resource": provider, "starts_at__lt": last, "ends_at__gt": first}
    if TimeOff.objects.filter(**theirs).exists():
        return _("%(name)s has time off then.") % name
    if OutsideBusy.objects.filter(**theirs).exists():
        return _("%(name)s is busy elsewhere then, by their own calendar.") % name
    if _is_busy(free, provider.pk, span):
        return _("Somebody else has that time with %(name)s by now.") % name
    span = (start, start + free.demand.room_seconds)
    if all(_is_busy(free, room, span) for room in free.diary.rooms):
        return _("No room is free then any more.")
    return _("The device it needs is not free then any more.")


def _is_busy(free: FreeSlots, resource: int, span: Span) -> bool:
    return any(start < span[1] and span[0] < end for start, end in free.busy.spans[resource])
