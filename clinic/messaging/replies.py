"""The receipt of a STOP: messaging's own message, which answers the client's own text."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from clinic.messaging.letters import Letter
from clinic.messaging.models import Message, Suppression


def why_not(message: Message, now: datetime) -> str | None:
    """Return why a receipt should not go any more, or None while it should. One query."""
    suppression = _suppression(message)
    if suppression is None or suppression.lifted_at:
        return "texts are allowed again"
    return None


def letter(message: Message, now: datetime) -> Letter:
    """Return the receipt: what is stopped, what is not, and no promotion."""
    suppression = _suppression(message)
    text = _("%(clinic)s: you get no more texts from us. We still write e-mail about your visits.")
    return Letter(
        to=suppression.address if suppression else "",
        subject="",
        text=text % {"clinic": settings.CLINIC_NAME[:60]},
    )


def _suppression(message: Message) -> Suppression | None:
    return Suppression.objects.filter(pk=message.subject.partition(":")[2]).first()
