"""Changes of the schedule as people describe them; `draft` says it as the services take it.

One form for each kind, by its name in the address: `FORMS`. Times are those of the place.
"""

from __future__ import annotations

from django import forms

from booking.forms.schedule.away import OutOfServiceForm, TimeOffForm
from booking.forms.schedule.fields import ChangeForm
from booking.forms.schedule.house import ClosureForm, LeavingForm, OpeningForm, RetiringForm
from booking.forms.schedule.work import ExtraForm, HoursForm, NoExtraForm

__all__ = ["FORMS", "AnswerForm", "ChangeForm"]


class AnswerForm(forms.Form):
    """What to say to whoever asked."""

    answer = forms.CharField(max_length=200, required=False)


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
