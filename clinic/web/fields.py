"""Fields that more than one form has."""

from typing import Any

from django.core.exceptions import ValidationError
from phonenumber_field.formfields import PhoneNumberField


class MobileField(PhoneNumberField):
    """A phone number; whatever is wrong with it, one sentence says what to do."""

    def run_validators(self, value: Any) -> None:
        try:
            super().run_validators(value)
        except ValidationError:
            raise ValidationError(self.error_messages["invalid"]) from None
