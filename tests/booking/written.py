"""Words for tests of letters: write one, and read it."""

from datetime import datetime
from typing import Any

from icalendar import Calendar

from booking.letters import letter
from booking.models import Booking
from clinic.messaging import services
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from tests.booking.scenes import NOW


def write(
    booking: Booking,
    code: str,
    *,
    now: datetime = NOW,
    recipient: str = "client",
    channel: str = Message.Channel.EMAIL,
    occurrence: str = "1",
) -> Letter:
    """The letter `code` about `booking`, as it would go now."""
    message = Message(
        subject=f"booking:{booking.pk}",
        code=code,
        recipient=recipient,
        channel=channel,
        occurrence=occurrence,
        version=booking.schedule_version,
    )
    return letter(message, Booking.objects.with_facts().get(pk=booking.pk), now)


def text(booking: Booking, code: str, **fields: Any) -> str:
    """The text message `code` about `booking`."""
    return write(booking, code, channel=Message.Channel.SMS, **fields).text


def sent(booking: Booking, code: str, *, recipient: str = "client") -> None:
    """Let the letter `code` about `booking`, as it stands now, have gone to `recipient`."""
    draft = services.Draft(
        subject=f"booking:{booking.pk}",
        code=code,
        recipient=recipient,
        version=booking.schedule_version,
        due_at=NOW,
    )
    about = Message.objects.about(draft.subject)
    about.filter(code=code, recipient=recipient, version=draft.version).delete()
    services.record_sent(messages=[draft], sent_to="somebody@mail.example", now=NOW)


def both_forms(letter: Letter) -> list[str]:
    """The plain text on one line, and the HTML, with ordinary spaces."""
    html = letter.html.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")
    return [" ".join(letter.text.split()), html]


def event_in(letter: Letter) -> tuple[Any, Any]:
    """The calendar file of `letter` and the event in it."""
    calendar = Calendar.from_ical(letter.attachments[0].content)
    return calendar, calendar.walk("VEVENT")[0]
