"""Where the rail of the workspace leads, as far as it is about visits."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from booking.permissions import alerts_of
from booking.selectors.rosters import waiting_changes
from clinic.accounts.models import User
from clinic.web.workspace import Place, add

SEES_VISITS = ("booking.view_booking", "booking.view_own_booking")


def open_alerts(user: User) -> int:
    """How many alerts that `user` may look at nobody has seen to. One query."""
    return alerts_of(user).filter(seen_at=None).count()


PLACES = (
    Place(
        position=20,
        pages=("staff:week", "staff:day", "staff:move", "staff:resize"),
        icon="calendar3",
        name=_("Calendar"),
        permissions=SEES_VISITS,
    ),
    Place(
        position=10,
        pages=("staff:today", "staff:day_sheet", "staff:visit"),
        icon="sun",
        name=_("Today"),
        permissions=SEES_VISITS,
    ),
    Place(
        position=30,
        pages=("staff:clients", "staff:client", "staff:contact", "staff:merge_whom", "staff:merge"),
        icon="people",
        name=_("Clients"),
        permissions=("clients.view_client", "booking.view_own_booking"),
    ),
    Place(
        position=65,
        pages=("staff:fees",),
        icon="cash-coin",
        name=_("Fees"),
        permissions=("booking.waive_fee",),
    ),
    Place(
        position=40,
        pages=(
            "staff:schedule",
            "staff:schedule_of",
            "staff:changes",
            "staff:change",
            "staff:propose",
        ),
        icon="calendar-week",
        name=_("Schedule"),
        permissions=("booking.add_schedulechange", "booking.ask_schedulechange"),
        count=waiting_changes,
    ),
    Place(
        position=50,
        pages=("staff:alerts",),
        icon="bell",
        name=_("Needs a person"),
        permissions=SEES_VISITS,
        count=open_alerts,
    ),
    Place(
        position=60,
        pages=("staff:messages", "staff:message"),
        icon="envelope-paper",
        name=_("Messages"),
        permissions=("messaging.view_message",),
    ),
    Place(
        position=70,
        pages=("staff:calendars",),
        icon="calendar-plus",
        name=_("Calendars"),
        permissions=("booking.view_own_booking", "booking.add_feed"),
    ),
    Place(
        position=90,
        pages=("staff:numbers", "staff:numbers_visits"),
        icon="bar-chart-line",
        name=_("Numbers"),
        permissions=("booking.view_numbers",),
    ),
    Place(
        position=88,
        pages=("staff:people", "staff:person", "staff:new_person", "staff:account"),
        icon="person-badge",
        name=_("People"),
        permissions=("booking.change_provider",),
        in_hub=True,
        says=_("Who gives what, who signs in, and as what."),
    ),
    Place(
        position=89,
        pages=("staff:places", "staff:place", "staff:new_place", "staff:address", "staff:rename"),
        icon="geo-alt",
        name=_("Places"),
        permissions=("places.change_location",),
        in_hub=True,
        says=_("Addresses, opening hours, closures, rooms and devices."),
    ),
)


def register() -> None:
    """Let the rail lead to each of them."""
    for place in PLACES:
        add(place)
