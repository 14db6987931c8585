"""Letters to those who work here: neutral, with the way to the page where the rest is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.letters import facts
from booking.letters.mail import to_staff
from booking.letters.parts import Button, Row, Say, Table, Title
from booking.models import Alert, Booking, Provider
from booking.selectors.history import known, states
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from clinic.web.templatetags.lumen import day_full, time_range


def changed(message: Message, booking: Booking, now: datetime) -> Letter:
    """M09 to somebody who gives the visit, or gave it: `provider:7`. At most 3 queries.

    `provider` alone is who gives it now.
    """
    key = int(message.recipient.partition(":")[2] or booking.provider_id)
    who = Provider.objects.select_related("user").get(pk=key)
    stood = states(booking)
    before, after = known(booking, stood, key), stood[-1].seen_by(key)
    if stood[-1].is_off:
        hello = _("Hello %(name)s, this appointment is canceled:")
    elif after is None:
        hello = _("Hello %(name)s, this appointment is with somebody else now:")
    elif before is None:
        hello = _("Hello %(name)s, this appointment is yours now:")
    else:
        hello = _("Hello %(name)s, this is how an appointment stands now:")
    rows = [
        Row(_("Reference"), [booking.reference]),
        Row(_("Client"), [facts.client_of(booking).first_name]),
        Row(_("Where"), [booking.location.name]),
    ]
    if after:
        rows.insert(0, Row(_("Time"), [time_range(*after)]))
    if before and after and before != after:
        is_elsewhen = before.starts_at != after.starts_at
        was = facts.day_and_time(before.starts_at) if is_elsewhen else time_range(*before)
        rows.insert(1, Row(_("Until now"), [was]))
    is_theirs = key == booking.provider_id
    return to_staff(
        who.user.email if who.user else "",
        subject=_("Change in your diary: %(reference)s") % {"reference": booking.reference},
        preview=_("When, and which appointment."),
        parts=[
            Say(hello % {"name": who.first_name}),
            facts.headline(seen.starts_at if (seen := after or before) else booking.starts_at),
            Table(rows),
            *([_visit_button(booking)] if is_theirs else []),
        ],
    )


def alert_letter(alert: Alert, user: User, now: datetime) -> Letter:
    """M19: something needs a person. Says neither what nor about whom.

    No query if `alert` came with its booking.
    """
    reference = {"reference": alert.booking.reference}
    return to_staff(
        user.email,
        subject=_("An item needs your review: %(reference)s") % reference,
        preview=_("Please look at it today."),
        parts=[
            Say(_("Hello %(name)s,") % {"name": user.get_short_name()}),
            Title((_("An item needs your review"),)),
            Table([Row(_("Reference"), [alert.booking.reference])]),
            Say(_("What it is about is on its page, and not in this mail.")),
            _visit_button(alert.booking),
        ],
    )


def day_sheet(
    provider: Provider, day: date, bookings: Sequence[Booking], user: User, now: datetime
) -> Letter:
    """M20: the visits of `provider` on `day`, in order of time; codes, and no word about health.

    No query if the bookings came with their facts.
    """
    rows = [_visit_row(booking) for booking in bookings]
    count = ngettext("with %(count)d visit", "with %(count)d visits", len(rows))
    visits = count % {"count": len(rows)} if rows else _("with no visits")
    return to_staff(
        user.email,
        subject=_("Your day: %(day)s") % {"day": day_full(day)},
        preview=_("As it stands this evening."),
        parts=[
            Say(_("Hello %(name)s, this is your day:") % {"name": provider.first_name}),
            Title((day_full(day), visits)),
            *([Table(rows)] if rows else []),
            Button(_("Open the day"), _sheet_url(day)),
            Say(_("As it stood this evening; the diary has the last word."), is_note=True),
        ],
    )


def _sheet_url(day: date) -> str:
    path = reverse("staff:day_sheet", args=[day.isoformat()])
    return f"{settings.SITE_URL}{path}"


def _visit_row(booking: Booking) -> Row:
    with timezone.override(booking.location.zone):
        times = time_range(booking.starts_at, booking.ends_at)
    codes = " + ".join(line.code for line in booking.lines.all())
    return Row(times, [f"{codes}, {initialed(facts.client_of(booking))}", booking.location.name])


def initialed(client: Client) -> str:
    """Write "Maya E.": enough to greet somebody, and to tell two apart on one day."""
    first, *rest = client.name.split()
    return f"{first} {rest[-1][0]}." if rest else first


def _visit_button(booking: Booking) -> Button:
    path = reverse("staff:visit", args=[booking.reference])
    return Button(_("Open the visit"), f"{settings.SITE_URL}{path}")
