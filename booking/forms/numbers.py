"""Which days, places, people and treatments the owner asks the numbers of."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.models import Provider
from booking.selectors.metrics.scope import Period, Scope
from clinic.places.models import Location
from clinic.web.addresses import ANY_DAY
from clinic.web.fields import RowField
from treatments.models import Treatment

RANGES = {
    "7": _("Last 7 days"),
    "30": _("Last 30 days"),
    "90": _("Last 90 days"),
    "week": _("This week"),
    "month": _("This month"),
    "quarter": _("This quarter"),
    "custom": _("From – to"),
}
USUAL = "30"
LONGEST = 366  # days
ONE_DAY = timedelta(days=1)


class NumbersForm(forms.Form):
    """A period, and what to leave out of it."""

    range = forms.ChoiceField(label=_("Days"), choices=list(RANGES.items()), required=False)
    first_on = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
        validators=ANY_DAY,
    )
    last_on = forms.DateField(
        label=_("To"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
        validators=ANY_DAY,
    )
    place = forms.ModelChoiceField(
        label=_("Place"), queryset=Location.objects.none(), required=False, empty_label=_("All")
    )
    provider = RowField(
        label=_("Aesthetician"),
        queryset=Provider.objects.none(),
        required=False,
        empty_label=_("All"),
    )
    treatment = forms.ModelChoiceField(
        label=_("Treatment"),
        queryset=Treatment.objects.none(),
        required=False,
        empty_label=_("All"),
    )

    def __init__(self, data: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        choices: dict[str, Any] = {
            "place": Location.objects.all(),
            "provider": Provider.objects.all(),
            "treatment": Treatment.objects.all(),
        }
        for name, rows in choices.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean_range(self) -> str:
        """Return the days asked for; the usual ones where nothing is said."""
        asked = self.cleaned_data["range"]
        return asked or ("custom" if self.data.get("first_on") else USUAL)

    def clean(self) -> dict[str, Any]:
        """Refuse days of one's own that are missing, the wrong way around, or too many."""
        asked = self.cleaned_data
        if asked.get("range") != "custom" or self.errors:
            return asked
        first_on, last_on = asked.get("first_on"), asked.get("last_on")
        if first_on is None or last_on is None:
            missing = "first_on" if first_on is None else "last_on"
            self.add_error(missing, _("Choose both days."))
        elif last_on < first_on:
            self.add_error("last_on", _("Choose a day after the first one."))
        elif (last_on - first_on).days >= LONGEST:
            self.add_error("last_on", _("Choose a year at most."))
        return asked

    def scope(self, places: list[Location], *, today: date) -> Scope:
        """Return what to count at `places`; the usual days where the form makes no sense."""
        asked: dict[str, Any] = self.cleaned_data if self.is_valid() else {"range": USUAL}
        place = asked.get("place")
        provider, treatment = asked.get("provider"), asked.get("treatment")
        period, before = periods(
            asked["range"],
            today=today,
            first_on=asked.get("first_on"),
            last_on=asked.get("last_on"),
        )
        return Scope(
            period,
            before,
            [place] if place else places,
            provider_id=provider.pk if provider else None,
            treatment_id=treatment.pk if treatment else None,
            is_part=any((place, provider, treatment)),
        )


def periods(
    asked: str, *, today: date, first_on: date | None = None, last_on: date | None = None
) -> tuple[Period, Period]:
    """Return the period of a choice of RANGES, and the one it is compared with.

    The last days end yesterday; a week, month or quarter that is going on, today, and is compared
    with as many days from the beginning of the one before.
    """
    if asked == "week":
        monday = today - timedelta(days=today.weekday())
        return Period(monday, today), Period(monday - 7 * ONE_DAY, today - 7 * ONE_DAY)
    if asked in {"month", "quarter"}:
        months = 1 if asked == "month" else 3
        first = date(today.year, (today.month - 1) // months * months + 1, 1)
        earlier = _months_before(first, months)
        length = (today - first).days
        last = min(earlier + timedelta(days=length), first - ONE_DAY)
        return Period(first, today), Period(earlier, last)
    if asked != "custom" or first_on is None or last_on is None:
        last_on = today - ONE_DAY
        first_on = today - timedelta(days=int(asked) if asked.isdecimal() else int(USUAL))
    length = (last_on - first_on).days + 1
    return Period(first_on, last_on), Period(first_on - timedelta(days=length), first_on - ONE_DAY)


def _months_before(first: date, months: int) -> date:
    for _month in range(months):
        before = first - ONE_DAY
        first = before - timedelta(days=monthrange(before.year, before.month)[1] - 1)
    return first
