"""What each kind of change does: which rows it locks, writes and takes back, and whom it hits."""

from booking.models import Resource, ScheduleChange
from booking.services.changes.kinds.away import AWAY, LEAVING
from booking.services.changes.kinds.closing import CLOSURE
from booking.services.changes.kinds.hours import EXTRA, HOURS, OPENING
from booking.services.changes.kinds.retiring import RETIRING
from booking.services.changes.kinds.way import Way

Kind = ScheduleChange.Kind

WAYS: dict[str, Way] = {
    Kind.TIME_OFF: AWAY,
    Kind.OUT_OF_SERVICE: AWAY,
    Kind.HOURS: HOURS,
    Kind.EXTRA: EXTRA,
    Kind.OPENING: OPENING,
    Kind.CLOSURE: CLOSURE,
    Kind.LEAVING: LEAVING,
    Kind.RETIRING: RETIRING,
}


def lock(change: ScheduleChange) -> None:
    """Lock the rows that bookings lock too, by pk; until it is committed nobody is promised."""
    rows = Resource.objects.filter(pk__in=set(WAYS[change.kind].locks(change)))
    list(rows.order_by("pk").select_for_update(no_key=True))
