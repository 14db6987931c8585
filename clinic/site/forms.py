"""The question of the front page: what, and where?"""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from booking.selectors.offers import Offered
from clinic.places.models import Location


class FinderForm(forms.Form):
    """A treatment and a place, as the slugs that the times page takes."""

    treatment = forms.ChoiceField(label=_("Treatment"))
    location = forms.ChoiceField(label=_("Where"))

    def __init__(
        self,
        data: dict[str, str] | None = None,
        *,
        offered: Sequence[Offered],
        locations: Sequence[Location],
    ) -> None:
        super().__init__(data)
        treatments = [(offer.treatment.slug, offer.treatment.name) for offer in offered]
        self.fields["treatment"].choices = treatments  # type: ignore[attr-defined]
        self.fields["location"].choices = [  # type: ignore[attr-defined]
            (location.slug, f"{location.name}, {location.city}") for location in locations
        ]
