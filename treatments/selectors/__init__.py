"""What is offered and what it costs."""

from treatments.selectors.instructions import instruction_lines, instructions_for
from treatments.selectors.prices import (
    PriceBook,
    PriceLine,
    VisitPrice,
    price_book,
    price_visit,
)

__all__ = [
    "PriceBook",
    "PriceLine",
    "VisitPrice",
    "instruction_lines",
    "instructions_for",
    "price_book",
    "price_visit",
]
