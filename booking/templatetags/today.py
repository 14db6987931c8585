"""How Today writes its short times, and names what can be done to a visit."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from booking.letters.staff import initialed as letter_initials
from booking.selectors.presses import Press
from booking.selectors.today import Chip, name_here
from clinic.clients.models import Client
from clinic.places.models import Location
from clinic.web.money import money
from clinic.web.templatetags.lumen import clock_time, icon, minutes

register = template.Library()


class Face(NamedTuple):
    """What a press looks like on its button."""

    icon: str
    words: Promise


FACES = {
    ("check-in", ""): Face(icon="person-check", words=_lazy("Check in")),
    ("late", ""): Face(icon="person-check", words=_lazy("Check in")),
    ("late", "fee"): Face(icon="hourglass-bottom", words=_lazy("Too late")),
    ("late", "free"): Face(icon="hourglass-bottom", words=_lazy("Too late: nothing is owed")),
    ("start", ""): Face(icon="play", words=_lazy("Start")),
    ("complete", ""): Face(icon="check2-all", words=_lazy("Complete")),
    ("no-show", ""): Face(icon="person-x", words=_lazy("Did not come")),
    ("decline", ""): Face(icon="shield-x", words=_lazy("Decline for safety, no fee")),
    ("decline", "cleanse"): Face(icon="droplet", words=_lazy("Cleanse and go on")),
    ("decline", "lower"): Face(icon="reception-1", words=_lazy("Lower intensity")),
    ("decline", "change"): Face(icon="arrow-left-right", words=_lazy("Another treatment")),
    ("decline", "unprepared"): Face(icon="shield-x", words=_lazy("Decline")),
    ("take-back", ""): Face(icon="arrow-counterclockwise", words=_lazy("Undo the last step")),
    ("late", "anyway"): Face(icon="person-check", words=_lazy("Treat anyway")),
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
def here(name: str, place: Location) -> str:
    """Name a room without the place that everybody is in."""
    return name_here(name, place)


@register.simple_tag
def press_base(reference: str) -> str:
    """Return what the addresses of all presses of a visit begin with; the verb comes after it."""
    return reverse("staff:press", args=[reference, "-"]).removesuffix("-/")


@register.filter
def press_words(press: Press) -> str:
    """Say on its button what a press does, and what it costs the client."""
    left = minutes(press.minutes)
    match press.verb, press.choice:
        case "late", "anyway":
            return _("Treat anyway, %(left)s left") % {"left": left}
        case "late", "fee":
            return _("Too late: %(fee)s is owed") % {"fee": money(press.amount)}
        case "late", "" if press.minutes:
            return _("Check in, %(left)s left") % {"left": left}
    return str(FACES[press.verb, press.choice].words)


@register.filter
def press_label(press: Press) -> SafeString:
    """Return the words of a press with its icon, as a menu shows them."""
    return _label(press, get_language() or "")


@register.filter
def chip(fact: Chip) -> SafeString:
    """Draw a fact as `components/status.html` does; a day has a hundred of them."""
    tint = f" status-{fact.kind}" if fact.kind else ""
    return format_html('<span class="status{}">{}{}</span>', tint, _icon(fact.icon), fact.word)


@lru_cache(maxsize=512)
def _label(press: Press, language: str) -> SafeString:
    icon_name = FACES[press.verb, press.choice].icon
    return format_html("{}<span>{}</span>", _icon(icon_name), press_words(press))


_icon = lru_cache(maxsize=64)(icon)
