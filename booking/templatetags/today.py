"""How Today writes its short times, and names what can be done to a visit."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from booking.letters.staff import initialed as letter_initials
from booking.selectors.today import Press
from clinic.clients.models import Client
from clinic.web.money import money
from clinic.web.templatetags.lumen import clock_time, minutes

register = template.Library()

ICONS = {
    "check-in": "person-check",
    "late": "person-check",
    "start": "play",
    "complete": "check2-all",
    "no-show": "person-x",
    "decline": "shield-x",
    "take-back": "arrow-counterclockwise",
    "fee": "hourglass-bottom",
    "free": "hourglass-bottom",
    "cleanse": "droplet",
    "lower": "reception-1",
    "change": "arrow-left-right",
}


@register.filter
def bare_time(at: datetime) -> SafeString:
    """Write an instant as "1:15", which is heard as "1:15 pm".

    An hour that is shown twice that night says which it is.
    """
    wall = timezone.localtime(at)
    shown, _sep, rest = clock_time(at).partition("\N{NO-BREAK SPACE}")
    half, _sep, label = rest.partition("\N{NO-BREAK SPACE}")
    said = format_html('<span class="visually-hidden">\N{NO-BREAK SPACE}{}</span>', half)
    tail = format_html(" {}", label) if label else ""
    return format_html('<time datetime="{}">{}{}{}</time>', wall.isoformat(), shown, said, tail)


@register.filter
def greeting(now: datetime) -> str:
    """Return "Good morning", by the clock of the active zone."""
    hour = timezone.localtime(now).hour
    if hour < 12:
        return _("Good morning")
    return _("Good afternoon") if hour < 18 else _("Good evening")


@register.filter
def length_words(count: int) -> str:
    """Write a count of minutes as "45 min", "2 h" or "1 h 15 min"."""
    hours, rest = divmod(count, 60)
    words = [_("%(count)d h") % {"count": hours}] if hours else []
    if rest or not hours:
        words.append(_("%(count)d min") % {"count": rest})
    return " ".join(words).replace(" ", "\N{NO-BREAK SPACE}")


@register.filter
def initialed(client: Client) -> str:
    """Write "Maya E.", as the letter of the day does."""
    return letter_initials(client)


@register.filter
def press_words(press: Press) -> str:
    """Say on its button what a press does, and what it costs the client."""
    left = minutes(press.minutes)
    match press.verb, press.choice:
        case "late", "anyway":
            return _("Treat anyway, %(left)s left") % {"left": left}
        case "late", "fee" if press.amount:
            return _("Too late: %(fee)s is owed") % {"fee": money(press.amount)}
        case "late", "fee" | "free":
            return _("Too late: nothing is owed")
        case "late", "":
            return _("Check in, %(left)s left") % {"left": left} if press.minutes else _("Check in")
        case "decline", "":
            return _("Decline for safety, no fee")
    return {
        "check-in": _("Check in"),
        "start": _("Start"),
        "complete": _("Complete"),
        "no-show": _("Did not come"),
        "cleanse": _("Cleanse and go on"),
        "lower": _("Lower intensity"),
        "change": _("Another treatment"),
        "unprepared": _("Decline"),
        "take-back": _("Take back the last note"),
    }[press.choice or press.verb]


@register.filter
def press_icon(press: Press) -> str:
    """Name the icon of a press."""
    return ICONS.get(press.choice) or ICONS[press.verb]
