"""The second step: who works here shows more than a password or a code from the mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest

from clinic.accounts.models import User

STRONG = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
A_WORKING_DAY = timedelta(hours=12)


class SecondStep(AuthenticateStage):
    """allauth's step, for staff alone: a client's passkey is a shorter way in, not one more."""

    def handle(self) -> tuple[Any, bool]:
        if self.login.user is None or not self.login.user.works_here:
            return None, True
        return super().handle()


def is_done(request: HttpRequest) -> bool:
    """Whether whoever is signed in used a passkey, an authenticator app or a recovery code."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" for record in records)


def is_set_up(user: User) -> bool:
    """Whether `user` has a passkey or an authenticator app. 1 query."""
    return is_mfa_enabled(user, STRONG)


def is_last(authenticator: Authenticator) -> bool:
    """Whether nothing else of its owner's would be left for a second step. 1 query."""
    others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=STRONG)
    return not others.exclude(pk=authenticator.pk).exists()


def note_first(
    request: HttpRequest, user: User, authenticator: Authenticator, **_signal: Any
) -> None:
    """Count what was set up just now as shown: its owner has it in hand."""
    if authenticator.type in STRONG and user.works_here:
        kind = str(authenticator.type)
        record_authentication(
            request, user, "mfa", id=authenticator.pk, type=kind, reauthenticated=True
        )
        request.session.set_expiry(A_WORKING_DAY)
