"""Calendars to subscribe to (RFC 5545 and 7986): secret addresses, times in UTC, titles neutral.

A feed is a picture of now: a visit that moved stands at its new time under the same UID with a
higher SEQUENCE, one that was cancelled is gone from it, and so from whatever subscribes to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, vDuration

from booking import calendar_links, tokens
from booking.calendar import domain, uid_of
from booking.models import Feed, Kind, TimeOff
from booking.selectors.calendars import Entry, client_entries, resource_entries, time_off_of

PURPOSE = "booking.feed"
ASK_AGAIN_AFTER = timedelta(minutes=30)
PAST = timedelta(days=30)
OUR_UID = r"[a-z0-9]{3}-[a-z0-9]{3}@%(domain)s|away-[0-9a-f]{40}@%(domain)s"


def new_secret() -> tuple[str, str]:
    """Return a new nonce and the hash under which its token is found."""
    nonce = tokens.new_nonce()
    return nonce, tokens.hash_of(tokens.token_of(nonce, purpose=PURPOSE))


def feed_url(feed: Feed) -> str:
    """Return the full address of `feed`, for its owner only."""
    token = tokens.token_of(feed.nonce, purpose=PURPOSE)
    return f"{settings.SITE_URL}{reverse('booking:feed', args=[token])}"


def subscribe_url(feed: Feed) -> str:
    """Return the address at which a device offers to subscribe."""
    return f"webcal://{feed_url(feed).partition('://')[2]}"


def feed_for(token: str) -> Feed | None:
    """Return the feed that `token` opens; None if it is unknown or ended. One query.

    Ended too is that of somebody who works here no more, and of what is out of use.
    """
    feeds = Feed.objects.select_related("client__merged_into", "resource").filter(revoked_at=None)
    is_gone = Q(resource__is_active=False) | Q(resource__provider__user__is_active=False)
    return feeds.exclude(is_gone).filter(token_hash=tokens.hash_of(token)).first()


def contents(feed: Feed, *, now: datetime) -> bytes:
    """Return the calendar of `feed`: thirty days back and all that is ahead. 1 to 3 queries.

    The same visits make the same bytes, whenever they are asked for.
    """
    since = now - PAST
    if resource := feed.resource:
        entries = resource_entries(resource, since=since)
        events = [_resource_event(entry, resource.kind) for entry in entries]
        events += [_away_event(away, feed) for away in time_off_of(resource, since=since)]
        return _file(f"{settings.CLINIC_NAME}, {resource.name}", events)
    entries = client_entries(feed.client.kept, since=since) if feed.client else []
    return _file(settings.CLINIC_NAME, [_client_event(entry) for entry in entries])


def our_uids() -> str:
    """Return the pattern of every UID we give, by which our own entries are known elsewhere."""
    return OUR_UID % {"domain": domain().replace(".", r"\.")}


def _file(name: str, events: Iterable[Event]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.CLINIC_NAME}//Appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", ASK_AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(ASK_AGAIN_AFTER))
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _client_event(entry: Entry) -> Event:
    booking = entry.booking
    event = _event(uid_of(booking), entry.changed_at, booking.starts_at, booking.ends_at)
    event.add("sequence", booking.schedule_version)
    event.add("summary", calendar_links.title(booking))
    event.add("location", calendar_links.place(booking))
    event.add("description", calendar_links.call(booking))
    return event


def _resource_event(entry: Entry, kind: str) -> Event:
    """As long as the resource is kept, turnover included; the title says who or where else."""
    booking = entry.booking
    event = _event(uid_of(booking), entry.changed_at, entry.starts_at, entry.ends_at)
    event.add("sequence", booking.schedule_version)
    with_whom = entry.room if kind == Kind.PROVIDER else booking.provider.first_name
    event.add("summary", _("Appointment, %(place)s") % {"place": with_whom})
    event.add("location", booking.location.name)
    event.add("description", _("Booking %(reference)s") % {"reference": booking.reference})
    return event


def _away_event(away: TimeOff, feed: Feed) -> Event:
    """Nobody asks for the reason here."""
    uid = f"away-{salted_hmac('booking.away', str(away.pk)).hexdigest()}@{domain()}"
    event = _event(uid, feed.created_at, away.starts_at, away.ends_at)
    event.add("summary", _("Away") if away.resource.kind == Kind.PROVIDER else _("Out of use"))
    return event


def _event(uid: str, changed_at: datetime, starts_at: datetime, ends_at: datetime) -> Event:
    event = Event()
    event.add("uid", uid)
    for name, at in (("dtstamp", changed_at), ("dtstart", starts_at), ("dtend", ends_at)):
        event.add(name, at.astimezone(UTC).replace(microsecond=0))
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    return event
