from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrailConfig(AppConfig):
    name = "clinic.trail"
    verbose_name = _("Log")

    def ready(self) -> None:
        """Stand among what an admin looks after."""
        from clinic.web.workspace import Place, add

        add(
            Place(
                position=95,
                pages=("trail:log",),
                icon="journal-text",
                name=_("Log"),
                permissions=("trail.view_entry",),
                in_hub=True,
                says=_("Who changed what, and when; nobody can change it afterwards."),
            )
        )
