"""Ways to put one visit into a calendar on the web, by a link.

The title is neutral and the text says the place's phone number. Neither has the manage link: a
calendar on the web is often shared, with a family or an employer, and whoever reads that link may
move or cancel the visit.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from booking.models import Booking

GOOGLE = "https://calendar.google.com/calendar/render"
OUTLOOK = "https://outlook.live.com/calendar/0/action/compose"


class WebLinks(NamedTuple):
    """Full addresses at which a press adds the visit."""

    google: str
    outlook: str


def title(booking: Booking) -> str:
    """What the visit is called in a calendar: never what is done there (handbook, section 12)."""
    return _("Appointment, %(place)s") % {"place": booking.location.name}


def place(booking: Booking) -> str:
    """Where to go, in one line."""
    return f"{settings.CLINIC_NAME}, {booking.location.address}"


def call(booking: Booking) -> str:
    """What to do when plans change, without a secret in it."""
    phone = booking.location.phone or settings.CLINIC_PHONE
    return _("Plans changed? Call us: %(phone)s") % {"phone": phone}


def web_links(booking: Booking) -> WebLinks:
    """Return the links for `booking`; times are UTC."""
    google = {
        "action": "TEMPLATE",
        "text": title(booking),
        "dates": f"{_basic(booking.starts_at)}/{_basic(booking.ends_at)}",
        "location": place(booking),
        "details": call(booking),
    }
    outlook = {
        "rru": "addevent",
        "subject": title(booking),
        "startdt": _extended(booking.starts_at),
        "enddt": _extended(booking.ends_at),
        "location": place(booking),
        "body": call(booking),
    }
    return WebLinks(google=_link(GOOGLE, google), outlook=_link(OUTLOOK, outlook))


def _link(page: str, fields: dict[str, str]) -> str:
    return f"{page}?{urlencode(fields, quote_via=quote)}"  # a "+" for a space stays one in Outlook


def _basic(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _extended(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
