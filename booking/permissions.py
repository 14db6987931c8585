"""Who may do what: the roles of the clinic, and what each of them grants.

A role is a group of Django's, so that `user.has_perm("booking.view_booking")` answers everywhere,
the admin included. `GRANTS` is the least a role gives: every `migrate` puts back what is missing.
What an admin of the clinic gives a group beyond it stays theirs to give and to take, and so does
what a later version of the table no longer names.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q, QuerySet

from booking.models import HOLDS, Alert, Booking, Resource, ScheduleChange
from booking.models.bookings import BookingQuerySet
from clinic.accounts.models import User
from clinic.clients.models import Client


class Role(StrEnum):
    """What somebody is here; the names of the groups."""

    CLIENT = "client"
    AESTHETICIAN = "aesthetician"
    FRONT_DESK = "front desk"
    MEDICAL_LEAD = "medical lead"
    ADMIN = "admin"


VIEW = "view"
KEEP = "view add change delete"

HOUSE = ("places.location", "places.openinghours", "places.closure")
CATALOGUE = (
    "treatments.treatment",
    "treatments.option",
    "treatments.addon",
    "treatments.instruction",
    "treatments.instructionversion",
)
STAFFING = (
    "booking.resource",
    "booking.provider",
    "booking.room",
    "booking.device",
    "booking.workinghours",
    "booking.extraopening",
    "booking.timeoff",
)
DIARY = (
    "booking.booking",
    "booking.bookingline",
    "booking.bookingevent",
    "booking.allocation",
    "clients.client",
    "messaging.message",
)
CARE = ("booking.alert", "booking.reading", "booking.skincheck")

AROUND_A_VISIT = timedelta(days=7)  # the handbook, section 12

# Aestheticians see clients of their own schedule only (handbook, section 12): "view_own" opens
# pages that ask `visits_of` which visits those are, and nothing here opens all of them.
GRANTS: dict[Role, dict[str, str]] = {
    Role.CLIENT: {},
    Role.AESTHETICIAN: {
        **dict.fromkeys((*HOUSE, *CATALOGUE, *STAFFING), VIEW),
        "booking.booking": "view_own change_own add_own",
        "booking.schedulechange": "ask",
        "clients.clientnote": VIEW,  # of their own clients
    },
    Role.FRONT_DESK: {
        **dict.fromkeys((*HOUSE, *CATALOGUE, *STAFFING, *DIARY, *CARE), VIEW),
        "booking.alert": "view change",
        "booking.booking": "view add change preview",
        "booking.fee": "waive",
        "booking.feed": "view add change",  # of the rooms
        "booking.schedulechange": "view add change",
        "booking.touchedvisit": VIEW,
        "booking.timeoff": KEEP,
        "clients.client": "view add change",
        "clients.clientmerge": "view add change",
        "clients.clientnote": "view add change",
        "clients.consent": "view add",
        "messaging.message": "view change",  # by the desk's services: again, or not at all
        "messaging.suppression": "view lift",
        "treatments.price": VIEW,
    },
    Role.MEDICAL_LEAD: {
        **dict.fromkeys((*HOUSE, *CATALOGUE, *STAFFING, *DIARY, *CARE), VIEW),
        "booking.alert": "view change",
        "booking.booking": "view preview",
        "clients.consent": VIEW,
        "treatments.instructionversion": "view add change",
    },
    Role.ADMIN: {
        **dict.fromkeys((*HOUSE, *CATALOGUE, *STAFFING), KEEP),
        **dict.fromkeys((*DIARY, *CARE), VIEW),
        "accounts.user": "view add change",
        "auth.group": VIEW,
        "booking.alert": "view change",
        "booking.booking": "view add change preview",
        "booking.fee": "waive",
        "booking.feed": "view add change",  # of the rooms
        "booking.numbers": VIEW,
        "booking.schedulechange": "view add change approve",
        "booking.touchedvisit": VIEW,
        "clients.client": "view add change",
        "clients.clientmerge": "view add change",
        "clients.clientnote": "view add change",
        "clients.consent": "view add",
        "messaging.message": "view change",
        "messaging.suppression": "view lift",
        "places.policyversion": "view add",
        "treatments.instructionversion": "view add",  # approving is the medical lead's
        "trail.entry": VIEW,
        "trail.seal": VIEW,
        "treatments.price": "view add",
        "treatments.pricechange": "view add change",
        "treatments.pricelist": KEEP,
    },
}


def visits_of(user: User) -> BookingQuerySet:
    """Return the visits that `user` may look at: all of them, those of their schedule, or none."""
    if user.has_perm("booking.view_booking"):
        return Booking.objects.all()
    if user.has_perm("booking.view_own_booking"):
        return Booking.objects.filter(provider__user=user)
    return Booking.objects.none()


def changeable_visits(user: User) -> BookingQuerySet:
    """Return the visits that `user` may change: all, those of their schedule, or none."""
    if user.has_perm("booking.change_booking"):
        return Booking.objects.all()
    if user.has_perm("booking.change_own_booking"):
        return Booking.objects.filter(provider__user=user)
    return Booking.objects.none()


def clients_of(user: User, *, now: datetime) -> QuerySet[Client]:
    """Return the clients whose records `user` may look at.

    All of them, or, to an aesthetician, whoever has a visit of their own schedule not more than
    seven days away, before or after; whatever became of that visit.
    """
    if user.has_perm("clients.view_client"):
        return Client.objects.all()
    near = (now - AROUND_A_VISIT, now + AROUND_A_VISIT)
    visits = visits_of(user).filter(starts_at__range=near)
    promised = visits.exclude(status__in=HOLDS)
    return Client.objects.filter(pk__in=promised.values("client"))


def may_open(client: Client, *, user: User, now: datetime) -> bool:
    """Whether `user` may look at the record of `client`. One query, or none for who sees all."""
    if user.has_perm("clients.view_client"):
        return True
    return clients_of(user, now=now).filter(pk=client.pk).exists()


def schedules_of(user: User) -> QuerySet[Resource]:
    """Return whose schedules `user` may change, or ask to: everybody's and everything's, or own."""
    if user.has_perm("booking.add_schedulechange"):
        return Resource.objects.all()
    if user.has_perm("booking.ask_schedulechange"):
        return Resource.objects.filter(provider__user=user)
    return Resource.objects.none()


def changes_of(user: User) -> QuerySet[ScheduleChange]:
    """Return the changes of the schedule that `user` may look at: all, or those of their own."""
    if user.has_perm("booking.view_schedulechange"):
        return ScheduleChange.objects.all()
    if user.has_perm("booking.ask_schedulechange"):
        mine = Q(asked_by=user) | Q(resource__provider__user=user)
        return ScheduleChange.objects.filter(mine)
    return ScheduleChange.objects.none()


def alerts_of(user: User) -> QuerySet[Alert]:
    """Return the alerts that `user` may look at: all of them, or those about visits of theirs."""
    if user.has_perm("booking.view_alert"):
        return Alert.objects.all()
    return Alert.objects.filter(booking__in=visits_of(user))


def codenames(role: Role) -> set[tuple[str, str]]:
    """Return what `role` grants, as (app label, codename)."""
    return {
        (app_label, f"{action}_{model}")
        for name, actions in GRANTS[role].items()
        for app_label, model in [name.split(".")]
        for action in actions.split()
    }


def sync_roles(*, using: str = DEFAULT_DB_ALIAS, apps: Apps = installed, **_signal: Any) -> None:
    """Make the groups and give them what they lack. After every migrate; 1 + 4 per role queries.

    A database in the middle of its migrations may not have every permission yet; the next
    migrate brings the rest.
    """
    try:
        group_model = apps.get_model("auth", "Group")
        permission_model = apps.get_model("auth", "Permission")
    except LookupError:
        return
    known = {
        (app_label, codename): pk
        for app_label, codename, pk in permission_model.objects.using(using).values_list(
            "content_type__app_label", "codename", "pk"
        )
    }
    for role in Role:
        group, _ = group_model.objects.using(using).get_or_create(name=role.value)
        group.permissions.add(*(known[name] for name in codenames(role) if name in known))
