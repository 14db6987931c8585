"""Making a visit longer or shorter: it keeps its start, its price and what is kept for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from booking.errors import NotNow, NotOffered, ReasonMissing, SlotTaken
from booking.message_plan import Trigger, follow
from booking.models import UPCOMING, Booking, Happened, Status
from booking.scheduling.slots import Kept
from booking.selectors.diary import busy_spans
from booking.selectors.outside import Outside, outside_until
from booking.services.holds import end_holds_in_the_way
from booking.services.ledger import (
    Actor,
    allocate,
    free,
    lock_booking,
    lock_for,
    record,
    refuse_overlapping_visits,
    refused_by_database,
)
from booking.services.moving import times
from booking.services.standing import Standing, differences
from booking.wishes import Wish
from clinic.places.policies import policy_for

RESIZABLE = UPCOMING | {Status.CHECKED_IN, Status.IN_PROGRESS}
STEP_MINUTES = 5
LEAST_MINUTES = 10
MINUTE = 60  # seconds
RUNS_INTO = gettext_lazy("That runs into the next visit, or into time that is blocked.")


@refused_by_database
@transaction.atomic
def resize(
    *,
    booking: Booking,
    minutes: int,
    version: int | None = None,
    tell: bool = True,
    actor: Actor,
    reason: str = "",
    now: datetime,
) -> None:
    """Let a visit, ahead or begun, take `minutes` of its client's time, in steps of five.

    Turnovers follow its new end. `version` is the schedule version its length was chosen by.
    Asking for the length it has changes nothing. Raises NotOffered with the bounds, NotNow when
    it changed since it was read, SlotTaken when it would run into something else, ReasonMissing
    when it grows past what hours hold and `reason` does not say why.
    """
    seen = booking.schedule_version if version is None else version
    locked = lock_for(Wish.of(booking), client=booking.client, also=[booking.provider_id])
    lock_booking(booking)
    if minutes == booking.minutes:
        return
    if booking.schedule_version != seen:
        raise NotNow
    if booking.status not in RESIZABLE:
        raise NotNow(_("This visit is over. Its length stays as it was."))
    _check(booking, minutes, now=now)
    broken = outgrown(booking, minutes)
    if broken and not reason.strip():
        raise ReasonMissing
    end_holds_in_the_way(locked, now=now)
    before = Standing.of(booking)
    stretch(booking, minutes - booking.minutes, actor=actor, now=now)
    after = Standing.of(booking)
    record(
        booking,
        Happened.RESIZED,
        actor=actor,
        now=now,
        reason=reason,
        **times(before, after),
        version=booking.schedule_version,
        **differences(before, after),
        before=before.as_data(),
        **({} if tell else {"is_quiet": True}),
        **({"broken": [str(rule) for rule in broken]} if broken else {}),
    )
    follow(booking, Trigger.MOVED, now=now, quiet=not tell)


def stretch(booking: Booking, minutes: int, *, actor: Actor, now: datetime) -> None:
    """Let `booking`, which is locked with all it keeps, end so many `minutes` later; or sooner.

    Raises SlotTaken where something else has that time, or its client another visit.
    """
    kept = _kept(booking)
    longer = timedelta(minutes=minutes)
    if minutes > 0:
        if runs_into_something(booking, minutes, now=now):
            raise SlotTaken(str(RUNS_INTO))
        refuse_overlapping_visits(
            booking.client,
            starts_at=booking.starts_at,
            ends_at=booking.ends_at + longer,
            besides=booking,
            actor=actor,
        )
    booking.ends_at += longer
    booking.adjusted_minutes += minutes
    booking.schedule_version += 1
    booking.save(update_fields=["ends_at", "adjusted_minutes", "schedule_version"])
    free(booking)
    allocate(booking, [each._replace(end=each.end + int(longer.total_seconds())) for each in kept])


def runs_into_something(booking: Booking, minutes: int, *, now: datetime) -> bool:
    """Whether who or what is kept for `booking` is busy in the `minutes` after it. 2 queries.

    None where it grows by none. What it stands in already, by exception, is no news.
    """
    kept, added = _kept(booking) if minutes > 0 else [], minutes * MINUTE
    if not kept:
        return False
    busy = busy_spans(
        resources=[each.resource for each in kept],
        window=(min(each.end for each in kept), max(each.end for each in kept) + added),
        zone=booking.location.zone,
        now=now,
        ignoring=booking,
    )
    return any(
        start < each.end + added and each.end < end
        for each in kept
        for start, end in busy.spans[each.resource]
    )


def outgrown(booking: Booking, minutes: int) -> list[Outside]:
    """Return why hours do not hold `booking` once it takes longer. 4 queries, or none.

    Shorter than it is, it is no less within them than it was.
    """
    if minutes <= booking.minutes:
        return []
    return outside_until(booking, booking.starts_at + timedelta(minutes=minutes))


def longest(booking: Booking, *, now: datetime) -> int:
    """Return how many minutes the visit may take: the policy's most, and the first-visit talk."""
    most = policy_for(booking.location, now=now).visit_minutes_at_most + booking.extra_minutes
    return max(most, booking.minutes)


def _check(booking: Booking, minutes: int, *, now: datetime) -> None:
    most = longest(booking, now=now)
    if not LEAST_MINUTES <= minutes <= most:
        raise NotOffered(
            _("A visit takes between %(least)s and %(most)s minutes.")
            % {"least": LEAST_MINUTES, "most": most}
        )
    if (minutes - booking.minutes) % STEP_MINUTES:
        raise NotOffered(_("Visits grow and shrink in steps of five minutes."))


def _kept(booking: Booking) -> list[Kept]:
    return [
        Kept(each.resource_id, int(each.starts_at.timestamp()), int(each.ends_at.timestamp()))
        for each in booking.allocations.all()
    ]
