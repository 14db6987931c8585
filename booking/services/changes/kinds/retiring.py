"""A treatment, a length or an add-on that is no longer offered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import Provider
from booking.services.changes.kinds.way import Change, Way, ahead, keys
from treatments.models import AddOn, Option, Treatment, Visibility


def _all_who_give_it(change: Change) -> set[int]:
    if change.add_on_id:
        givers = Provider.objects.filter(add_ons=change.add_on_id)
    else:
        treatment = change.treatment_id or _option(change).treatment_id
        givers = Provider.objects.filter(treatments=treatment)
    return set(givers.values_list("pk", flat=True))


def _option(change: Change) -> Option:
    if change.option is None:
        raise ValueError("A change of no option")
    return change.option


def _retire(change: Change, now: datetime) -> None:
    rows, field, off = _offer(change)
    was = rows.values_list(field, flat=True).get()
    if was == off:
        raise NotNow(_("This is no longer offered already."))
    change.data["was"] = was
    rows.update(**{field: off})


def _offer_again(change: Change) -> None:
    rows, field, _off = _offer(change)
    rows.update(**{field: change.data["was"]})


def _offer(change: Change) -> tuple[QuerySet[Any], str, Any]:
    """Return what is retired, and the field and value that say so."""
    if change.option_id:
        return Option.objects.filter(pk=change.option_id), "is_active", False
    if change.add_on_id:
        return AddOn.objects.filter(pk=change.add_on_id), "visibility", Visibility.RETIRED
    treatments = Treatment.objects.filter(pk=change.treatment_id or 0)
    return treatments, "visibility", Visibility.RETIRED


def _of_it(change: Change, now: datetime) -> set[int]:
    if change.option_id:
        return keys(ahead(now=now).filter(option=change.option_id))
    if change.add_on_id:
        return keys(ahead(now=now).filter(add_ons=change.add_on_id))
    return keys(ahead(now=now).filter(option__treatment=change.treatment_id))


RETIRING = Way(locks=_all_who_give_it, write=_retire, take_back=_offer_again, hit=_of_it)
