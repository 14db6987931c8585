"""What was done, in words: rooms name their own, the rest reads as it is written."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_words: dict[str, str | Promise] = {
    "account.roles": _("Roles changed"),
    "account.signed_in": _("Signed in"),
    "admin.added": _("Added in the admin"),
    "admin.changed": _("Changed in the admin"),
    "admin.deleted": _("Deleted in the admin"),
    "invitation.accepted": _("Invitation accepted"),
    "invitation.revoked": _("Invitation taken back"),
    "invitation.sent": _("Invited to join the staff"),
    "log.exported": _("Log exported"),
    "log.purged": _("Entries over seven years old deleted"),
}


def register(words: dict[str, str | Promise]) -> None:
    """Let the log call what was done by these words."""
    _words.update(words)


def said(what: str) -> str:
    """Return what was done in words: "client.merged" is "Client: merged" where nobody named it."""
    if known := _words.get(what):
        return str(known)
    kind, _dot, act = what.partition(".")
    if kind == "page":
        return str(_("Button pressed on page %(page)s")) % {"page": act}
    spaced = [part.replace("_", " ") for part in (kind, act) if part]
    return ": ".join(spaced).capitalize()


def facts_said(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return facts as (name, value) in words; what changed reads "before, after"."""
    return [(name.replace("_", " "), _value(value)) for name, value in facts.items()]


def _value(value: Any) -> str:
    if value in (None, "", [], {}):
        return "–"
    match value:
        case bool():
            return str(_("yes") if value else _("no"))
        case dict():
            return "; ".join(f"{name}: {_value(each)}" for name, each in value.items())
        case list():
            return ", ".join(map(_value, value))
    return str(value)
