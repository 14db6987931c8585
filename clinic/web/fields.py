"""Fields that more than one form has."""

import re
import unicodedata
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from clinic.web.addresses import key_in

UNSEEN = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, surrogate, private, unassigned, breaks
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # reverse what follows
ON_PAPER = _("Please leave out characters that cannot be seen on paper.")

# What mail programs make a link of: our letters greet by name whomever a stranger books for.
ADDRESS = re.compile(r"://|@|\w{2}\.\w{2}")


def validate_written(text: str) -> None:
    """Raise ValidationError for what nobody types into a name: unseen characters, addresses."""
    if ADDRESS.search(text):
        raise ValidationError(
            _("Please write the name without web or e-mail addresses, a space after each period.")
        )
    signs = text.replace("\0", "")  # which Django refuses by itself
    if any(unicodedata.category(sign) in UNSEEN or sign in TURNING for sign in signs):
        raise ValidationError(ON_PAPER)


class NameField(forms.CharField):
    """How somebody is called; what has no letter is no name."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter your name."),
        "max_length": _(
            "That name is too long for us. Please shorten it to %(limit_value)d letters."
        ),
        "null_characters_not_allowed": ON_PAPER,
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[validate_written], **kwargs)

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        if name and not any(sign.isalpha() for sign in name):
            raise ValidationError(self.error_messages["required"])
        return name


class MobileField(PhoneNumberField):
    """A phone number; whatever is wrong with it, one sentence says what to do."""

    def run_validators(self, value: Any) -> None:
        try:
            super().run_validators(value)
        except ValidationError:
            raise ValidationError(self.error_messages["invalid"]) from None


class RowField(forms.ModelChoiceField):
    """One of some rows by its primary key; a key that no database holds is a wrong choice."""

    def to_python(self, value: Any) -> Any:
        is_key = value in self.empty_values or key_in(value)
        return super().to_python(value if is_key else "0")


class RowsField(forms.ModelMultipleChoiceField):
    """Several rows by their primary keys; as `RowField`."""

    def clean(self, value: Any) -> Any:
        return super().clean([key_in(each) for each in value] if value else value)
