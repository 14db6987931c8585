from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TreatmentsConfig(AppConfig):
    name = "treatments"

    def ready(self) -> None:
        """Stand among what an admin sets."""
        from clinic.web import workspace
        from treatments.views import catalogue, instructions
        from treatments.views.price_desk import SETS_PRICES

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
        workspace.add(
            workspace.Place(
                position=82,
                pages=(
                    "catalogue:index",
                    "catalogue:treatment",
                    "catalogue:new_treatment",
                    "catalogue:add_on",
                    "catalogue:new_add_on",
                    "catalogue:retire",
                ),
                icon="collection",
                name=_("Catalogue"),
                permissions=(catalogue.EDIT,),
                in_hub=True,
                says=_("Treatments, their lengths and add-ons, as clients find them."),
            )
        )
        workspace.add(
            workspace.Place(
                position=84,
                pages=(
                    "catalogue:texts",
                    "catalogue:text",
                    "catalogue:new_text",
                    "catalogue:write",
                    "catalogue:version",
                    "catalogue:visits",
                ),
                icon="file-text",
                name=_("Instructions"),
                permissions=(instructions.WRITE, instructions.APPROVE),
                count=instructions.waits_for,
                in_hub=True,
                says=_(
                    "What clients read before a visit and after it, approved by the medical lead."
                ),
            )
        )
