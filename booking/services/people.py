"""Who works here, and what they give."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from booking.errors import NotNow
from booking.models import UPCOMING, Booking, Provider
from booking.permissions import Role
from clinic.accounts import services as accounts
from clinic.accounts.models import CLIENTS, User
from clinic.trail.services import note
from clinic.web.addresses import free_slug
from treatments.models import AddOn, PriceList, Treatment


@transaction.atomic
def save_provider(
    *,
    provider: Provider,
    treatments: Iterable[Treatment],
    add_ons: Iterable[AddOn],
    has_own_prices: bool,
    by: User,
    now: datetime,
) -> Provider:
    """Write the profile of `provider`, new or changed, and what they give.

    Visits already promised stay theirs (`promised_without`). What is retired stays with them: it is
    in no list to choose from.
    """
    is_new = provider.pk is None
    if is_new:
        provider.slug = free_slug(provider.name, model=Provider, otherwise="aesthetician")
        provider.position = (Provider.objects.aggregate(last=Max("position"))["last"] or 0) + 1
    if has_own_prices and provider.price_list is None:
        provider.price_list, _made = PriceList.objects.get_or_create(name=provider.name)
    provider.save()
    before = _skills(provider)
    retired = provider.treatments.filter(visibility="retired")
    retired_extras = provider.add_ons.filter(visibility="retired")
    provider.treatments.set([*treatments, *retired])
    provider.add_ons.set([*add_ons, *retired_extras])
    note(
        user_id=by.pk,
        what="provider.added" if is_new else "provider.changed",
        subject=f"provider:{provider.pk}",
        now=now,
        account=provider.user_id,
        before=before,
        after=_skills(provider),
    )
    return provider


def promised_without(
    provider: Provider, *, treatments: Iterable[Treatment], add_ons: Iterable[AddOn], now: datetime
) -> list[Booking]:
    """Return the visits ahead with `provider` that need more than `treatments` and `add_ons`.

    3 queries.
    """
    ahead = (
        Booking.objects.filter(provider=provider, status__in=UPCOMING, starts_at__gt=now)
        .select_related("client", "option__treatment", "location")
        .prefetch_related("add_ons")
        .order_by("starts_at")
    )
    given, extras = {each.pk for each in treatments}, {each.pk for each in add_ons}
    return [
        visit
        for visit in ahead
        if visit.option.treatment_id not in given
        or any(add_on.pk not in extras for add_on in visit.add_ons.all())
    ]


@transaction.atomic
def set_roles(
    *, user: User, roles: Iterable[Group], may_sign_in: bool, by: User, now: datetime
) -> None:
    """Let `user` do what `roles` grant, and sign in or not; who may not is signed out at once.

    Raises NotNow for one's own account, for that of who runs the whole system, and where nobody
    would be left to run the clinic.
    """
    user = _locked(user)
    if user == by:
        raise NotNow(
            _("Your own roles are changed by a colleague, so that nobody locks themselves out.")
        )
    if user.is_superuser and not by.is_superuser:
        raise NotNow(_("This account runs the whole system. Only another such account changes it."))
    chosen = {role.name for role in roles}
    is_admin = may_sign_in and Role.ADMIN in chosen
    if not is_admin and not _other_admins(user):
        raise NotNow(
            _("Nobody would be left to run the clinic. Make somebody else an admin first.")
        )
    before = sorted(user.groups.exclude(name=CLIENTS).values_list("name", flat=True))
    user.groups.remove(*user.groups.exclude(name=CLIENTS))
    user.groups.add(*Group.objects.filter(name__in=chosen))
    user.is_active, user.is_staff = may_sign_in, bool(chosen) or user.is_superuser
    user.save(update_fields=["is_active", "is_staff"])
    note(
        user_id=by.pk,
        what="account.roles",
        subject=f"user:{user.pk}",
        now=now,
        before=before,
        after=sorted(chosen),
        may_sign_in=may_sign_in,
    )
    if not may_sign_in:
        accounts.end_sessions(user)


def _locked(user: User) -> User:
    """Return `user`, locked with all admins: two who demote each other wait for one another."""
    admins = User.objects.filter(groups__name=Role.ADMIN)
    rows = User.objects.filter(Q(pk=user.pk) | Q(pk__in=admins)).order_by("pk")
    return rows.select_for_update(no_key=True).in_bulk()[user.pk]


def _skills(provider: Provider) -> dict[str, list[str]]:
    """What they give, by code. 2 queries."""
    return {
        "treatments": sorted(provider.treatments.values_list("code", flat=True)),
        "extras": sorted(provider.add_ons.values_list("code", flat=True)),
    }


def _other_admins(user: User) -> bool:
    """Whether somebody besides `user` can run the clinic."""
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    return others.filter(groups__name=Role.ADMIN).exists()
