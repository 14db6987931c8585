"""How changes of the schedule, decisions and proposals are written."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from booking.models import Booking, ScheduleChange, TimeOff, TouchedVisit
from booking.selectors.replanning.choices import Offer
from booking.services.changes.drafts import span_in_words
from booking.templatetags.staff import Standing, at
from clinic.web.templatetags.lumen import clock_time, day_short, time_range

register = template.Library()

STATES = {
    "asked": Standing(_("Waits for approval"), icon="hourglass-split", kind="info"),
    "pending": Standing(_("Visits to decide"), icon="exclamation-triangle", kind="warn"),
    "in_force": Standing(_("In force"), icon="check2", kind="ok"),
    "refused": Standing(_("Not approved"), icon="x-lg"),
    "withdrawn": Standing(_("Taken back"), icon="arrow-counterclockwise"),
}
DECISIONS = {
    "open": Standing(_("To decide"), icon="hourglass-split", kind="warn"),
    "kept": Standing(_("Kept by exception"), icon="pin-angle"),
    "moved": Standing(_("Moved"), icon="check2", kind="ok"),
    "cancelled": Standing(_("Canceled"), icon="x-lg"),
    "settled": Standing(_("Settled otherwise"), icon="check2"),
}


@register.simple_tag
def change_state(change: ScheduleChange) -> Standing:
    """Return where `change` stands."""
    return STATES[change.state]


@register.simple_tag
def change_said(change: ScheduleChange) -> SafeString:
    """Say who made or asked for `change`, when, and since when nobody books into it."""
    who = change.asked_by.get_short_name() if change.asked_by else gettext("Somebody")
    if change.state in {"asked", "refused"}:
        words = gettext("Asked for by {who}, {when}. Nothing of it is in the diary.")
    elif change.state == "withdrawn":
        words = gettext("Made by {who}, {when}, and taken back since.")
    else:
        words = gettext("Made by {who}. New bookings stopped {when}.")
    when = change.answered_at if change.answered_at and change.state != "refused" else None
    return format_html(words, who=who, when=at(when or change.asked_at))


@register.simple_tag
def decision(touched: TouchedVisit) -> Standing:
    """Return what was decided of a visit."""
    return DECISIONS[touched.decision]


@register.filter
def offer_words(offer: Offer, visit: Booking) -> str:
    """Write a proposal: "9:00 am with Clara", with the day where it is another one."""
    zone = visit.location.zone
    starts_at: datetime = offer.starts_at.astimezone(zone)
    words = {"time": clock_time(starts_at), "name": offer.provider.first_name}
    said = gettext("%(time)s with %(name)s") % words
    is_other_day = starts_at.date() != visit.starts_at.astimezone(zone).date()
    return f"{day_short(starts_at)}, {said}" if is_other_day else said


@register.filter
def span_words(row: TimeOff, zone: ZoneInfo) -> str:
    """Write when somebody is away, on the clock of `zone`."""
    return span_in_words(row.starts_at, row.ends_at, zone)


@register.filter
def hours_in_words(hours: list[tuple[time, time]]) -> str:
    """Write the stretches of a day, and by that its breaks."""
    return ", ".join(str(time_range(start, end)) for start, end in hours)
