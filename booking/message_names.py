"""What the messages of the plan are called by the people who work here."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NAMES: dict[str, Promise] = {
    "M01": _("Confirmation"),
    "M02": _("Details to complete"),
    "M03": _("Early preparation"),
    "M04": _("Preparation and reminder"),
    "M05": _("Reminder the day before"),
    "M06": _("Note that morning"),
    "M09": _("Change or cancellation"),
    "M10": _("Missed visit"),
    "M11": _("Aftercare"),
    "M12": _("Question a day later"),
    "M13": _("Sun and moisture"),
    "M15": _("Maintenance"),
    "M18": _("Receipt of a STOP"),
    "M19": _("Alert to staff"),
    "M20": _("Day sheet"),
    "R01": _("Why it could not be booked"),
    "R02": _("Time let go"),
}


def name_of(code: str) -> str:
    """Return what messages of `code` are called; the code itself for one nobody named."""
    return str(NAMES.get(code, code))
