"""Cancelling a promised visit, and what it costs."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from booking.errors import NotNow, TermsChanged
from booking.message_plan import Trigger, follow
from booking.models import UPCOMING, Booking, BookingEvent, Happened, Status
from booking.selectors.changes import quiet_step, why_settled
from booking.services.fees import note_waived
from booking.services.ledger import Actor, change_status, lock_booking
from booking.terms import late_fee


@transaction.atomic
def cancel(
    *,
    booking: Booking,
    actor: Actor,
    for_client: bool = False,
    is_health_reason: bool = False,
    fee_shown: Decimal | None = None,
    waives_fee: bool = False,
    reason: str = "",
    undoes: BookingEvent | None = None,
    version: int | None = None,
    now: datetime,
) -> None:
    """Cancel a promised visit; its time is free for others on the next look.

    A client owes nothing until the hour the policy names, nor in the minutes in which a booking
    can be taken back, nor before the details were completed, nor ever for a health reason, of which
    nothing more is stored, not even `reason`; after that the promised share. Staff who cancel
    `for_client`, who asked them to, cancel as the client would, and may waive the fee for a
    `reason`. Nobody owes anything when the clinic cancels. `undoes` is the booking itself, where
    that is what is taken back, `version` the schedule version at which somebody decided to cancel.
    Raises NotNow, or TermsChanged where `fee_shown` is not what it costs.
    """
    lock_booking(booking, version=version)
    if settled := why_settled(booking, now=now):
        raise NotNow(settled)
    status, owed = Status.CANCELLED_CLINIC, Decimal(0)
    if for_client or actor.by == BookingEvent.By.CLIENT:
        status = Status.CANCELLED_CLIENT
        if is_late(booking, now=now) and not is_health_reason:
            status, owed = Status.CANCELLED_LATE, late_fee(booking)
        if fee_shown is not None and owed != fee_shown:
            raise TermsChanged
        if waives_fee and owed:
            note_waived(booking, owed, actor=actor, reason=reason, now=now)
            owed = Decimal(0)
    data: dict[str, Any] = {"health": True} if is_health_reason else {}
    if for_client:
        data["for_client"] = True
    if undoes is not None:
        data["undoes"] = undoes.pk
    change_status(
        booking,
        Happened.CANCELLED,
        allowed=UPCOMING,
        to=status,
        actor=actor,
        now=now,
        reason="" if is_health_reason else reason,
        data=data,
        fee_owed=owed,
        schedule_version=F("schedule_version") + 1,
    )
    follow(booking, Trigger.CANCELLED, now=now)


def is_late(booking: Booking, *, now: datetime) -> bool:
    """Whether the client who cancels now owes the fee, but for their health. One query or none."""
    if now <= booking.free_until or booking.status == Status.PENDING_FORM:
        return False
    step = quiet_step(booking, by=BookingEvent.By.CLIENT, now=now)
    return step is None or step.what != Happened.CONFIRMED
