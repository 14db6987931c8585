"""The numbers of the handbook, section 14: what each means, and what others have."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of the handbook, section 14: how it is counted, and what others have."""

    slug: str
    name: str | Promise
    definition: str | Promise
    reference: str | Promise = ""
    unit: str = "percent"  # or money, days, count
    better: str = ""  # "up" or "down" where more or less of it is good
    part: str = ""  # the visits behind it, by name of BEHIND
    whole: str = ""


METRICS = (
    Metric(
        slug="revenue",
        name=_("Revenue"),
        definition=_("The prices of completed visits, as they were promised, add-ons included."),
        unit="money",
        better="up",
        part="completed",
    ),
    Metric(
        slug="time_booked",
        name=_("Time booked"),
        definition=_(
            "Minutes of completed visits, without turnover, of the minutes on the roster: working "
            "hours without breaks, closures and time off. Of days still to come nothing counts."
        ),
        reference=_("70 to 85% is healthy; suppliers aim for 90 to 95%."),
        better="up",
        part="completed",
    ),
    Metric(
        slug="no_show",
        name=_("No-shows"),
        definition=_(
            "Visits whose client did not come, of those that were completed, missed or canceled "
            "late, by the day of the visit."
        ),
        reference=_("Medical spas have 5%; 10 to 15% is often quoted."),
        better="down",
        part="no_show",
        whole="due",
    ),
    Metric(
        slug="rebooking",
        name=_("Rebooked"),
        definition=_(
            "Completed visits whose client made another appointment between their beginning and "
            "24 hours after their end, of all completed visits."
        ),
        reference=_("43 to 57% by trade; 75% is a good aim."),
        better="up",
        part="rebooked",
        whole="completed",
    ),
    Metric(
        slug="late_cancel",
        name=_("Canceled late"),
        definition=_("Visits canceled by their client after the free hours, of all booked."),
        better="down",
        part="cancelled_late",
        whole="booked",
    ),
    Metric(
        slug="cancel",
        name=_("Canceled by clients"),
        definition=_("Visits canceled by their client, late or in time, of all booked."),
        reference=_("Medical spas have 16%."),
        better="down",
        part="cancelled",
        whole="booked",
    ),
    Metric(
        slug="retention",
        name=_("Came again within 92 days"),
        definition=_(
            "Clients treated in the period with another completed visit within 92 days of one of "
            "these, of all clients treated. It still grows until 92 days have passed."
        ),
        better="up",
        part="retained",
        whole="completed",
    ),
    Metric(
        slug="second",
        name=_("New clients who came again"),
        definition=_(
            "Clients whose first completed visit ever is in the period and who had a second one "
            "within 92 days, of all such new clients. It still grows until 92 days have passed."
        ),
        reference=_("45% on average, 70% in the best tenth."),
        better="up",
        part="second",
        whole="first",
    ),
    Metric(
        slug="completed",
        name=_("Completed visits"),
        definition=_("Visits that took place, by the day of the visit."),
        unit="count",
        better="up",
        part="completed",
    ),
    Metric(
        slug="booked",
        name=_("Booked visits"),
        definition=_("All visits promised for these days, whatever came of them."),
        unit="count",
        better="up",
        part="booked",
    ),
    Metric(
        slug="revenue_per_hour",
        name=_("Revenue per treatment hour"),
        definition=_("Revenue by the hours of completed visits, turnover not counted."),
        unit="money",
        better="up",
        part="completed",
    ),
    Metric(
        slug="average_spend",
        name=_("Average spend"),
        definition=_("Revenue by the number of completed visits."),
        unit="money",
        better="up",
        part="completed",
    ),
    Metric(
        slug="add_on_rate",
        name=_("With an add-on"),
        definition=_("Completed visits with at least one add-on, of all completed visits."),
        better="up",
        part="add_on",
        whole="completed",
    ),
    Metric(
        slug="lead_time",
        name=_("Lead time"),
        definition=_("The median of whole days from booking to visit, of all booked visits."),
        unit="days",
        part="booked",
    ),
    Metric(
        slug="fees",
        name=_("Fees owed"),
        definition=_(
            "Fees for missed and late-canceled visits of these days, without waived ones."
        ),
        unit="money",
        part="fees",
    ),
    Metric(
        slug="rooms",
        name=_("Rooms in use"),
        definition=_(
            "Minutes for which rooms were kept for visits, turnover included, of the minutes "
            "their doors were open. Rooms that are in use today count."
        ),
        better="up",
        part="rooms",
    ),
    Metric(
        slug="devices",
        name=_("Devices in use"),
        definition=_(
            "Minutes for which devices were kept for visits, wiping included, of the minutes "
            "the doors were open. Devices that are in use today count."
        ),
        better="up",
        part="devices",
    ),
)
GROWING = {"retention", "second"}  # until 92 days have passed for everybody
