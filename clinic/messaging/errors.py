"""What a person who tends to the outbox can run into, each with the sentence to show."""

from django.utils.translation import gettext_lazy as _


class MessageError(Exception):
    """Something that cannot be done to a message, with the sentence that says so."""

    message = _("That did not work. Nothing was changed.")

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message  # type: ignore[assignment]
        super().__init__(str(self.message))


class NotFailed(MessageError):
    message = _("Only a message that failed can be tried again.")


class NotSent(MessageError):
    message = _("Only a message that went can be sent again.")


class NotPlanned(MessageError):
    message = _("Only a message that has not gone yet can be withdrawn.")


class TooLate(MessageError):
    message = _("It is too late for this message to help.")


class NoLongerHolds(MessageError):
    """Its owner says no; the sentence is the owner's reason."""
