from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlacesConfig(AppConfig):
    name = "clinic.places"

    def ready(self) -> None:
        """Stand among what an admin sets."""
        from clinic.web.workspace import Place, add

        add(
            Place(
                position=86,
                pages=("places:policies", "places:history", "places:change", "places:change_place"),
                icon="shield-check",
                name=_("Policies"),
                permissions=("places.view_policyversion",),
                in_hub=True,
                says=_("Notice, cancellation, fees and the other rules, for each place."),
            )
        )
