"""How the price desk writes amounts and instants."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django import template
from django.conf import settings

from clinic.web.money import SIGNS, money
from clinic.web.templatetags.lumen import clock_time, day_short

register = template.Library()


@register.simple_tag
def currency_sign() -> str:
    """Return the sign before an amount: "$"."""
    return SIGNS.get(settings.CURRENCY, settings.CURRENCY)


@register.filter
def money_or(amount: Decimal | None) -> str:
    """Write `amount` as "$180"; a dash for none."""
    return "–" if amount is None else money(amount)


@register.filter
def moment(value: datetime) -> str:
    """Write an instant as "Sun, Mar 3, 9:00 am", on the clock of the active zone."""
    return f"{day_short(value)}, {clock_time(value)}"
