"""Fields that more than one form has."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from phonenumber_field.formfields import PhoneNumberField

from clinic.web.addresses import key_in


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
