"""How the clinic writes a time, a day, a price and an icon.

Instants are shown on the clock of the active time zone: a view activates its location's with
`timezone.override(location.zone)`. Parts that read as one word are joined by no-break spaces.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name
from django import template
from django.templatetags.static import static
from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, to_locale
from django.utils.translation import gettext as _

from clinic.web import clock
from clinic.web.money import money as money_text

register = template.Library()

NBSP = "\N{NO-BREAK SPACE}"
SOON = 6  # days; further ahead the date says more than the count


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Return the icon `name` of the sprite, hidden from screen readers: words stand beside it.

    `extra` is one more class, such as "inline" for an icon within a sentence.
    """
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {extra}" if extra else "",
        static("icons.svg"),
        name,
    )


@register.filter
def money(amount: Decimal) -> str:
    """Write `amount` as "$180", with cents only where there are some."""
    return money_text(amount)


@register.filter
def thousands(count: int) -> str:
    """Write "1,226", as counts are read."""
    return f"{count:,}"


@register.filter
def clock_time(value: datetime | time) -> str:
    """Write "10:30 am"; an instant whose wall time comes twice that night says which it is."""
    wall = _on_the_wall(value)
    return _joined(_hour_and_minute(wall), _half(wall), _label(wall))


@register.filter
def clock_short(value: datetime | time) -> str:
    """Write "9 am" on the hour and "12:30 pm" else, for opening hours."""
    wall = _on_the_wall(value)
    if wall.minute:
        return clock_time(value)
    return _joined(str(wall.hour % 12 or 12), _half(wall), _label(wall))


@register.filter
def time_range(start: datetime | time, end: datetime | time) -> str:
    """Write "10:30 to 11:40 am", or "11:30 am to 12:15 pm" where the halves of the day differ."""
    first, last = _on_the_wall(start), _on_the_wall(end)
    if _half(first) == _half(last) and not _label(first) and not _label(last):
        start_text = _hour_and_minute(first)
    else:
        start_text = clock_time(start)
    return _("%(start)s to %(end)s") % {"start": start_text, "end": clock_time(end)}


@register.filter
def day_full(value: date) -> str:
    """Write "Thursday, May 14", with the year only when it is not the present one."""
    return _day(value, f"l, F{NBSP}j")


@register.filter
def day_short(value: date) -> str:
    """Write "Thu, May 14", with the year only when it is not the present one."""
    return _day(value, f"D, M{NBSP}j")


@register.filter
def moment(value: datetime) -> str:
    """Write an instant as "Sun, Mar 3, 9:00 am", on the clock of the active zone."""
    return f"{day_short(value)}, {clock_time(value)}"


@register.filter
def day_relative(value: date) -> str:
    """Write "today", "tomorrow" or "in 2 days" where that is true and soon, else nothing."""
    days = (_calendar_day(value) - _today()).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    if 1 < days <= SOON:
        text = ngettext("in %(count)d day", "in %(count)d days", days) % {"count": days}
        return text.replace(" ", NBSP)
    return ""


@register.filter
def day_said(value: date) -> str:
    """Write the day as people say it: "today", "tomorrow", else "Thu, May 14"."""
    days = (_calendar_day(value) - _today()).days
    return day_relative(value) if days in (0, 1) else day_short(value)


@register.filter
def minutes(length: timedelta | int) -> str:
    """Write "45 min" for a length of time or a count of minutes."""
    count = length // timedelta(minutes=1) if isinstance(length, timedelta) else length
    return _("%(count)d min").replace(" ", NBSP) % {"count": count}


@register.filter
def zone_name(zone: ZoneInfo | str) -> str:
    """Write a time zone as its people call it: "Pacific Time" for America/Los_Angeles."""
    name = str(zone)
    if "/" not in name or name.startswith("Etc/"):
        return name  # UTC and its like belong to no place
    return get_timezone_name(
        name, width="long", zone_variant="generic", locale=to_locale(get_language() or "en")
    )


@register.filter
def tel(number: str) -> str:
    """Return `number` as a tel: link takes it, without spaces and signs."""
    return "".join(sign for sign in str(number) if sign.isdigit() or sign == "+")


def _on_the_wall(value: datetime | time) -> datetime | time:
    if isinstance(value, datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def _hour_and_minute(wall: datetime | time) -> str:
    return f"{wall.hour % 12 or 12}:{wall.minute:02}"


def _half(wall: datetime | time) -> str:
    return _("am") if wall.hour < 12 else _("pm")


def _label(wall: datetime | time) -> str:
    """Name the offset in force, if the clock shows this time twice that day: "EDT", "UTC+1100"."""
    if not isinstance(wall, datetime) or wall.tzinfo is None:
        return ""
    if wall.replace(fold=0).utcoffset() == wall.replace(fold=1).utcoffset():
        return ""
    name = wall.tzname() or ""
    return name if name.isalpha() else f"UTC{wall:%z}"


def _joined(*words: str) -> str:
    return NBSP.join(word for word in words if word)


def _calendar_day(value: date) -> date:
    if isinstance(value, datetime):
        return timezone.localtime(value).date()
    return value


def _today() -> date:
    return timezone.localtime(clock.now()).date()


def _day(value: date, pattern: str) -> str:
    day = _calendar_day(value)
    return dateformat.format(day, pattern if day.year == _today().year else f"{pattern}, Y")
