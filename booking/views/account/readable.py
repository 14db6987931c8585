"""Everything we know of somebody as a person reads it: from the same values as the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.clients.models import ConsentKind
from clinic.web.templatetags.lumen import clock_time, day_full

NAMES = {
    "account": gettext_lazy("How you sign in"),
    "asked_at": gettext_lazy("Asked"),
    "at": gettext_lazy("When"),
    "calendar_addresses": gettext_lazy("Calendar addresses"),
    "check_in": gettext_lazy("How your skin was a day after"),
    "consents": gettext_lazy("What you agreed to or refused"),
    "details": gettext_lazy("Your details"),
    "email": gettext_lazy("E-mail"),
    "known_as_well": gettext_lazy("Other records we made one with yours"),
    "lines": gettext_lazy("Price, line by line"),
    "messages": gettext_lazy("What we sent or planned to send"),
    "notes": gettext_lazy("Notes of the front desk"),
    "passkeys": gettext_lazy("Passkeys"),
    "policy": gettext_lazy("Terms as promised"),
    "preferences": gettext_lazy("Your latest answers"),
    "read": gettext_lazy("Pages opened and read"),
    "sessions": gettext_lazy("Where you are signed in"),
    "stopped": gettext_lazy("Addresses we do not write to"),
    "texts": gettext_lazy("Texts for before and after"),
    "visits": gettext_lazy("Your visits"),
    **dict(ConsentKind.choices),
}


@dataclass
class Known:
    """One thing we know: a name with what it is, or with what it is made of."""

    name: str
    text: str = ""
    parts: list[Known] = field(default_factory=list)


def readable(known: dict[str, Any]) -> list[Known]:
    """Return `known` by name, in its order; instants on the clock of the active time zone."""
    return [_known(_name(key), value) for key, value in known.items()]


def _known(name: str, value: Any) -> Known:
    if isinstance(value, dict):
        return Known(name, parts=readable(value))
    if isinstance(value, list) and value:
        return Known(name, parts=[_known(_title(each, n), each) for n, each in enumerate(value, 1)])
    return Known(name, text=_text(value))


def _title(each: Any, number: int) -> str:
    """Return what tells one of several apart: its reference, what it is about, or its number."""
    if isinstance(each, dict):
        for key in ("reference", "kind", "name", "what", "code", "page"):
            if each.get(key):
                return _name(str(each[key]))
    return str(number)


def _name(key: str) -> str:
    name = str(NAMES.get(key) or key.replace("_", " "))
    return name[:1].upper() + name[1:]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value in (None, "", []):
        return _("none")
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{day_full(at)}, {clock_time(at)}" if at.tzinfo else str(value)
