"""Text messages: at most 160 letters of the GSM alphabet, and nothing that says what is done.

Optional words go first where it gets tight, then the end of the clinic's name, and the link last.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from booking import links
from booking.letters import facts
from booking.letters.before import day_said
from booking.models import CANCELED, Booking
from booking.selectors.history import told
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from clinic.web.templatetags.lumen import clock_time, moment, zone_name

LONGEST = 160
SHORT_NAME = 20
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
PLAIN = str.maketrans(
    {
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
    }
)


def confirmation(message: Message, booking: Booking, now: datetime) -> Letter:
    """M01: booked, for when."""
    says = [
        says
        for when in _whens(booking)
        for says in (
            _("booked for %(when)s. Details and changes:") % {"when": when},
            _("booked for %(when)s. Details:") % {"when": when},
            _("booked for %(when)s.") % {"when": when},
        )
    ]
    return _text(booking, says, links.manage_url(booking))


def form_due(message: Message, booking: Booking, now: datetime) -> Letter:
    """M02: for when, and until when the details can be completed."""
    until = moment(booking.held_until or booking.starts_at)
    says = [
        says
        for when in _whens(booking)
        for says in (
            _("visit %(when)s, kept until %(until)s. Please complete your details:")
            % {"when": when, "until": until},
            _("visit %(when)s. Form by %(until)s:") % {"when": when, "until": until},
            _("visit %(when)s. Your details, please:") % {"when": when},
        )
    ]
    return _text(booking, says, links.page_url(booking, "form"))


def let_go(message: Message, booking: Booking, now: datetime) -> Letter:
    """R02: the time was let go, nothing is owed, and where there are others."""
    says = [
        says
        for when in _whens(booking)
        for says in (
            _("visit %(when)s let go, your details did not reach us. Nothing is owed. More:")
            % {"when": when},
            _("visit %(when)s let go. Nothing is owed. More:") % {"when": when},
            _("visit %(when)s let go.") % {"when": when},
        )
    ]
    return _text(booking, says, links.page_url(booking, "form"))


def preparation(message: Message, booking: Booking, now: datetime) -> Letter:
    """M04: when, and that there is something to read before."""
    says = [
        says
        for when in _whens(booking)
        for says in (
            _("visit %(when)s. Please read before you come:") % {"when": when},
            _("visit %(when)s. How to prepare:") % {"when": when},
            _("visit %(when)s.") % {"when": when},
        )
    ]
    return _text(booking, says, links.page_url(booking, "prepare"))


def reminder(message: Message, booking: Booking, now: datetime) -> Letter:
    """M05: the day before, with the short preparation behind the link."""
    day, times = day_said(booking, now), _times(booking)
    says = [
        says
        for time in times
        for says in (
            _("see you %(day)s at %(time)s. Before you come:") % {"day": day, "time": time},
            _("see you %(day)s at %(time)s.") % {"day": day, "time": time},
        )
    ]
    return _text(booking, says, links.page_url(booking, "prepare"))


def morning_note(message: Message, booking: Booking, now: datetime) -> Letter:
    """M06: the time, and the link."""
    day = day_said(booking, now)
    says = [
        _("see you %(day)s at %(time)s.") % {"day": day, "time": time} for time in _times(booking)
    ]
    return _text(booking, says, links.manage_url(booking))


def changed(message: Message, booking: Booking, now: datetime) -> Letter:
    """M09: the new time and, where there is room, the old one; or that it is off. 2 queries."""
    before = told(booking, "client")
    if booking.status in CANCELED:
        says = [_("visit %(when)s is canceled.") % {"when": moment(before or booking.starts_at)}]
        return _text(booking, [f"{says[0]} {_('Details:')}", *says], links.manage_url(booking))
    says = []
    for when in _whens(booking):
        if before and before != booking.starts_at:
            moved = {"when": when, "before": moment(before)}
            says.append(_("visit moved from %(before)s to %(when)s.") % moved)
            says.append(_("now %(when)s, not %(before)s.") % moved)
        says.append(_("visit is now %(when)s.") % {"when": when})
    return _text(booking, says, links.manage_url(booking))


def gsm(text: str) -> str:
    """Return `text` in the GSM alphabet: accents and typography simplified, the rest left out."""
    kept = []
    for sign in text.translate(PLAIN):
        plain = sign if sign in GSM else unicodedata.normalize("NFKD", sign)
        kept.append("".join(part for part in plain if part in GSM))
    return " ".join("".join(kept).split())


def _text(booking: Booking, says: Sequence[str], url: str) -> Letter:
    """The fullest of the ways to say it that fits, from first to last."""
    phone = facts.client_of(booking).phone
    fitting = (text for text in _ways(says, url) if len(text) <= LONGEST)
    return Letter(to=phone.as_e164 if phone else "", subject="", text=next(fitting))


def _ways(says: Sequence[str], url: str) -> Iterator[str]:
    name = gsm(settings.CLINIC_NAME) or _("Your clinic")
    stop = _("Reply STOP to end texts.")
    for address in (url, ""):
        for called in (name, name[:SHORT_NAME].strip()):
            for words in says:
                yield " ".join(part for part in (f"{called}: {gsm(words)}", address, stop) if part)


def _whens(booking: Booking) -> list[str]:
    """Day and time, with the zone's name first where the client is in another."""
    when = moment(booking.starts_at)
    zone = facts.other_zone(booking, booking.starts_at)
    named = f"{when}, {zone_name(booking.location.time_zone)}"
    return [named, when] if zone else [when]


def _times(booking: Booking) -> list[str]:
    """The time, with the zone's name first where the client is in another."""
    time = clock_time(booking.starts_at)
    zone = facts.other_zone(booking, booking.starts_at)
    return [f"{time}, {zone_name(booking.location.time_zone)}", time] if zone else [time]
