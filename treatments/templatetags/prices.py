"""How the price desk writes amounts."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.conf import settings

from clinic.web.money import SIGNS, money

register = template.Library()


@register.simple_tag
def currency_sign() -> str:
    """Return the sign before an amount: "$"."""
    return SIGNS.get(settings.CURRENCY, settings.CURRENCY)


@register.filter
def money_or(amount: Decimal | None) -> str:
    """Write `amount` as "$180"; a dash for none."""
    return "–" if amount is None else money(amount)
