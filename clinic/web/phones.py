"""Telephone numbers as people write them."""

from __future__ import annotations

import phonenumbers
from django.conf import settings
from phonenumber_field.phonenumber import PhoneNumber


def in_national_form(phone: str) -> str:
    """Return a number in E.164 as people of its country write it; ours without the country."""
    number = PhoneNumber.from_string(phone) if phone else None
    if number is None or not number.is_valid():
        return phone
    ours = number.country_code == phonenumbers.country_code_for_region(
        settings.PHONENUMBER_DEFAULT_REGION
    )
    return str(number.as_national if ours else number.as_international)
