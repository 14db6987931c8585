"""A change of the schedule from the first look to the last word."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import Booking, Resource, ScheduleChange, TimeOff, TouchedVisit
from booking.services.changes.kinds import WAYS, lock
from clinic.accounts.models import User
from clinic.places.models import Closure
from clinic.places.policies import policy_for
from clinic.trail.services import note

State = ScheduleChange.State
Decision = TouchedVisit.Decision

MAY_MAKE, MAY_ASK = "booking.add_schedulechange", "booking.ask_schedulechange"


def must_ask(user: User, *, now: datetime) -> bool:
    """Whether what `user` changes waits for approval, as the clinic's policy says. One query."""
    return not user.has_perm(MAY_MAKE) and policy_for(None, now=now).time_off_needs_approval


def preview(*, change: ScheduleChange, now: datetime) -> list[Booking]:
    """Return the visits that `change` would touch, in order of time; nothing of it stays.

    It is written, looked at and rolled back, so what is shown is what will happen. Raises
    ValidationError or NotNow as `propose` would.
    """
    trial = deepcopy(change)
    with transaction.atomic():
        touched = _write(trial, now=now)
        transaction.set_rollback(True)
    visits = Booking.objects.filter(pk__in=touched).with_facts()
    return list(visits.order_by("starts_at", "pk"))


@transaction.atomic
def propose(*, change: ScheduleChange, user: User, now: datetime) -> ScheduleChange:
    """Make `change`, a draft, or ask for it where `user` may only ask; return it with its state.

    Raises ValidationError for what makes no sense, NotNow for what is so already.
    """
    change.asked_by, change.asked_at = user, now
    if must_ask(user, now=now):
        change.state = State.ASKED
        change.save()
    else:
        lock(change)
        _put_in_diary(change, now=now)
    write_note(change, user, now=now)
    return change


@transaction.atomic
def approve(*, change: ScheduleChange, user: User, answer: str = "", now: datetime) -> None:
    """Let happen what was asked for. Raises NotNow if somebody has answered already."""
    claim(change, State.ASKED)
    change.answered_by, change.answered_at, change.answer = user, now, answer
    lock(change)
    _put_in_diary(change, now=now)
    write_note(change, user, now=now)


@transaction.atomic
def refuse(*, change: ScheduleChange, user: User, answer: str, now: datetime) -> None:
    """Say no, and why. Raises NotNow if somebody has answered already."""
    if not answer.strip():
        raise NotNow(_("Please say why, in a few words."))
    claim(change, State.ASKED)
    change.state = State.REFUSED
    change.answered_by, change.answered_at, change.answer = user, now, answer.strip()
    change.save()
    write_note(change, user, now=now)


@transaction.atomic
def withdraw(*, change: ScheduleChange, user: User, now: datetime) -> None:
    """Take a change back: the diary is as it was before, and what was decided of visits stays.

    Who may only ask takes back what was not answered yet. Raises NotNow where it is over, or
    others have changed the same hours since.
    """
    may_make = user.has_perm(MAY_MAKE)
    claim(change, State.ASKED, *([State.PENDING, State.IN_FORCE] if may_make else []))
    if change.state != State.ASKED:
        lock(change)
        _take_out(change, now=now)
        settled = _("the change was taken back")
        _open(change).update(decision=Decision.SETTLED, decided_at=now, note=settled)
    change.state, change.ended_at = State.WITHDRAWN, now
    change.save()
    write_note(change, user, now=now)


@transaction.atomic
def end_time_off(*, time_off: TimeOff, user: User, now: datetime) -> None:
    """Take one span away back, whoever wrote it; what else its change wrote stays."""
    list(Resource.objects.filter(pk=time_off.resource_id).select_for_update(no_key=True))
    note(
        user_id=user.pk,
        what="schedule.time_off_ended",
        subject=f"resource:{time_off.resource_id}",
        now=now,
        change=time_off.change_id,
        starts_at=time_off.starts_at.isoformat(),
        ends_at=time_off.ends_at.isoformat(),
    )
    time_off.delete()


@transaction.atomic
def end_closure(*, closure: Closure, user: User, now: datetime) -> None:
    """Open on the days of `closure` after all, whoever wrote it.

    The change that wrote it is taken back with it. Raises NotNow where that is over.
    """
    standing = [State.PENDING, State.IN_FORCE]
    changes = ScheduleChange.objects.filter(kind=ScheduleChange.Kind.CLOSURE, state__in=standing)
    wrote = changes.filter(data__closure=closure.pk).first()
    if wrote is not None:
        withdraw(change=wrote, user=user, now=now)
        return
    note(
        user_id=user.pk,
        what="schedule.closure_ended",
        subject=f"location:{closure.location_id}",
        now=now,
        starts_on=closure.starts_on.isoformat(),
        ends_on=closure.ends_on.isoformat(),
    )
    closure.delete()


@transaction.atomic
def settle(*, change: ScheduleChange, now: datetime) -> None:
    """Close what has no need of a decision any more: visits moved, canceled or begun meanwhile."""
    change.refresh_from_db(from_queryset=ScheduleChange.objects.select_for_update(no_key=True))
    if change.state != State.PENDING:
        return
    still = WAYS[change.kind].hit(change, now)
    _open(change).exclude(booking__in=still).update(decision=Decision.SETTLED, decided_at=now)
    if finish(change, now=now):
        write_note(change, None, now=now)


def settle_all(*, now: datetime) -> None:
    """Settle every change that waits for decisions, each in a transaction of its own."""
    for change in ScheduleChange.objects.filter(state=State.PENDING):
        settle(change=change, now=now)


def finish(change: ScheduleChange, *, now: datetime) -> bool:
    """Let `change`, whose row is locked, be in force if each of its visits has its decision.

    Whether it is, by this.
    """
    if change.state != State.PENDING or _open(change).exists():
        return False
    change.state, change.in_force_at = State.IN_FORCE, now
    change.save(update_fields=["state", "in_force_at"])
    return True


def claim(change: ScheduleChange, *states: State) -> None:
    """Lock the row of `change` and bring it up to date. Raises NotNow unless it is in `states`."""
    change.refresh_from_db(from_queryset=ScheduleChange.objects.select_for_update(no_key=True))
    if change.state not in states:
        raise NotNow(
            _("This change is “%(state)s” by now. Nothing was done.")
            % {"state": change.get_state_display()}
        )


def _put_in_diary(change: ScheduleChange, *, now: datetime) -> None:
    """Write `change` and list whom it touches; its resources are locked."""
    touched = _write(change, now=now)
    versions = Booking.objects.filter(pk__in=touched).values_list("pk", "schedule_version")
    TouchedVisit.objects.bulk_create(
        TouchedVisit(change=change, booking_id=booking, schedule_version=version)
        for booking, version in versions
    )
    finish(change, now=now)


def _take_out(change: ScheduleChange, *, now: datetime) -> None:
    """Bring the diary back. Raises NotNow where visits booked since would lie outside hours."""
    way = WAYS[change.kind]
    already = way.hit(change, now) if way.is_relative else set[int]()
    way.take_back(change)
    if way.is_relative and way.hit(change, now) - already:
        raise NotNow(
            _("Visits were booked in these hours since. Set the hours that you want from now on.")
        )


def _write(change: ScheduleChange, *, now: datetime) -> set[int]:
    """Write `change` into the diary, and return the visits it touches by primary key."""
    way = WAYS[change.kind]
    already = way.hit(change, now) if way.is_relative else set[int]()
    change.state = State.PENDING
    change.asked_at = change.asked_at or now
    change.save()
    way.write(change, now)
    change.save()
    return way.hit(change, now) - already


def _open(change: ScheduleChange) -> QuerySet[TouchedVisit]:
    return change.visits.filter(decision=Decision.OPEN)


def write_note(change: ScheduleChange, user: User | None, *, now: datetime) -> None:
    """Write into the log how `change` stands, after `user` or, with None, by itself."""
    note(
        user_id=None if user is None else user.pk,
        what=f"schedule.{change.state}",
        subject=f"schedule_change:{change.pk}",
        now=now,
        kind=change.kind,
        resource=change.resource_id,
        location=change.location_id,
        treatment=change.treatment_id,
        option=change.option_id,
        add_on=change.add_on_id,
        touched=change.visits.count(),
    )
