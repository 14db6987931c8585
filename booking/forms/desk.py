"""What staff type who book for somebody on the phone or at the desk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from booking.forms.details import DetailsForm
from booking.services.desk import Newcomer
from clinic.clients.models import LONGEST_EMAIL, LONGEST_NAME
from clinic.web.addresses import instant_in
from clinic.web.fields import MobileField, NameField

TEXTS_IN_WORDS = _(
    "We text you about your appointments, at most one text a day and three a week. Message and "
    "data rates may apply. Reply STOP to end them."
)
CHOSEN = re.compile(r"\A(20\d{6}T\d{4}Z)-(\d{1,6}\.\d\d)-(\d{1,9})\Z")
ON_THE_GRID = {0, 15, 30, 45}
CLIENT, HEALTH, CLINIC = "client", "health", "clinic"  # who cancels, and that it is for health


@dataclass(frozen=True)
class Chosen:
    """A time that staff pressed, with the price and the person that stood on it."""

    starts_at: datetime
    price: Decimal
    provider: int


def read_chosen(key: str) -> Chosen | None:
    """Return what `key` names; None where it is not one of ours."""
    found = CHOSEN.fullmatch(key)
    if found is None:
        return None
    starts_at = instant_in(found[1])
    return Chosen(starts_at, Decimal(found[2]), int(found[3])) if starts_at else None


class BookForm(forms.Form):
    """Who comes, if it is nobody we know, and why, where staff go around a rule."""

    name = NameField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        error_messages={"required": _("Find the client, or type a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = MobileField(
        label=_("Mobile number"),
        error_messages={
            "required": _("Enter a mobile number with 10 digits."),
            "invalid": _("Enter a mobile number with 10 digits."),
        },
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("E-mail (optional)"),
        max_length=LONGEST_EMAIL,
        required=False,
        error_messages=DetailsForm.base_fields["email"].error_messages,
        help_text=_("The link to complete the details goes here."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    texts = forms.BooleanField(
        label=_("Agreed on the phone to texts about appointments"),
        help_text=TEXTS_IN_WORDS,
        required=False,
    )
    no_talk = forms.BooleanField(label=_("Without the first talk"), required=False)
    reason = forms.CharField(
        label=_("Why it is booked all the same"),
        max_length=200,
        required=False,
        help_text=_("Stays in the history of the visit. Nothing about health, please."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    request_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:  # we know how they are called and reached
            for name in ("name", "phone", "email"):
                del self.fields[name]
        if not settings.HAS_SMS:
            del self.fields["texts"]

    @property
    def newcomer(self) -> Newcomer | None:
        """Who was typed, as far as it was understood; None without a name and a number."""
        typed = getattr(self, "cleaned_data", {})
        if not typed.get("name") or not typed.get("phone"):
            return None
        return Newcomer(typed["name"], str(typed["phone"]), typed.get("email", ""))


class TimeForm(forms.Form):
    """A time of the day that is typed, on the clock of the place."""

    start = forms.TimeField(
        label=_("Any other time"),
        error_messages={
            "required": _("Type a time, such as 10:30."),
            "invalid": _("Type a time, such as 10:30 or 14:15."),
        },
        widget=forms.TimeInput(attrs={"type": "time", "step": "900"}, format="%H:%M"),
    )

    def clean_start(self) -> time:
        """Return the time, if it is one at which visits begin."""
        start: time = self.cleaned_data["start"]
        if start.minute not in ON_THE_GRID or start.second or start.microsecond:
            raise ValidationError(_("Visits begin at a full, half or quarter hour."))
        return start


class StaffCancelForm(forms.Form):
    """Who wants a visit canceled, and why; with what the page said it costs, and its version."""

    why = forms.ChoiceField(
        choices=[(CLIENT, CLIENT), (HEALTH, HEALTH), (CLINIC, CLINIC)],
        error_messages={"required": _("Choose who cancels.")},
    )
    waives = forms.BooleanField(required=False)
    reason = forms.CharField(
        label=_("Why"),
        max_length=200,
        required=False,
        help_text=_("Stays in the history of the visit. Nothing about health, please."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    fee = forms.DecimalField(min_value=0, max_digits=8, decimal_places=2, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, may_waive: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_waive:
            del self.fields["waives"]

    def clean(self) -> dict[str, Any]:
        """Ask for a reason where the clinic cancels, or asks for nothing."""
        cleaned = super().clean() or {}
        needs_reason = cleaned.get("why") == CLINIC or (
            cleaned.get("why") == CLIENT and cleaned.get("waives")
        )
        if needs_reason and not cleaned.get("reason", "").strip():
            words = (
                _("Say in a few words why we cancel.")
                if cleaned["why"] == CLINIC
                else _("Say in a few words why the fee is waived.")
            )
            self.add_error("reason", words)
        return cleaned
