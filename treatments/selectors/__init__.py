"""What is offered and what it costs."""

from treatments.selectors.catalogue import add_ons_for, options_on_offer
from treatments.selectors.instructions import (
    Step,
    instruction_lines,
    instruction_steps,
    instructions_for,
)
from treatments.selectors.prices import (
    PriceBook,
    PriceLine,
    VisitPrice,
    price_book,
    price_books,
    price_visit,
)

__all__ = [
    "PriceBook",
    "PriceLine",
    "Step",
    "VisitPrice",
    "add_ons_for",
    "instruction_lines",
    "instruction_steps",
    "instructions_for",
    "options_on_offer",
    "price_book",
    "price_books",
    "price_visit",
]
