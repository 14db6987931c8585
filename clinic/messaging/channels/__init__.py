"""How a letter leaves: one class per channel, over the libraries that do the work."""

from collections.abc import Callable

from clinic.messaging.channels.base import Channel, Closed, Refused, Stopped, TryLater
from clinic.messaging.channels.mail import Email, written
from clinic.messaging.channels.sms import Sms
from clinic.messaging.models import Message

# In the order in which they have their turn: texts are few, and some have to be quick.
CHANNELS: dict[str, Callable[[], Channel]] = {
    Message.Channel.SMS: Sms,
    Message.Channel.EMAIL: Email,
}

__all__ = [
    "CHANNELS",
    "Channel",
    "Closed",
    "Email",
    "Refused",
    "Sms",
    "Stopped",
    "TryLater",
    "written",
]
