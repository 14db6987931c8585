"""Which messages a visit gives rise to, when they go, and whether they still hold.

The codes, offsets and stop conditions are those of the handbook's message plan, section 6. What
waits for a feature (the form, clearance, courses, the waitlist, reviews) comes with it, as one
more `Entry`. `R01` is ours: the reason why a visit could not be confirmed online, told by mail to
the person it concerns and to nobody else. What the messages say stands in `booking.letters`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Max

from booking.models import UPCOMING, Alert, Booking, Provider, Status
from booking.permissions import Role
from booking.scheduling import sending
from clinic.accounts.models import User
from clinic.clients.models import ConsentKind
from clinic.messaging import services
from clinic.messaging.models import Message, MessageQuerySet
from clinic.messaging.services import Draft as Planned

SUBJECT = "booking"
DAY_SHEET = "day"

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEWS_ENOUGH = 4 * HOUR  # a reminder this soon after we have written tells nobody anything
LAST_HELP = 3 * HOUR  # before the visit; a reminder later than that is dropped
UNDO_MINUTES = 3

PROMISED = frozenset({Status.CONFIRMED, Status.CHECKED_IN, Status.IN_PROGRESS})
CANCELLED = frozenset({Status.CANCELLED_CLIENT, Status.CANCELLED_LATE, Status.CANCELLED_CLINIC})
COMPLETED = frozenset({Status.COMPLETED})

EMAIL, SMS = Message.Channel.EMAIL, Message.Channel.SMS


class Trigger(StrEnum):
    """What happened to a visit."""

    CONFIRMED = "confirmed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    UNDONE = "undone"
    CHECKED_IN = "checked in"
    COMPLETED = "completed"
    NO_SHOW = "no show"
    DECLINED = "declined"
    TAKEN_BACK = "taken back"


class Visit(NamedTuple):
    """A booking at the moment something happened to it, and the clocks that count."""

    booking: Booking
    now: datetime

    @property
    def here(self) -> ZoneInfo:
        """The zone whose wall the visit's time stands on."""
        return self.booking.location.zone

    @property
    def theirs(self) -> ZoneInfo:
        """The zone in which the client is written to."""
        return client_zone(self.booking)

    @property
    def undo_time(self) -> timedelta:
        """How long a change can be taken back without a word."""
        return timedelta(minutes=self.booking.promise.get("undo_minutes", UNDO_MINUTES))


When = Callable[[Visit], datetime | None]


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

    def draft(self, visit: Visit) -> Planned | None:
        """Return the message for `visit`, or None where there is none to plan."""
        due_at, until = self.due(visit), self.until(visit)
        if due_at is None or (until is not None and until <= due_at):
            return None
        if self.is_reminder and due_at < visit.now + NEWS_ENOUGH:
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


# When


def hours() -> sending.Hours:
    """Return the hours of the day in which clients are reminded, asked and texted."""
    opens, closes = settings.MESSAGE_HOURS
    return sending.Hours(time(opens), time(closes))


def client_zone(booking: Booking) -> ZoneInfo:
    """Return the client's own zone if known, else the location's."""
    known = booking.time_zone or (booking.client.time_zone if booking.client else "")
    return ZoneInfo(known) if known else booking.location.zone


def at_once(visit: Visit) -> datetime:
    return visit.now


def after_undo(visit: Visit) -> datetime:
    """Once the change cannot be taken back any more (ruling "When mail goes")."""
    return visit.now + visit.undo_time


def texted(when: Callable[[Visit], datetime]) -> When:
    """Later, if a text would disturb."""
    return lambda visit: sending.later(when(visit), visit.theirs, hours())


def days_before(days: int) -> When:
    """The same hour on the wall so many days before the visit, or a little earlier."""

    def when(visit: Visit) -> datetime:
        moment = sending.days_before(visit.booking.starts_at, days, visit.here)
        return sending.earlier(moment, visit.theirs, hours())

    return when


def week_before_a_first_visit(visit: Visit) -> datetime | None:
    return days_before(7)(visit) if visit.booking.extra_minutes else None


def that_morning(visit: Visit) -> datetime | None:
    """So many hours before as the clinic chose to; never at night, and by default not at all."""
    ahead = visit.booking.promise.get("morning_note_hours", 0)
    moment = visit.booking.starts_at - ahead * HOUR
    return moment if ahead and sending.is_open(moment, visit.theirs, hours()) else None


def after(length: timedelta) -> When:
    """So much later."""
    return lambda visit: visit.now + length


def calmly_after(length: timedelta) -> When:
    """So much later, or when people are next written to."""
    return lambda visit: sending.later(visit.now + length, visit.theirs, hours())


def next_morning(visit: Visit) -> datetime:
    return sending.morning_after(visit.now, visit.theirs, hours())


def start(visit: Visit) -> datetime:
    return visit.booking.starts_at


def before_start(length: timedelta) -> When:
    return lambda visit: visit.booking.starts_at - length


def a_day_on_or_start(visit: Visit) -> datetime:
    return max(visit.booking.starts_at, visit.now + DAY)


# The plan

TOLD = frozenset({Trigger.CONFIRMED, Trigger.MOVED, Trigger.UNDONE})
DONE = frozenset({Trigger.COMPLETED})
OVER = frozenset({Trigger.CANCELLED})

CONFIRMATION = (
    Entry(code="M01", on=TOLD, due=at_once, until=start, while_=PROMISED),
    Entry(
        code="M01",
        on=TOLD,
        due=texted(at_once),
        until=start,
        while_=PROMISED,
        channel=SMS,
        needs=ConsentKind.SERVICE_SMS,
        has_hours=True,
    ),
)
CHANGE = (
    Entry(code="M09", on=TOLD, due=after_undo, until=start, while_=PROMISED),
    Entry(
        code="M09",
        on=TOLD,
        due=texted(after_undo),
        until=start,
        while_=PROMISED,
        channel=SMS,
        needs=ConsentKind.SERVICE_SMS,
        has_hours=True,
    ),
)
PLAN = (
    Entry(
        code="M03",
        on=TOLD,
        due=week_before_a_first_visit,
        until=days_before(3),
        while_=UPCOMING,
        has_hours=True,
        is_reminder=True,
    ),
    *(
        Entry(
            code=code,
            on=TOLD,
            due=days_before(days),
            until=before_start(LAST_HELP),
            while_=UPCOMING,
            channel=channel,
            needs=ConsentKind.SERVICE_SMS if channel == SMS else None,
            has_hours=True,
            is_reminder=True,
        )
        for code, days in (("M04", 3), ("M05", 1))
        for channel in (EMAIL, SMS)
    ),
    Entry(
        code="M06",
        on=TOLD,
        due=that_morning,
        until=before_start(HOUR),
        while_=UPCOMING,
        channel=SMS,
        needs=ConsentKind.SERVICE_SMS,
        has_hours=True,
        is_reminder=True,
    ),
    Entry(code="M09", on=OVER, due=after_undo, until=a_day_on_or_start, while_=CANCELLED),
    Entry(
        code="M09",
        on=OVER,
        due=texted(after_undo),
        until=start,
        while_=CANCELLED,
        channel=SMS,
        needs=ConsentKind.SERVICE_SMS,
        has_hours=True,
    ),
    Entry(
        code="M10",
        on=frozenset({Trigger.NO_SHOW}),
        due=calmly_after(HOUR),
        until=after(3 * DAY),
        while_=frozenset({Status.NO_SHOW}),
        has_hours=True,
    ),
    Entry(code="M11", on=DONE, due=after(HOUR / 2), until=after(2 * DAY), while_=COMPLETED),
    Entry(
        code="M12",
        on=DONE,
        due=calmly_after(DAY),
        until=after(3 * DAY),
        while_=COMPLETED,
        has_hours=True,
    ),
    Entry(
        code="M13",
        on=DONE,
        due=next_morning,
        until=calmly_after(2 * DAY),  # by then the second one says it
        while_=COMPLETED,
        needs=ConsentKind.CARE_TIPS,
        has_hours=True,
    ),
    Entry(
        code="M13",
        on=DONE,
        occurrence="2",
        due=calmly_after(2 * DAY),
        until=after(4 * DAY),
        while_=COMPLETED,
        needs=ConsentKind.CARE_TIPS,
        has_hours=True,
    ),
    *(
        Entry(
            code="M15",
            on=DONE,
            occurrence=occurrence,
            due=calmly_after(days * DAY),
            until=after((days + 14) * DAY),
            while_=COMPLETED,
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
    Trigger.MOVED: "the visit has changed",
    Trigger.UNDONE: "the change was taken back",
    Trigger.CANCELLED: "the visit was cancelled",
    Trigger.CHECKED_IN: "the client is here",
    Trigger.COMPLETED: "the visit is over",
    Trigger.NO_SHOW: "the client did not come",
    Trigger.DECLINED: "the visit was declined",
    Trigger.TAKEN_BACK: "what was noted was taken back",
}


def subject_of(booking: Booking) -> str:
    """Return the text that names `booking` in the outbox."""
    return f"{SUBJECT}:{booking.pk}"


def follow(
    booking: Booking, trigger: Trigger, *, former: Provider | None = None, now: datetime
) -> None:
    """Bring the outbox in line with what has just happened to `booking`.

    In the transaction of the change: what tells of the visit as it was is withdrawn, what is to
    be told of it now is planned. `former` had the visit before a move gave it to somebody else.
    """
    if reason := WHY_WITHDRAWN.get(trigger):
        codes = REMINDERS if trigger == Trigger.CHECKED_IN else WITHDRAWN
        services.void(subject=subject_of(booking), codes=codes, reason=reason, now=now)
    messages = planned_messages(booking, trigger, now=now)
    if former is not None and former.user_id and former != booking.provider:
        messages.append(_change_for(Visit(booking, now), f"provider:{former.pk}"))
    services.plan(messages=messages, now=now)


def planned_messages(
    booking: Booking, trigger: Trigger = Trigger.CONFIRMED, *, now: datetime
) -> list[Planned]:
    """Return what the people of `booking` are to be told after `trigger`, and when.

    None or few queries: who was told what is asked only after a change.
    """
    visit = Visit(booking, now)
    entries = [*_news(visit, trigger), *(entry for entry in PLAN if trigger in entry.on)]
    drafts = [draft for entry in entries if (draft := entry.draft(visit))]
    return [*drafts, *_to_the_provider(visit, trigger)]


def _news(visit: Visit, trigger: Trigger) -> Iterator[Entry]:
    """Yield what tells the client of the visit's time: all of it anew, or what has changed."""
    if trigger not in TOLD:
        return
    for new, changed in zip(CONFIRMATION, CHANGE, strict=True):
        if trigger == Trigger.CONFIRMED:
            yield new
            continue
        rows = _news_rows(visit.booking, "client").filter(channel=new.channel)
        told = _version_told(rows)
        if told is None:
            yield new
        elif trigger == Trigger.MOVED or not _is_as_told(visit.booking, rows, told):
            yield changed


def _news_rows(booking: Booking, recipient: str) -> MessageQuerySet:
    return Message.objects.about(subject_of(booking)).filter(
        code__in=["M01", "M09"], recipient=recipient
    )


def _version_told(rows: MessageQuerySet) -> int | None:
    """Return the version of the visit that the last of `rows` to be sent told of."""
    sent = rows.filter(status=Message.Status.SENT)
    version: int | None = sent.aggregate(Max("version"))["version__max"]
    return version


def _is_as_told(booking: Booking, rows: MessageQuerySet, told: int) -> bool:
    """Whether undoing the last change brought back what was told.

    Not if the change itself had been told, nor if one before it had not.
    """
    undone = booking.schedule_version - 1
    untold = rows.filter(version__gt=told, version__lt=undone)
    return told != undone and not untold.exists()


# To those who work here


def _to_the_provider(visit: Visit, trigger: Trigger) -> Iterator[Planned]:
    """Yield what the aesthetician is told: changes, and the sheet of the day it falls on."""
    booking = visit.booking
    if (user := booking.provider.user_id) is None:
        return
    is_news = trigger in {Trigger.MOVED, Trigger.CANCELLED}
    if trigger == Trigger.UNDONE:  # news only to whom the change was told
        told = _version_told(_news_rows(booking, "provider"))
        is_news = told == booking.schedule_version - 1
    if is_news:
        yield _change_for(visit, "provider")
    if trigger in TOLD and (sheet := _day_sheet(visit, user)):
        yield sheet


def _change_for(visit: Visit, recipient: str) -> Planned:
    """M09 to somebody who gives the visit, or gave it until now."""
    return Planned(
        subject=subject_of(visit.booking),
        code="M09",
        recipient=recipient,
        version=visit.booking.schedule_version,
        due_at=after_undo(visit),
        useful_until=a_day_on_or_start(visit),
    )


def _day_sheet(visit: Visit, user: int) -> Planned | None:
    """The sheet for the day of the visit, at six in the evening before; one for all its visits."""
    day = visit.booking.starts_at.astimezone(visit.here).date()
    evening = datetime.combine(day - DAY, time(18))
    due_at = sending.at_wall(evening, visit.here)
    if due_at <= visit.now:
        return None
    return Planned(
        subject=f"{DAY_SHEET}:{visit.booking.provider_id}:{day.isoformat()}",
        code="M20",
        recipient=f"staff:{user}",
        due_at=due_at,
        useful_until=due_at + 14 * HOUR,
    )


def alert_messages(alert: Alert, *, now: datetime) -> list[Planned]:
    """Return the messages that tell of `alert`: to the aesthetician and each medical lead.

    Two queries. Nobody is told twice.
    """
    booking = alert.booking
    leads = User.objects.filter(is_active=True, groups__name=Role.MEDICAL_LEAD)
    people = set(leads.values_list("pk", flat=True))
    if user := booking.provider.user_id:
        people.add(user)
    return [
        Planned(
            subject=subject_of(booking),
            code="M19",
            occurrence=str(alert.pk),
            recipient=f"staff:{person}",
            due_at=now,
        )
        for person in sorted(people)
    ]


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
