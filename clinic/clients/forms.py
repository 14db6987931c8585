"""What a client wants to hear from us, and where texts go."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic.clients.models import Client, ConsentKind
from clinic.clients.selectors import OPTIONAL, preferences
from clinic.web.fields import MobileField

PREFERENCES_WORDING = "2026-11.3"  # of no other form: it says which words were asked
BY_TEXT = (ConsentKind.SERVICE_SMS, ConsentKind.MARKETING_SMS)


class PreferencesForm(forms.Form):
    """One box for each kind of message, as the client has it now, and the number for texts."""

    service_sms = forms.BooleanField(
        label=_("Texts about my appointments"),
        help_text=_(
            "At most one text a day and three a week, never before 8 am or after 9 pm. Message and "
            "data rates may apply. Reply STOP to end them. We treat you just as well without."
        ),
        required=False,
    )
    care_tips = forms.BooleanField(
        label=_("Care tips"),
        help_text=_("Two short e-mails in the days after a visit, about sun and moisture."),
        required=False,
    )
    feedback = forms.BooleanField(
        label=_("Questions about my visit"),
        help_text=_("An e-mail that asks how it was, at most one for each visit."),
        required=False,
    )
    marketing_email = forms.BooleanField(
        label=_("News and offers by e-mail"),
        help_text=_("Also a note when it may be time for your next visit."),
        required=False,
    )
    marketing_sms = forms.BooleanField(
        label=_("News and offers by text"),
        help_text=_(
            "Sent automatically, at most one text a day and three a week with all others. Message "
            "and data rates may apply. Reply STOP to end them. You can book and buy without."
        ),
        required=False,
    )
    phone = MobileField(
        label=_("Mobile number for texts"),
        required=False,
        error_messages={"invalid": _("Enter a mobile number with 10 digits.")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def __init__(self, data: Any, *, client: Client) -> None:
        wanted = preferences(client)
        super().__init__(data, initial={kind.value: wanted[kind] for kind in OPTIONAL})
        self.client = client
        if not settings.HAS_SMS:
            for name in (*BY_TEXT, "phone"):
                del self.fields[name]
        elif client.phone:
            self.fields["phone"].help_text = _(
                "We have the one that ends in %(digits)s. Type another one to change it."
            ) % {"digits": client.phone.as_e164[-4:]}

    def clean(self) -> dict[str, Any]:
        """Ask for a number where texts are wanted and none is known."""
        cleaned = self.cleaned_data
        has_number = cleaned.get("phone") or self.client.phone or "phone" in self.errors
        if any(cleaned.get(kind) for kind in BY_TEXT) and not has_number:
            self.add_error("phone", ValidationError(_("Enter the number that gets the texts.")))
        return cleaned

    def wanted(self) -> dict[ConsentKind, bool]:
        """Return each box as it was left."""
        return {kind: self.cleaned_data[kind] for kind in OPTIONAL if kind in self.fields}
