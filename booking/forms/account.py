"""What clients change about themselves in their own area."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from booking.forms.details import DetailsForm
from booking.services.confirming import CONSENT_WORDING
from clinic.clients.forms import PREFERENCES_WORDING, PreferencesForm
from clinic.clients.models import LONGEST_NAME, Client, Consent, name_key
from clinic.places.models import Location
from clinic.web import clock
from clinic.web.fields import MobileField, NameField


class AboutMeForm(forms.Form):
    """Name, number and time zone, as they are now.

    The zones of `places` come first; `hours` says when reminders go by the one chosen.
    """

    name = NameField(
        label=_("Your name"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = MobileField(
        label=_("Mobile number"),
        error_messages=DetailsForm.base_fields["phone"].error_messages,
        help_text=_("In case something comes up on the day, and for texts if you want them."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    time_zone = forms.ChoiceField(label=_("Your time zone"), required=False)

    def __init__(
        self, data: Any, *, initial: dict[str, str], places: Iterable[Location], hours: str = ""
    ) -> None:
        super().__init__(data, initial=initial)
        near = sorted({place.time_zone for place in places})
        zones = dict.fromkeys([*filter(None, [initial["time_zone"]]), *near, *clock.places()])
        names = [(zone, zone.replace("_", " ")) for zone in zones]
        self.fields["time_zone"].choices = [("", _("The clinic’s")), *names]  # type: ignore[attr-defined]
        self.fields["time_zone"].help_text = hours


class EraseForm(forms.Form):
    """One's own name, typed by who wants to be forgotten."""

    name = forms.CharField(
        label=_("Type your name to confirm"),
        max_length=LONGEST_NAME,
        error_messages={"required": _("Type your name as it stands above.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any, *, client: Client) -> None:
        super().__init__(data)
        self.client = client

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if name_key(name) != self.client.name_key:
            raise ValidationError(self.fields["name"].error_messages["required"])
        return name


def words_asked(answer: Consent) -> str:
    """Return the words that were asked; "" for a wording that is no longer used."""
    if answer.wording_version == CONSENT_WORDING:
        field = DetailsForm.base_fields.get(f"agree_{answer.kind}")
        return str(field.label) if field else ""
    if answer.wording_version == PREFERENCES_WORDING:
        field = PreferencesForm.base_fields.get(answer.kind)
        return f"{field.label}. {field.help_text}" if field else ""
    return ""
