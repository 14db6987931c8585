"""What is typed at the price desk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from clinic.places.models import Location
from clinic.places.policies import DEAREST
from treatments.cells import stepped
from treatments.models import PriceList
from treatments.price_files import LARGEST, Unreadable, decoded

KINDS = {"": _("Everything"), "treatments": _("Treatments"), "add_ons": _("Add-ons")}
PERCENT, AMOUNT, SET, INHERIT = "percent", "amount", "set", "inherit"
EVERY = "every"


class FilterForm(forms.Form):
    """Which part of the table is shown."""

    place = forms.ModelChoiceField(
        Location.objects.filter(is_active=True),
        label=_("Place"),
        required=False,
        empty_label=_("All places"),
        to_field_name="slug",
    )
    whose = forms.ModelChoiceField(
        PriceList.objects.all(), label=_("Whose"), required=False, empty_label=_("Everybody")
    )
    kind = forms.ChoiceField(choices=KINDS.items(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in self.fields.values():
            each.widget.attrs["class"] = "form-select"

    def asked(self) -> dict[str, Any]:
        """Return what is asked for; nothing in particular where it makes no sense."""
        self.is_valid()
        return {"place": None, "whose": None, "kind": ""} | {
            name: value for name, value in self.cleaned_data.items() if value
        }


class HistoryForm(FilterForm):
    """Which part of the history is shown."""

    code = forms.ChoiceField(label=_("Treatment"), required=False)

    def __init__(self, *args: Any, codes: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [("", _("Everything")), *codes]  # type: ignore[attr-defined]


class StartForm(forms.Form):
    """From when a draft counts, and why. All of it may still be missing while it is a draft."""

    effective_from = forms.DateField(
        label=_("For visits from"),
        help_text=_("The date of the visit, by its place’s own calendar, from midnight there."),
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
        error_messages={
            "required": _("Choose the day from which it counts."),
            "invalid": _("Choose a day."),
        },
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=200,
        help_text=_("Stands in the history."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Say why, for whoever looks at it later.")},
    )

    def __init__(self, *args: Any, first_on: date, is_draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first_on, self.is_draft = first_on, is_draft
        self.fields["effective_from"].widget.attrs["min"] = first_on.isoformat()
        for each in self.fields.values():
            each.required = not is_draft

    def clean_effective_from(self) -> date | None:
        day: date | None = self.cleaned_data["effective_from"]
        if day and day < self.first_on:
            raise ValidationError(
                _("The first day from which prices can change is %(day)s."),
                params={"day": self.first_on.strftime("%m/%d/%Y")},
            )
        return day


class BulkForm(forms.Form):
    """One change of many prices."""

    offers = forms.MultipleChoiceField(
        label=_("Which"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what is to change.")},
    )
    columns = forms.MultipleChoiceField(
        label=_("Whose"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose whose prices are to change.")},
    )
    how = forms.ChoiceField(
        label=_("How"),
        choices=[
            (PERCENT, _("Up by percent")),
            (AMOUNT, _("Up by an amount")),
            (SET, _("Set to an amount")),
            (INHERIT, _("Inherited again: no price of its own")),
        ],
    )
    by = forms.DecimalField(
        label=_("By or to"),
        required=False,
        max_digits=8,
        decimal_places=2,
        validators=[MinValueValidator(-DEAREST), MaxValueValidator(DEAREST)],
        help_text=_("A minus takes off."),
        widget=forms.TextInput(attrs={"inputmode": "text"}),
        error_messages={"invalid": _("Write a number.")},
    )
    step = forms.TypedChoiceField(
        label=_("Round to"),
        coerce=int,
        choices=[(0, _("cents")), (1, _("1")), (5, _("5")), (10, _("10"))],
        initial=5,
    )
    inherited = forms.BooleanField(
        label=_("Also where the price is inherited: it gets one of its own"), required=False
    )

    def __init__(
        self,
        *args: Any,
        offers: Iterable[tuple[str, str]],
        columns: Iterable[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        every_offer, every_column = (
            (EVERY, _("Everything in the table")),
            (EVERY, _("Every column")),
        )
        self.fields["offers"].choices = [every_offer, *offers]  # type: ignore[attr-defined]
        self.fields["columns"].choices = [every_column, *columns]  # type: ignore[attr-defined]

    def clean_offers(self) -> list[str]:
        """Return what is to change, by its name in the form."""
        return self._meant("offers")

    def clean_columns(self) -> list[str]:
        """Return whose prices are to change, by their names in the form."""
        return self._meant("columns")

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("how") != INHERIT and found.get("by") is None and "by" not in self.errors:
            self.add_error("by", _("Say by how much."))
        return found

    def _meant(self, name: str) -> list[str]:
        ticked = self.cleaned_data[name]
        choices = self.fields[name].choices  # type: ignore[attr-defined]
        return [key for key, _says in choices if key != EVERY] if EVERY in ticked else ticked

    def after(self, amount: Decimal) -> Decimal:
        """Return what a price of `amount` is after the change, never below zero."""
        by, how = self.cleaned_data["by"], self.cleaned_data["how"]
        if how == SET:
            return stepped(by, 0)
        changed = amount * (100 + by) / 100 if how == PERCENT else amount + by
        return max(stepped(changed, self.cleaned_data["step"]), Decimal(0))


class FileForm(forms.Form):
    """A file of prices; once looked at, its text."""

    file = forms.FileField(label=_("Prices as CSV"), required=False)
    text = forms.CharField(
        widget=forms.HiddenInput, required=False, max_length=LARGEST, strip=False
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if found.get("file"):
            try:
                if found["file"].size > LARGEST:
                    decoded(b" " * (LARGEST + 1))
                found["text"] = decoded(found["file"].read())
            except Unreadable as error:
                self.add_error("file", str(error))
        elif not found.get("text") and not self.errors:
            self.add_error("file", _("Choose a file."))
        return found
