"""What can be done to messages: plan, withdraw, send, try again; and to addresses."""

from clinic.messaging.services.delivery import TOO_LATE, claim, send_due_messages
from clinic.messaging.services.outbox import Draft, plan, record_sent, retry, void, void_one

__all__ = [
    "TOO_LATE",
    "Draft",
    "claim",
    "plan",
    "record_sent",
    "retry",
    "send_due_messages",
    "void",
    "void_one",
]
