from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_save


class AccountsConfig(AppConfig):
    name = "clinic.accounts"

    def ready(self) -> None:
        """Sign out whom nobody lets in any more; count a second step; note who of us comes."""
        from allauth.mfa.signals import authenticator_added

        from clinic.accounts import steps
        from clinic.accounts.models import User

        authenticator_added.connect(steps.note_first)
        post_save.connect(end_sessions, sender=User)
        user_logged_in.connect(note_sign_in)


def end_sessions(instance: Any, **_signal: Any) -> None:
    from clinic.accounts import services

    if not instance.is_active:
        services.end_sessions(instance)


def note_sign_in(user: Any, **_signal: Any) -> None:
    from clinic.trail.services import note
    from clinic.web import clock

    if user.works_here:
        note(user_id=user.pk, what="account.signed_in", subject=f"user:{user.pk}", now=clock.now())
