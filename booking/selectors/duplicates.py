"""Records that may be of one person, and what making them one would mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from booking.models import HOLDS, IN_DIARY, UPCOMING, Booking
from clinic.clients.models import Client

ALIKE = 0.8  # of two names, by SequenceMatcher: "maya elison" and "maya ellison" are 0.96
LISTED_AT_MOST = 10
FILLED = ("email", "phone", "time_zone")
"""What a client who lacks it takes from their duplicate."""


@dataclass(frozen=True)
class Likeness:
    """Somebody who may be the same person, and why one may think so."""

    client: Client
    reasons: list[str]


@dataclass(frozen=True)
class Side:
    """One of the two as the preview shows it."""

    client: Client
    visits: int
    ahead: int
    consents: int
    notes: int
    has_feed: bool


def likely_duplicates(client: Client) -> list[Likeness]:
    """Return who may be `client` once more, the likeliest first. One query.

    The same number, the same name, or the same address with a name spelt nearly alike: a family
    shares an address, and often a number.
    """
    is_like = Q(name_key=client.name_key)
    if client.phone:
        is_like |= Q(phone=client.phone)
    if client.email_key:
        is_like |= Q(email_key=client.email_key)
    others = Client.objects.filter(is_like, merged_into=None, erased_at=None).exclude(pk=client.pk)
    found = [Likeness(other, list(_reasons(client, other))) for other in others.order_by("pk")[:50]]
    likely = [likeness for likeness in found if likeness.reasons]
    return sorted(likely, key=lambda likeness: -len(likeness.reasons))[:LISTED_AT_MOST]


def _reasons(one: Client, other: Client) -> Iterator[str]:
    is_alike = SequenceMatcher(None, one.name_key, other.name_key).ratio() >= ALIKE
    if one.name_key == other.name_key:
        yield _("the same name")
    elif is_alike:
        yield _("a name spelt nearly alike")
    if one.phone and one.phone == other.phone:
        yield _("the same number")
    if is_alike and one.email_key and one.email_key == other.email_key:
        yield _("the same address")


def why_not_merge(kept: Client, merged: Client) -> str:
    """Return why the two cannot become one; "" where they can. Up to 1 query."""
    if kept.pk == merged.pk:
        return _("These are one record already.")
    if kept.merged_into_id or merged.merged_into_id:
        return _("One of them was merged meanwhile. Please look again.")
    if kept.erased_at or merged.erased_at:
        return _("The details of one of them were erased.")
    if kept.user_id and merged.user_id and kept.user_id != merged.user_id:
        return _("Both sign in, each with an account of their own. One account has to be closed.")
    theirs = Booking.objects.filter(client=kept, status__in=IN_DIARY)
    at_once = theirs.filter(starts_at__lt=OuterRef("ends_at"), ends_at__gt=OuterRef("starts_at"))
    clash = Booking.objects.filter(Exists(at_once), client=merged, status__in=IN_DIARY).first()
    if clash is not None:
        return _(
            "Both have a visit at the same time (%(reference)s), and nobody is in two places at "
            "once. Cancel or move one, or leave the two apart."
        ) % {"reference": clash.reference}
    return ""


def side(client: Client) -> Side:
    """Return what `client` brings to a merge. 5 queries."""
    visits = client.bookings.exclude(status__in=HOLDS)
    return Side(
        client,
        visits=visits.count(),
        ahead=visits.filter(status__in=UPCOMING).count(),
        consents=client.consents.count(),
        notes=client.notes.filter(removed_at=None).count(),
        has_feed=client.feeds.filter(revoked_at=None).exists(),
    )
