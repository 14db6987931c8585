from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TreatmentsConfig(AppConfig):
    name = "treatments"

    def ready(self) -> None:
        """Stand among what an admin sets."""
        from clinic.web import workspace
        from treatments.views.prices import SETS_PRICES

        workspace.add(
            workspace.Place(
                position=80,
                pages=(
                    "prices:index",
                    "prices:history",
                    "prices:change",
                    "prices:import",
                    "prices:promised",
                ),
                icon="tag",
                name=_("Prices"),
                permissions=SETS_PRICES,
                in_hub=True,
                says=_("What everything costs, with whom and where, and from when that changes."),
            )
        )
