"""What somebody wants changed of a visit, as addresses and buttons carry it."""

from __future__ import annotations

from django import forms

from booking.forms.wishes import SlotForm, WishForm

HEALTH, OTHER = "health", "other"


class MoveForm(WishForm):
    """What a visit is to become; without a length, all that is booked stays."""

    minutes = forms.IntegerField(required=False, min_value=1, max_value=600)


class MoveToForm(SlotForm):
    """The time to move to, and the schedule version of the visit that the page showed."""

    version = forms.IntegerField(min_value=0)


class CancelForm(forms.Form):
    """Why, what the page said it costs, and the schedule version that it showed."""

    why = forms.ChoiceField(choices=[(HEALTH, HEALTH), (OTHER, OTHER)])
    fee = forms.DecimalField(min_value=0, max_digits=8, decimal_places=2)
    version = forms.IntegerField(min_value=0)


class StepForm(forms.Form):
    """The event that is to be taken back."""

    step = forms.IntegerField(min_value=1)
