"""Places, and the rooms and devices that stand there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import Device, Resource, Room
from booking.selectors.staffing import visits_ahead
from clinic.accounts.models import User
from clinic.places.models import Location
from clinic.trail.services import note
from clinic.web.addresses import free_slug


@transaction.atomic
def save_location(*, location: Location, changed: list[str], by: User, now: datetime) -> Location:
    """Write a place, new or changed; `changed` names the fields that are other than before.

    Raises NotNow where it is to take no bookings any more and visits are promised there.
    """
    is_new = location.pk is None
    if not is_new and "is_active" in changed and not location.is_active:
        Resource.objects.lock_candidates(locations=[location], providers=[])
        if visits_ahead(location=location, now=now):
            raise NotNow(_("Visits are promised here. Each of them needs its decision first."))
    if is_new:
        location.slug = free_slug(location.name, model=Location, otherwise="place")
        location.position = (Location.objects.aggregate(last=Max("position"))["last"] or 0) + 1
    location.save()
    what = "place.added" if is_new else "place.changed"
    _note(what, f"location:{location.pk}", by=by, now=now, fields=sorted(changed))
    return location


@transaction.atomic
def add_fixture(*, fixture: Room | Device, by: User, now: datetime) -> Room | Device:
    """Let a room or a device be booked from now on."""
    fixture.save()
    place = {"location": fixture.location_id}
    _note(f"{fixture.kind}.added", f"resource:{fixture.pk}", by=by, now=now, **place)
    return fixture


@transaction.atomic
def rename(*, resource: Resource, name: str, by: User, now: datetime) -> None:
    """Call a room or a device something else. What happened there shows the new name."""
    resource.name = name
    resource.save(update_fields=["name"])
    _note(f"{resource.kind}.renamed", f"resource:{resource.pk}", by=by, now=now)


def _note(what: str, subject: str, *, by: User, now: datetime, **facts: Any) -> None:
    note(user_id=by.pk, what=what, subject=subject, now=now, **facts)
