"""The facts of a visit as every letter writes them, on the clock of the active time zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from booking import links
from booking.letters.parts import Button, Link, Row, Say, Table, Title
from booking.models import Booking
from booking.terms import terms
from clinic.clients.models import Client
from clinic.web.money import money
from clinic.web.templatetags.lumen import (
    NBSP,
    clock_time,
    day_full,
    minutes,
    tel,
    time_range,
    zone_name,
)
from treatments.models import Visibility


def day_and_time(at: datetime) -> str:
    """Write "Thursday, May 14 at 10:30 am"."""
    return _("%(day)s at %(time)s") % {"day": day_full(at), "time": clock_time(at)}


def headline(at: datetime) -> Title:
    """Return the day and time of a visit as the head of a letter."""
    return Title((day_full(at), _("at %(time)s") % {"time": clock_time(at)}))


def client_of(booking: Booking) -> Client:
    """Return whom to write to; a hold has nobody."""
    if booking.client is None:
        raise ValueError("a hold has nobody to write to")
    return booking.client


def hello(booking: Booking, words: str, **said: str) -> Say:
    """Return the first sentence of a letter: `words`, with %(name)s for the client's first name."""
    return Say(words % {"name": client_of(booking).first_name, **said})


def other_zone(booking: Booking, at: datetime) -> str:
    """The client's zone, where its clock shows another time at `at` than the location's."""
    if not booking.time_zone:
        return ""
    there = at.astimezone(ZoneInfo(booking.time_zone))
    here = at.astimezone(booking.location.zone)
    return booking.time_zone if there.utcoffset() != here.utcoffset() else ""


def where_you_are(booking: Booking, at: datetime) -> list[str]:
    """Return the line that says `at` on the client's own clock, or none if that is the same."""
    if not (zone := other_zone(booking, at)):
        return []
    with timezone.override(zone):
        return [
            _("%(day)s, %(time)s where you are (%(zone)s)")
            % {"day": day_full(at), "time": clock_time(at), "zone": zone_name(zone)}
        ]


def time_row(booking: Booking) -> Row:
    """From when to when, in the location's zone and in the client's where it differs."""
    times = time_range(booking.starts_at, booking.ends_at)
    here = f"{times}, {zone_name(booking.location.time_zone)}"
    return Row(_("Time"), [here, *where_you_are(booking, booking.starts_at)])


def moment_row(label: str, booking: Booking, at: datetime) -> Row:
    """One moment, on the same two clocks."""
    here = f"{day_and_time(at)}, {zone_name(booking.location.time_zone)}"
    return Row(label, [here, *where_you_are(booking, at)])


def treatment_row(booking: Booking, *, is_priced: bool) -> Row:
    """What is done: the treatment and its extras, each with its price if there are several."""
    lines = list(booking.lines.all())
    words = [
        f"{line.name}, {money(line.amount)}" if is_priced and len(lines) > 1 else line.name
        for line in lines
    ]
    if booking.extra_minutes:
        talk = {"talk": minutes(booking.extra_minutes)}
        words.append(_("First talk, %(talk)s, at no charge") % talk)
    return Row(_("Treatment"), words)


def with_row(booking: Booking) -> Row:
    """Who gives the treatment."""
    return Row(_("With"), [booking.provider.first_name])


def where_row(booking: Booking) -> Row:
    """Where to come."""
    place = booking.location
    town = place.address.removeprefix(f"{place.street}, ")
    return Row(_("Where"), [place.name, place.street, town])


def bill(booking: Booking) -> Table:
    """Return all that was agreed: when, what, with whom, where and for how much."""
    return Table(
        [
            time_row(booking),
            treatment_row(booking, is_priced=True),
            with_row(booking),
            where_row(booking),
            Row(_("Pay at the clinic"), [money(booking.price)]),
        ]
    )


def summary(booking: Booking) -> Table:
    """Return when, with whom and where: what a reminder repeats."""
    return Table([time_row(booking), with_row(booking), where_row(booking)])


def policy(booking: Booking, *, now: datetime) -> Say:
    """Return the terms of changing and canceling as promised, from `now` on."""
    return Say(" ".join(term.sentence for term in terms(booking, now=now)))


def manage_button(booking: Booking) -> Button:
    """Return the way to the page of the visit."""
    return Button(_("See your appointment"), links.manage_url(booking))


def phone(booking: Booking) -> Link:
    """Return the number of the location as a link that calls it."""
    number = booking.location.phone or settings.CLINIC_PHONE
    return Link(number.replace(" ", NBSP), f"tel:{tel(number)}")


def book_again_url(booking: Booking) -> str:
    """Return where the same treatment is booked, or any, once this one is not offered online."""
    option = booking.option
    if option.is_active and option.treatment.visibility == Visibility.PUBLIC:
        path = reverse("booking:times", args=[option.treatment.slug, option.minutes])
    else:
        path = reverse("booking:start")
    return f"{settings.SITE_URL}{path}"
