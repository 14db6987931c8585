"""The cancellation policy as promised to one booking, in dates and dollars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from booking.models import Booking, BookingLine
from clinic.web.money import money, rounded
from clinic.web.templatetags.lumen import moment
from treatments.selectors import PriceLine


class Term(NamedTuple):
    """One line of the policy: when it counts, and what it says."""

    when: str
    says: str

    @property
    def sentence(self) -> str:
        """The line as a letter writes it."""
        mark = "" if self.when.endswith("?") else ":"
        return f"{self.when}{mark} {self.says}"


def fee(
    booking: Booking, *, percent: int, lines: Iterable[BookingLine | PriceLine] | None = None
) -> Decimal:
    """Return `percent` of the treatment's price without add-ons (ruling "Price").

    By the lines of `booking`, or by `lines`, which it may get. One query, or none where they are
    prefetched.
    """
    treatment = next(iter(booking.lines.all() if lines is None else lines), None)
    return rounded(treatment.amount * percent / 100) if treatment else Decimal(0)


def late_fee(
    booking: Booking, *, lines: Iterable[BookingLine | PriceLine] | None = None
) -> Decimal:
    """Return what the client owes who cancels after the free hour; as `fee`.

    Who moved later than that owes no less than before it: something shorter is no way around it.
    """
    least = Decimal(booking.promise.get("late_fee", 0))
    return max(least, fee(booking, percent=booking.promise["late_fee_percent"], lines=lines))


def costs(late: Decimal, missed: Decimal) -> str:
    """Write what canceling late and not coming cost."""
    return _("Canceling costs %(late)s, not coming %(missed)s.") % {
        "late": money(late),
        "missed": money(missed),
    }


def terms(booking: Booking, *, now: datetime) -> list[Term]:
    """Return the policy of `booking`, three lines at most; times are the location's.

    Two queries, or none where the lines are prefetched.
    """
    late, missed = late_fee(booking), fee(booking, percent=booking.promise["no_show_percent"])
    if not late and not missed:
        return [Term(_("At any time"), _("Change or cancel online at no charge."))]
    lines = []
    if now <= booking.free_until:
        with timezone.override(booking.location.zone):
            until = moment(booking.free_until)
        free_until = _("Until %(until)s") % {"until": until}
        lines.append(Term(free_until, _("Change or cancel online at no charge.")))
    lines.append(
        Term(
            _("After that") if lines else _("From now on"),
            costs(late, missed),
        )
    )
    lines.append(
        Term(
            _("Unwell, or something new with your health?"),
            _("Tell us. We never charge for that."),
        )
    )
    return lines
