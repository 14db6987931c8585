from typing import Any

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clinic.clients"

    def ready(self) -> None:
        """Let guests join their account once its address is proved, and follow it to another."""
        from allauth.account.signals import email_changed, email_confirmed, user_logged_in

        email_changed.connect(on_changed)
        email_confirmed.connect(on_proved)
        user_logged_in.connect(on_signed_in)


def on_changed(user: Any, from_email_address: Any, to_email_address: Any, **_signal: Any) -> None:
    from clinic.clients.services import follow_address

    if from_email_address:
        follow_address(user=user, before=from_email_address.email, email=to_email_address.email)


def on_proved(email_address: Any, **_signal: Any) -> None:
    from clinic.clients.services import join_account

    join_account(user=email_address.user, email=email_address.email)


def on_signed_in(user: Any, **_signal: Any) -> None:
    from clinic.clients.services import join_account

    for email in user.emailaddress_set.filter(verified=True).values_list("email", flat=True):
        join_account(user=user, email=email)
