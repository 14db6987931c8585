"""Changes of the schedule as people describe them; `draft` says it as the services take it.

One form for each kind, by its name in the address: `FORMS`. Times are those of the place.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from booking.models import ExtraOpening, Provider, Resource, ScheduleChange, WorkingHours
from booking.models import Kind as ResourceKind
from booking.permissions import schedules_of
from booking.scheduling.wallclock import instant
from booking.selectors.calendars import home_of
from booking.selectors.rosters import hours_on
from booking.services import changes
from booking.services.schedule import Stretch
from clinic.accounts.models import User
from clinic.places.models import Location, OpeningHours, Weekday
from clinic.web.addresses import ANY_DAY, key_in
from treatments.models import AddOn, Option, Treatment, Visibility

Kind = ScheduleChange.Kind
REASONS = (_("Holiday"), _("Training"), _("Ill"), _("Personal"))
STRETCHES = 3  # of a day, with two breaks between them
REPEATS_AT_MOST = 60
DAY = timedelta(days=1)


def _field_of(form: forms.Form, name: str) -> Any:
    return form.fields[name]


class DayField(forms.DateField):
    """A day, with the picker of the device."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            validators=ANY_DAY,
            **kwargs,
        )


class HourField(forms.TimeField):
    """A time of day, with the picker of the device."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"type": "time", "step": 300}
        super().__init__(widget=forms.TimeInput(attrs=attrs, format="%H:%M"), **kwargs)


class ChangeForm(forms.Form):
    """Something that changes. Asked for by `user`, at `now`."""

    title: str | Promise
    press: str | Promise  # the word on the button
    ask: str | Promise = _("Ask for this")  # where an admin has to approve

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.now = user, now
        self.must_ask = changes.must_ask(user, now=now)
        if self.must_ask:
            self.press = self.ask

    def draft(self) -> ScheduleChange:
        """Return what was typed as a draft for the services."""
        raise NotImplementedError

    @property
    def grids(self) -> list[Any]:
        """Weeks to be typed as tables; none here."""
        return []

    @property
    def plain_fields(self) -> list[Any]:
        """The fields that stand one below the other."""
        return [field for field in self.visible_fields() if "-" not in field.name]

    def today(self, zone: ZoneInfo) -> date:
        """Return the day at that place."""
        return self.now.astimezone(zone).date()


class ReasonMixin(forms.Form):
    """Why, for colleagues alone."""

    reason = forms.CharField(
        label=_("Reason (optional)"),
        max_length=120,
        required=False,
        help_text=_("Colleagues see it; clients do not."),
    )


class AwayForm(ReasonMixin, ChangeForm):
    """A span, all day or by the hour, once or repeated."""

    kinds: ClassVar[tuple[str, ...]]

    resource = forms.ModelChoiceField(label=_("For"), queryset=Resource.objects.none())
    starts_on = DayField(label=_("First day"))
    ends_on = DayField(label=_("Last day"))
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
        _field_of(self, "resource").queryset = theirs

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if not {"resource", "starts_on", "ends_on"} <= set(typed):
            return typed
        if not typed.get("is_all_day"):
            for name in ("starts_at", "ends_at"):
                if typed.get(name) is None and name not in self.errors:
                    self.add_error(name, gettext("Say from when until when, or choose “All day”."))
        if typed.get("repeats") and not typed.get("repeats_until"):
            self.add_error("repeats_until", gettext("Say until which day it repeats."))
        if self.errors:
            return typed
        self.zone = zone_of(typed["resource"])
        spans = list(self._spans(typed))
        if spans[0][1] <= spans[0][0]:
            self.add_error("ends_on", gettext("That ends before it begins."))
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
        return spans or [(self.now, self.now)]


class TimeOffForm(AwayForm):
    """Somebody is away."""

    title, press, ask = _("Time off"), _("Add time off"), _("Ask for time off")
    kinds = (ResourceKind.PROVIDER,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _field_of(self, "reason").widget.attrs["list"] = "reasons"

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


class WorkForm(ChangeForm):
    """Somebody's work at a place."""

    resource = forms.ModelChoiceField(label=_("For"), queryset=Resource.objects.none())
    location = forms.ModelChoiceField(label=_("At"), queryset=Location.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = schedules_of(self.user).filter(kind=ResourceKind.PROVIDER, is_active=True)
        _field_of(self, "resource").queryset = people
        _field_of(self, "location").queryset = Location.objects.filter(is_active=True)
        self.provider = self._asked("resource")
        self.place = self._asked("location")
        if self.place is None and isinstance(self.provider, Resource):
            self.place = home_of(Provider.objects.get(pk=self.provider.pk))
            self.initial["location"] = self.place and self.place.pk

    def _asked(self, name: str) -> Any:
        """The person or place that was typed or linked to, if it is one of the choices."""
        asked = self.data.get(name) if self.is_bound else self.initial.get(name)
        return _field_of(self, name).queryset.filter(pk=key_in(asked)).first()


class Grid:
    """A week as a table: for each day its stretches, each a pair of fields."""

    def __init__(
        self, form: forms.Form, key: str, title: str, *, stretches: int, is_open: bool = True
    ) -> None:
        self.title, self.is_open, self.rows = title, is_open, []
        for day in Weekday:
            pairs = [
                [form[f"{key}-{day.value}-{number}-{end}"] for end in ("from", "until")]
                for number in range(stretches)
            ]
            self.rows.append((day.label, pairs))


class WeekMixin(forms.Form):
    """Fields for weeks of hours, each by its key."""

    stretches: ClassVar[int] = STRETCHES

    def add_week(self, key: str, standing: dict[int, list[tuple[time, time]]]) -> None:
        """Add the fields of a week, filled in with what is `standing`, by day."""
        for day in Weekday:
            for number in range(self.stretches):
                hours = standing.get(day.value, [])[number : number + 1]
                for place, end in enumerate(("from", "until")):
                    name = f"{key}-{day.value}-{number}-{end}"
                    self.fields[name] = HourField(
                        required=False,
                        label=_("%(day)s, %(end)s")
                        % {"day": day.label, "end": _("from") if end == "from" else _("until")},
                    )
                    if hours:
                        self.initial.setdefault(name, hours[0][place])

    def week(self, key: str) -> list[Stretch]:
        """Return the week that was typed; a stretch with only one end is a mistake."""
        typed, week = self.cleaned_data, []
        for day in Weekday:
            for number in range(self.stretches):
                names = [f"{key}-{day.value}-{number}-{end}" for end in ("from", "until")]
                start, end = (typed.get(name) for name in names)
                if (start is None) != (end is None):
                    missing = names[0] if start is None else names[1]
                    if missing not in self.errors:
                        self.add_error(missing, gettext("Say from when until when."))
                elif start is not None and end is not None:
                    if end <= start:
                        self.add_error(
                            names[1],
                            gettext("Ends before it begins. Hours past midnight are two days."),
                        )
                    else:
                        week.append(Stretch(day.value, start, end))
        return week


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
    starts_at = HourField(label=_("From"))
    ends_at = HourField(label=_("Until"))

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

    extra = forms.ModelChoiceField(label=_("Which"), queryset=ExtraOpening.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ahead = ExtraOpening.objects.filter(
            provider__in=schedules_of(self.user), day__gte=self.now.date() - DAY
        )
        _field_of(self, "extra").queryset = ahead.select_related("provider", "location")
        _field_of(self, "extra").label_from_instance = lambda row: f"{row.provider}, {row}"

    def draft(self) -> ScheduleChange:
        return changes.no_extra_opening(extra=self.cleaned_data["extra"])


class ClosureForm(ReasonMixin, ChangeForm):
    """A place is closed for whole days."""

    title, press = _("Closure"), _("Close on these days")

    location = forms.ModelChoiceField(
        label=_("Place"), queryset=Location.objects.filter(is_active=True)
    )
    starts_on = DayField(label=_("First day"))
    ends_on = DayField(label=_("Last day"))

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

    location = forms.ModelChoiceField(
        label=_("Place"), queryset=Location.objects.filter(is_active=True)
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

    resource = forms.ModelChoiceField(
        label=_("Who or what"),
        queryset=Resource.objects.filter(is_active=True),
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


def zone_of(resource: Resource) -> ZoneInfo:
    """Return the zone in which somebody's or something's times are said. Up to 2 queries."""
    location = resource.location
    if location is None:
        location = home_of(Provider.objects.get(pk=resource.pk)) or Location.objects.first()
    return location.zone if location else ZoneInfo("UTC")
