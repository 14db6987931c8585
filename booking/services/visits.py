"""The day of the visit: arrive, treat, done; or not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.message_plan import Trigger, follow
from booking.models import Allocation, Booking, Happened, Status
from booking.selectors.arrivals import (
    Lateness,
    has_come_unprepared,
    how_it_stands,
    minutes_late,
    when_it_begins,
)
from booking.selectors.fees import day_of
from booking.services.ledger import Actor, change_status, lock_booking, record
from booking.terms import fee, late_fee
from clinic.places.policies import policy_for


class Unprepared(StrEnum):
    """What is done where a "must" of the preparation was missed, short of declining.

    Which one it was is not stored: that may be a word about health.
    """

    CLEANSE = "cleanse"
    LOWER = "lower"
    CHANGE = "change"


@transaction.atomic
def check_in(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Note that the client has arrived, and the visit keeps its length; on the day of the visit.

    Raises NotNow with who did what and when, as all of these do.
    """
    _lock_at(booking, [Status.CONFIRMED])
    _must_be_the_day(booking, now)
    _arrive(booking, actor=actor, now=now)


@transaction.atomic
def check_in_late(
    *, booking: Booking, actor: Actor, is_waived: bool = False, now: datetime
) -> None:
    """Note that the client arrived late: the visit ends as booked, at the full price.

    Up to the minutes of the policy it keeps its length, then it is shortened to what is left.
    Later than that it is a late change (`turn_away`), unless that `is_waived`. Raises NotNow.
    """
    _lock_at(booking, [Status.CONFIRMED])
    late = minutes_late(booking, now=now)
    match Lateness.of(booking, policy=policy_for(booking.location, now=now), now=now):
        case Lateness.NONE:
            raise NotNow(_("It is not %(time)s yet. Check the client in.") % _begins(booking))
        case Lateness.KEPT:
            _must_be_the_day(booking, now)
            _arrive(booking, actor=actor, now=now, late=late)
            return
        case Lateness.TOO_LATE if not is_waived:
            raise NotNow(
                _("The client is %(minutes)d minutes late. Choose: treat anyway, or too late.")
                % {"minutes": late}
            )
        case Lateness.OVER:
            raise NotNow(_("Nothing is left of this visit’s time."))
    until = F("starts_at") + timedelta(minutes=late)
    Allocation.objects.filter(booking=booking).update(starts_at=until)
    Booking.objects.filter(pk=booking.pk).update(
        starts_at=until, adjusted_minutes=F("adjusted_minutes") - late
    )
    _arrive(booking, actor=actor, now=now, late=late, shortened=late)


@transaction.atomic
def turn_away(*, booking: Booking, actor: Actor, is_waived: bool = False, now: datetime) -> None:
    """End a visit whose client is too late to be treated: a late change, with the fee promised.

    The fee may be waived; the time is free. Raises NotNow.
    """
    _lock_at(booking, [Status.CONFIRMED])
    policy = policy_for(booking.location, now=now)
    if Lateness.of(booking, policy=policy, now=now) < Lateness.TOO_LATE:
        raise NotNow(
            _("The client is not %(minutes)d minutes late yet. Check them in.")
            % {"minutes": policy.late_shorten_minutes}
        )
    change_status(
        booking,
        Happened.TOO_LATE,
        allowed=[Status.CONFIRMED],
        to=Status.CANCELLED_LATE,
        actor=actor,
        now=now,
        data={"late": minutes_late(booking, now=now), "waived": is_waived},
        fee_owed=Decimal(0) if is_waived else late_fee(booking),
        schedule_version=F("schedule_version") + 1,
    )
    follow(booking, Trigger.CANCELLED, now=now)


@transaction.atomic
def start(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Note that the treatment begins."""
    _lock_at(booking, [Status.CHECKED_IN])
    change_status(
        booking,
        Happened.STARTED,
        allowed=[Status.CHECKED_IN],
        to=Status.IN_PROGRESS,
        actor=actor,
        now=now,
    )


@transaction.atomic
def complete(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Note that the treatment is done; never before it could have begun."""
    _lock_at(booking, [Status.CHECKED_IN, Status.IN_PROGRESS])
    if booking.status != Status.IN_PROGRESS:
        _must_have_begun(booking, now)
    change_status(
        booking,
        Happened.COMPLETED,
        allowed=[Status.CHECKED_IN, Status.IN_PROGRESS],
        to=Status.COMPLETED,
        actor=actor,
        now=now,
    )
    follow(booking, Trigger.COMPLETED, now=now)


@transaction.atomic
def mark_no_show(*, booking: Booking, actor: Actor, now: datetime) -> None:
    """Note that the client did not come, and what is owed by the policy as promised."""
    _lock_at(booking, [Status.CONFIRMED])
    _must_have_begun(booking, now)
    change_status(
        booking,
        Happened.NO_SHOW,
        allowed=[Status.CONFIRMED],
        to=Status.NO_SHOW,
        actor=actor,
        now=now,
        fee_owed=fee(booking, percent=booking.promise["no_show_percent"]),
    )
    follow(booking, Trigger.NO_SHOW, now=now)


@transaction.atomic
def go_on_unprepared(*, booking: Booking, choice: Unprepared, actor: Actor, now: datetime) -> None:
    """Note what is done although a "must" of the preparation was missed; nothing else changes."""
    _lock_at(booking, [Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS])
    _must_be_the_day(booking, now)
    record(booking, Happened.UNPREPARED, actor=actor, now=now, choice=choice.value)


@transaction.atomic
def decline(
    *,
    booking: Booking,
    actor: Actor,
    is_unprepared: bool = False,
    reason: str = "",
    now: datetime,
) -> None:
    """Note that we did not treat, and the time is free again.

    For safety that never costs anything; who came unprepared (`is_unprepared`) owes nothing the
    first time, then the fee of a late change.
    """
    _lock_at(booking, [Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS])
    is_charged = is_unprepared and has_come_unprepared(booking.client, before=booking)
    change_status(
        booking,
        Happened.DECLINED,
        allowed=[Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS],
        to=Status.DECLINED_AT_VISIT,
        actor=actor,
        now=now,
        reason=reason,
        data={"unprepared": True} if is_unprepared else {},
        fee_owed=late_fee(booking) if is_charged else Decimal(0),
        schedule_version=F("schedule_version") + 1,
    )
    follow(booking, Trigger.DECLINED, now=now)


def _lock_at(booking: Booking, statuses: Collection[str]) -> None:
    """Lock `booking`. Raises NotNow with who did what and when, if it stands at none of them."""
    try:
        lock_booking(booking)
    except NotNow:
        raise NotNow(how_it_stands(booking)) from None
    if booking.status == Status.PENDING_FORM:
        raise NotNow(
            _("Details are missing. The client completes them first: see the page of the visit.")
        )
    if booking.status not in statuses:
        raise NotNow(how_it_stands(booking))


def _must_be_the_day(booking: Booking, now: datetime) -> None:
    if day_of(now, booking.location) != day_of(booking.starts_at, booking.location):
        raise NotNow(
            _("This visit is on %(time)s. A client is checked in on the day of the visit.")
            % _begins(booking)
        )


def _must_have_begun(booking: Booking, now: datetime) -> None:
    if now < booking.starts_at:
        raise NotNow(_("This visit has not begun yet: it is on %(time)s.") % _begins(booking))


def _begins(booking: Booking) -> dict[str, str]:
    return {"time": when_it_begins(booking)}


def _arrive(booking: Booking, *, actor: Actor, now: datetime, **data: int) -> None:
    """Note the arrival; `data` says how many minutes late, and by how many it was shortened."""
    change_status(
        booking,
        Happened.CHECKED_IN,
        allowed=[Status.CONFIRMED],
        to=Status.CHECKED_IN,
        actor=actor,
        now=now,
        data=data,
    )
    follow(booking, Trigger.CHECKED_IN, now=now)
