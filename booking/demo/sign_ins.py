"""How to sign in as each role of the demo: with recovery codes that are new at each start."""

from __future__ import annotations

from typing import NamedTuple

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import transaction

from booking.demo.building import PASSWORD, accounts
from booking.permissions import Role
from clinic.accounts.models import User

SHOWN = 3  # codes, each of which works once


class SignIn(NamedTuple):
    """Somebody who shows what a role sees; clients have neither password nor codes."""

    role: str
    email: str
    password: str = ""
    codes: tuple[str, ...] = ()


@transaction.atomic
def sign_ins() -> list[SignIn]:
    """Return one person of each role, who can sign in from now on."""
    users = {user.email: user for user in User.objects.filter(is_demo=True)}
    for user in users.values():
        EmailAddress.objects.get_or_create(
            user=user, email=user.email, defaults={"verified": True, "primary": True}
        )
    return [
        SignIn(who["role"], who["email"])
        if who["role"] == Role.CLIENT
        else SignIn(who["role"], who["email"], PASSWORD, _codes_of(users[who["email"]]))
        for who in accounts()
        if who["email"] in users
    ]


def _codes_of(user: User) -> tuple[str, ...]:
    if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        TOTP.activate(user, generate_totp_secret())
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    return tuple(RecoveryCodes.activate(user).get_unused_codes()[:SHOWN])
