"""Writing to the ledger of allocations: the lock before, the net below, the note after."""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, cast

from django.db import IntegrityError, OperationalError
from django.utils.translation import gettext as _

from booking import message_plan
from booking.errors import AskTheClinic, NotNow, SlotTaken
from booking.models import ACTIVE, IN_DIARY, Allocation, Booking, BookingEvent, Resource, Status
from booking.scheduling.slots import Kept
from booking.selectors import providers_for
from booking.wishes import Wish
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.places.models import Location
from clinic.trail.services import note

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

NO_OVERLAP = "a_resource_is_in_one_place_at_a_time"
HEALTH = "health"  # in the name of whatever says so of a reason
TIME_OR_AMOUNT = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.+Z-]+)?|-?\d+(\.\d+)?")
# One hold per visitor and per request key, as each database names them.
ONE_PRESS = ("one_hold_per_visitor", "booking_booking.visitor", "request_key")


@dataclass(frozen=True)
class Actor:
    """Who does something: a client, a member of staff, or the system by itself."""

    by: str
    user: User | None = None


CLIENT = Actor(BookingEvent.By.CLIENT)
CLINIC = Actor(BookingEvent.By.CLINIC)


def staff(user: User) -> Actor:
    """Return the actor that `user` is at work."""
    return Actor(BookingEvent.By.STAFF, user)


def refused_by_database(service: Callable[P, R]) -> Callable[P, R]:
    """Turn the ledger's constraint, and a deadlock, into SlotTaken.

    The lock and the check come first, so whenever this happens we have a bug that got caught: it
    is logged as an error. Goes outside `transaction.atomic`.
    """

    @functools.wraps(service)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except IntegrityError as error:
            if any(name in str(error) for name in ONE_PRESS):
                raise NotNow from error  # one visitor at two places in one instant
            if NO_OVERLAP not in str(error):
                raise
            logger.exception("The ledger refused what %s had found free", service.__name__)
            raise SlotTaken from error
        except OperationalError as error:
            if "deadlock detected" not in str(error):
                raise
            logger.exception("A deadlock in %s", service.__name__)
            raise SlotTaken from error

    return guarded


def explained_by_mail(service: Callable[P, R]) -> Callable[P, R]:
    """Where `service` raises AskTheClinic, plan the letter that tells the client why.

    Goes outside `transaction.atomic`: what was refused is undone, the letter stays.
    """

    @functools.wraps(service)
    def explained(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except AskTheClinic as refusal:
            message_plan.tell_why_refused(refusal.about, now=cast(datetime, kwargs["now"]))
            raise

    return explained


def lock_client(client: Client) -> Client:
    """Lock the row of `client`, or of whom a duplicate was merged into, and return it as it is.

    The duplicate's row first, which is the order in which a merge is taken apart.
    """
    locked = Client.objects.select_for_update(no_key=True)
    client = locked.get(pk=client.pk)
    return locked.get(pk=client.merged_into_id) if client.merged_into_id else client


def lock_for(
    wish: Wish,
    *,
    client: Client | None,
    also: Collection[int] = (),
    leaving: Location | None = None,
) -> list[int]:
    """Lock what fulfilling `wish` may touch: the client, then the resources, whose pks it returns.

    Always in this order and by pk, so that two who want the same never wait for each other
    crosswise. `also` are resources kept now, by somebody who may give it no more; `leaving` is
    the place a visit is moved away from, whose rooms and devices are locked with the others.
    """
    if client is not None:
        lock_client(client)
    providers = {provider.pk for provider in providers_for(wish.with_(None))}
    locked = Resource.objects.lock_candidates(
        locations={wish.location, leaving or wish.location}, providers=providers | set(also)
    )
    return [resource.pk for resource in locked]


def lock_booking(booking: Booking, *, version: int | None = None) -> None:
    """Bring `booking` up to date, and let nobody else change it until the transaction ends.

    After `lock_for`, where both are needed. Raises NotNow if it does not stand where the caller
    saw it, or at another schedule version than `version`: somebody got there first.
    """
    seen = booking.status
    booking.refresh_from_db(from_queryset=Booking.objects.select_for_update(no_key=True))
    if booking.status != seen or version not in (None, booking.schedule_version):
        raise NotNow


def allocate(booking: Booking, kept: Iterable[Kept]) -> None:
    """Keep resources for `booking`; it keeps none yet."""
    Allocation.objects.bulk_create(
        Allocation(
            booking=booking,
            resource_id=resource,
            starts_at=datetime.fromtimestamp(start, UTC),
            ends_at=datetime.fromtimestamp(end, UTC),
        )
        for resource, start, end in kept
    )


def free(booking: Booking) -> None:
    """Let go of everything kept for `booking`."""
    Allocation.objects.filter(booking=booking).delete()


def record(
    booking: Booking, what: str, *, actor: Actor, now: datetime, reason: str = "", **data: Any
) -> None:
    """Write down that `what` happened to `booking`; in the clinic's log too, if staff did it."""
    BookingEvent.objects.create(
        booking=booking,
        what=what,
        at=now,
        by=actor.by,
        user=actor.user,
        reason=reason,
        data=data,
    )
    if actor.user is not None:
        note(
            user_id=actor.user.pk,
            what=f"visit.{what}",
            subject=f"booking:{booking.pk}",
            now=now,
            **told(data),
        )


def told(data: dict[str, Any]) -> dict[str, Any]:
    """Return what of an event's data the clinic's log may hold: numbers, times and states.

    Nothing else, so that no name, no word of a person and none of health gets there.
    """
    return {
        name: value
        for name, value in data.items()
        if HEALTH not in name and all(map(_is_told, value if isinstance(value, list) else [value]))
    }


def _is_told(value: Any) -> bool:
    if isinstance(value, str):
        return value in Status or bool(TIME_OR_AMOUNT.fullmatch(value))
    return value is None or isinstance(value, bool | int | float)


def change_status(
    booking: Booking,
    what: str,
    *,
    allowed: Collection[str],
    to: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Move `booking` to the status `to`, if it still stands at one that is `allowed`.

    Sets `fields` with it, frees what an ended booking kept, and records the event. Raises NotNow
    when the booking stands elsewhere: somebody got there first.
    """
    before = booking.status
    changed = Booking.objects.filter(pk=booking.pk, status=before).filter(status__in=allowed)
    if not changed.update(status=to, status_changed_at=now, **fields):
        raise NotNow
    booking.refresh_from_db()
    if to not in ACTIVE:
        free(booking)
    facts = {"from": before, "to": to} | (data or {})
    record(booking, what, actor=actor, now=now, reason=reason, **facts)


def refuse_overlapping_visits(
    client: Client | None,
    *,
    starts_at: datetime,
    ends_at: datetime,
    besides: Booking | None,
    actor: Actor,
) -> None:
    """Raise AskTheClinic if `client` has a visit in that time; nobody is in two places at once.

    Staff may know it, and get NotNow with the reason.
    """
    if client is None:
        return
    others = client.bookings.filter(
        status__in=IN_DIARY, starts_at__lt=ends_at, ends_at__gt=starts_at
    )
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    if other := others.first():
        if actor.by == BookingEvent.By.CLIENT:
            raise AskTheClinic(about=other)
        raise NotNow(_("The client has another visit at that time."))
