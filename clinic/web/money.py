"""Money: `Decimal` in the clinic's one currency, rounded half up to its smallest coin."""

from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings

DECIMALS = {"USD": 2, "EUR": 2, "GBP": 2, "CAD": 2, "AUD": 2, "CHF": 2, "JPY": 0}
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "JPY": "¥"}


def rounded(amount: Decimal) -> Decimal:
    """Return `amount` rounded half up to what the currency can pay."""
    coin = Decimal(1).scaleb(-DECIMALS.get(settings.CURRENCY, 2))
    return amount.quantize(coin, rounding=ROUND_HALF_UP)


def money(amount: Decimal) -> str:
    """Return `amount` as people read it: "$180", and "$180.50" only where there are cents."""
    amount = rounded(amount)
    sign = SIGNS.get(settings.CURRENCY, f"{settings.CURRENCY} ")
    digits = 0 if amount == amount.to_integral_value() else DECIMALS.get(settings.CURRENCY, 2)
    return f"{'-' if amount < 0 else ''}{sign}{abs(amount):,.{digits}f}"
