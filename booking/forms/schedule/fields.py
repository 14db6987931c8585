"""What the forms of a change are made of: days, hours, a week as a table, a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from booking.models import ScheduleChange
from booking.services import changes
from booking.services.schedule import Stretch
from clinic.accounts.models import User
from clinic.places.models import Weekday
from clinic.web.addresses import ANY_DAY

STRETCHES = 3  # of a day, with two breaks between them
A_DAY, A_TIME = _("Choose a day."), _("Choose a time.")


def field_of(form: forms.Form, name: str) -> Any:
    """Return the field, of whichever kind it is; types know no kind."""
    return form.fields[name]


class DayField(forms.DateField):
    """A day, with the picker of the device; `missing` is said where there is none."""

    def __init__(self, *, missing: Any = A_DAY, **kwargs: Any) -> None:
        super().__init__(
            error_messages={"required": missing, "invalid": missing},
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            validators=ANY_DAY,
            **kwargs,
        )


class HourField(forms.TimeField):
    """A time of day, with the picker of the device; `missing` is said where there is none."""

    def __init__(self, *, missing: Any = A_TIME, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M"),
            error_messages={"required": missing, "invalid": missing},
            **kwargs,
        )


class PickField(forms.ModelChoiceField):
    """One of several rows; `missing` is said where none is picked."""

    def __init__(self, *, missing: Any, **kwargs: Any) -> None:
        super().__init__(error_messages={"required": missing}, **kwargs)


class ChangeForm(forms.Form):
    """Something that changes. Asked for by `user`, at `now`."""

    draft: Callable[[], ScheduleChange]  # returns what was typed as the services take it
    title: str | Promise
    press: str | Promise  # the word on the button
    ask: str | Promise = _("Ask for this")  # where an admin has to approve

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.now = user, now
        self.must_ask = changes.must_ask(user, now=now)
        if self.must_ask:
            self.press = self.ask

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
