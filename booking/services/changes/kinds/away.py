"""Somebody or something that is away for some time, or for good."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import Allocation, Resource, TimeOff
from booking.services.changes.kinds.way import Change, Way, ahead, its_resource, keys, resource_of


def _write_time_off(change: Change, now: datetime) -> None:
    for start, end in change.data["spans"]:
        row = TimeOff(
            resource=resource_of(change),
            starts_at=datetime.fromisoformat(start),
            ends_at=datetime.fromisoformat(end),
            reason=change.reason[:120],
            change=change,
            created_by=change.asked_by,
        )
        row.full_clean(exclude=["resource", "change", "created_by"])
        row.save()


def _remove_time_off(change: Change) -> None:
    change.time_off.all().delete()


def _in_its_time_off(change: Change, now: datetime) -> set[int]:
    away = TimeOff.objects.filter(
        change=change, starts_at__lt=OuterRef("ends_at"), ends_at__gt=OuterRef("starts_at")
    )
    kept = Allocation.objects.filter(Exists(away), resource=change.resource_id, ends_at__gt=now)
    return keys(ahead(now=now).filter(pk__in=kept.values("booking")))


def _switch_off(change: Change, now: datetime) -> None:
    if not Resource.objects.filter(pk=resource_of(change).pk, is_active=True).update(
        is_active=False
    ):
        raise NotNow(_("%(name)s is out of use already.") % {"name": change.resource})


def _switch_on(change: Change) -> None:
    Resource.objects.filter(pk=resource_of(change).pk).update(is_active=True)


def _with_it(change: Change, now: datetime) -> set[int]:
    kept = Allocation.objects.filter(resource=change.resource_id, ends_at__gt=now)
    return keys(ahead(now=now).filter(pk__in=kept.values("booking")))


AWAY = Way(
    locks=its_resource, write=_write_time_off, take_back=_remove_time_off, hit=_in_its_time_off
)
LEAVING = Way(locks=its_resource, write=_switch_off, take_back=_switch_on, hit=_with_it)
