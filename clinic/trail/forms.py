from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic.trail.selectors import Search
from clinic.trail.words import said
from clinic.web.addresses import ANY_DAY


class SearchForm(forms.Form):
    """What to look for in the log. Every field narrows it down; empty ones do not matter."""

    who: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Person"), queryset=None, required=False, empty_label=_("Everybody")
    )
    what = forms.ChoiceField(label=_("What"), required=False)
    subject = forms.CharField(
        label=_("Of: a reference, a client, or client:12"), max_length=80, required=False
    )
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

    def __init__(self, *args: object, whats: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        people = get_user_model()._default_manager.filter(is_staff=True)
        self.fields["who"].queryset = people.order_by("full_name", "email")  # type: ignore[attr-defined]
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            ("", _("Everything")),
            *sorted(((each, said(each)) for each in whats), key=lambda pair: pair[1]),
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse days that are the wrong way around."""
        asked = self.cleaned_data
        first_on, last_on = asked.get("first_on"), asked.get("last_on")
        if first_on and last_on and last_on < first_on:
            self.add_error("last_on", _("Choose a day after the first one."))
        return asked

    def search(self) -> Search:
        """Return what a valid form asks for; days are those of the active time zone."""
        asked = self.cleaned_data
        last_on = asked["last_on"]
        return Search(
            user_id=asked["who"].pk if asked["who"] else None,
            what=asked["what"],
            subject=asked["subject"],
            since=_midnight(asked["first_on"]),
            until=_midnight(last_on + timedelta(days=1)) if last_on else None,
        )


def _midnight(day: object) -> datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day, time.min))  # type: ignore[arg-type]
