"""Where django-allauth asks what this clinic does: mail in our own look, limits, ways on."""

from __future__ import annotations

import base64
import logging
from hashlib import sha256
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives, get_connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from clinic.accounts import handing, steps, tries
from clinic.accounts.backends import Backend
from clinic.accounts.models import User, address_key
from clinic.web import limits
from clinic.web.wording import render_letter

logger = logging.getLogger(__name__)

PATIENCE = 6  # seconds that somebody who signs in waits for the mail server
UNKNOWN_ADDRESS = "::"
CHANGES = {
    "account/email/email_changed": _(
        "Your account has a new e-mail address. Codes and letters go there from now on."
    ),
    "account/email/password_changed": _("The password of your account was changed."),
    "account/email/password_set": _("Your account has a password now."),
    "mfa/email/webauthn_added": _("A passkey was added to your account."),
    "mfa/email/webauthn_removed": _("A passkey was removed from your account."),
    "mfa/email/totp_activated": _("An authenticator app was added to your account."),
    "mfa/email/totp_deactivated": _("The authenticator app was removed from your account."),
    "mfa/email/recovery_codes_generated": _("Your account has new recovery codes."),
}


class Adapter(DefaultAccountAdapter):
    """How this clinic signs people in."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("This address and password do not belong together."),
        "incorrect_code": _("That is not the code. Look at the newest e-mail from us."),
        "incorrect_password": _("That is not your password."),
        "too_many_login_attempts": _("That was a lot at once. Please wait a few minutes."),
        "rate_limited": _("That was a lot at once. Please wait a few minutes."),
        "email_taken": _("There is an account for this address already. Sign in with it instead."),
        "duplicate_email": _("This is the address of your account already."),
        "same_as_current": _("This is the address of your account already."),
    }

    # Mail: at once, in the request; a code is not for a table, and must not wait behind others

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one letter of `email/account/`. A mail server that is down gets a kind page."""
        name = template_prefix.rpartition("/")[2].removesuffix("_signup")
        words = render_letter(f"email/account/{name}", context)
        mail = EmailMultiAlternatives(
            words.subject,
            words.text,
            settings.DEFAULT_FROM_EMAIL,
            [email],
            connection=get_connection(timeout=PATIENCE),
            headers={"Auto-Submitted": "auto-generated"},
        )
        mail.attach_alternative(words.html, "text/html")
        try:
            mail.send()
        except Exception as error:  # each way of sending fails in its own
            logger.error(
                "A letter for signing in (%s) could not go: %s", name, type(error).__name__
            )
            clear_login(self.request)
            page = render(self.request, "account/no_mail.html", status=503)
            raise ImmediateHttpResponse(page) from error

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the owner what changed in their account; that it changed does not wait for it."""
        try:
            self.send_mail(
                "changed", email or user.get_username(), {"what": CHANGES[template_prefix]}
            )
        except ImmediateHttpResponse:
            logger.warning("User %s was not told of %s", user.pk, template_prefix)

    # Limits

    def get_client_ip(self, request: HttpRequest) -> str:
        address = limits.address_of(request)
        return UNKNOWN_ADDRESS if address == "unknown" else address.partition("/")[0]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try of a password per person and place: a stranger elsewhere locks nobody out."""
        if not tries.may_try(request, str(credentials.get("email", ""))):
            raise ImmediateHttpResponse(tries.too_many(request))

    # Ways on

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # an account is made by the code that proves the address

    def clean_email(self, email: str) -> str:
        return address_key(email)

    def is_safe_url(self, url: str | None) -> bool:
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)  # paths of ours only

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user = request.user
        is_staff = user.is_authenticated and user.works_here
        return resolve_url(settings.STAFF_HOME if is_staff else settings.LOGIN_REDIRECT_URL)

    def get_login_stages(self) -> list[str]:
        """allauth's, with a second step for staff."""
        ours = {"allauth.mfa.stages.AuthenticateStage": "clinic.accounts.steps.SecondStep"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def pre_login(
        self, request: HttpRequest, user: AbstractBaseUser, **facts: Any
    ) -> HttpResponse | None:
        if not Backend().user_can_authenticate(cast(User, user)):
            return self.respond_user_inactive(request, user)
        if handing.is_handed_over(request) and not cast(User, user).works_here:
            return redirect("account_give_back")  # nobody's account stays open on our device
        return super().pre_login(request, user, **facts)

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Begin a session: a working day for staff, Django's usual time for clients."""
        super().login(request, user)
        works_here = isinstance(user, User) and user.works_here
        request.session.set_expiry(steps.A_WORKING_DAY if works_here else None)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether changing how one signs in asks for proof once more: of staff."""
        user = self.request.user
        return user.is_authenticated and user.works_here

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        clear_login(request)
        return render(request, "account/inactive.html", status=403)


class SecondStepAdapter(DefaultMFAAdapter):
    """What second steps are called here, and how their secrets are kept."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("That did not work. Please try again."),
        "cannot_delete_authenticator": _(
            "This is your only second step. Add another before you remove it."
        ),
    }

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not (authenticator.user.works_here and steps.is_last(authenticator))

    def generate_authenticator_name(
        self,
        user: AbstractBaseUser,
        type: Authenticator.Type,  # noqa: A002  allauth's name
    ) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return str(_("Passkey %(number)d") % {"number": count + 1})

    def _get_site_name(self) -> str:
        return settings.CLINIC_NAME


def _box() -> MultiFernet:
    """Return what locks secrets: with the present SECRET_KEY, opened by earlier ones too."""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    digests = (sha256(f"clinic.accounts.second-step:{key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
