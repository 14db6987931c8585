from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save


class AccountsConfig(AppConfig):
    name = "clinic.accounts"

    def ready(self) -> None:
        """Sign out whom nobody lets in any more; count a second step as it is set up."""
        from allauth.mfa.signals import authenticator_added

        from clinic.accounts import steps
        from clinic.accounts.models import User

        authenticator_added.connect(steps.note_first)
        post_save.connect(end_sessions, sender=User)


def end_sessions(instance: Any, **_signal: Any) -> None:
    from clinic.accounts import services

    if not instance.is_active:
        services.end_sessions(instance)
