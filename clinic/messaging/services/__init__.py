"""What can be done to messages: plan, withdraw, send, try again; and to addresses."""

from clinic.messaging.services.addresses import (
    allow_texts,
    lift,
    mark_delivered,
    mark_undelivered,
    stop_texts,
    suppress,
)
from clinic.messaging.services.delivery import TOO_LATE, claim, send_due_messages
from clinic.messaging.services.outbox import (
    Draft,
    plan,
    record_sent,
    retry,
    send_again,
    void,
    void_one,
)
from clinic.messaging.services.watch import sound_alarm

__all__ = [
    "TOO_LATE",
    "Draft",
    "allow_texts",
    "claim",
    "lift",
    "mark_delivered",
    "mark_undelivered",
    "plan",
    "record_sent",
    "retry",
    "send_again",
    "send_due_messages",
    "sound_alarm",
    "stop_texts",
    "suppress",
    "void",
    "void_one",
]
