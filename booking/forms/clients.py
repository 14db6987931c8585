"""What the desk types about a client."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from booking.forms.account import AboutMeForm
from booking.forms.details import DetailsForm
from clinic.clients.models import LONGEST_EMAIL, Client, ClientNote
from clinic.places.models import Location
from clinic.web.phones import in_national_form

LONGEST_SEARCH = 120


class FindForm(forms.Form):
    """Part of a name, an address, a number, or a visit's reference."""

    q = forms.CharField(label=_("Find a client or a visit"), max_length=LONGEST_SEARCH)


class ContactForm(AboutMeForm):
    """How a client is called and reached. The address of who signs in is changed there."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=LONGEST_EMAIL,
        required=False,
        error_messages=DetailsForm.base_fields["email"].error_messages,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("name", "email", "phone", "time_zone")

    def __init__(self, data: Any, *, client: Client) -> None:
        number = in_national_form(client.phone.as_e164) if client.phone else ""
        known = {"name": client.name, "phone": number, "time_zone": client.time_zone}
        known["email"] = client.email
        super().__init__(data, initial=known, places=Location.objects.all())
        for name, label in (
            ("name", _("Name")),
            ("phone", _("Phone")),
            ("time_zone", _("Time zone")),
        ):
            self.fields[name].label, self.fields[name].help_text = label, ""
            self.fields[name].widget.attrs["autocomplete"] = "off"
        self.fields["phone"].required = False
        if client.user_id:
            self.fields["email"].disabled = True
            self.fields["email"].help_text = _(
                "They sign in with it, and change it themselves in their account."
            )

    def clean(self) -> dict[str, Any]:
        """Ask for one way at least to reach the client."""
        cleaned = self.cleaned_data
        if not self.errors and not cleaned["email"] and not cleaned["phone"]:
            self.add_error(
                "phone", ValidationError(_("Enter a phone number or an e-mail address."))
            )
        return cleaned


class NoteForm(forms.ModelForm):
    """A line for whoever is at the desk next."""

    class Meta:
        model = ClientNote
        fields = ("text",)
        labels = {"text": _("Note of the front desk")}
        help_texts = {"text": _("Nothing about health here.")}
        error_messages = {"text": {"required": _("Write a few words.")}}
        widgets = {"text": forms.TextInput(attrs={"autocomplete": "off"})}
