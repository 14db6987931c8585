"""The four steps of a booking, and what stands beside each of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from booking.models import Booking
from booking.views.wishes import start_url, times_url
from booking.wishes import Wish
from clinic.web.money import money
from clinic.web.templatetags.lumen import minutes, moment
from treatments.models import AddOn

CHOOSE, TIME, DETAILS, REVIEW = range(4)


def steps(
    current: int, *, wish: Wish | None = None, booking: Booking | None = None
) -> dict[str, Any]:
    """Return what `components/steps.html` needs; what is settled has an address to go back to."""
    names = [_("Treatment"), _("Time"), _("Details"), _("Review")]
    urls = [
        start_url(wish) if wish else "",
        times_url(wish) if wish else "",
        reverse("booking:details", args=[booking.reference]) if booking else "",
        "",
    ]
    return {"steps": list(zip(names, urls, strict=True)), "current": names[current]}


def extras_in_words(add_ons: Iterable[AddOn], talk_minutes: int) -> str:
    """Return what comes with a treatment: "Gua sha finish + 10 min, first talk + 15 min"."""
    words = [f"{add_on.name} + {minutes(add_on.minutes)}" for add_on in add_ons]
    if talk_minutes:
        words.append(_("first talk + %(time)s at no charge") % {"time": minutes(talk_minutes)})
    return ", ".join(words)


def price_in_words(total: Decimal, *, is_from: bool) -> str:
    """Return "$180", or "from $145" while the price depends on who gives the treatment."""
    return _("from %(price)s") % {"price": money(total)} if is_from else money(total)


def booking_summary(booking: Booking, *, now: datetime) -> dict[str, Any]:
    """Return what `components/summary.html` says of a time that is kept. Needs its facts.

    `until` is when changes cease to be free; empty where they are not.
    """
    until = ""
    if booking.free_until > now:
        with timezone.override(booking.location.zone):
            until = moment(booking.free_until)
    return {
        "treatment": booking.option.treatment,
        "length": booking.option.minutes,
        "extras": extras_in_words(booking.add_ons.all(), booking.extra_minutes),
        "starts_at": booking.starts_at,
        "ends_at": booking.ends_at,
        "provider": booking.provider,
        "lines": booking.lines.all(),
        "total": booking.price,
        "until": until,
    }
