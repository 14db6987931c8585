"""Calendar files (RFC 5545): one stable entry per booking, times in UTC, titles neutral."""

from __future__ import annotations

from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from booking import links
from booking.models import Booking


def invitation(booking: Booking, *, now: datetime) -> bytes:
    """Return the calendar file that puts `booking` into the client's calendar, or updates it.

    METHOD:REQUEST with the clinic as organizer; SEQUENCE is the booking's schedule version.
    """
    return _file("REQUEST", _event(booking, "CONFIRMED", now))


def cancellation(booking: Booking, *, now: datetime) -> bytes:
    """Return the calendar file that takes `booking` out of the client's calendar.

    METHOD:CANCEL for the entry that the invitation made: same UID, a later SEQUENCE.
    """
    return _file("CANCEL", _event(booking, "CANCELLED", now))


def uid_of(booking: Booking) -> str:
    """Return the name of the entry of `booking` in every calendar, whatever happens to it."""
    return f"{booking.reference.lower()}@{domain()}"


def domain() -> str:
    """Return what the names of our entries end with: the domain of the clinic's mail."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]


def _file(method: str, event: Event) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.CLINIC_NAME}//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _event(booking: Booking, status: str, now: datetime) -> Event:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    event = Event()
    event.add("uid", uid_of(booking))
    event.add("sequence", booking.schedule_version)
    event.add("dtstamp", now)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    event.add("summary", _("Appointment, %(place)s") % {"place": booking.location.name})
    event.add("location", f"{settings.CLINIC_NAME}, {booking.location.address}")
    event.add("description", _("Your appointment: %(link)s") % {"link": links.manage_url(booking)})
    event.add("status", status)
    event.add("transp", "OPAQUE")
    organizer = vCalAddress(f"mailto:{address}")
    organizer.params["cn"] = vText(settings.CLINIC_NAME)
    event["organizer"] = organizer
    if booking.client is not None:
        attendee = vCalAddress(f"mailto:{booking.client.email}")
        attendee.params["cn"] = vText(booking.client.name)
        attendee.params["partstat"] = vText("ACCEPTED")
        attendee.params["rsvp"] = vText("FALSE")
        event.add("attendee", attendee, encode=False)
    return event
