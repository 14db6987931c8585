"""Who may sign in, by whatever means."""

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser

from clinic.accounts.models import User


class Backend(ModelBackend):
    """Django's own: one address, perhaps a password. The demo's people exist in a demo only.

    Asked at every sign-in and again at every request, so that it ends what is signed in already.
    """

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        is_of_the_demo = isinstance(user, User) and user.is_demo and not settings.DEMO
        return super().user_can_authenticate(user) and not is_of_the_demo
