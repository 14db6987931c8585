"""What narrows the list of treatments: area, length and price, as an address can say them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from booking.selectors import Length, Offered
from clinic.web.money import money
from treatments.models import Area

DEAREST = 9999  # no address needs to ask for more


@dataclass(frozen=True)
class Asked:
    """What somebody looks for; an empty field means that anything will do."""

    area: str = ""
    minutes: tuple[int, ...] = ()
    price: int | None = None

    def misses(self, offer: Offered, length: Length) -> tuple[bool, bool, bool]:
        """Whether area, minutes and price are other than asked; what people mind most is first."""
        return (
            bool(self.area) and self.area not in offer.treatment.areas,
            bool(self.minutes) and length.option.minutes not in self.minutes,
            self.price is not None and length.low > self.price,
        )

    def matching(self, offered: Sequence[Offered]) -> list[Offered]:
        """Return the treatments that are as asked, each with only the lengths that are."""
        narrowed = (
            replace(offer, lengths=[x for x in offer.lengths if not any(self.misses(offer, x))])
            for offer in offered
        )
        return [offer for offer in narrowed if offer.lengths]

    def closest(self, offered: Sequence[Offered]) -> Offered | None:
        """Return the treatment, in one length, that misses least of what was asked."""

        def distance(offer: Offered) -> tuple[Any, ...]:
            (length,) = offer.lengths
            misses = self.misses(offer, length)
            off_by = min((abs(length.option.minutes - count) for count in self.minutes), default=0)
            return sum(misses), misses, off_by, length.low

        single = (replace(offer, lengths=[x]) for offer in offered for x in offer.lengths)
        return min(single, key=distance, default=None)

    def in_words(self) -> str:
        """Write "both $120 or less and 60 minutes long"."""
        parts = []
        if self.price is not None:
            parts.append(_("%(price)s or less") % {"price": money(Decimal(self.price))})
        if self.minutes:
            lengths = get_text_list([str(count) for count in self.minutes], _("or"))
            parts.append(_("%(lengths)s minutes long") % {"lengths": lengths})
        if self.area:
            parts.append(_("for the %(area)s") % {"area": str(Area(self.area).label).lower()})
        said = get_text_list(parts, _("and"))
        return _("both %(these)s") % {"these": said} if len(parts) == 2 else said


class FilterForm(forms.Form):
    """The filters over what is `offered`: only areas and lengths that something has."""

    area = forms.ChoiceField(label=gettext_lazy("Area"), required=False, widget=forms.RadioSelect)
    minutes = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Length"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    price = forms.IntegerField(
        label=gettext_lazy("Price"),
        required=False,
        min_value=0,
        max_value=DEAREST,
        widget=forms.Select,
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        offered: Sequence[Offered],
        asked: Asked | None = None,
    ) -> None:
        super().__init__(data, initial=vars(asked) if asked else None)
        areas = {area for offer in offered for area in offer.treatment.areas}
        lengths = {length.option.minutes for offer in offered for length in offer.lengths}
        prices = price_steps(offered)
        if asked and asked.price is not None:
            prices.add(asked.price)
        self._offer("area", [("", _("All")), *((a.value, a.label) for a in Area if a in areas)])
        self._offer("minutes", [(n, _("%(n)s min") % {"n": n}) for n in sorted(lengths)])
        up_to = [(n, _("Up to %(price)s") % {"price": money(Decimal(n))}) for n in sorted(prices)]
        self.fields["price"].widget.choices = [("", _("Any price")), *up_to]

    def _offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def asked(self) -> Asked:
        """Return what was asked for, without what this page does not know."""
        self.is_valid()
        known = self.cleaned_data
        return Asked(
            area=known.get("area", ""),
            minutes=tuple(sorted(known.get("minutes", ()))),
            price=known.get("price"),
        )


def price_steps(offered: Sequence[Offered]) -> set[int]:
    """Return three round amounts that part the prices on offer into quarters."""
    lows = [length.low for offer in offered for length in offer.lengths if length.low]
    if not lows:
        return set()
    low, span = min(lows), max(lows) - min(lows)
    return {int(round(low + span * quarter / 4, -1)) for quarter in (1, 2, 3)}
