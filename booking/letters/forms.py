"""Letters about details that a client has to complete, and about a time let go without them."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from booking import links
from booking.letters import facts
from booking.letters.mail import to_client
from booking.letters.parts import Button, Row, Say, Table
from booking.models import Booking
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from clinic.web.templatetags.lumen import day_full


def due(message: Message, booking: Booking, now: datetime) -> Letter:
    """M02: the time is kept; please complete your details by the deadline."""
    is_first = message.occurrence == "1"
    subject = _("Please complete your details for %(day)s")
    if not is_first:
        subject = _("Still missing: your details for %(day)s")
    hello = (
        _("Hello %(name)s, thank you for booking. We keep this time for you:")
        if is_first
        else _("Hello %(name)s, we still keep this time for you:")
    )
    deadline = booking.held_until or booking.starts_at
    rule = _(
        "It is yours once we have your details, which takes a few minutes. Without them we let "
        "the time go at the hour above, so that somebody else can have it."
    )
    return to_client(
        booking,
        subject=subject % {"day": day_full(booking.starts_at)},
        preview=_("We keep your time until then."),
        parts=[
            facts.hello(booking, hello),
            facts.headline(booking.starts_at),
            Table([facts.moment_row(_("Please by"), booking, deadline)]),
            Button(_("Complete your details"), links.page_url(booking, "form")),
            Say(rule),
            facts.summary(booking),
            Say(_("Is something not clear, or rather by phone? Call us:"), facts.phone(booking)),
        ],
    )


def let_go(message: Message, booking: Booking, now: datetime) -> Letter:
    """R02: we let the time go, kindly, and how to come another time."""
    hello = _(
        "Hello %(name)s, we kept this time for you, but your details did not reach us by the hour "
        "we had agreed. So we have let it go:"
    )
    return to_client(
        booking,
        subject=_("We let %(day)s go") % {"day": day_full(booking.starts_at)},
        preview=_("You owe us nothing, and there are other times."),
        parts=[
            facts.hello(booking, hello),
            facts.headline(booking.starts_at),
            Table([Row(_("Where"), [booking.location.name])]),
            Say(_("You owe us nothing. We would be glad to see you at another time.")),
            Button(_("Choose another time"), facts.book_again_url(booking)),
            Say(_("Or call us, and we find one together:"), facts.phone(booking)),
        ],
    )
