"""Which part of the calendar to show, and to when or to what length staff would change a visit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.models import Kind, Provider
from booking.scheduling.wallclock import GRID_SECONDS, instant
from clinic.web.addresses import ANY_DAY
from clinic.web.fields import RowField

YES, NO = "yes", "no"
TELL = ((YES, _("Yes, tell the client")), (NO, _("No, say nothing")))
ODD = _("Times begin on the quarter hour: 10:00, 10:15, 10:30 or 10:45.")


class LookForm(forms.Form):
    """Which day or week, in columns of what, of which place (its slug)."""

    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"], validators=ANY_DAY)
    by = forms.ChoiceField(required=False, choices=Kind)
    place = forms.SlugField(required=False)
    done = forms.CharField(required=False, max_length=8)  # the visit that was just changed


class TimeForm(forms.Form):
    """A time on the wall of a place, on the day it is shown; and with whom."""

    day = forms.DateField(
        label=_("Day"),
        input_formats=["%Y-%m-%d"],
        validators=ANY_DAY,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Choose a day."), "invalid": _("Choose a day.")},
    )
    time = forms.TimeField(
        label=_("Time"),
        input_formats=["%H:%M"],
        widget=forms.TimeInput(attrs={"type": "time", "step": GRID_SECONDS}, format="%H:%M"),
        error_messages={"required": _("Choose a time."), "invalid": _("Choose a time.")},
    )
    provider = RowField(
        Provider.objects.none(),
        label=_("With"),
        empty_label=None,
        error_messages={"required": _("Choose a person.")},
    )
    again = forms.BooleanField(required=False, widget=forms.HiddenInput)  # its second showing

    def __init__(self, *args: Any, zone: ZoneInfo, people: list[Provider], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["provider"].queryset = Provider.objects.filter(  # type: ignore[attr-defined]
            pk__in=[each.pk for each in people]
        )

    def clean(self) -> dict[str, Any]:
        """Return `starts_at` with the rest: the instant at which the wall shows that time."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        second = instant(cleaned["day"], cleaned["time"], self.zone, last=cleaned["again"])
        if second % GRID_SECONDS:
            raise forms.ValidationError({"time": str(ODD)})
        return cleaned | {"starts_at": datetime.fromtimestamp(second, UTC)}


class DecisionForm(forms.Form):
    """What goes with a change of a visit: the version it was chosen by, who hears of it, why."""

    version = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)
    tell = forms.ChoiceField(
        label=_("Tell the client?"),
        choices=TELL,
        initial=YES,
        required=False,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Reason (optional)"), max_length=120, required=False)

    def clean_tell(self) -> bool:
        """Return whether the client is told, which is what happens unless somebody says no."""
        return self.cleaned_data["tell"] != NO


class MoveForm(DecisionForm, TimeForm):
    """When and with whom a visit is to be."""

    field_order = ("day", "time", "provider", "tell", "reason")


class ResizeForm(DecisionForm):
    """How long a visit is to take."""

    minutes = forms.IntegerField(
        label=_("Minutes"),
        min_value=1,
        max_value=720,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": _("Say how many minutes.")},
    )
    field_order = ("minutes", "tell", "reason")
