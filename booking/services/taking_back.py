"""Taking back what was noted about a visit on its day, last thing first."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from booking.errors import NotNow, SlotTaken
from booking.message_plan import Trigger, follow
from booking.models import (
    ACTIVE,
    UPCOMING,
    Allocation,
    Booking,
    BookingEvent,
    Happened,
    Resource,
    Status,
)
from booking.scheduling.slots import choose_resources
from booking.selectors import free_slots
from booking.selectors.arrivals import how_it_stands
from booking.selectors.fees import day_of
from booking.services.holds import end_holds_in_the_way
from booking.services.ledger import (
    Actor,
    allocate,
    change_status,
    lock_booking,
    lock_client,
    lock_for,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.wishes import Wish
from treatments.models import DeviceKind

# After these all before can be undone as ever.
NOTES = {Happened.UNPREPARED, Happened.SENT_AGAIN, Happened.FEE_WAIVED}
UNDOABLE = {
    Happened.CHECKED_IN,
    Happened.STARTED,
    Happened.COMPLETED,
    Happened.NO_SHOW,
    Happened.DECLINED,
    Happened.TOO_LATE,
}
MINUTE = 60  # seconds


@refused_by_database
@transaction.atomic
def take_back(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Undo the last thing noted about the visit, on the same local day.

    A time that was given back is taken again only if it is still free. Raises NotNow or SlotTaken.
    """
    locked = _lock_for_taking_back(booking)
    last = _step_to_take_back(booking, now=now)
    if booking.status not in ACTIVE:
        end_holds_in_the_way(locked, now=now)
        _allocate_again(booking, actor=actor, now=now)
    if shortened := last.data.get("shortened"):
        _lengthen_again(booking, timedelta(minutes=shortened), actor=actor)
    change_status(
        booking,
        Happened.TAKEN_BACK,
        allowed=[last.data["to"]],
        to=last.data["from"],
        actor=actor,
        now=now,
        fee_owed=Decimal(0),
        schedule_version=F("schedule_version") + 1,  # so that what was withdrawn is planned anew
        data={"undone": last.pk},
    )
    is_ahead = booking.status in UPCOMING and booking.starts_at > now
    follow(booking, Trigger.UNDONE if is_ahead else Trigger.TAKEN_BACK, now=now)


def _lock_for_taking_back(booking: Booking) -> list[int]:
    """Lock what the visit may take again, then the visit. Return the resources that could do."""
    locked: list[int] = []
    if booking.status not in ACTIVE:
        locked = lock_for(Wish.of(booking), client=booking.client)
    elif booking.status == Status.CHECKED_IN:
        _lock_kept(booking)  # the visit may have been shortened, and get its minutes back
    lock_booking(booking)
    return locked


def _step_to_take_back(booking: Booking, *, now: datetime) -> BookingEvent:
    """Return what was noted last, on this local day. Raises NotNow."""
    last = _last_step(booking)
    if last is not None and last.what == Happened.FEE_PAID:
        raise NotNow(_("The fee for this visit was paid. Take that back first."))
    if last is None or day_of(now, booking.location) != day_of(last.at, booking.location):
        raise NotNow(
            _("There is nothing to take back. %(stands)s") % {"stands": how_it_stands(booking)}
        )
    return last


def _last_step(booking: Booking) -> BookingEvent | None:
    """The latest step that stands and can be undone, or the fee that was paid for it.

    None if the latest one cannot be undone.
    """
    undone: set[int] = set()
    for event in booking.events.order_by("-pk"):
        if event.what == Happened.TAKEN_BACK:
            undone.add(event.data["undone"])
        elif event.what == Happened.FEE_OWED_AGAIN:
            undone.add(event.data["undoes"])
        elif event.pk not in undone and event.what not in NOTES:
            return event if event.what in {*UNDOABLE, Happened.FEE_PAID} else None
    return None


def _lock_kept(booking: Booking) -> None:
    """Lock the client of `booking`, then what it keeps, in pk order."""
    if booking.client is not None:
        lock_client(booking.client)
    kept = Resource.objects.filter(allocations__booking=booking).values_list("pk", flat=True)
    list(Resource.objects.filter(pk__in=list(kept)).order_by("pk").select_for_update(no_key=True))


def _lengthen_again(booking: Booking, shortened: timedelta, *, actor: Actor) -> None:
    """Give a shortened visit its first minutes back. Raises NotNow if something is in them."""
    starts_at = booking.starts_at - shortened
    kept = Allocation.objects.filter(booking=booking)
    others = Allocation.objects.filter(
        resource__in=kept.values("resource"), ends_at__gt=starts_at, starts_at__lt=booking.starts_at
    )
    if others.exclude(booking=booking).exists():
        raise NotNow(_("Another visit is in the minutes that this one gave up."))
    refuse_overlapping_visits(
        booking.client,
        starts_at=starts_at,
        ends_at=booking.ends_at,
        besides=booking,
        actor=actor,
    )
    kept.update(starts_at=starts_at)
    minutes = int(shortened.total_seconds()) // MINUTE
    Booking.objects.filter(pk=booking.pk).update(
        starts_at=starts_at, adjusted_minutes=F("adjusted_minutes") + minutes
    )


def _allocate_again(booking: Booking, *, actor: Actor, now: datetime) -> None:
    refuse_overlapping_visits(
        booking.client,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        besides=booking,
        actor=actor,
    )
    day = day_of(booking.starts_at, booking.location)
    slots = free_slots(
        wish=Wish.of(booking),
        first_on=day,
        last_on=day,
        now=now,
        asked_at=booking.starts_at,
        is_staff=True,
        is_at_any_hour=True,  # as it was promised
    )
    kept = choose_resources(
        slots.diary,
        slots.demand,
        provider=booking.provider_id,
        start=int(booking.starts_at.timestamp()),
        zone=slots.zone,
        step=MINUTE,  # who came late began at any minute
        spend_first=[DeviceKind.HANDHELD],
    )
    if kept is None:
        raise SlotTaken
    allocate(booking, kept)
