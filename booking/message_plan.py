"""Which messages a visit gives rise to, and when they go.

The codes, offsets and stop conditions are those of the handbook's message plan, section 6. What
waits for a feature (clearance, courses, the waitlist, reviews) comes with it, as one more `Entry`.
`R01` and `R02` are ours: why a visit could not be confirmed online, told by mail to the person it
concerns and to nobody else, and that a time was let go for want of the details. What the messages
say stands in `booking.letters`, and whether one still holds is asked by `message_checks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings

from booking.message_times import (
    DAY,
    HOUR,
    Visit,
    When,
    a_day_on_or_start,
    after,
    after_undo,
    at_once,
    before_start,
    by_day,
    calmly_after,
    days_before,
    deadline,
    last_call,
    next_morning,
    start,
    that_morning,
    week_before_a_first_visit,
)
from booking.message_work import change_for, day_sheet, who_sees_it_change
from booking.models import CANCELED, UPCOMING, Booking, Status
from booking.selectors.history import SAY_WHEN, State, at, states, version_told
from booking.subjects import subject_of
from clinic.clients.models import ConsentKind
from clinic.messaging import services
from clinic.messaging.models import Message
from clinic.messaging.services import Draft as Planned

NEWS_ENOUGH = 4 * HOUR  # a reminder this soon after we have written tells nobody anything
LAST_HELP = 3 * HOUR  # before the visit; a reminder later than that is dropped

PROMISED = frozenset({Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS})
COMPLETED = frozenset({Status.COMPLETED})
WAITING = frozenset({Status.PENDING_FORM})
LET_GO = frozenset({Status.EXPIRED_HOLD})
FORM_DUE, FORM_OVERDUE = "M02", "R02"

EMAIL, SMS = Message.Channel.EMAIL, Message.Channel.SMS
CARE_TIPS = ConsentKind.CARE_TIPS


class Trigger(StrEnum):
    """What happened to a visit."""

    BOOKED = "booked"  # by staff, while details are missing
    OVERDUE = "overdue"
    CONFIRMED = "confirmed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    UNDONE = "undone"
    CHECKED_IN = "checked in"
    COMPLETED = "completed"
    NO_SHOW = "no show"
    DECLINED = "declined"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the plan.

    `due` is when it goes (None: not for this visit), `until` from when on it helps nobody.
    `while_` are the statuses in which it holds; `needs` the consent without which it does not go.
    """

    code: str
    on: frozenset[Trigger]
    due: When
    until: When
    while_: frozenset[Status]
    channel: str = EMAIL
    kind: str = Message.Kind.CARE
    occurrence: str = "1"
    needs: ConsentKind | None = None
    has_hours: bool = False  # goes only in the hours in which people are written to
    is_reminder: bool = False  # pointless once its moment has passed

    def draft(self, visit: Visit, *, is_restored: bool) -> Planned | None:
        """Return the message for `visit`, or None where there is none to plan.

        `is_restored` where it was planned already, until a change that is now taken back.
        """
        due_at, until = self.due(visit), self.until(visit)
        if due_at is None or (until is not None and until <= due_at):
            return None
        if self.is_reminder and not is_restored and due_at < visit.now + NEWS_ENOUGH:
            return None
        return Planned(
            subject=subject_of(visit.booking),
            code=self.code,
            occurrence=self.occurrence,
            recipient="client",
            channel=self.channel,
            version=visit.booking.schedule_version,
            kind=self.kind,
            due_at=due_at,
            useful_until=until,
        )


TOLD = frozenset({Trigger.CONFIRMED, Trigger.MOVED, Trigger.UNDONE})
CHANGED = frozenset({Trigger.MOVED, Trigger.CANCELLED, Trigger.UNDONE})
IN_TIME = before_start(LAST_HELP)


def reminder(code: str, due: When, until: When = IN_TIME) -> Entry:
    """Return what is said again before the visit."""
    return Entry(
        code=code,
        on=TOLD,
        due=due,
        until=until,
        while_=UPCOMING - WAITING,
        has_hours=True,
        is_reminder=True,
    )


def afterwards(code: str, due: When, until: When, **more: Any) -> Entry:
    """Return what is said after a visit that took place."""
    trigger = frozenset({Trigger.COMPLETED})
    return Entry(code=code, on=trigger, due=due, until=until, while_=COMPLETED, **more)


def text_of(entry: Entry) -> Entry:
    """Return `entry` as a text: to who wants texts, and by day."""
    return replace(
        entry,
        channel=SMS,
        due=by_day(entry.due),
        needs=ConsentKind.SERVICE_SMS,
        has_hours=True,
    )


M01 = Entry(code="M01", on=TOLD, due=at_once, until=start, while_=PROMISED)
M04 = reminder("M04", days_before(3))
M05 = reminder("M05", days_before(1))
M09 = Entry(code="M09", on=TOLD, due=after_undo, until=start, while_=PROMISED)
M09_CANCELLED = replace(
    M09, on=frozenset({Trigger.CANCELLED}), until=a_day_on_or_start, while_=CANCELED
)

M02 = Entry(
    code=FORM_DUE,
    on=frozenset({Trigger.BOOKED}),
    due=at_once,
    until=deadline,
    while_=WAITING,
)
R02 = Entry(
    code=FORM_OVERDUE,
    on=frozenset({Trigger.OVERDUE}),
    due=at_once,
    until=a_day_on_or_start,
    while_=LET_GO,
)

CONFIRMATION = (M01, text_of(M01))
CHANGE = (M09, text_of(M09))
REQUEST = (M02, text_of(M02))
REQUEST_ANEW = (replace(M02, due=after_undo), text_of(replace(M02, due=after_undo)))
PLAN = (
    *REQUEST,
    replace(
        M02,
        on=M02.on | {Trigger.MOVED, Trigger.UNDONE},
        due=last_call,
        occurrence="2",
        has_hours=True,
        is_reminder=True,
    ),
    R02,
    text_of(R02),
    reminder("M03", week_before_a_first_visit, until=days_before(3)),
    M04,
    text_of(M04),
    M05,
    text_of(M05),
    text_of(reminder("M06", that_morning, until=before_start(HOUR))),
    M09_CANCELLED,
    text_of(M09_CANCELLED),
    Entry(
        code="M10",
        on=frozenset({Trigger.NO_SHOW}),
        due=calmly_after(HOUR),
        until=after(3 * DAY),
        while_=frozenset({Status.NO_SHOW}),
        has_hours=True,
    ),
    afterwards("M11", after(HOUR / 2), until=after(2 * DAY)),
    afterwards("M12", calmly_after(DAY), until=after(3 * DAY), has_hours=True),
    *(
        afterwards("M13", due, until, occurrence=occurrence, has_hours=True, needs=CARE_TIPS)
        for occurrence, due, until in (
            ("1", next_morning, calmly_after(2 * DAY)),  # by then the second one says it
            ("2", calmly_after(2 * DAY), after(4 * DAY)),
        )
    ),
    *(
        afterwards(
            "M15",
            calmly_after(days * DAY),
            until=after((days + 14) * DAY),
            occurrence=occurrence,
            kind=Message.Kind.MARKETING,
            needs=ConsentKind.MARKETING_EMAIL,
            has_hours=True,
        )
        for occurrence, days in (("1", 28), ("2", 42))
    ),
)
REMINDERS = frozenset(entry.code for entry in PLAN if entry.is_reminder)
WITHDRAWN = frozenset(
    {entry.code for entry in (*CONFIRMATION, *CHANGE, *PLAN)} | {"R01"}
)  # all that is about the visit; M19 is about an alert
WHY_WITHDRAWN = {
    Trigger.OVERDUE: "the time was let go",
    Trigger.MOVED: "the visit has changed",
    Trigger.UNDONE: "the change was taken back",
    Trigger.CANCELLED: "the visit was canceled",
    Trigger.CHECKED_IN: "the client is here",
    Trigger.COMPLETED: "the visit is over",
    Trigger.NO_SHOW: "the client did not come",
    Trigger.DECLINED: "the visit was declined",
    Trigger.TAKEN_BACK: "what was noted was taken back",
}


def follow(booking: Booking, trigger: Trigger, *, now: datetime, quiet: bool = False) -> None:
    """Bring the outbox in line with what has just happened to `booking`.

    In the transaction of the change: what tells of the visit as it was is withdrawn, what is to
    be told of it now is planned. A `quiet` change is no news to the client: only what was waiting
    to be told is told, as it stands now. Reminders, and those who work here, hear of it as ever,
    and the next news begin with what the client was told last.
    """
    ways = _waiting_to_be_told(booking) if quiet else {EMAIL, SMS}
    if reason := WHY_WITHDRAWN.get(trigger):
        codes = REMINDERS if trigger == Trigger.CHECKED_IN else WITHDRAWN
        services.void(subject=subject_of(booking), codes=codes, reason=reason, now=now)
    services.plan(messages=planned_messages(booking, trigger, ways=ways, now=now), now=now)


def planned_messages(
    booking: Booking,
    trigger: Trigger = Trigger.CONFIRMED,
    *,
    ways: Collection[str] = (EMAIL, SMS),
    now: datetime,
) -> list[Planned]:
    """Return what the people of `booking` are to be told after `trigger`, and when.

    News go to the client by `ways`. None or few queries: who was told what is asked only after a
    change.
    """
    visit = Visit(booking, now)
    stood = states(booking) if trigger in CHANGED else []
    entries = [entry for entry in PLAN if trigger in entry.on]
    if trigger == Trigger.CONFIRMED:
        entries = [*CONFIRMATION, *entries]
    elif trigger in TOLD:
        news = [entry for entry in _news(booking, stood) if entry.channel in ways]
        entries = [*news, *entries]
    channels = {EMAIL, SMS} if settings.HAS_SMS else {EMAIL}
    entries = [entry for entry in entries if booking.status in entry.while_]
    restored = _withdrawn_before(booking, stood)
    drafts = [
        entry.draft(visit, is_restored=(entry.code, entry.channel) in restored)
        for entry in entries
        if entry.channel in channels
    ]
    changes = [change_for(visit, provider) for provider in who_sees_it_change(booking, stood)]
    sheets = [day_sheet(visit)] if trigger in TOLD | {Trigger.BOOKED} else []
    return [*filter(None, drafts), *changes, *filter(None, sheets)]


def _news(booking: Booking, stood: list[State]) -> Iterator[Entry]:
    """Yield what tells the client of the visit's time: all of it anew, or what has changed.

    Whatever led here, the question is the same: is it as the client was told last? Who was asked
    for the details is asked anew, with the time as it is now.
    """
    is_waiting = booking.status in WAITING
    codes = (FORM_DUE,) if is_waiting else SAY_WHEN
    news = (REQUEST, REQUEST_ANEW) if is_waiting else (CONFIRMATION, CHANGE)
    for new, changed in zip(*news, strict=True):
        told = version_told(booking, "client", channel=new.channel, codes=codes)
        if told is None:
            yield replace(new, due=changed.due)  # this change, too, may be taken back
        elif at(stood, told) != stood[-1]:
            yield changed


def _waiting_to_be_told(booking: Booking) -> set[str]:
    """Return by which channels the client is still to be told when the visit is. One query."""
    rows = Message.objects.about(subject_of(booking)).filter(
        code__in=(*SAY_WHEN, FORM_DUE), recipient="client", status=Message.Status.PLANNED
    )
    rows = rows.exclude(code=FORM_DUE, occurrence__startswith="2")  # which only reminds
    return set(rows.values_list("channel", flat=True))


def _withdrawn_before(booking: Booking, stood: list[State]) -> set[tuple[str, str]]:
    """Return code and channel of what was planned when the visit last stood as it does again."""
    alike = [version for version, state in enumerate(stood[:-1]) if state == stood[-1]]
    if not alike:
        return set()
    rows = Message.objects.about(subject_of(booking)).filter(
        recipient="client", status=Message.Status.VOID, version=alike[-1]
    )
    return set(rows.values_list("code", "channel"))


def tell_why_refused(booking: Booking, *, now: datetime) -> None:
    """Plan the letter that names the appointment a client has already; once a day at most."""
    letter = Planned(
        subject=subject_of(booking),
        code="R01",
        occurrence=f"{now:%Y%m%d}",
        recipient="client",
        version=booking.schedule_version,
        due_at=now,
        useful_until=booking.starts_at,
    )
    services.plan(messages=[letter], now=now)
