"""What people type to sign in, in the clinic's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    ConfirmEmailVerificationCodeForm,
    ConfirmLoginCodeForm,
    LoginForm,
    ReauthenticateForm,
    SetPasswordForm,
)
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as StepForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
    SignupWebAuthnForm,
)
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic.accounts import tries
from clinic.accounts.models import User, address_key

ONE_TIME_CODE = {
    "autocomplete": "one-time-code",
    "autocapitalize": "characters",
    "spellcheck": "false",
    "class": "code-field",
}
REQUIRED_CODE = {"required": _("Enter the code.")}
ADDRESS_ERRORS = {
    "required": _("Enter your e-mail address."),
    "invalid": _("Enter an e-mail address with an @ sign, such as maya@example.com."),
}
PASSWORD_HELP = _("At least 10 characters. A few words in a row are easy to remember.")


class SignInForm(forms.Form):
    """An address that gets a code, whether we know it or not."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages=ADDRESS_ERRORS,
        widget=forms.EmailInput(attrs={"autocomplete": "username webauthn"}),
    )

    def clean_email(self) -> str:
        email = address_key(self.cleaned_data["email"])
        if not email.rpartition("@")[0].isascii():  # as somebody else's, seen from afar
            raise ValidationError(ADDRESS_ERRORS["invalid"])
        if not tries.may_ask(context.request, email):
            raise ValidationError(_("That was a lot at once. Please wait a few minutes."))
        self.user = User.objects.filter(email=email, is_active=True).first()
        return email


class CodeForm(ConfirmLoginCodeForm):
    code = forms.CharField(
        label=_("Code"), error_messages=REQUIRED_CODE, widget=forms.TextInput(attrs=ONE_TIME_CODE)
    )


class AddressCodeForm(ConfirmEmailVerificationCodeForm):
    code = forms.CharField(
        label=_("Code"), error_messages=REQUIRED_CODE, widget=forms.TextInput(attrs=ONE_TIME_CODE)
    )


class PasswordForm(LoginForm):
    """Address and password, which staff may have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email, password = self.fields["login"], self.fields["password"]
        email.label, email.error_messages = _("E-mail"), email.error_messages | ADDRESS_ERRORS
        email.widget = forms.EmailInput(attrs={"autocomplete": "username"})
        password.error_messages["required"] = _("Enter your password.")
        password.help_text = ""
        _quiet(self)


class StepCodeForm(AuthenticateForm):
    code = forms.CharField(
        label=_("Code of your app, or a recovery code"),
        error_messages=REQUIRED_CODE,
        widget=forms.TextInput(attrs=ONE_TIME_CODE | {"inputmode": "numeric"}),
    )


class StepAgainForm(StepForm):
    code = forms.CharField(
        label=_("Code of your app, or a recovery code"),
        error_messages=REQUIRED_CODE,
        widget=forms.TextInput(attrs=ONE_TIME_CODE | {"inputmode": "numeric"}),
    )


class PasswordAgainForm(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""
        _quiet(self)


class AppForm(ActivateTOTPForm):
    code = forms.CharField(
        label=_("Code of the app"),
        error_messages=REQUIRED_CODE,
        widget=forms.TextInput(attrs=ONE_TIME_CODE | {"inputmode": "numeric"}),
    )


@contextmanager
def _refusing_nonsense() -> Iterator[None]:
    """Refuse as a wrong passkey what no browser sends, on which the library stumbles."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise get_adapter().validation_error("incorrect_code") from error


class PasskeyForm(SignupWebAuthnForm):
    """A name for a passkey; the browser adds the passkey itself."""

    name = forms.CharField(
        label=_("A name to tell it by"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        with _refusing_nonsense():
            return super().clean()


class PasskeyStepForm(AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        with _refusing_nonsense():
            return super().clean_credential()


class PasskeySignInForm(PasskeyStepForm, LoginWebAuthnForm):
    pass


class PasskeyAgainForm(PasskeyStepForm, ReauthenticateWebAuthnForm):
    pass


class AddressForm(AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail address")
        self.fields["email"].error_messages |= ADDRESS_ERRORS
        _quiet(self)

    def clean_email(self) -> str:
        email = super().clean_email()
        if not email.rpartition("@")[0].isascii():
            raise ValidationError(ADDRESS_ERRORS["invalid"])
        return email


class NewPasswordForm(SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _one_new_password(self)


class ChangedPasswordForm(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""
        _one_new_password(self)


class JoinForm(forms.Form):
    """Who was invited: a name, and a password for those who want one."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        error_messages={"required": _("Enter your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password (leave empty to use a passkey)"),
        required=False,
        strip=False,
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, has_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email
        if has_password:
            del self.fields["password"]

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if password:
            password_validation.validate_password(password, User(email=self.email))
        return password


def _one_new_password(form: forms.Form) -> None:
    """Ask for a new password once: who mistypes it sets another."""
    del form.fields["password2"]
    form.fields["password1"].label = _("New password")
    form.fields["password1"].help_text = PASSWORD_HELP
    _quiet(form)


def _quiet(form: forms.Form) -> None:
    """Leave out placeholders: every field has its label."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
