"""What the clinic offers, for how much, and what it tells clients before and after."""

from treatments.models.catalogue import (
    AddOn,
    Area,
    DeviceKind,
    Option,
    Treatment,
    Visibility,
)
from treatments.models.instructions import (
    Instruction,
    InstructionKind,
    InstructionVersion,
)
from treatments.models.prices import Price, PriceChange, PriceList, wrong_amount

__all__ = [
    "AddOn",
    "Area",
    "DeviceKind",
    "Instruction",
    "InstructionKind",
    "InstructionVersion",
    "Option",
    "Price",
    "PriceChange",
    "PriceList",
    "Treatment",
    "Visibility",
    "wrong_amount",
]
