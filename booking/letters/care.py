"""The texts promised to a visit, as letters put them together."""

from __future__ import annotations

from collections.abc import Iterable

from booking.models import Booking
from treatments.models import InstructionKind, InstructionVersion


def texts(booking: Booking, kind: InstructionKind) -> list[InstructionVersion]:
    """Return the versions promised to `booking`, in reading order. 1 query."""
    return list(
        booking.instruction_versions.filter(instruction__kind=kind).order_by(
            "instruction__position", "instruction__code"
        )
    )


def names_of(versions: Iterable[InstructionVersion]) -> tuple[str, ...]:
    """Return what proves later which texts were sent."""
    return tuple(str(version.pk) for version in versions)
