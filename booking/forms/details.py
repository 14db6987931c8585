"""Who comes, what they agree to, and that nothing speaks against a treatment."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.models import Draft
from booking.services.confirming import ASKED, CONSENT_WORDING
from clinic.clients.models import LONGEST_EMAIL, LONGEST_NAME, ConsentKind
from clinic.web import clock
from clinic.web.fields import MobileField, NameField


class DetailsForm(forms.Form):
    """Name, address and phone of somebody new; consents and the never-treat list for everyone."""

    name = NameField(
        label=_("Your name"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=LONGEST_EMAIL,
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter an e-mail address with an @ sign, such as maya@example.com."),
            "max_length": _("That is longer than an e-mail address can be."),
            "null_characters_not_allowed": _(
                "Enter an e-mail address with an @ sign, such as maya@example.com."
            ),
        },
        help_text=_("Your confirmation goes here."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = MobileField(
        label=_("Mobile number"),
        error_messages={
            "required": _("Enter a mobile number with 10 digits."),
            "invalid": _("Enter a mobile number with 10 digits."),
        },
        help_text=_("In case something comes up on the day."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    time_zone = forms.Field(required=False, widget=forms.HiddenInput(attrs={"data-zone": ""}))
    safe = forms.BooleanField(
        label=_("None of these apply to me"),
        error_messages={"required": _("Tick that none of these apply to you, or call us.")},
    )
    agree_treatment = forms.BooleanField(
        label=_(
            "I am 18 or older and agree to a cosmetic treatment with low-level current. "
            "I can stop it at any time."
        ),
        error_messages={"required": _("We can treat you only if you agree to it.")},
    )
    agree_data = forms.BooleanField(
        label=_("The clinic may keep my details and what I answered here, to look after me."),
        error_messages={"required": _("We can book you only if we may keep your details.")},
    )
    agree_service_sms = forms.BooleanField(
        label=_(
            "Text me about my appointments: at most one text a day and three a week. Message and "
            "data rates may apply. Reply STOP to end them. (optional)"
        ),
        required=False,
    )
    agree_marketing_email = forms.BooleanField(
        label=_("Send me news and offers by e-mail. (optional)"), required=False
    )

    def __init__(self, *args: Any, is_known: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_known:  # details already given are never asked again
            for name in ("name", "email", "phone"):
                del self.fields[name]
        if ConsentKind.SERVICE_SMS not in ASKED:  # this clinic sends no texts
            del self.fields["agree_service_sms"]

    def clean_time_zone(self) -> str:
        """The browser's zone, where it names one; nobody typed it, so nobody is told."""
        zone = str(self.cleaned_data["time_zone"])
        return zone if zone in clock.zone_names() else ""

    def typed(self) -> dict[str, Any]:
        """Return what was understood so far, as fields of a Draft."""
        cleaned = self.cleaned_data
        texts = ("name", "email", "phone", "time_zone")
        return {name: str(cleaned[name]) for name in texts if cleaned.get(name)} | {
            "consents": [kind for kind in ASKED if cleaned.get(f"agree_{kind}")]
        }


def from_draft(draft: Draft | None) -> dict[str, Any]:
    """Return what the form begins with: what this browser typed before, and nothing ticked else."""
    if draft is None:
        return {}
    said_safe = draft.safety_confirmed_at and draft.safety_wording == CONSENT_WORDING
    return {
        "name": draft.name,
        "email": draft.email,
        "phone": draft.phone,
        "safe": bool(said_safe),
        **{f"agree_{kind}": kind in draft.consents for kind in ASKED},
    }
