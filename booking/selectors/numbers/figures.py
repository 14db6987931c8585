"""A number as it came out, and how it is written beside the one before."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking.selectors.numbers.definitions import Metric
from clinic.web.money import money

Number = float | Decimal


@dataclass(frozen=True)
class Figure:
    """One metric as it came out, beside the period before. Percentages are of a hundred."""

    metric: Metric
    value: Number | None
    before: Number | None
    part: int | None = None
    whole: int | None = None
    is_growing: bool = False  # too early to compare it

    @property
    def text(self) -> str:
        return written(self.value, self.metric.unit)

    @property
    def before_text(self) -> str:
        return written(self.before, self.metric.unit)

    @property
    def difference(self) -> float | None:
        """Points for a percentage, days for days, else per cent of what it was before."""
        if self.value is None or self.before is None or self.is_growing:
            return None
        if self.metric.unit in {"percent", "days"}:
            return round(float(self.value) - float(self.before), 1)
        if not self.before:
            return None
        return round(100 * (float(self.value) / float(self.before) - 1))

    @property
    def difference_text(self) -> str:
        """Return "+ 4 points", "− 6%", that nothing changed, or that it is too early to say."""
        if self.is_growing:
            return _("still growing")
        if self.difference is None:
            return ""
        if not self.difference:
            return _("no change")
        sign = "+" if self.difference > 0 else "\N{MINUS SIGN}"
        amount = abs(self.difference)
        number = f"{amount:.0f}" if amount == int(amount) or amount >= 10 else f"{amount:.1f}"
        if self.metric.unit == "percent":
            words = ngettext("%(sign)s %(n)s point", "%(sign)s %(n)s points", int(amount == 1) or 2)
            return words % {"sign": sign, "n": number}
        if self.metric.unit == "days":
            words = ngettext("%(sign)s %(n)s day", "%(sign)s %(n)s days", int(amount == 1) or 2)
            return words % {"sign": sign, "n": number}
        return f"{sign} {number}%"

    @property
    def is_better(self) -> bool | None:
        """Whether that is good news; None where it is neither."""
        if not self.difference or not self.metric.better:
            return None
        return (self.difference > 0) == (self.metric.better == "up")

    @property
    def is_up(self) -> bool:
        return bool(self.difference and self.difference > 0)


def written(value: Number | None, unit: str) -> str:
    """Return a value as it stands on the page; a dash where there is none."""
    if value is None:
        return "–"
    if unit == "money":
        return money(Decimal(value))
    if unit == "percent":
        return f"{value:.0f}%" if value >= 10 or value == int(value) else f"{value:.1f}%"
    if unit == "days":
        number = f"{value:.0f}" if value == int(value) else f"{value:.1f}"
        return ngettext("%(n)s day", "%(n)s days", int(value == 1) or 2) % {"n": number}
    return f"{value:,}"


def percent(part: int, whole: int) -> float | None:
    """Return what `part` is of `whole` in per cent, None of nothing."""
    return 100 * part / whole if whole else None
