"""The boxes of the calendar as HTML: a week has hundreds, and a tag is faster than a template."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from booking.models import Booking
from clinic.web.templatetags.lumen import icon

if TYPE_CHECKING:
    from booking.views.staff.boxes import Box
    from booking.views.staff.carrying import Carried
    from booking.views.staff.drawing import Drawn

register = template.Library()


@register.simple_tag
def calendar_box(box: Box, drawn: Drawn, book_url: str, held: Carried | None) -> SafeString:
    """Return one box of a column: a visit, a stretch that is blocked or free, or a place for one.

    A place is for the visit that is `held`.
    """
    if box.sort == "visit":
        return visit_box(box)
    if box.sort == "place" and held:
        return place_box(box, drawn, held.visit)
    return free_box(box, drawn, book_url) if box.sort == "free" else blocked_box(box)


def free_box(box: Box, drawn: Drawn, book_url: str) -> SafeString:
    """Return a stretch that is free, which leads to a booking."""
    return format_html(
        '<li class="cal-free" data-set="--at:{};--for:{}">'
        '<a href="{}&amp;day={}&amp;start={}&amp;provider={}"><span>{}</span></a></li>',
        box.at,
        box.minutes,
        book_url,
        drawn.column.day.isoformat(),
        box.start,
        drawn.column.resource.pk,
        box.name,
    )


def place_box(box: Box, drawn: Drawn, visit: Booking) -> SafeString:
    """Return a time that is free for `visit`, which leads to the page that asks."""
    query = {
        "day": drawn.column.day.isoformat(),
        "time": box.start,
        "provider": drawn.column.resource.pk,
        "version": visit.schedule_version,
        **({"again": 1} if box.css else {}),
    }
    return format_html(
        '<li class="cal-place {}" data-set="--at:{}"><a href="{}?{}">{}{}'
        '<em class="visually-hidden">, {}</em></a></li>',
        "is-outside" if box.word else "",
        box.at,
        reverse("staff:move", args=[visit.reference]),
        urlencode(query, safe=":"),
        box.name,
        format_html('<em class="cal-time">, {}</em>', box.word) if box.word else "",
        _("place it here"),
    )


def blocked_box(box: Box) -> SafeString:
    """Return a stretch in which nothing can be booked, and why."""
    return format_html(
        '<li class="cal-off {}" data-set="--at:{};--for:{}"><span>{}</span>'
        '<time class="cal-time">{}</time></li>',
        box.css,
        box.at,
        box.minutes,
        box.name,
        box.times,
    )


def visit_box(box: Box) -> SafeString:
    """Return a visit: a link to its page, or where it may not be opened only its words."""
    words = format_html(
        '<b>{}</b><time class="cal-time">{}</time><span>{}</span>'
        '<i>{}<em class="visually-hidden">{}</em></i>',
        box.name,
        box.times,
        box.line,
        icon(box.icon) if box.icon else "",
        box.word,
    )
    if box.reference:
        url = reverse("staff:visit", args=[box.reference])
        words = format_html('<a href="{}">{}</a>', url, words)
    else:
        words = format_html("<p>{}</p>", words)
    return format_html(
        '<li class="cal-ev {}" data-set="--at:{};--for:{}"{}>{}</li>',
        f"{box.css} lane-{box.lane}" if box.lane else box.css,
        box.at,
        box.minutes,
        _by_hand(box),
        words,
    )


def _by_hand(box: Box) -> SafeString | str:
    """Return what static/js/calendar.js needs to know of a visit that can be changed."""
    if not (box.can_move or box.can_resize):
        return ""
    return format_html(
        ' data-visit="{}" data-version="{}" data-person="{}"{}{}',
        box.reference,
        box.version,
        box.person,
        SafeString(" data-can-move") if box.can_move else "",
        SafeString(" data-can-resize") if box.can_resize else "",
    )
