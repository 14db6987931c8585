"""Letters about when a visit takes place: promised, changed, canceled, and why one was refused."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from booking import links
from booking.calendar import cancellation, invitation
from booking.letters import care, facts
from booking.letters.mail import to_client
from booking.letters.parts import Button, Heading, Link, Part, Say, Table
from booking.models import CANCELED, Booking, Happened, Status
from booking.selectors.care import has_own_preparation, promised_texts
from booking.selectors.history import told
from clinic.messaging.letters import Attachment, Letter
from clinic.messaging.models import Message
from clinic.web.money import money
from treatments.models import InstructionKind, InstructionVersion
from treatments.selectors import instruction_lines


def confirmation(message: Message, booking: Booking, now: datetime) -> Letter:
    """M01: you are booked. 2 queries at most."""
    texts = _texts_by_now(booking)
    return to_client(
        booking,
        subject=_("You are booked: %(when)s") % {"when": facts.day_and_time(booking.starts_at)},
        preview=_("How to get ready, and where to find us.")
        if texts
        else _("When, where and with whom."),
        parts=[
            facts.hello(booking, _("Hello %(name)s, you are booked.")),
            facts.headline(booking.starts_at),
            facts.bill(booking),
            facts.manage_button(booking),
            Say(_("The attached file puts the appointment into your calendar."), is_note=True),
            *_preparation(booking, texts),
            Heading(_("If your plans change")),
            facts.policy(booking, now=now),
        ],
        texts=texts,
        attachments=(_request(booking, now),),
    )


def changed(message: Message, booking: Booking, now: datetime) -> Letter:
    """M09 to the client: the old time and the new one, or that it is off. At most 4 queries."""
    before = told(booking, "client")
    if booking.status in CANCELED:
        return _canceled(booking, before or booking.starts_at, now)
    texts = _texts_by_now(booking)
    is_moved = before not in (None, booking.starts_at)
    hello = (
        _("Hello %(name)s, your appointment has a new time.")
        if is_moved
        else _("Hello %(name)s, this is your appointment as it stands now.")
    )
    bill = facts.bill(booking)
    if before and is_moved:
        bill = Table([facts.moment_row(_("Until now"), booking, before), *bill.rows])
    return to_client(
        booking,
        subject=(_("New time: %(when)s") if is_moved else _("Your appointment: %(when)s"))
        % {"when": facts.day_and_time(booking.starts_at)},
        preview=_("When, where and with whom."),
        parts=[
            facts.hello(booking, hello),
            facts.headline(booking.starts_at),
            bill,
            facts.manage_button(booking),
            Say(_("The attached file updates your calendar."), is_note=True),
            *_preparation(booking, texts),
            Heading(_("If your plans change")),
            facts.policy(booking, now=now),
        ],
        texts=texts,
        attachments=(_request(booking, now),),
    )


def already_booked(message: Message, booking: Booking, now: datetime) -> Letter:
    """R01: why a visit could not be booked, told to nobody but the client."""
    hello = _(
        "Hello %(name)s, somebody, most likely you, has just tried to book a visit with this "
        "address. It was not booked, because you have an appointment with us already:"
    )
    rule = _(
        "Until your first visit we keep one appointment for each person, and never two at the "
        "same time. To change yours, or to book for somebody else, please call us:"
    )
    return to_client(
        booking,
        subject=_("About your booking"),
        preview=_("You have an appointment with us already."),
        parts=[
            facts.hello(booking, hello),
            facts.headline(booking.starts_at),
            Table([facts.time_row(booking)]),
            facts.manage_button(booking),
            Say(rule, facts.phone(booking)),
        ],
        why=_("You get this because this address was used to book. It holds no advertising."),
    )


def _canceled(booking: Booking, at: datetime, now: datetime) -> Letter:
    """The visit that was to be `at` is off: by whom, what is owed, and how to come another time."""
    when = facts.day_and_time(at)
    if booking.status == Status.CANCELLED_CLINIC:
        hello = _("Hello %(name)s, we are sorry: we have to cancel your appointment.")
        owed = Say(_("You owe us nothing. We would be glad to see you at another time."))
    elif _came_too_late(booking):
        hello = _("Hello %(name)s, you came too late for us to treat you that day.")
        owed = _owed(booking)
    else:
        hello = _("Hello %(name)s, your appointment is canceled, as you asked.")
        owed = _owed(booking)
    return to_client(
        booking,
        subject=_("Canceled: %(when)s") % {"when": when},
        preview=_("It is out of our diary."),
        parts=[
            facts.hello(booking, hello),
            facts.headline(at),
            Table([facts.moment_row(_("Time"), booking, at), facts.with_row(booking)]),
            owed,
            Button(_("Choose another time"), facts.book_again_url(booking)),
            Say(_("The attached file takes it out of your calendar."), is_note=True),
        ],
        attachments=(
            Attachment(
                "appointment.ics", cancellation(booking, now=now), "text/calendar; method=CANCEL"
            ),
        ),
    )


def _came_too_late(booking: Booking) -> bool:
    """Whether we gave the visit up because its client was too late. One query, or none."""
    is_late = booking.status == Status.CANCELLED_LATE
    return is_late and booking.events.filter(what=Happened.TOO_LATE).exists()


def _owed(booking: Booking) -> Say:
    if not booking.fee_owed:
        return Say(_("You owe us nothing."))
    terms = _(
        "It was canceled after %(until)s, so by the policy you agreed to, %(fee)s is owed. Were "
        "you unwell, or is something new with your health? Tell us, we never charge for that:"
    )
    until = {"until": facts.day_and_time(booking.free_until), "fee": money(booking.fee_owed)}
    return Say(terms % until, facts.phone(booking))


def _texts_by_now(booking: Booking) -> list[InstructionVersion]:
    """The preparation, unless it has a letter of its own: the visit may be too near for that."""
    if has_own_preparation(booking):
        return []
    return promised_texts(booking, InstructionKind.PREP)


def _preparation(booking: Booking, texts: list[InstructionVersion]) -> list[Part]:
    if not texts:
        return []
    page = Link(_("tell us with one press"), links.page_url(booking, "prepare"))
    return [
        *care.section(_("Before you come"), instruction_lines(texts)),
        Say(_("When you have read it, please"), page),
    ]


def _request(booking: Booking, now: datetime) -> Attachment:
    return Attachment(
        "appointment.ics", invitation(booking, now=now), "text/calendar; method=REQUEST"
    )
