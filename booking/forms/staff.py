"""What staff type at the desk of messages and visits."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.message_names import NAMES

STATES = {
    "due": _("Due"),
    "late": _("Late"),
    "failed": _("Failed"),
    "planned": _("Planned"),
    "sent": _("Sent"),
    "unsent": _("Not sent"),
    "all": _("All"),
}


class DeskForm(forms.Form):
    """Which messages to show. What is searched for is looked for among all of them."""

    q = forms.CharField(label=_("Reference or recipient"), max_length=120, required=False)
    code = forms.ChoiceField(
        label=_("Message"), choices=[("", _("All")), *NAMES.items()], required=False
    )
    state = forms.ChoiceField(choices=list(STATES.items()), required=False)

    def clean_state(self) -> str:
        """Return the state asked for; without one what waits, or all of what is searched."""
        return self.cleaned_data["state"] or ("all" if self.cleaned_data.get("q") else "due")


class VoidForm(forms.Form):
    """Why a message is not wanted any more; it stands in the visit's ledger."""

    reason = forms.CharField(
        label=_("Why it should not go"),
        max_length=120,
        error_messages={"required": _("Say in a few words why it should not go.")},
    )


class ResendForm(forms.Form):
    """Why a message goes once more; it stands in the visit's history."""

    reason = forms.CharField(
        label=_("Why it goes again"),
        max_length=120,
        error_messages={"required": _("Say in a few words why it goes again.")},
    )


class WaiveForm(forms.Form):
    """Why a client is asked for nothing after all; it stands in the visit's history."""

    reason = forms.CharField(
        max_length=120,
        error_messages={"required": _("Say in a few words why the fee is waived.")},
    )
