"""The clinic's rules as typed values: defaults from the handbook, changed by versions.

A `Policy` is what holds at one place and moment. Numbers are the defaults of the domain
handbook, section 9, and architecture.md's rulings; whole numbers say their unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from clinic.places.models import Location


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules in force at one place and moment."""

    hold_minutes: int = 10
    hold_extension_minutes: int = 3
    hold_extensions: int = 10
    notice_hours_known: int = 12
    notice_hours_new: int = 24
    horizon_days: int = 60
    new_client_extra_minutes: int = 15
    buffer_minutes_at_least: int = 0
    device_wipe_minutes: int = 5
    add_ons_at_most: int = 2
    visit_minutes_at_most: int = 90
    free_until_hours: int = 24
    late_fee_percent: int = 50
    no_show_percent: int = 50
    moves_at_most: int = 2
    undo_minutes: int = 3
    manage_link_days: int = 30
    morning_note_hours: int = 0
    messages_from_hour: int = 9
    messages_until_hour: int = 20
    form_hours: int = 24
    late_keep_minutes: int = 10
    late_shorten_minutes: int = 15
    time_off_needs_approval: bool = True
    treating_minutes_in_a_row: int = 240
    break_minutes: int = 30
    price_at_least: Decimal = Decimal(100)
    price_at_most: Decimal = Decimal(200)

    @property
    def hold_time(self) -> timedelta:
        """How long a chosen time is kept while the client types."""
        return timedelta(minutes=self.hold_minutes)

    @property
    def horizon(self) -> timedelta:
        """How far ahead the diary is open."""
        return timedelta(days=self.horizon_days)

    def notice(self, *, is_known: bool) -> timedelta:
        """The shortest notice, in elapsed time, for known clients and for new ones."""
        return timedelta(hours=self.notice_hours_known if is_known else self.notice_hours_new)

    def promise(self) -> dict[str, int]:
        """Return the values a booking keeps as its own, whatever changes later."""
        return {
            "free_until_hours": self.free_until_hours,
            "late_fee_percent": self.late_fee_percent,
            "no_show_percent": self.no_show_percent,
            "moves_at_most": self.moves_at_most,
            "undo_minutes": self.undo_minutes,
            "manage_link_days": self.manage_link_days,
            "morning_note_hours": self.morning_note_hours,
            "messages_from_hour": self.messages_from_hour,
            "messages_until_hour": self.messages_until_hour,
            "device_wipe_minutes": self.device_wipe_minutes,
        }


DEFAULTS = asdict(Policy())
AT_LEAST_ONE = {"hold_minutes", "horizon_days", "visit_minutes_at_most"}
# By the first of these words in a rule's name, else COUNT. Three times 240 minutes, of visit, talk
# and turnover, are the 12 hours that an allocation may last; a buffer is at most an hour wherever
# it is set. Nobody may be written to before 8:00 or after 21:00 (handbook, section 6).
AT_LEAST = {"hour": 8}
AT_MOST = {
    "treating": 720,
    "buffer": 60,
    "minutes": 240,
    "hours": 24 * 365,
    "hour": 21,
    "days": 2 * 365,
    "percent": 100,
}
COUNT = 100
DEAREST = Decimal(100_000)


def merged(versions: Iterable[dict[str, Any]]) -> Policy:
    """Return the policy that `versions` make on top of the defaults, the last one winning.

    None decides nothing: what was said before holds. Raises ValidationError naming the first value
    that is unknown, of the wrong kind or senseless; where two contradict each other, its code is
    the rule beside which to say so.
    """
    values: dict[str, Any] = {}
    for version in versions:
        decided = {name: typed(name, value) for name, value in version.items()}
        values |= {name: value for name, value in decided.items() if value is not None}
    policy = Policy(**values)
    if policy.price_at_least > policy.price_at_most:
        raise ValidationError(_("The price band ends below its beginning."), "price_at_most")
    if policy.late_keep_minutes > policy.late_shorten_minutes:
        raise ValidationError(
            _("Who is late would lose the session before it is shortened."), "late_shorten_minutes"
        )
    if policy.messages_from_hour >= policy.messages_until_hour:
        raise ValidationError(
            _("The hours in which messages go end before they begin."), "messages_until_hour"
        )
    return policy


def validate_values(values: Any) -> None:
    """Raise ValidationError unless `values` are rules of a policy, each of its own kind."""
    if not isinstance(values, dict):
        raise ValidationError(_("A policy is a list of names and values."))
    merged([values])


def typed(name: str, value: Any) -> bool | int | Decimal | None:
    """Return `value` of the rule `name` as the policy holds it. Raises ValidationError."""
    if name not in DEFAULTS:
        raise ValidationError(_("There is no rule named %(name)s.") % {"name": name})
    if value is None:
        return None
    if isinstance(DEFAULTS[name], bool):
        if not isinstance(value, bool):
            raise ValidationError(_("%(name)s is yes or no.") % {"name": name})
        return value
    if isinstance(DEFAULTS[name], Decimal):
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or not 0 <= amount <= DEAREST:
            raise ValidationError(_("%(name)s is an amount of money.") % {"name": name})
        return amount
    least, most = bounds(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < min(least, 1):
        raise ValidationError(_("%(name)s is a whole number.") % {"name": name})
    if value < least:
        raise ValidationError(_("%(name)s is at least %(least)s.") % {"name": name, "least": least})
    if value > most:
        raise ValidationError(_("%(name)s is at most %(most)s.") % {"name": name, "most": most})
    return value


def bounds(name: str) -> tuple[int, int]:
    """Return the least and the most that the rule `name`, a whole number, may be."""
    words = name.split("_")
    least = next((AT_LEAST[word] for word in words if word in AT_LEAST), name in AT_LEAST_ONE)
    most = next((AT_MOST[word] for word in words if word in AT_MOST), COUNT)
    return int(least), most


def policy_for(location: Location | None, *, now: datetime) -> Policy:
    """Return the rules in force at `location` (None: the clinic as a whole). One query."""
    return merged(_in_force(location, now=now))


def check_in_force(
    values: dict[str, Any], owner: Location | None, *, at: Location | None, now: datetime
) -> None:
    """Raise ValidationError if `values`, published now for `owner`, make no sense at `at`.

    It names the place where that is another than the owner.
    """
    clinic, place = _in_force(at, now=now)
    (clinic if owner is None else place).update(values)
    try:
        merged([clinic, place])
    except ValidationError as refusal:
        if at == owner:
            raise
        raise ValidationError(
            _("At %(place)s: %(why)s") % {"place": at, "why": " ".join(refusal.messages)},
            refusal.code,
        ) from None


def _in_force(location: Location | None, *, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the clinic decided, and what `location` did where it differs."""
    from clinic.places.models import PolicyVersion

    here = Q(location=None) if location is None else Q(location=None) | Q(location=location)
    versions = (
        PolicyVersion.objects.filter(here, published_at__lte=now)
        .order_by("published_at", "pk")
        .values_list("location", "values")
    )
    clinic: dict[str, Any] = {}
    place: dict[str, Any] = {}
    for location_id, values in versions:
        (clinic if location_id is None else place).update(values)
    return clinic, place
