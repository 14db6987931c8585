"""Who works here and what stands where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from booking.models import Provider
from clinic.accounts.models import CLIENTS, Invitation, User


@dataclass(frozen=True)
class Staff:
    """Everybody who works here, and who was asked to."""

    providers: list[Provider]
    former: list[Provider]
    accounts: list[User]
    invitations: list[Invitation]


def staff(*, now: datetime) -> Staff:
    """Return everybody who works here. 4 queries.

    `accounts` are those who sign in, with their roles prefetched; an aesthetician who does stands
    in both lists.
    """
    people = Provider.objects.select_related("user", "price_list").order_by("position", "name")
    working = Q(is_staff=True) | Q(is_superuser=True)
    accounts = User.objects.filter(working).select_related("provider").prefetch_related("groups")
    asked = Invitation.objects.filter(Invitation.open(now=now)).select_related("role", "invited_by")
    everybody = list(people)
    return Staff(
        providers=[person for person in everybody if person.is_active],
        former=[person for person in everybody if not person.is_active],
        accounts=list(accounts.order_by("-is_active", "full_name", "email")),
        invitations=list(asked),
    )


def roles_of(user: User) -> list[str]:
    """Return the names of the roles of `user`. No query where the groups are prefetched."""
    return sorted(group.name for group in user.groups.all() if group.name != CLIENTS)
