"""Presses of a button, as every room has them (`clinic.web.presses`)."""

from clinic.web.presses import press

__all__ = ["press"]
