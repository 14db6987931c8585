"""Messages and alerts as tests of the workspace need them."""

from datetime import timedelta
from typing import Any

from booking.models import Alert, Booking
from clinic.messaging import services
from clinic.messaging.models import Message
from clinic.messaging.services import Draft
from tests.booking.scenes import NOW


def planned(booking: Booking, code: str = "M04", **differs: Any) -> Message:
    """A message about `booking`, due now; other fields of the row may be set with it."""
    asked = {"subject": f"booking:{booking.pk}", "code": code, "recipient": "client", "due_at": NOW}
    names = Draft.__dataclass_fields__
    draft = Draft(**asked | {name: value for name, value in differs.items() if name in names})
    services.plan(messages=[draft], now=NOW - timedelta(days=1))
    rest = {name: value for name, value in differs.items() if name not in names}
    Message.objects.filter(key=draft.key).update(**rest)
    return Message.objects.get(key=draft.key)


def sent(booking: Booking, code: str = "M01", **differs: Any) -> Message:
    """A message that a server accepted when it was due."""
    at = differs.get("due_at", NOW)
    proof = {
        "status": "sent",
        "sent_at": at,
        "settled_at": at,
        "sent_to": "maya@mail.example",
        "content_hash": "ab12" * 16,
    }
    return planned(booking, code, **proof | differs)


def failed(booking: Booking, code: str = "M04", **differs: Any) -> Message:
    """A message that a server refused for good."""
    end = {"status": "failed", "reason": "refused by the server", "settled_at": NOW}
    return planned(booking, code, **end | differs)


def alert(booking: Booking, kind: str = Alert.Kind.CALL, **differs: Any) -> Alert:
    fields = {"detail": "M04" if kind == Alert.Kind.NOT_DELIVERED else "", "raised_at": NOW}
    return Alert.objects.create(booking=booking, kind=kind, **fields | differs)
