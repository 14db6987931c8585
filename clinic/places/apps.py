from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlacesConfig(AppConfig):
    name = "clinic.places"

    def ready(self) -> None:
        """Stand among what an admin sets; say on whose clock the clinic tells the time."""
        from clinic.places.models import Location
        from clinic.places.selectors import home_zone
        from clinic.web import clock
        from clinic.web.workspace import Place, add

        clock.go_by(lambda: home_zone(Location.objects.filter(is_active=True)[:1]))
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
