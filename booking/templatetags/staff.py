"""How the workspace names a message, says where it stands, and writes times and numbers."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from booking.message_names import name_of
from booking.models import BookingEvent, Happened
from clinic.messaging.models import Message
from clinic.messaging.selectors import CodeCounts
from clinic.web.phones import in_national_form
from clinic.web.templatetags.lumen import moment

register = template.Library()
MINUTE, HOUR = 60, 3600  # seconds


class Standing(NamedTuple):
    """A state as components/status.html draws it."""

    word: str | Promise
    icon: str
    kind: str = ""


PLANNED = Standing(_("Planned"), icon="clock")
DUE = Standing(_("Due"), icon="hourglass-split", kind="info")
LATE = Standing(_("Late"), icon="exclamation-triangle", kind="warn")
RETRYING = Standing(_("Trying again"), icon="arrow-repeat", kind="warn")
SENT = Standing(_("Sent"), icon="check2", kind="ok")
DELIVERED = Standing(_("Delivered"), icon="check2-all", kind="ok")
ENDED = {
    Message.Status.VOID: Standing(_("Withdrawn"), icon="slash-circle"),
    Message.Status.DROPPED: Standing(_("Not sent"), icon="slash-circle"),
    Message.Status.FAILED: Standing(_("Failed"), icon="envelope-x", kind="danger"),
}
HAPPENED = dict(Happened.choices)
DONE_INSTEAD = {
    "cleanse": _("cleansed, and went on"),
    "lower": _("a lower intensity"),
    "change": _("another treatment"),
}


@register.filter
def at(instant: datetime) -> SafeString:
    """Write an instant as "Sun, Mar 3, 9:00 am", on the clock of the active zone."""
    return format_html('<time datetime="{}">{}</time>', instant.isoformat(), moment(instant))


@register.filter
def happened(event: BookingEvent) -> str:
    """Name what happened to a visit."""
    return str(HAPPENED.get(event.what, event.what))


@register.filter
def how(event: BookingEvent) -> str:
    """Say of what was noted on the day how it was: late, and what was done instead."""
    if late := event.data.get("late"):
        return gettext("%(minutes)d min late") % {"minutes": late}
    return str(DONE_INSTEAD.get(event.data.get("choice", ""), ""))


@register.filter
def went(event: BookingEvent) -> SafeString | str:
    """Return between which times a visit went; nothing where it stayed."""
    way = [event.data.get("from"), event.data.get("to")]
    if event.what not in {Happened.MOVED, Happened.UNDONE} or way[0] == way[1]:
        return ""
    before, after = (at(timezone.localtime(datetime.fromisoformat(end))) for end in way)
    return format_html(gettext("from {before} to {after}"), before=before, after=after)


@register.simple_tag
def standing(message: Message, now: datetime) -> Standing:
    """Return where `message` stands at `now`."""
    if message.status in ENDED:
        return ENDED[Message.Status(message.status)]
    if message.status == Message.Status.SENT:
        return DELIVERED if message.delivered_at else SENT
    if message.due_at > now:
        return PLANNED
    if message.last_error:
        return RETRYING
    return LATE if message.ready_at <= now - settings.MESSAGE_ALARM else DUE


@register.filter
def message_name(code: str) -> str:
    """Name the messages of `code` as the people who work here do."""
    return name_of(code)


@register.filter
def waiting(seconds: float) -> str:
    """Write how long something waits: "40 s", "12 min", "3 h"."""
    whole = int(seconds)
    if whole < 2 * MINUTE:
        return gettext("%(count)d s") % {"count": whole}
    if whole < 2 * HOUR:
        return gettext("%(count)d min") % {"count": whole // MINUTE}
    return gettext("%(count)d h") % {"count": whole // HOUR}


@register.filter
def unsent(line: CodeCounts) -> int:
    """Return how many did not go and were not to go any more."""
    return line.void + line.dropped


@register.filter
def phone(number: object) -> str:
    """Write a number as people of its country do; ours without the country."""
    return in_national_form(str(number))
