from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "clinic.messaging"

    def ready(self) -> None:
        """Answer for the receipts of a STOP, and listen to mail providers."""
        from clinic.clients import reach
        from clinic.messaging import registry, replies, selectors, webhooks  # noqa: F401 (it listens)
        from clinic.messaging.services.addresses import SUBJECT

        registry.register(SUBJECT, holds=replies.why_not, render=replies.letter, is_reply=True)
        reach.register(selectors.are_texts_stopped)
