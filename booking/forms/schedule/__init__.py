"""Changes of the schedule as people describe them; `draft` says it as the services take it.

One form for each kind, by its name in the address: `FORMS`. Times are those of the place.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from booking.forms.schedule.away import OutOfServiceForm, TimeOffForm
from booking.forms.schedule.fields import ChangeForm
from booking.forms.schedule.house import ClosureForm, LeavingForm, OpeningForm, RetiringForm
from booking.forms.schedule.work import ExtraForm, HoursForm, NoExtraForm

__all__ = ["FORMS", "AnswerForm", "ChangeForm"]


class AnswerForm(forms.Form):
    """What to say to whoever asked."""

    answer = forms.CharField(
        label=_("A word to go with it (needed to refuse)"), max_length=200, required=False
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if "refuse" in self.data and "answer" not in self.errors and not typed["answer"]:
            self.add_error("answer", gettext("Please say why, in a few words."))
        return typed


FORMS: dict[str, type[ChangeForm]] = {
    "time_off": TimeOffForm,
    "hours": HoursForm,
    "extra": ExtraForm,
    "no_extra": NoExtraForm,
    "out_of_service": OutOfServiceForm,
    "closure": ClosureForm,
    "opening": OpeningForm,
    "leaving": LeavingForm,
    "retiring": RetiringForm,
}
