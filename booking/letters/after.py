"""Letters after a visit: care, a question, tips; one missed; and, much later, an invitation."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from booking import links
from booking.letters import care, facts
from booking.letters.mail import to_client
from booking.letters.parts import Button, Choices, Link, Part, Points, Say, Title
from booking.models import Booking, SkinAnswer
from booking.selectors.care import promised_texts
from clinic.clients.links import unsubscribe_url
from clinic.clients.models import ConsentKind
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from clinic.web.money import money
from clinic.web.templatetags.lumen import day_full
from treatments.models import InstructionKind
from treatments.selectors import instruction_lines, instruction_steps

TIPS_FROM = {"1": 24, "2": 48}  # hours after the visit; what lies before is over by then


def missed(message: Message, booking: Booking, now: datetime) -> Letter:
    """M10: kindly, what is owed if anything, and how to come another time."""
    hello = _(
        "Hello %(name)s, we had kept this time for you and missed you. We hope that all is well."
    )
    return to_client(
        booking,
        subject=_("We missed you on %(day)s") % {"day": day_full(booking.starts_at)},
        preview=_("We hope that all is well."),
        parts=[
            facts.hello(booking, hello),
            facts.headline(booking.starts_at),
            _owed(booking),
            Button(_("Choose another time"), facts.book_again_url(booking)),
        ],
    )


def aftercare(message: Message, booking: Booking, now: datetime) -> Letter:
    """M11: the full aftercare, and whom to call. 1 query."""
    texts = promised_texts(booking, InstructionKind.AFTERCARE)
    lines = instruction_lines(texts)
    page = Button(_("See it day by day"), links.page_url(booking, "aftercare"))
    keep: list[Part] = [Points(lines), page] if lines else []
    return to_client(
        booking,
        subject=_("After your visit"),
        preview=_("What to do today and in the next days."),
        parts=[
            facts.hello(booking, _("Hello %(name)s, thank you for coming.")),
            Title((_("Looking after your skin"),)),
            *keep,
            *care.call_us(booking),
        ],
        texts=texts,
    )


def check_in(message: Message, booking: Booking, now: datetime) -> Letter:
    """M12: is your skin calm? The answer is given by a press on the page, not by the link."""
    answers = {
        SkinAnswer.CALM: _("Yes, it is calm"),
        SkinAnswer.IRRITATED: _("Still irritated"),
        SkinAnswer.CALL: _("Please call me"),
    }
    return to_client(
        booking,
        subject=_("One question after your visit"),
        preview=_("It takes two presses to answer."),
        parts=[
            facts.hello(booking, _("Hello %(name)s, it is a day since your visit.")),
            Title((_("Is your skin calm?"),)),
            Choices(
                [Link(words, links.check_in_url(booking, each)) for each, words in answers.items()]
            ),
            *care.call_us(booking),
        ],
    )


def tips(message: Message, booking: Booking, now: datetime) -> Letter:
    """M13: sun and moisture, and when the usual routine is back. 1 query."""
    texts = promised_texts(booking, InstructionKind.AFTERCARE)
    since = TIPS_FROM[message.occasion]
    ahead = [step for step in instruction_steps(texts) if step.hours is None or step.hours >= since]
    is_last = message.occasion == max(TIPS_FROM)
    hello = (
        _("Hello %(name)s, two days have passed. This is what still counts:")
        if is_last
        else _("Hello %(name)s, from here on this is all it takes:")
    )
    return to_client(
        booking,
        subject=_("Care tips, two days on") if is_last else _("Care tips for the next days"),
        preview=_("A short list for the days after your visit."),
        parts=[
            facts.hello(booking, hello),
            Title((_("Sun and moisture"),)),
            *care.timeline(ahead),
            Button(_("See all of it, day by day"), links.page_url(booking, "aftercare")),
            Say(_("Is your skin not as calm as it should be? Call us:"), facts.phone(booking)),
        ],
        texts=texts if ahead else (),
        why=_("You get this because you came for a visit. It holds no advertising."),
        opt_out=Link(
            _("Send me no care tips"),
            unsubscribe_url(facts.client_of(booking), ConsentKind.CARE_TIPS),
        ),
    )


def invitation(message: Message, booking: Booking, now: datetime) -> Letter:
    """M15: would you like to come again? Marketing, to those who asked for it."""
    weeks = max(round((now - booking.starts_at).days / 7), 1)
    since = ngettext("%(count)d week", "%(count)d weeks", weeks) % {"count": weeks}
    again = _(
        "If you would like to come again, you see every free time and its price before you choose."
    )
    hello = _("Hello %(name)s, it is %(since)s since you were here with %(provider)s.")
    last = _("This is the last time we ask until you have been here again.")
    return to_client(
        booking,
        subject=_("Time for another appointment?"),
        preview=_("Free times, if you would like to come again."),
        parts=[
            facts.hello(booking, hello, since=since, provider=booking.provider.first_name),
            Title((_("Would you like to come again?"),)),
            Say(again),
            Button(_("See free times"), facts.book_again_url(booking)),
            *([Say(last, is_note=True)] if message.occasion != "1" else []),
        ],
        why=_("You get this because you asked for our news by e-mail."),
        opt_out=Link(
            _("Send me no more news"),
            unsubscribe_url(facts.client_of(booking), ConsentKind.MARKETING_EMAIL),
        ),
    )


def _owed(booking: Booking) -> Say:
    if not booking.fee_owed:
        return Say(_("You owe us nothing. We would be glad to see you at another time."))
    terms = _(
        "By the policy you agreed to when you booked, %(fee)s is owed. Were you unwell, or is "
        "something new with your health? Tell us, we never charge for that:"
    )
    return Say(terms % {"fee": money(booking.fee_owed)}, facts.phone(booking))
