"""What becomes of a visit that a change runs into: kept by exception, moved, or canceled."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from booking.errors import NotNow, SlotTaken
from booking.models import Booking, Happened, Provider, ScheduleChange, TouchedVisit
from booking.selectors import free_slots
from booking.selectors.changes import why_settled
from booking.selectors.replanning.choices import Choice
from booking.services.cancelling import cancel
from booking.services.changes.proposing import claim, finish, write_note
from booking.services.holds import end_holds_in_the_way
from booking.services.ledger import (
    allocate,
    free,
    lock_booking,
    lock_for,
    record,
    refused_by_database,
    staff,
)
from booking.services.moving import move
from booking.wishes import Wish
from clinic.accounts.models import User

Decision = TouchedVisit.Decision
State = ScheduleChange.State

DONE = {Choice.KEEP: Decision.KEPT, Choice.CANCEL: Decision.CANCELLED}


def choose(*, touched: TouchedVisit, choice: Choice, user: User) -> None:
    """Keep what `user` picked for a visit; nothing happens to it yet.

    Raises NotNow with the decision, where there is one already.
    """
    rows = TouchedVisit.objects.filter(pk=touched.pk, decision=Decision.OPEN)
    if not rows.update(choice=str(choice), chosen_by=user):
        touched.refresh_from_db()
        raise NotNow(decided_in_words(touched))


@refused_by_database
@transaction.atomic
def decide(
    *,
    touched: TouchedVisit,
    choice: Choice,
    version: int,
    user: User,
    reason: str = "",
    now: datetime,
) -> None:
    """Do to a touched visit what `choice` says, and let the change be in force with the last one.

    `version` is the schedule version of the visit that `user` saw. A visit that is kept stays
    where it is; one that is moved keeps its price, and stays with its hour and person where only
    a room or device changes, of which nobody needs to be told; one that is canceled costs
    nothing. Raises NotNow, with who has decided where somebody has, or SlotTaken.
    """
    change = touched.change
    claim(change, State.PENDING, State.IN_FORCE)  # by whoever decided the last one
    touched.refresh_from_db()
    if touched.decision != Decision.OPEN:
        raise NotNow(decided_in_words(touched))
    visit = Booking.objects.with_facts().get(pk=touched.booking_id)
    if visit.schedule_version != version:
        raise NotNow
    reason = reason or change.says
    match choice.what:
        case Choice.KEEP:
            _keep(visit, user, reason, now=now)
        case Choice.CANCEL:
            cancel(booking=visit, actor=staff(user), reason=reason, version=version, now=now)
        case Choice.MOVE:
            _move(visit, choice, user, reason, now=now)
        case _:
            raise NotNow(_("Choose what happens to this visit first."))
    touched.decision = DONE.get(choice.what, Decision.MOVED)
    touched.decided_by, touched.decided_at = user, now
    touched.choice, touched.note = str(choice), reason
    touched.save()
    if finish(change, now=now):
        write_note(change, user, now=now)


def reopen(booking: Booking, *, since: datetime, user: User | None, now: datetime) -> None:
    """Let `booking`, of which what was done `since` is taken back, wait for its decision again.

    In every change that counted it as decided or settled by that. Locks the rows of the changes,
    so it goes before any other lock.
    """
    theirs = TouchedVisit.objects.filter(booking=booking, decided_at__gte=since)
    theirs = theirs.exclude(decision=Decision.KEPT)
    rows = ScheduleChange.objects.filter(
        pk__in=theirs.values("change"), state__in=[State.PENDING, State.IN_FORCE]
    )
    for change in rows.order_by("pk").select_for_update(no_key=True):
        theirs.filter(change=change).update(
            decision=Decision.OPEN, decided_by=None, decided_at=None, note=""
        )
        if change.state == State.IN_FORCE:
            change.state, change.in_force_at = State.PENDING, None
            change.save(update_fields=["state", "in_force_at"])
            write_note(change, user, now=now)


def decided_in_words(touched: TouchedVisit) -> str:
    """Say who has decided what of a visit."""
    who = touched.decided_by.get_short_name() if touched.decided_by else _("Somebody")
    words = {
        Decision.KEPT: _("%(name)s has decided this already: the visit is kept."),
        Decision.MOVED: _("%(name)s has decided this already: the visit is moved."),
        Decision.CANCELLED: _("%(name)s has decided this already: the visit is canceled."),
    }
    settled = _("This visit needs no decision any more.")
    return words.get(Decision(touched.decision), settled) % {"name": who}


def _keep(visit: Booking, user: User, reason: str, *, now: datetime) -> None:
    lock_booking(visit, version=visit.schedule_version)
    if settled := why_settled(visit, now=now):
        raise NotNow(settled)
    record(visit, Happened.KEPT, actor=staff(user), now=now, reason=reason)


def _move(visit: Booking, choice: Choice, user: User, reason: str, *, now: datetime) -> None:
    if choice.starts_at is None:
        raise NotNow
    if (choice.starts_at, choice.provider) == (visit.starts_at, visit.provider_id):
        _reseat(visit, user, reason, now=now)
        return
    provider = Provider.objects.filter(pk=choice.provider).first()
    if provider is None:
        raise SlotTaken
    move(
        booking=visit,
        starts_at=choice.starts_at,
        wish=Wish.of(visit).with_(provider),
        actor=staff(user),
        reason=reason,
        now=now,
    )


def _reseat(visit: Booking, user: User, reason: str, *, now: datetime) -> None:
    """Keep another room or device for a visit, at its time and with its person."""
    wish = Wish.of(visit)
    locked = lock_for(wish, client=visit.client)
    lock_booking(visit, version=visit.schedule_version)
    if settled := why_settled(visit, now=now):
        raise NotNow(settled)
    end_holds_in_the_way(locked, now=now)
    day = visit.starts_at.astimezone(visit.location.zone).date()
    slots = free_slots(wish=wish, first_on=day, last_on=day, now=now, ignoring=visit, is_staff=True)
    kept = slots.resources_for(int(visit.starts_at.timestamp()), visit.provider)
    if kept is None:
        raise SlotTaken
    before = sorted(visit.allocations.values_list("resource", flat=True))
    free(visit)
    allocate(visit, kept)
    after = sorted(resource for resource, _start, _end in kept)
    record(
        visit,
        Happened.RESEATED,
        actor=staff(user),
        now=now,
        reason=reason,
        resources=[before, after],
    )
