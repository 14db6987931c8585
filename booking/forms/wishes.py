"""What somebody would like and which time they press, as addresses and buttons carry it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid5

from django import forms

from booking.models import Provider
from clinic.places.models import Location
from clinic.web.addresses import instant_in
from treatments.models import AddOn, Treatment


class TreatmentForm(forms.Form):
    """A treatment by its slug and, if somebody chose already, a length in minutes."""

    treatment = forms.ModelChoiceField(Treatment.objects.all(), to_field_name="slug")
    minutes = forms.IntegerField(required=False, min_value=1, max_value=600)


class WishForm(forms.Form):
    """Where, with which extras, with whom (`with`, absent for anyone) and on which day."""

    location = forms.ModelChoiceField(Location.objects.all(), to_field_name="slug", required=False)
    add = forms.ModelMultipleChoiceField(
        AddOn.objects.prefetch_related("not_with"), to_field_name="slug", required=False
    )
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    month = forms.DateField(required=False, input_formats=["%Y-%m"])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["with"] = forms.ModelChoiceField(
            Provider.objects.all(), to_field_name="slug", required=False
        )


class RequestForm(forms.Form):
    """The key by which a press that comes twice is one request."""

    request_key = forms.UUIDField()


class SlotForm(forms.Form):
    """The time that was pressed, with the price that stood on it."""

    slot = forms.RegexField(r"\A20\d{6}T\d{4}Z-\d{1,6}\.\d\d\Z")

    def clean(self) -> dict[str, Any]:
        """Return `starts_at` and `price_shown`, and whatever else was sent."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        instant, price = cleaned["slot"].split("-")
        starts_at = instant_in(instant)
        if starts_at is None:
            raise forms.ValidationError({"slot": "no such time"})
        return cleaned | {"starts_at": starts_at, "price_shown": Decimal(price)}


class HoldForm(RequestForm, SlotForm):
    """A time to be kept."""

    def clean(self) -> dict[str, Any]:
        """Return what `hold_slot` takes: `starts_at`, `price_shown` and `request_key`.

        Two presses on one button are one request; another time on the same page is another.
        """
        cleaned = super().clean()
        if self.errors:
            return cleaned
        key = uuid5(cleaned["request_key"], cleaned.pop("slot"))
        return cleaned | {"request_key": key}
