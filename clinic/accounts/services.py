"""What changes who may sign in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from importlib import import_module

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clinic.accounts.errors import InvitationGone
from clinic.accounts.models import INVITATION_DAYS, Invitation, User, address_key
from clinic.trail.services import note


@transaction.atomic
def account_of(email: str) -> User:
    """Return the account of an address whose owner proved it just now, made if there is none."""
    user, is_new = User.objects.get_or_create(email=address_key(email))
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})
    return user


def refuse_own(email: str, user: User) -> None:
    """Raise ValidationError if `email` is of `user`: roles are given by somebody else."""
    if address_key(email) == address_key(user.email):
        raise ValidationError(_("Your own roles are changed by a colleague."))


@transaction.atomic
def invite(*, email: str, role: Group, invited_by: User, now: datetime) -> Invitation:
    """Ask an address to join as `role`, for a week. An earlier invitation of it ends.

    Raises ValidationError for one's own.
    """
    refuse_own(email, invited_by)
    email = address_key(email)
    Invitation.objects.filter(Invitation.open(now=now), email=email).update(revoked_at=now)
    invitation = Invitation.objects.create(
        email=email, role=role, invited_by=invited_by, valid_until=now + INVITATION_DAYS
    )
    about = f"invitation:{invitation.pk}"
    note(user_id=invited_by.pk, what="invitation.sent", subject=about, now=now, role=role.name)
    return invitation


@transaction.atomic
def revoke(*, invitations: Iterable[int], by: User, now: datetime) -> int:
    """Take invitations back that were not accepted yet; return how many it were."""
    still_open = Invitation.objects.filter(Invitation.open(now=now), pk__in=invitations)
    count = 0
    for pk in still_open.values_list("pk", flat=True):
        if still_open.filter(pk=pk).update(revoked_at=now):
            note(user_id=by.pk, what="invitation.revoked", subject=f"invitation:{pk}", now=now)
            count += 1
    return count


@transaction.atomic
def accept(*, invitation: Invitation, name: str, password: str, now: datetime) -> User:
    """Make whoever has the letter's link a member of the staff; once.

    Without a password they go on with a passkey. Raises InvitationGone for an invitation that is
    over, taken back or accepted already. Who has an account keeps it, and its password.
    """
    still_open = Invitation.objects.filter(Invitation.open(now=now), pk=invitation.pk)
    if not still_open.update(accepted_at=now):
        raise InvitationGone
    user = account_of(invitation.email)
    user.full_name, user.is_staff = name, True
    if password and not user.has_usable_password():
        user.set_password(password)
    user.save(update_fields=["full_name", "is_staff", "password"])
    user.groups.add(invitation.role)
    EmailAddress.objects.filter(user=user, email=user.email).update(verified=True, primary=True)
    about = f"invitation:{invitation.pk}"
    note(user_id=user.pk, what="invitation.accepted", subject=about, now=now)
    return user


def end_sessions(user: User) -> None:
    """Sign `user` out everywhere."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    for session in UserSession.objects.filter(user=user):
        store.delete(session.session_key)
        session.delete()


@transaction.atomic
def forget_second_step(user: User) -> None:
    """Let somebody who lost phone and codes set up anew, signed out until then."""
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user)


def switch_shortcuts(*, user: User, is_on: bool) -> None:
    """Let single keys open pages of the workspace for `user`, or not. One query."""
    user.has_shortcuts = is_on
    user.save(update_fields=["has_shortcuts"])
