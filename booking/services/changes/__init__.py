"""Changes of the schedule that may run into promised visits: one way in for all of them.

A page describes a change with one of the drafts, which are rows of ScheduleChange not yet saved,
shows whom it would touch, and lets it happen:

    draft = changes.closure(location=uptown, starts_on=first, ends_on=last, reason="Inventory")
    changes.preview(change=draft, now=now)              # the visits it would touch; saves nothing
    changes.propose(change=draft, user=user, now=now)   # in the diary at once: nobody books into it

Drafts: `time_off`, `out_of_service`, `working_hours`, `extra_opening`, `no_extra_opening`,
`closure`, `opening_hours`, `leaving` (person, room or device), `retiring` (treatment, option or
add-on). What is proposed is IN_FORCE where it touches nobody, else PENDING until `decide` has been
called for each of its visits; ASKED where the asker may only ask, and then `approve` or `refuse`
answers. `withdraw` takes a change back out of the diary, exactly as it was before.

Pages that lead here need none of this: a link to the form with what is known filled in will do,

    {% url 'staff:propose' 'leaving' %}?resource=7
    {% url 'staff:propose' 'retiring' %}?treatment=3     (or option=, add_on=)
    {% url 'staff:propose' 'closure' %}?location=2       (or 'opening')
    {% url 'staff:propose' 'out_of_service' %}?resource=9
    {% url 'staff:propose' 'time_off' %}?resource=7      (or 'hours', 'extra')

and it says whom the change touches, asks, saves, and goes on to the page where they are decided.

Locks, in this order: the row of the change; then what bookings lock (architecture, "Locks").
"""

from booking.selectors.replanning.choices import Choice
from booking.services.changes.deciding import choose, decide, reopen
from booking.services.changes.drafts import (
    Period,
    closure,
    extra_opening,
    leaving,
    no_extra_opening,
    opening_hours,
    out_of_service,
    retiring,
    time_off,
    working_hours,
)
from booking.services.changes.proposing import (
    approve,
    end_closure,
    end_time_off,
    must_ask,
    preview,
    propose,
    refuse,
    settle,
    settle_all,
    withdraw,
)

__all__ = [
    "Choice",
    "Period",
    "approve",
    "choose",
    "closure",
    "decide",
    "end_closure",
    "end_time_off",
    "extra_opening",
    "leaving",
    "must_ask",
    "no_extra_opening",
    "opening_hours",
    "out_of_service",
    "preview",
    "propose",
    "refuse",
    "reopen",
    "retiring",
    "settle",
    "settle_all",
    "time_off",
    "withdraw",
    "working_hours",
]
