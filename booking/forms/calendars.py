"""The address of a calendar kept elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class OutsideCalendarForm(forms.Form):
    """An iCal address, as Google, Outlook and Apple give it out."""

    address = forms.CharField(
        label=_("Secret iCal address"),
        max_length=1000,
        help_text=_(
            "Google: Settings, your calendar, “Secret address in iCal format”. Outlook: Shared "
            "calendars, “Publish a calendar”, ICS. Apple: Share calendar, “Public calendar”."
        ),
        error_messages={
            "required": _("Paste the address first."),
            "max_length": _("That address is too long for us."),
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def clean_address(self) -> str:
        """Return the address as https; webcal:// is another way to write it."""
        typed = self.cleaned_data["address"]
        if typed.lower().startswith("webcal://"):
            typed = f"https{typed[len('webcal') :]}"
        try:
            parts = urlsplit(typed)
            is_ours = parts.scheme == "https" and parts.hostname and parts.port in {None, 443}
        except ValueError:
            is_ours = False
        if not is_ours:
            raise ValidationError(_("An address begins with https:// or webcal://."))
        if parts.username or parts.password:
            raise ValidationError(_("Leave out the name and password: use the secret address."))
        return parts._replace(fragment="").geturl()
