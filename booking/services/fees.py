"""What is owed for a visit that did not take place: paid at the desk, waived, or owed after all."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import Booking, BookingEvent, Happened
from booking.selectors.fees import day_of, fee_step
from booking.services.ledger import Actor, lock_booking, record


@transaction.atomic
def settle_fee(*, booking: Booking, actor: Actor, now: datetime) -> BookingEvent:
    """Note that the fee was paid at the desk. Raises NotNow if nothing is owed."""
    record(booking, Happened.FEE_PAID, actor=actor, now=now, fee=str(_taken_off(booking)))
    return booking.events.latest("pk")


@transaction.atomic
def waive_fee(*, booking: Booking, actor: Actor, reason: str, now: datetime) -> None:
    """Ask the client for nothing after all; `reason` says why. Raises NotNow if nothing is owed."""
    note_waived(booking, _taken_off(booking), actor=actor, reason=reason, now=now)


def note_waived(
    booking: Booking, owed: Decimal, *, actor: Actor, reason: str, now: datetime
) -> None:
    """Write down that `owed` is not asked for, and why. Raises NotNow without a reason."""
    if not reason.strip():
        raise NotNow(_("Please say why the fee is waived."))
    record(booking, Happened.FEE_WAIVED, actor=actor, now=now, reason=reason.strip(), fee=str(owed))


@transaction.atomic
def owe_again(*, booking: Booking, step: BookingEvent, actor: Actor, now: datetime) -> None:
    """Take back `step`, by which a fee was paid or waived on this day, by the place's clock.

    Doing it twice is harmless. Raises NotNow on another day, or once anything else has happened
    to the visit.
    """
    lock_booking(booking)
    last = fee_step(booking)
    if last is not None and last.data.get("undoes") == step.pk:
        return
    if last != step or day_of(step, booking.location) != day_of(now, booking.location):
        raise NotNow(_("That can no longer be taken back. Nothing was done."))
    Booking.objects.filter(pk=booking.pk).update(fee_owed=Decimal(step.data["fee"]))
    booking.refresh_from_db()
    fee = step.data["fee"]
    record(booking, Happened.FEE_OWED_AGAIN, actor=actor, now=now, undoes=step.pk, fee=fee)


def _taken_off(booking: Booking) -> Decimal:
    """Let nothing be owed for `booking`, and return what was. Raises NotNow if nothing was."""
    lock_booking(booking)
    owed = booking.fee_owed
    if not Booking.objects.filter(pk=booking.pk, fee_owed__gt=0).update(fee_owed=0):
        raise NotNow(_("Nothing is owed for this visit."))
    booking.refresh_from_db()
    return owed
