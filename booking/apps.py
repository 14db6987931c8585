from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate


class BookingConfig(AppConfig):
    name = "booking"

    def ready(self) -> None:
        """Answer for the messages about bookings, keep the roles complete, stand in the rail."""
        from booking import (
            logged,
            message_checks,
            permissions,
            places,
            policy_words,
            samples,
            subjects,
        )
        from booking.selectors import pricing, promises
        from booking.services import care
        from booking.views import visitors
        from clinic.messaging import registry
        from clinic.places import rules
        from treatments import promises as catalogue
        from treatments import registry as price_desk

        registry.register(
            subjects.VISIT,
            holds=message_checks.why_not,
            render=message_checks.letter,
            failed=care.message_failed,
        )
        registry.register(
            subjects.DAY_SHEET, holds=message_checks.why_no_sheet, render=message_checks.sheet
        )
        registry.register(samples.SUBJECT, holds=samples.why_no_test, render=samples.letter_of_test)
        price_desk.register(pricing.DIARY)
        catalogue.register(promises.DIARY)
        post_migrate.connect(permissions.sync_roles, sender=self)
        places.register()
        logged.register()
        rules.speak(policy_words.sentences)
        user_logged_in.connect(visitors.begin_anew)
