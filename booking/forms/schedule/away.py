"""Somebody is away, or something out of service: for a while, or again and again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from booking.forms.schedule.fields import (
    ChangeForm,
    DayField,
    HourField,
    PickField,
    ReasonMixin,
    field_of,
)
from booking.models import Kind as ResourceKind
from booking.models import Resource, ScheduleChange
from booking.permissions import schedules_of
from booking.scheduling.wallclock import instant
from booking.selectors.rosters import zone_of
from booking.services import changes

REASONS = (_("Holiday"), _("Training"), _("Ill"), _("Personal"))
REPEATS_AT_MOST = 60
DAY = timedelta(days=1)


class AwayForm(ReasonMixin, ChangeForm):
    """A span, all day or by the hour, once or repeated."""

    kinds: ClassVar[tuple[str, ...]]

    resource = PickField(
        label=_("For"), queryset=Resource.objects.none(), missing=_("Choose for whom or what.")
    )
    starts_on = DayField(label=_("First day"), missing=_("Choose the first day."))
    ends_on = DayField(label=_("Last day"), missing=_("Choose the last day."))
    is_all_day = forms.BooleanField(label=_("All day"), required=False)
    starts_at = HourField(label=_("From (if not all day)"), required=False)
    ends_at = HourField(label=_("Until (if not all day)"), required=False)
    repeats = forms.TypedChoiceField(
        label=_("Repeats"),
        choices=[(0, _("Once")), (1, _("Every week")), (2, _("Every second week"))],
        coerce=int,
        required=False,
        empty_value="",
    )
    repeats_until = DayField(label=_("Repeats until (if it does)"), required=False)

    field_order = (
        "resource",
        "starts_on",
        "ends_on",
        "is_all_day",
        "starts_at",
        "ends_at",
        "reason",
        "repeats",
        "repeats_until",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        theirs = schedules_of(self.user).filter(kind__in=self.kinds, is_active=True)
        field_of(self, "resource").queryset = theirs

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if not {"resource", "starts_on", "ends_on"} <= set(typed):
            return typed
        if not typed.get("is_all_day"):
            for name in ("starts_at", "ends_at"):
                if typed.get(name) is None and name not in self.errors:
                    self.add_error(name, gettext("Say from when until when, or choose “All day”."))
        until = typed.get("repeats_until")
        if typed.get("repeats") and "repeats_until" not in self.errors:
            if until is None:
                self.add_error("repeats_until", gettext("Say until which day it repeats."))
            elif until < typed["starts_on"]:
                self.add_error("repeats_until", gettext("That is before the first day."))
        if self.errors:
            return typed
        self.zone = zone_of(typed["resource"])
        spans = list(self._spans(typed))
        if spans[0][1] <= spans[0][0]:
            is_one_day = typed["starts_on"] == typed["ends_on"]
            where = "ends_at" if is_one_day else "ends_on"
            self.add_error(where, gettext("That ends before it begins."))
        elif spans[-1][1] <= self.now:
            self.add_error("ends_on", gettext("That is over already."))
        elif len(spans) > REPEATS_AT_MOST:
            message = gettext("That is more than %(most)d times. Choose an earlier last day.")
            self.add_error("repeats_until", message % {"most": REPEATS_AT_MOST})
        elif len(spans) > 1 and spans[0][1] > spans[1][0]:
            self.add_error("repeats", gettext("It lasts longer than until it repeats."))
        typed["spans"] = spans
        return typed

    def _spans(self, typed: dict[str, Any]) -> list[changes.Period]:
        """The spans, as instants: what the wall shows stays the same from week to week."""
        first, last = typed["starts_on"], typed["ends_on"]
        step = typed.get("repeats") or 0
        until = typed["repeats_until"] if step else first
        spans = list[changes.Period]()
        while first <= until and len(spans) <= REPEATS_AT_MOST:
            if typed.get("is_all_day"):
                ends = (first, time(0), last + DAY, time(0))
            else:
                ends = (first, typed["starts_at"], last, typed["ends_at"])
            start = instant(ends[0], ends[1], self.zone, last=False)
            end = instant(ends[2], ends[3], self.zone, last=True)
            spans.append((datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)))
            first, last = first + 7 * step * DAY, last + 7 * step * DAY
            if not step:
                break
        return spans


class TimeOffForm(AwayForm):
    """Somebody is away."""

    title, press, ask = _("Time off"), _("Add time off"), _("Ask for time off")
    kinds = (ResourceKind.PROVIDER,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "reason").widget.attrs["list"] = "reasons"

    @property
    def reasons(self) -> tuple[Promise, ...]:
        """The usual reasons, to choose from while typing."""
        return REASONS

    def draft(self) -> ScheduleChange:
        typed = self.cleaned_data
        return changes.time_off(
            resource=typed["resource"],
            spans=typed["spans"],
            zone=self.zone,
            reason=typed["reason"],
        )


class OutOfServiceForm(AwayForm):
    """A room or device cannot be used for a while."""

    title, press = _("Out of service"), _("Take out of service")
    kinds = (ResourceKind.ROOM, ResourceKind.DEVICE)

    def draft(self) -> ScheduleChange:
        typed = self.cleaned_data
        return changes.out_of_service(
            resource=typed["resource"],
            spans=typed["spans"],
            zone=self.zone,
            reason=typed["reason"],
        )
