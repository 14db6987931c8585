"""What clients read of the clinic's rules, as the pages and the terms word it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from django.utils.translation import gettext as _

from booking.terms import costs
from clinic.places.policies import Policy
from clinic.web.money import money, rounded
from clinic.web.templatetags.lumen import clock_short, minutes


def sentences(policy: Policy) -> dict[str, str]:
    """Return the sentence that clients read, by rule. Fees are those of the cheapest treatment."""
    price = policy.price_at_least
    fees = costs(
        rounded(price * policy.late_fee_percent / 100),
        rounded(price * policy.no_show_percent / 100),
    )
    of_price = _("For a treatment of %(price)s: %(fees)s") % {"price": money(price), "fees": fees}
    said = {
        "notice_hours_known": _(
            "You can book until %(hours)s hours before, and we skip the first-visit talk."
        )
        % {"hours": policy.notice_hours_known},
        "notice_hours_new": _(
            "Otherwise you can book as well, from %(hours)s hours ahead, with a talk of %(talk)s "
            "at no charge before the treatment."
        )
        % {
            "hours": policy.notice_hours_new,
            "talk": minutes(policy.new_client_extra_minutes),
        },
        "add_ons_at_most": _("At most %(count)s extras fit into one visit.")
        % {"count": policy.add_ons_at_most},
        "free_until_hours": _(
            "Nothing to pay now. Free to change or cancel up to %(hours)s hours before."
        )
        % {"hours": policy.free_until_hours},
        "late_fee_percent": of_price,
        "messages_from_hour": when_we_write([policy]),
    }
    if policy.new_client_extra_minutes:
        said["new_client_extra_minutes"] = _(
            "A first treatment begins with a talk of %(talk)s, at no charge."
        ) % {"talk": minutes(policy.new_client_extra_minutes)}
    if policy.no_show_percent != policy.late_fee_percent:
        said["no_show_percent"] = of_price
    return said


def when_we_write(policies: Iterable[Policy]) -> str:
    """Return between which hours of the day clients hear from us by the widest of `policies`."""
    rules = list(policies)
    hours = {
        "from": clock_short(time(min(each.messages_from_hour for each in rules))),
        "until": clock_short(time(max(each.messages_until_hour for each in rules))),
    }
    return _("We send reminders between %(from)s and %(until)s by your clock.") % hours
