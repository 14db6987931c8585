"""What every message about a visit says, at the moment it goes."""

from booking.letters.desk import letter

__all__ = ["letter"]
