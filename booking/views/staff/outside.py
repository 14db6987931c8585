"""What a time that staff choose is outside of, in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from booking.models import Provider
from booking.selectors.outside import Outside
from booking.services.desk import Rule

BREAKS: dict[str, Promise] = {
    Outside.NOTICE: gettext_lazy("It is shorter notice than we ask for online."),
    Outside.HORIZON: gettext_lazy("It is further ahead than the diary is open online."),
    Outside.CLOSURE: gettext_lazy("We are closed that day."),
    Outside.DOORS: gettext_lazy("It is outside opening hours."),
    Outside.HOURS: gettext_lazy("It is outside the working hours of %(name)s."),
    Outside.BREAK: gettext_lazy("It runs into a break of %(name)s."),
    Rule.SECOND_VISIT: gettext_lazy(
        "This client has a visit ahead and has not been here yet: usually one at a time."
    ),
    Rule.NO_TALK: gettext_lazy("A first treatment usually begins with a talk."),
}


def in_words(rules: Iterable[str], provider: Provider) -> list[str]:
    """Return a sentence for each of `rules` that a visit with `provider` breaks."""
    return [str(BREAKS[rule]) % {"name": provider.first_name} for rule in rules]
