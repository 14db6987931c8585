"""What a client can run into, each with the sentence to show.

Services raise these; views show `message`. Nothing here names another client's appointment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from booking.models import Booking


class BookingError(Exception):
    """Something that cannot be done, with the sentence that says so."""

    message = _("That did not work. Nothing was changed.")

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message  # type: ignore[assignment]
        super().__init__(str(self.message))


class NotOffered(BookingError):
    """What was asked for is not on offer as such: an option, add-on, place or provider."""

    message = _("We do not offer this combination. Please choose again.")


class SlotTaken(BookingError):
    """The time is not, or no longer, on offer."""

    message = _("That time was just taken. Nothing you entered is lost.")


class NotFree(SlotTaken):
    """A time nobody had seen as free, so nobody was faster."""

    message = _("That time is not free.")


class TimePassed(SlotTaken):
    message = _("That time has passed. Please choose another.")


class TooSoon(SlotTaken):
    message = _("That is too soon for us to prepare. Please choose a later time.")


class TooFarAhead(SlotTaken):
    message = _("Our diary is not open that far ahead yet. Please choose an earlier day.")


class PriceChanged(SlotTaken):
    message = _("The price of that time is not the one you saw. Please look again and choose.")


class HoldExpired(BookingError):
    """The time kept for the visitor was let go."""

    message = _("We let your time go: the minutes ran out. Everything you entered is kept.")


class FormOverdue(BookingError):
    """The details came after the deadline, and the time was let go."""

    message = _("We let your time go: we did not get your details in time.")


class NoMoreTime(BookingError):
    message = _("We cannot keep this time any longer than that.")


class DetailsMissing(BookingError):
    message = _("Please fill in your details first.")


class AskTheClinic(BookingError):
    """The visit cannot be confirmed online. Neutral: it never tells a stranger who is booked."""

    message = _(
        "We could not confirm this visit online. If you have been in touch with us before, "
        "we have sent the reason to your e-mail address. You are welcome to call us."
    )

    def __init__(self, *, about: Booking) -> None:
        self.about = about
        super().__init__()


class NotNow(BookingError):
    """The booking's state does not allow the change, or somebody got there first."""

    message = _("This appointment has changed in the meantime. Nothing was done.")


class ReasonMissing(BookingError):
    """Staff go around a rule and have not said why."""

    message = _("Please say in a few words why you do it all the same.")


class TermsChanged(BookingError):
    """What a change costs is not what was shown when it was pressed."""

    message = _(
        "What canceling costs has changed since you opened this page. Nothing was done: please "
        "look again."
    )


class TouchesVisits(BookingError):
    """A change of the schedule that runs into visits already promised."""

    message = _(
        "There are appointments in this time. “Schedule” in the workspace lists them, and makes "
        "the change while you decide each of them."
    )
