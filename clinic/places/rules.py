"""The rules of a policy in words, one line each, in the order in which people think of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.places.policies import DEFAULTS, Policy
from clinic.web.money import money
from clinic.web.templatetags.lumen import clock_short


@dataclass(frozen=True)
class Rule:
    """One rule: its name in `Policy`, what it is called, and what it does."""

    name: str
    label: str | Promise
    says: str | Promise

    @property
    def kind(self) -> type:
        """What it is made of: bool, int or Decimal."""
        return type(DEFAULTS[self.name])

    @property
    def is_hour(self) -> bool:
        """Whether it is a time of the day, on the hour."""
        return "hour" in self.name.split("_")

    def written(self, value: Any) -> str:
        """Write a value of it with its unit: "24 hours", "9 am", "50 %", "$100", "yes"."""
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, Decimal):
            return money(value)
        if self.is_hour:
            return clock_short(time(value))
        words = self.name.split("_")
        if "percent" in words:
            said = _("%(count)d %%")
        elif "minutes" in words:
            said = ngettext("%(count)d minute", "%(count)d minutes", value)
        elif "hours" in words:
            said = ngettext("%(count)d hour", "%(count)d hours", value)
        elif "days" in words:
            said = ngettext("%(count)d day", "%(count)d days", value)
        elif "add" in words:
            said = ngettext("%(count)d add-on", "%(count)d add-ons", value)
        else:
            said = ngettext("%(count)d time", "%(count)d times", value)
        return said % {"count": value}


@dataclass(frozen=True)
class Group:
    """Rules that are about one thing."""

    title: str | Promise
    rules: tuple[Rule, ...]


GROUPS = (
    Group(
        gettext_lazy("Booking"),
        (
            Rule(
                "notice_hours_known",
                gettext_lazy("Notice, known clients"),
                gettext_lazy("The shortest time between booking online and the visit."),
            ),
            Rule(
                "notice_hours_new",
                gettext_lazy("Notice, new clients"),
                gettext_lazy("The same for somebody who was never here: time to prepare."),
            ),
            Rule(
                "horizon_days",
                gettext_lazy("How far ahead"),
                gettext_lazy("The last day that can be booked online."),
            ),
            Rule(
                "new_client_extra_minutes",
                gettext_lazy("First talk"),
                gettext_lazy("Added to a first treatment at no charge; 0 for none."),
            ),
            Rule(
                "add_ons_at_most",
                gettext_lazy("Add-ons in one visit"),
                gettext_lazy("How many can be added to a treatment online."),
            ),
            Rule(
                "visit_minutes_at_most",
                gettext_lazy("Longest visit"),
                gettext_lazy("Treatment and add-ons together, without the first talk."),
            ),
        ),
    ),
    Group(
        gettext_lazy("While a time is kept"),
        (
            Rule(
                "hold_minutes",
                gettext_lazy("Kept for"),
                gettext_lazy("How long a chosen time is kept while somebody types."),
            ),
            Rule(
                "hold_extension_minutes",
                gettext_lazy("More time, each press"),
                gettext_lazy("What “I need more time” adds."),
            ),
            Rule(
                "hold_extensions",
                gettext_lazy("More time, how often"),
                gettext_lazy("How many times it can be pressed."),
            ),
            Rule(
                "form_hours",
                gettext_lazy("Form of a visit booked by the desk"),
                gettext_lazy("How long its client has to fill in the form before it is let go."),
            ),
        ),
    ),
    Group(
        gettext_lazy("Changing, canceling, not coming"),
        (
            Rule(
                "free_until_hours",
                gettext_lazy("Free until"),
                gettext_lazy("Before the visit; until then changing and canceling cost nothing."),
            ),
            Rule(
                "late_fee_percent",
                gettext_lazy("Late fee"),
                gettext_lazy("Of the treatment’s price without add-ons; 0 for none."),
            ),
            Rule(
                "no_show_percent",
                gettext_lazy("Fee for not coming"),
                gettext_lazy("Of the same price; 0 for none."),
            ),
            Rule(
                "moves_at_most",
                gettext_lazy("Moved online"),
                gettext_lazy("How often a client may move one visit online."),
            ),
            Rule(
                "undo_minutes",
                gettext_lazy("Taking it back"),
                gettext_lazy("How long a change can be taken back, before anybody is told."),
            ),
            Rule(
                "manage_link_days",
                gettext_lazy("Link in the e-mail"),
                gettext_lazy("How long after the visit it still opens."),
            ),
        ),
    ),
    Group(
        gettext_lazy("On the day"),
        (
            Rule(
                "late_keep_minutes",
                gettext_lazy("Late, session kept"),
                gettext_lazy("Who is no later than this gets the whole session."),
            ),
            Rule(
                "late_shorten_minutes",
                gettext_lazy("Late, session shortened"),
                gettext_lazy(
                    "Who is no later than this gets what is left; later is a late change."
                ),
            ),
            Rule(
                "morning_note_hours",
                gettext_lazy("Note on the morning"),
                gettext_lazy("This long before the visit one more note goes; 0 for none."),
            ),
        ),
    ),
    Group(
        gettext_lazy("Between two sessions"),
        (
            Rule(
                "buffer_minutes_at_least",
                gettext_lazy("Room and person kept clear"),
                gettext_lazy(
                    "At least this long after each session; more where the catalogue says so."
                ),
            ),
            Rule(
                "device_wipe_minutes",
                gettext_lazy("Wiping a device"),
                gettext_lazy("Kept clear after each session on it."),
            ),
        ),
    ),
    Group(
        gettext_lazy("When clients are written to"),
        (
            Rule(
                "messages_from_hour",
                gettext_lazy("Not before"),
                gettext_lazy(
                    "Reminders, questions and texts wait until then, by the client’s clock."
                ),
            ),
            Rule(
                "messages_until_hour",
                gettext_lazy("Not after"),
                gettext_lazy("From then on they wait for the morning, or go a little earlier."),
            ),
        ),
    ),
    Group(
        gettext_lazy("The people who work here"),
        (
            Rule(
                "treating_minutes_in_a_row",
                gettext_lazy("Treating in a row"),
                gettext_lazy("At most, before there is a break."),
            ),
            Rule(
                "break_minutes",
                gettext_lazy("Break"),
                gettext_lazy("The shortest gap in working hours that counts as one."),
            ),
            Rule(
                "time_off_needs_approval",
                gettext_lazy("Time off is approved"),
                gettext_lazy("Whether an admin agrees before an aesthetician’s time off counts."),
            ),
        ),
    ),
    Group(
        gettext_lazy("Price band"),
        (
            Rule(
                "price_at_least",
                gettext_lazy("At least"),
                gettext_lazy("No treatment is priced lower; only the consultation is free."),
            ),
            Rule(
                "price_at_most",
                gettext_lazy("At most"),
                gettext_lazy("No treatment is priced higher; to go beyond, widen it and say why."),
            ),
        ),
    ),
)

Speaker = Callable[[Policy], dict[str, str]]
_speakers: list[Speaker] = []


def rules() -> Iterator[Rule]:
    """Return every rule, in order."""
    for group in GROUPS:
        yield from group.rules


def rule_named(name: str) -> Rule:
    """Return the rule `name`. Raises StopIteration where there is none."""
    return next(rule for rule in rules() if rule.name == name)


def speak(speaker: Speaker) -> None:
    """Let `speaker`, of a room above, say what clients read of a policy, by rule."""
    if speaker not in _speakers:
        _speakers.append(speaker)


def sentences(policy: Policy) -> dict[str, str]:
    """Return what clients read of `policy`, by the name of the rule, where they read anything."""
    return {name: said for speaker in _speakers for name, said in speaker(policy).items()}
