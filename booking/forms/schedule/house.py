"""What is about the whole house: closures, its doors, who and what leaves, what is retired."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from booking.forms.schedule.fields import (
    ChangeForm,
    DayField,
    Grid,
    PickField,
    ReasonMixin,
    WeekMixin,
)
from booking.models import Resource, ScheduleChange
from booking.services import changes
from clinic.places.models import Location, OpeningHours
from clinic.web.addresses import key_in
from treatments.models import AddOn, Option, Treatment, Visibility


class ClosureForm(ReasonMixin, ChangeForm):
    """A place is closed for whole days."""

    title, press = _("Closure"), _("Close on these days")

    location = PickField(
        label=_("Place"),
        queryset=Location.objects.all(),
        missing=_("Choose the place."),
    )
    starts_on = DayField(label=_("First day"), missing=_("Choose the first day."))
    ends_on = DayField(label=_("Last day"), missing=_("Choose the last day."))

    field_order = ("location", "starts_on", "ends_on", "reason")

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if (first := typed.get("starts_on")) and (last := typed.get("ends_on")):
            if last < first:
                self.add_error("ends_on", gettext("The last day is before the first."))
            elif (place := typed.get("location")) and last < self.today(place.zone):
                self.add_error("ends_on", gettext("That is over already."))
        return typed

    def draft(self) -> ScheduleChange:
        typed = self.cleaned_data
        return changes.closure(
            location=typed["location"],
            starts_on=typed["starts_on"],
            ends_on=typed["ends_on"],
            reason=typed["reason"],
        )


class OpeningForm(ReasonMixin, WeekMixin, ChangeForm):
    """When the doors of a place are open, from now on."""

    title, press = _("Opening hours"), _("Set these opening hours")
    stretches = 2

    location = PickField(
        label=_("Place"),
        queryset=Location.objects.all(),
        missing=_("Choose the place."),
    )

    field_order = ("location", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = self.data.get("location") if self.is_bound else self.initial.get("location")
        standing: dict[int, list[tuple[time, time]]] = {}
        for row in OpeningHours.objects.filter(location=key_in(asked)):
            standing.setdefault(row.weekday, []).append((row.opens_at, row.closes_at))
        self.add_week("first", standing)

    @property
    def grids(self) -> list[Grid]:
        """The week."""
        return [Grid(self, "first", gettext("The week"), stretches=self.stretches)]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        typed["week"] = sorted(self.week("first"))
        pairs = zip(typed["week"], typed["week"][1:], strict=False)
        if any(a.weekday == b.weekday and b.starts_at < a.ends_at for a, b in pairs):
            raise ValidationError(gettext("Two stretches of one day overlap."))
        return typed

    def draft(self) -> ScheduleChange:
        typed = self.cleaned_data
        return changes.opening_hours(
            location=typed["location"], week=typed["week"], reason=typed["reason"]
        )


class LeavingForm(ReasonMixin, ChangeForm):
    """A person leaves, a room or device is given up."""

    title, press = _("No longer in use"), _("Take out of use")

    resource = PickField(
        label=_("Who or what"),
        queryset=Resource.objects.filter(is_active=True),
        missing=_("Choose who or what."),
        help_text=_("Past visits keep the name. It can be taken back."),
    )

    field_order = ("resource", "reason")

    def draft(self) -> ScheduleChange:
        typed = self.cleaned_data
        return changes.leaving(resource=typed["resource"], reason=typed["reason"])


class RetiringForm(ReasonMixin, ChangeForm):
    """A treatment, a length of it or an extra is no longer offered. Exactly one of the three."""

    title, press = _("No longer offered"), _("Stop offering it")

    treatment = forms.ModelChoiceField(
        label=_("A treatment"),
        queryset=Treatment.objects.exclude(visibility=Visibility.RETIRED),
        required=False,
    )
    option = forms.ModelChoiceField(
        label=_("or one length of it"),
        queryset=Option.objects.filter(is_active=True)
        .exclude(treatment__visibility=Visibility.RETIRED)
        .select_related("treatment"),
        required=False,
    )
    add_on = forms.ModelChoiceField(
        label=_("or an extra"),
        queryset=AddOn.objects.exclude(visibility=Visibility.RETIRED),
        required=False,
    )

    field_order = ("treatment", "option", "add_on", "reason")

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        named = [typed[name] for name in ("treatment", "option", "add_on") if typed.get(name)]
        if len(named) != 1:
            raise ValidationError(gettext("Choose one of the three."))
        typed["offer"] = named[0]
        return typed

    def draft(self) -> ScheduleChange:
        typed = self.cleaned_data
        return changes.retiring(offer=typed["offer"], reason=typed["reason"])
