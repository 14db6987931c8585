"""Addresses for calendar programs, and calendars kept elsewhere that make people busy."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from booking import feeds
from booking.errors import NotOffered
from booking.models import Feed, OutsideBusy, OutsideCalendar, Provider, Resource
from booking.scheduling import outside
from booking.scheduling.spans import Span
from booking.selectors.calendars import home_of
from booking.services.fetching import CannotFetch, Fetched, Trouble, fetch
from clinic.clients.models import Client
from clinic.places.models import Location
from clinic.places.policies import policy_for

logger = logging.getLogger(__name__)

CALENDARS_AT_MOST = 5  # of one provider
LOOKED_AT_EVERY = timedelta(minutes=15)
WORKED_OUT_EVERY = timedelta(days=1)
BEYOND_HORIZON = timedelta(days=14)  # while the other side is away the diary goes on opening
SECONDS_TO_EXPAND = 20
STAMP = re.compile(rb"^DTSTAMP:.*$", re.MULTILINE)  # some write the time of asking into every entry


@transaction.atomic
def open_feed(*, owner: Client | Resource, now: datetime) -> Feed:
    """Give `owner` a new calendar address; one they had before ends."""
    close_feed(owner=owner, now=now)
    nonce, token_hash = feeds.new_secret()
    feed = Feed(nonce=nonce, token_hash=token_hash, created_at=now)
    if isinstance(owner, Client):
        feed.client = owner
    else:
        feed.resource = owner
    feed.save()
    return feed


@transaction.atomic
def close_feed(*, owner: Client | Resource, now: datetime) -> None:
    """End the calendar address of `owner`, if there is one; a client's duplicates' as well."""
    rows = Client.objects if isinstance(owner, Client) else Resource.objects
    rows.select_for_update(no_key=True).get(pk=owner.pk)  # two presses, one address
    owner.feeds.filter(revoked_at=None).update(revoked_at=now)
    if isinstance(owner, Client):
        Feed.objects.filter(client__merged_into=owner, revoked_at=None).update(revoked_at=now)


@transaction.atomic
def add_calendar(*, provider: Provider, address: str, now: datetime) -> OutsideCalendar:
    """Put the calendar at `address` on the list of `provider`; it is read with the next look.

    Raises ValidationError for an address that is none or is on the list, NotOffered when the list
    is full.
    """
    Resource.objects.select_for_update(no_key=True).get(pk=provider.pk)
    if provider.outside_calendars.count() >= CALENDARS_AT_MOST:
        raise NotOffered(_("Five calendars are as many as we read. Please remove one first."))
    calendar = OutsideCalendar(provider=provider, address=address, added_at=now)
    calendar.full_clean()
    calendar.save()
    return calendar


@transaction.atomic
def pause_calendar(*, calendar: OutsideCalendar) -> None:
    """Read `calendar` no more for now; its time can be booked again."""
    OutsideCalendar.objects.filter(pk=calendar.pk).update(is_active=False, expanded_at=None)
    OutsideBusy.objects.filter(calendar=calendar).delete()


@transaction.atomic
def resume_calendar(*, calendar: OutsideCalendar) -> None:
    """Read `calendar` again, from the next look on."""
    OutsideCalendar.objects.filter(pk=calendar.pk).update(is_active=True, tried_at=None)


@transaction.atomic
def remove_calendar(*, calendar: OutsideCalendar) -> None:
    """Forget `calendar` and its address; its time can be booked again."""
    calendar.delete()


def import_outside_calendars(*, now: datetime) -> None:
    """Look at every outside calendar in use that was not looked at in this quarter of an hour."""
    a_look_ago = now - LOOKED_AT_EVERY + timedelta(minutes=1)
    is_due = Q(tried_at=None) | Q(tried_at__lte=a_look_ago)
    due = OutsideCalendar.objects.filter(is_due, is_active=True)
    for calendar in due.select_related("provider"):
        # Whoever says so first looks; a second worker goes on to the next.
        if due.filter(pk=calendar.pk).update(tried_at=now):
            try:
                import_calendar(calendar=calendar, now=now)
            except Exception:  # one that fails in a new way keeps no other from being read
                logger.exception("Outside calendar %s could not be read", calendar.pk)


def import_calendar(*, calendar: OutsideCalendar, now: datetime) -> None:
    """Look at `calendar` and keep its owner busy as it says.

    Not in a transaction: it waits for others. What goes wrong is written down for its owner, and
    the last good copy stays. Visits that are promised already are not touched.
    """
    is_fresh = calendar.expanded_at is not None and now - calendar.expanded_at < WORKED_OUT_EVERY
    known = calendar if is_fresh else OutsideCalendar()
    try:
        fetched = fetch(calendar.address, etag=known.etag, last_modified=known.last_modified)
        if fetched.content is None and not is_fresh:
            raise CannotFetch(Trouble.UNWELL)  # unchanged since when?
        digest = known.content_hash
        if fetched.content is not None:
            digest = hashlib.sha256(STAMP.sub(b"", fetched.content)).hexdigest()
        busy = None
        if fetched.content is not None and digest != known.content_hash:
            busy = _expanded(fetched.content, calendar.provider, now)
    except CannotFetch as error:
        OutsideCalendar.objects.filter(pk=calendar.pk).update(tried_at=now, trouble=error.trouble)
    else:
        _keep(calendar, fetched, digest, busy, now)
    calendar.refresh_from_db()


def _expanded(content: bytes, provider: Provider, now: datetime) -> list[Span]:
    """Return what `content` keeps busy, from yesterday to beyond the horizon. Raises CannotFetch.

    Worked out by a process of its own: see `booking.scheduling.outside`.
    """
    home = home_of(provider)
    zone = home.time_zone if home else settings.TIME_ZONE
    horizon = max(
        (policy_for(place, now=now).horizon for place in Location.objects.all()),
        default=timedelta(),
    )
    start, end = now - timedelta(days=1), now + horizon + BEYOND_HORIZON
    window = (str(int(start.timestamp())), str(int(end.timestamp())))
    try:
        done = subprocess.run(  # noqa: S603  # our own module; all it is told are numbers and a zone
            [sys.executable, "-m", outside.__name__, zone, *window, feeds.our_uids()],
            input=content,
            capture_output=True,
            cwd=settings.BASE_DIR,
            env={"PYTHONPATH": str(settings.BASE_DIR)},
            timeout=SECONDS_TO_EXPAND,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise CannotFetch(Trouble.TOO_LARGE) from None
    except subprocess.CalledProcessError as error:
        logger.error("Reading an outside calendar ended with %s", error.returncode)
        raise CannotFetch(Trouble.NOT_A_CALENDAR) from None
    answer = json.loads(done.stdout)
    if answer == outside.TOO_MANY:
        raise CannotFetch(Trouble.TOO_LARGE)
    if answer == outside.NOT_A_CALENDAR:
        raise CannotFetch(Trouble.NOT_A_CALENDAR)
    return [(start, end) for start, end in answer]


@transaction.atomic
def _keep(
    calendar: OutsideCalendar,
    fetched: Fetched,
    digest: str,
    busy: list[Span] | None,
    now: datetime,
) -> None:
    """Write down a good look, and instead of the last copy this one, if it is another."""
    standing = OutsideCalendar.objects.select_for_update().filter(pk=calendar.pk, is_active=True)
    if not standing:
        return  # removed or paused while we were reading
    known: dict[str, Any] = {"etag": fetched.etag, "last_modified": fetched.last_modified}
    if fetched.content is None:  # a 304 need not say them again
        known = {name: value for name, value in known.items() if value}
    if busy is not None:
        known |= {"content_hash": digest, "expanded_at": now}
        OutsideBusy.objects.filter(calendar=calendar).delete()
        OutsideBusy.objects.bulk_create(
            OutsideBusy(
                calendar=calendar,
                resource_id=calendar.provider_id,
                starts_at=datetime.fromtimestamp(start, UTC),
                ends_at=datetime.fromtimestamp(end, UTC),
            )
            for start, end in busy
        )
    standing.update(tried_at=now, succeeded_at=now, trouble="", **known)
