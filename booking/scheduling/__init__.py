"""When a visit can begin, worked out from plain numbers: no Django, no clock, no database."""
