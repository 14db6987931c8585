"""What every message about a visit says, at the moment it goes."""

from booking.letters.desk import letter
from booking.letters.staff import alert_letter, day_sheet

__all__ = ["alert_letter", "day_sheet", "letter"]
