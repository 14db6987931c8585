"""Where the clinic is, and what stands there."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from booking.models import Device, Resource, Room
from clinic.places.models import Location
from treatments.models import DeviceKind

ROOM = "room"


class LocationForm(forms.ModelForm):
    """A place as clients find it. Its clock is set once: hours and visits go by it."""

    class Meta:
        model = Location
        fields = (
            "name",
            "street",
            "city",
            "region",
            "postal_code",
            "country",
            "phone",
            "time_zone",
            "directions",
            "is_active",
        )
        help_texts = {
            "is_active": _("Without it nobody books here online; visits already booked stay."),
            "region": _("As the post office writes it, such as OR."),
        }
        widgets = {"directions": forms.Textarea(attrs={"rows": 3})}
        error_messages: ClassVar[dict[str, dict[str, Any]]] = {
            "name": {"required": _("Say what the place is called.")},
            "street": {"required": _("Enter the street and the number.")},
            "city": {"required": _("Enter the city.")},
            "country": {"required": _("Enter the two letters of the country, such as US.")},
            "time_zone": {"required": _("Enter the time zone, such as America/Los_Angeles.")},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            zone = self.fields["time_zone"]
            zone.disabled = True
            zone.help_text = _("The hours and visits here go by this clock, so it stays.")

    def clean_name(self) -> str:
        """Return the name in single spaces."""
        return " ".join(self.cleaned_data["name"].split())

    def clean_country(self) -> str:
        """Return the country in capital letters."""
        return str(self.cleaned_data["country"]).upper()


class FixtureForm(forms.Form):
    """A room or a device, new at a place."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        error_messages={"required": _("Give it a name, as it stands on its door or box.")},
    )
    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[(ROOM, _("room")), *DeviceKind.choices],
        error_messages=dict.fromkeys(("required", "invalid_choice"), _("Choose what it is.")),
    )

    def __init__(self, *args: Any, location: Location, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location = location

    def clean_name(self) -> str:
        return unique_name(self.cleaned_data["name"], self.location)

    def fixture(self) -> Room | Device:
        """Return what was typed, not yet written."""
        name, kind = self.cleaned_data["name"], self.cleaned_data["kind"]
        if kind == ROOM:
            return Room(name=name, location=self.location)
        return Device(name=name, location=self.location, device_kind=kind)


class NameForm(forms.Form):
    """Another name for a room or a device."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        error_messages={"required": _("Give it a name, as it stands on its door or box.")},
    )

    def __init__(self, *args: Any, resource: Resource, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.resource = resource

    def clean_name(self) -> str:
        return unique_name(
            self.cleaned_data["name"], self.resource.location, besides=self.resource.pk
        )


def unique_name(name: str, location: Location | None, *, besides: int = 0) -> str:
    """Return `name` in single spaces. Raises ValidationError if something there has it."""
    name = " ".join(name.split())
    others = Resource.objects.filter(location=location, name__iexact=name, is_active=True)
    if others.exclude(pk=besides).exists():
        raise ValidationError(_("Something here has this name already."))
    return name
