from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from clinic.web import clock

CLIENTS = "client"  # the one group whose people do not work here
INVITATION_DAYS = timedelta(days=7)


def address_key(email: str) -> str:
    """Return `email` as two spellings of one address compare: trimmed, lower case."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail; upper and lower case are the same person."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=address_key(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in: by e-mail, without a username.

    Clients need no password. Who works here needs a second step, or a passkey, for every sign-in.
    """

    email = models.EmailField(
        _("e-mail address"),
        max_length=254,
        unique=True,
        error_messages={"unique": _("Somebody already signs in with this address.")},
    )
    full_name = models.CharField(_("name"), max_length=120, blank=True)
    is_staff = models.BooleanField(_("works here"), default=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)
    has_shortcuts = models.BooleanField(_("keyboard shortcuts"), default=False)
    date_joined = models.DateTimeField(_("joined"), default=clock.now)

    objects = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["email"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_user_per_email",
                violation_error_message=_("Somebody already signs in with this address."),
            )
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = address_key(self.email)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Compare addresses as they are kept, before the form says that one is taken."""
        super().clean()
        self.email = address_key(self.email)

    @property
    def works_here(self) -> bool:
        """Whether this is staff: by the box in the admin, or by a role. At most 1 query."""
        return self.is_staff or self.is_superuser or self.groups.exclude(name=CLIENTS).exists()

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        """Return the first name, past titles such as "Dr."; the address of who gave no name."""
        names = [word for word in self.full_name.split() if not word.endswith(".")]
        return names[0] if names else self.email


class Invitation(models.Model):
    """An address asked to join the staff. Until the link is used, nobody can sign in by it."""

    email = models.EmailField(_("e-mail address"), max_length=254)
    role = models.ForeignKey(Group, models.CASCADE, verbose_name=_("role"), related_name="+")
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, verbose_name=_("invited by"), related_name="+"
    )
    valid_until = models.DateTimeField(_("valid until"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("taken back"), null=True, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-valid_until", "-pk"]

    def __str__(self) -> str:
        return self.email

    @staticmethod
    def open(*, now: datetime) -> Q:
        """Say which invitations can still be accepted."""
        return Q(accepted_at=None, revoked_at=None, valid_until__gt=now)
