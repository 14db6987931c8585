"""The last look before a message goes: does it still hold, is it wanted, is it a good moment?"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from booking import letters
from booking.message_plan import (
    CHANGE,
    CONFIRMATION,
    EMAIL,
    PLAN,
    PROMISED,
    SMS,
    WAITING,
    Entry,
)
from booking.message_times import client_zone, hours
from booking.models import ACTIVE, Alert, Booking, Provider, SkinCheck, Status
from booking.scheduling import sending
from booking.selectors.agenda import visits_on
from booking.selectors.care import promised_texts
from clinic.accounts.models import User
from clinic.clients.models import Client, ConsentKind
from clinic.clients.selectors import preferences
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message, MessageQuerySet
from treatments.models import InstructionKind

LETTERS_A_MINUTE = 2
TEXTS_AT_MOST = ((timedelta(days=1), 1), (timedelta(days=7), 3))  # handbook, section 6
GONE = "they do not work here any more"
FOR_THE_TEXT = timedelta(minutes=10)  # which the e-mail of the same reminder waits

ENTRIES: defaultdict[tuple[str, str], list[Entry]] = defaultdict(list)
for _entry in (*CONFIRMATION, *CHANGE, *PLAN):
    ENTRIES[_entry.code, _entry.channel].append(_entry)

Answer = str | datetime | None
"""None: it goes. A moment: not before then. Text: it does not go, and why."""


def why_not(message: Message, now: datetime) -> Answer:
    """Return whether `message` about a visit should go at `now`. At most 6 queries."""
    # Lines and extras are read by the few letters that name them.
    visits = Booking.objects.with_facts().prefetch_related(None)
    message.found = booking = visits.filter(pk=key_of(message)).first()
    if booking is None:
        return "the booking is gone"
    if message.recipient != "client" and not _works_here(message, booking):
        return GONE
    if message.code == "M19":
        return _why_not_alert(message)
    entries = ENTRIES[message.code, message.channel]
    stands = frozenset().union(*(entry.while_ for entry in entries)) if entries else PROMISED
    if message.recipient != "client":
        stands |= WAITING  # whoever gives it hears of its time also while details are missing
    if booking.status not in stands:
        return f"the booking is {booking.status}"
    if booking.schedule_version != message.version:
        return "the visit has changed since"
    client = booking.client
    if message.recipient != "client" or client is None:
        return None
    if client.erased_at:
        return "the client was erased"
    entry = entries[0] if entries else None
    return (
        _why_unwanted(client, message, entry, now)
        or _why_settled(booking, client, message, now)
        or _why_later(booking, client, message, entry, now)
    )


def letter(message: Message, now: datetime) -> Letter:
    """Return what `message` about a visit says now, of the visit that was last looked at.

    LookupError for a code nobody wrote.
    """
    if message.code == "M19":
        alerts = Alert.objects.select_related("booking")
        return letters.alert_letter(alerts.get(pk=message.occasion), _user(message), now)
    booking = message.found
    if not isinstance(booking, Booking):
        booking = Booking.objects.with_facts().get(pk=key_of(message))
    return letters.letter(message, booking, now)


def why_no_sheet(message: Message, now: datetime) -> Answer:
    """Return None while somebody is expected on the day of a sheet. Up to four queries."""
    diary = Provider.objects.filter(pk=key_of(message), user=_key_in(message.recipient))
    provider = diary.filter(user__is_active=True).first()
    if provider is None:
        return GONE
    return None if visits_on(provider=provider, day=day_of(message)) else "nobody comes that day"


def sheet(message: Message, now: datetime) -> Letter:
    """Return the sheet of a day as it is now. Five queries."""
    provider, day = Provider.objects.get(pk=key_of(message)), day_of(message)
    visits = visits_on(provider=provider, day=day)
    return letters.day_sheet(provider, day, visits, _user(message), now)


def _works_here(message: Message, booking: Booking) -> bool:
    """Whether the recipient is still one of us: "staff:3", "provider", or once "provider:7"."""
    people, key = User.objects.filter(is_active=True), _key_in(message.recipient)
    if message.recipient.startswith("staff:"):
        return people.filter(pk=key).exists()
    return people.filter(provider=key or booking.provider_id).exists()


def _why_not_alert(message: Message) -> str | None:
    is_open = Alert.objects.filter(pk=message.occasion, seen_at=None).exists()
    return None if is_open else "somebody has dealt with it"


def _why_unwanted(
    client: Client, message: Message, entry: Entry | None, now: datetime
) -> str | None:
    """What the client decided, and what decency says of texts."""
    if entry is not None and entry.needs and not preferences(client)[entry.needs]:
        return f"the client does not want {ConsentKind(entry.needs).label}"
    if message.channel == EMAIL:
        return None if client.email else "there is no e-mail address"
    if not client.phone:
        return "there is no mobile number"
    for span, most in TEXTS_AT_MOST:
        if _texts_to(client, since=now - span).count() >= most:
            return "one text a day and three a week are enough"
    return None


def _why_settled(booking: Booking, client: Client, message: Message, now: datetime) -> Answer:
    """What has been said or answered otherwise."""
    match message.code:
        case "M03" if not promised_texts(booking, InstructionKind.PREP):
            return "there is nothing to prepare"
        case "M05":
            return _told_otherwise(client, message, now)
        case "M11" | "M12" | "M13" if not promised_texts(booking, InstructionKind.AFTERCARE):
            return "there is nothing to care for"
        case "M12" if SkinCheck.objects.filter(booking=booking).exists():
            return "answered"
        case "M13" if _needs_call(booking):
            return "somebody calls instead"
        case "M15" if _comes_again(client, booking):
            return "booked again"
    return None


def _told_otherwise(client: Client, message: Message, now: datetime) -> Answer:
    """One reminder, by text or by e-mail: the e-mail waits a while for the text to arrive.

    Where no carrier says so in that while, a text that went has arrived.
    """
    twins = Message.objects.about(message.subject).filter(
        code=message.code, recipient=message.recipient, version=message.version
    )
    twin = twins.exclude(channel=message.channel).first()
    if twin is None:
        return None
    is_sent, patience = twin.status == Message.Status.SENT, message.due_at + FOR_THE_TEXT
    if message.channel == SMS:
        return "told by e-mail" if is_sent else None
    if is_sent and (twin.delivered_at or now >= patience):
        return "told by text"
    if now >= patience or twin.status not in {Message.Status.PLANNED, Message.Status.SENT}:
        return None
    return patience if is_sent or preferences(client)[ConsentKind.SERVICE_SMS] else None


def _why_later(
    booking: Booking, client: Client, message: Message, entry: Entry | None, now: datetime
) -> datetime | None:
    """Not at night, and never three letters in a minute."""
    zone = client_zone(booking)
    if entry is not None and entry.has_hours and not sending.is_open(now, zone, hours(booking)):
        return sending.later(now, zone, hours(booking))
    if message.channel == EMAIL:
        a_minute = timedelta(minutes=1)
        recent = Message.objects.sent_to(client.email, since=now - a_minute)
        if recent.count() >= LETTERS_A_MINUTE:
            return now + a_minute
    return None


def _texts_to(client: Client, *, since: datetime) -> MessageQuerySet:
    texts = Message.objects.sent_to(client.phone.as_e164, since=since)
    return texts.filter(channel=SMS).exclude(code="M18")


def _needs_call(booking: Booking) -> bool:
    is_called = Alert.objects.filter(booking=booking, kind=Alert.Kind.CALL, seen_at=None).exists()
    return is_called or SkinCheck.objects.filter(booking=booking, needs_call=True).exists()


def _comes_again(client: Client, booking: Booking) -> bool:
    later = client.bookings.filter(starts_at__gt=booking.starts_at)
    return later.filter(status__in=ACTIVE - {Status.HELD, Status.NO_SHOW}).exists()


def key_of(message: Message) -> int:
    """Return the primary key that the subject of `message` names: "booking:123"."""
    return int(message.subject.split(":")[1])


def day_of(message: Message) -> date:
    """Return the day that the subject of a sheet names: "day:7:2030-03-05"."""
    return date.fromisoformat(message.subject.rpartition(":")[2])


def _user(message: Message) -> User:
    return User.objects.get(pk=_key_in(message.recipient))


def _key_in(recipient: str) -> int:
    """Return the key that "staff:3" names; 0 where there is none."""
    return int(recipient.partition(":")[2] or 0)
