from django.apps import AppConfig


class BookingConfig(AppConfig):
    name = "booking"

    def ready(self) -> None:
        """Answer for the messages that are about bookings."""
        from booking import message_plan
        from clinic.messaging import registry

        registry.register(
            message_plan.SUBJECT, holds=message_plan.why_not, render=message_plan.letter
        )
