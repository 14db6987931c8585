"""Which visits were promised what, as the catalogue asks it (treatments.promises)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, QuerySet
from django.urls import reverse

from booking.models import COMING, Booking
from clinic.messaging.models import Message
from treatments.promises import ADD_ON, Diary, Visit

FIELDS = {"option": "option", ADD_ON: "add_ons"}


def sold(kind: str, pks: Collection[int]) -> set[int]:
    """Return those of `pks` of which any booking was ever made, holds included. One query."""
    field = FIELDS[kind]
    made = Booking.objects.filter(**{f"{field}__in": pks}).values_list(field, flat=True)
    return set(made) & set(pks)


def ahead(kind: str, pks: Collection[int], now: datetime) -> list[Visit]:
    """Return the visits made of one of `pks` that are promised and not over. One query."""
    visits = (
        _of_clients()
        .filter(ends_at__gt=now, status__in=COMING, **{f"{FIELDS[kind]}__in": pks})
        .select_related("location")
        .order_by("starts_at")
        .distinct()
    )
    return [_visit(visit) for visit in visits]


def change_url(kind: str, pk: int) -> str:
    """Return the page of a change of the schedule that retires it."""
    return f"{reverse('staff:propose', args=['retiring'])}?{kind}={pk}"


def promised(versions: Collection[int]) -> dict[int, int]:
    """Return how many visits each of `versions` was promised to, holds left out. One query."""
    rows = (
        _of_clients()
        .filter(instruction_versions__in=versions)
        .values_list("instruction_versions")
        .annotate(count=Count("pk"))
    )
    return {pk: count for pk, count in rows if pk in versions}


def given(version: int, first: int, last: int) -> list[Visit]:
    """Return the visits promised `version`, the latest first, and when a letter brought it.

    2 queries.
    """
    visits = list(
        _of_clients()
        .filter(instruction_versions=version)
        .select_related("location")
        .order_by("-starts_at", "-pk")[first:last]
    )
    sent: dict[str, datetime] = {}
    letters = Message.objects.filter(
        subject__in=[f"booking:{visit.pk}" for visit in visits], sent_at__isnull=False
    ).order_by("-sent_at")
    for subject, versions, sent_at in letters.values_list("subject", "content_versions", "sent_at"):
        if str(version) in map(str, versions) and sent_at:
            sent[subject] = sent_at  # the first one stays
    return [_visit(visit, sent.get(f"booking:{visit.pk}")) for visit in visits]


def _of_clients() -> QuerySet[Booking]:
    return Booking.objects.filter(client__isnull=False)


def _visit(booking: Booking, sent_at: datetime | None = None) -> Visit:
    return Visit(
        reference=booking.reference,
        url=reverse("staff:visit", args=[booking.reference]),
        at=booking.starts_at,
        zone=booking.location.time_zone,
        says=booking.get_status_display(),
        sent_at=sent_at,
    )


DIARY = Diary(sold=sold, ahead=ahead, change_url=change_url, promised=promised, given=given)
