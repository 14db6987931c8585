"""The texts promised to a visit, as letters put them together. No letter here offers anything."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from booking.letters import facts
from booking.letters.parts import Heading, Part, Points, Row, Say, Table
from booking.models import Booking
from treatments.selectors.instructions import Step


def section(heading: str, lines: Sequence[str]) -> list[Part]:
    """Return `lines` under `heading`, or nothing where there are none."""
    return [Heading(heading), Points(lines)] if lines else []


def timeline(steps: list[Step]) -> list[Part]:
    """Return steps as a table of when and what, or nothing where there are none."""
    return [Table([Row(step.when, step.advice) for step in steps])] if steps else []


def call_us(booking: Booking) -> list[Part]:
    """Return where to turn when something is not right; the texts say when that is."""
    emergency = _("In an emergency, call the emergency number of where you are at once.")
    return [
        Heading(_("Call us")),
        Say(_("If anything worries you, or does not feel right:"), facts.phone(booking)),
        Say(emergency),
    ]
