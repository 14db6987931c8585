"""When somebody works: by the week, and on single days."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from booking.forms.schedule.fields import (
    ChangeForm,
    DayField,
    Grid,
    HourField,
    PickField,
    ReasonMixin,
    WeekMixin,
    field_of,
)
from booking.models import ExtraOpening, Provider, Resource, ScheduleChange, WorkingHours
from booking.models import Kind as ResourceKind
from booking.permissions import schedules_of
from booking.selectors.calendars import home_of
from booking.selectors.rosters import hours_on
from booking.services import changes
from clinic.places.models import Location
from clinic.web.addresses import key_in

DAY = timedelta(days=1)


class WorkForm(ChangeForm):
    """Somebody's work at a place."""

    resource = PickField(
        label=_("For"), queryset=Resource.objects.none(), missing=_("Choose for whom.")
    )
    location = PickField(
        label=_("At"), queryset=Location.objects.none(), missing=_("Choose the place.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = schedules_of(self.user).filter(kind=ResourceKind.PROVIDER, is_active=True)
        field_of(self, "resource").queryset = people
        field_of(self, "location").queryset = Location.objects.filter(is_active=True)
        self.provider = self._asked("resource")
        self.place = self._asked("location")
        if self.place is None and isinstance(self.provider, Resource):
            self.place = home_of(Provider.objects.get(pk=self.provider.pk))
            self.initial["location"] = self.place and self.place.pk

    def _asked(self, name: str) -> Any:
        """The person or place that was typed or linked to, if it is one of the choices."""
        asked = self.data.get(name) if self.is_bound else self.initial.get(name)
        return field_of(self, name).queryset.filter(pk=key_in(asked)).first()


class HoursForm(ReasonMixin, WeekMixin, WorkForm):
    """Somebody's weekly hours; a break is the gap between two stretches."""

    title, press = _("Working hours"), _("Set these hours")

    valid_from = DayField(label=_("From"))
    takes_turns = forms.BooleanField(
        label=_("Every second week is another one"),
        required=False,
        help_text=_("The first table is the week of that day. Leave the second empty to be off."),
    )

    field_order = ("resource", "location", "valid_from", "takes_turns", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing: list[dict[int, list[tuple[time, time]]]] = [{}, {}]
        if self.provider and self.place:
            tomorrow = self.today(self.place.zone) + DAY
            rows = WorkingHours.objects.filter(provider=self.provider, location=self.place)
            standing = [hours_on(rows, tomorrow), hours_on(rows, tomorrow + 7 * DAY)]
            self.initial.setdefault("valid_from", tomorrow)
            self.initial.setdefault("takes_turns", standing[0] != standing[1])
        self.add_week("first", standing[0])
        self.add_week("second", standing[1] if standing[0] != standing[1] else {})

    @property
    def grids(self) -> list[Grid]:
        """Both weeks."""
        return [
            Grid(self, "first", gettext("The week"), stretches=self.stretches),
            Grid(
                self,
                "second",
                gettext("The weeks between"),
                stretches=self.stretches,
                is_open=bool(self["takes_turns"].value()),
            ),
        ]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        weeks = [self.week("first")]
        if typed.get("takes_turns"):
            weeks.append(self.week("second"))
        typed["weeks"] = weeks
        place, day = typed.get("location"), typed.get("valid_from")
        if place and day and day < self.today(place.zone):
            self.add_error("valid_from", gettext("New hours begin today or later."))
        return typed

    def draft(self) -> ScheduleChange:
        typed = self.cleaned_data
        return changes.working_hours(
            provider=Provider.objects.get(pk=typed["resource"].pk),
            location=typed["location"],
            weeks=typed["weeks"],
            valid_from=typed["valid_from"],
            reason=typed["reason"],
        )


class ExtraForm(WorkForm):
    """Somebody works on one more day."""

    title, press = _("Extra opening"), _("Add this opening")

    day = DayField(label=_("Day"))
    starts_at = HourField(label=_("From"), missing=_("Say from when."))
    ends_at = HourField(label=_("Until"), missing=_("Say until when."))

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        place, day = typed.get("location"), typed.get("day")
        if place and day and day < self.today(place.zone):
            self.add_error("day", gettext("That day is over."))
        return typed

    def draft(self) -> ScheduleChange:
        typed = self.cleaned_data
        return changes.extra_opening(
            provider=Provider.objects.get(pk=typed["resource"].pk),
            location=typed["location"],
            day=typed["day"],
            starts_at=typed["starts_at"],
            ends_at=typed["ends_at"],
        )


class NoExtraForm(ChangeForm):
    """An extra opening does not take place."""

    title, press = _("Take an extra opening away"), _("Take it away")

    extra = PickField(
        label=_("Which"), queryset=ExtraOpening.objects.none(), missing=_("Choose which one.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ahead = ExtraOpening.objects.filter(
            provider__in=schedules_of(self.user), day__gte=self.now.date() - DAY
        )
        field_of(self, "extra").queryset = ahead.select_related("provider", "location")
        field_of(self, "extra").label_from_instance = lambda row: f"{row.provider}, {row}"

    def draft(self) -> ScheduleChange:
        return changes.no_extra_opening(extra=self.cleaned_data["extra"])
