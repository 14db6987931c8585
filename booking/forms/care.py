"""How the skin is a day after a visit."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.models import SkinAnswer


class CheckInForm(forms.Form):
    """One of three answers; what is kept of it is whether somebody should call."""

    answer = forms.ChoiceField(
        label=_("How is your skin?"),
        choices=SkinAnswer,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose one of the three answers."),
            "invalid_choice": _("Choose one of the three answers."),
        },
    )

    @property
    def needs_call(self) -> bool:
        """Whether the answer is anything but calm."""
        return bool(self.cleaned_data["answer"] != SkinAnswer.CALM)
