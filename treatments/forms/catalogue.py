"""Treatments, their lengths and add-ons as forms."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.web.fields import RowsField
from treatments.models import (
    AddOn,
    Area,
    DeviceKind,
    Instruction,
    Option,
    Treatment,
    Visibility,
)
from treatments.models.catalogue import LONGEST, SHORTEST

DEVICES_AT_MOST = 3
USUAL_BUFFER = 15  # minutes after a session above half an hour (domain handbook, section 9)
FIGURES = (
    ("face", gettext_lazy("Face")),
    ("face-neck", gettext_lazy("Face and neck")),
    ("eyes", gettext_lazy("Eyes")),
    ("brow", gettext_lazy("Brow")),
    ("cheeks", gettext_lazy("Cheeks")),
    ("jaw", gettext_lazy("Jaw")),
    ("neck", gettext_lazy("Neck")),
    ("sculpt", gettext_lazy("Face and upper chest")),
    ("calm", gettext_lazy("Calm face")),
    ("drain", gettext_lazy("Light passes")),
    ("glow", gettext_lazy("Glow")),
    ("maintenance", gettext_lazy("Month after month")),
)
PROMISED = gettext_lazy(
    "Visits were booked with this: the diary keeps the room and device it needs. To change it, "
    "retire this and add another."
)
WRITE_IT = gettext_lazy("%(label)s: write it in a few words.")


class TextsField(RowsField):
    """Texts by their names, with the codes that the handbook has for them."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.code})"


class OfferForm(forms.ModelForm):
    """What treatments and add-ons share. `is_sold` keeps what bookings took of it as it is."""

    areas = forms.MultipleChoiceField(
        label=gettext_lazy("Areas"),
        choices=Area,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    instructions = TextsField(
        label=gettext_lazy("Texts before and after the visit"),
        queryset=Instruction.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Clients get the approved version of each."),
    )
    visibility = forms.ChoiceField(
        label=gettext_lazy("Who can book it"),
        choices=[(x.value, x.label) for x in (Visibility.PUBLIC, Visibility.HIDDEN)],
        widget=forms.RadioSelect,
        required=False,
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, is_sold: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_sold = is_sold
        if self.instance.pk:
            del self.fields["code"]
        else:
            self.fields["code"].error_messages |= {
                "required": _("Give it a code, such as T13."),
                "unique": _("Another has this code already."),
            }
        self.fields["name"].error_messages["unique"] = _("Another has this name already.")
        for name in ("name", "summary"):
            field = self.fields[name]
            field.error_messages["required"] = WRITE_IT % {"label": field.label}
        if self.instance.visibility == Visibility.RETIRED:
            del self.fields["visibility"]
        needs = self.instance.device_needs
        for index in range(DEVICES_AT_MOST):
            self.fields[f"device_{index + 1}"] = forms.MultipleChoiceField(
                label=_("Device %(number)d: any of") % {"number": index + 1},
                choices=DeviceKind,
                required=False,
                disabled=is_sold,
                initial=needs[index] if index < len(needs) else [],
                widget=forms.CheckboxSelectMultiple,
            )
        for name in self.locked:
            self.fields[name].disabled = is_sold

    locked: tuple[str, ...] = ()  # besides the devices

    def clean_code(self) -> str:
        """Return the code in capitals; sheets and links name an offer by it."""
        code = self.cleaned_data["code"].upper()
        if not (code.isascii() and code.isalnum()):
            raise ValidationError(_("Only letters and figures, such as T13."))
        return code

    def clean_areas(self) -> list[str]:
        """Return the areas in the catalogue's order."""
        chosen = self.cleaned_data["areas"]
        return [area for area in Area.values if area in chosen]

    def clean_visibility(self) -> str:
        return self.cleaned_data["visibility"] or self.instance.visibility

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        needs = [chosen for name in self.device_names if (chosen := cleaned.get(name))]
        if needs and not any(len(set(kinds)) == len(kinds) for kinds in product(*needs)):
            self.add_error(
                self.device_names[0],
                _("A session never takes two devices of one kind: name kinds that differ."),
            )
        self.instance.device_needs = needs
        if not self.instance.pk:
            self.instance.slug = slugify(cleaned.get("name", ""))[:60]
            if not self.instance.slug and "name" not in self.errors:
                self.add_error("name", _("Give it some Latin letters or figures, for its address."))
            elif type(self.instance).objects.filter(slug=self.instance.slug).exists():
                self.add_error("name", _("Another has an address like this: name it differently."))
        return cleaned

    @property
    def device_names(self) -> list[str]:
        """The names of the fields for devices."""
        return [f"device_{index + 1}" for index in range(DEVICES_AT_MOST)]

    @property
    def devices(self) -> list[forms.BoundField]:
        """The fields for devices."""
        return [self[name] for name in self.device_names]

    def typed(self) -> Any:
        """Return the offer as typed, right or wrong, for a preview; nothing of it is saved."""
        self.is_valid()
        for name in self.instance.texts():
            setattr(self.instance, name, self[name].value() or "")
        return self.instance

    def chosen_texts(self) -> Collection[int]:
        """Return the pks of the instructions that are ticked, or of those that are saved."""
        if self.is_bound:
            return [text.pk for text in self.cleaned_data.get("instructions", ())]
        return [text.pk for text in self.initial.get("instructions", ())]


class TreatmentForm(OfferForm):
    """What clients read of a treatment, and what a session needs."""

    figure = forms.ChoiceField(label=gettext_lazy("Drawing"), choices=FIGURES)

    class Meta:
        model = Treatment
        fields = (
            "code",
            "name",
            "summary",
            "what_it_is",
            "suits",
            "feels_like",
            "side_effects",
            "figure",
            "areas",
            "is_consultation",
            "visibility",
            "instructions",
        )
        widgets = {
            name: forms.Textarea(attrs={"rows": 4})
            for name in ("what_it_is", "suits", "feels_like", "side_effects")
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in ("what_it_is", "suits", "feels_like", "side_effects"):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, WRITE_IT % {"label": self.fields[name].label})
        return cleaned


class AddOnForm(OfferForm):
    """What clients read of an add-on, what it needs, and what it does not go with."""

    not_with = RowsField(
        label=gettext_lazy("Not with"),
        queryset=Treatment.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Treatments that include what it does."),
    )
    locked = ("minutes",)

    class Meta:
        model = AddOn
        fields = (
            "code",
            "name",
            "summary",
            "minutes",
            "areas",
            "not_with",
            "visibility",
            "instructions",
        )


class LengthForm(forms.ModelForm):
    """One length of a treatment; the last of them is empty, for one more."""

    class Meta:
        model = Option
        fields = ("minutes", "buffer_minutes")

    def __init__(self, *args: Any, is_sold: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_sold = is_sold
        wrong = _("A session takes %(least)d to %(most)d minutes.") % {
            "least": SHORTEST,
            "most": LONGEST,
        }
        for name, least, most, sentence in (
            ("minutes", SHORTEST, LONGEST, wrong),
            ("buffer_minutes", 0, 60, _("0 to 60 minutes are kept clear afterwards.")),
        ):
            self.fields[name] = forms.IntegerField(
                label=self.fields[name].label,
                min_value=least,
                max_value=most,
                disabled=is_sold and name == "minutes",
                error_messages=dict.fromkeys(
                    ("required", "invalid", "min_value", "max_value"), sentence
                ),
            )
        if not self.instance.pk:
            self.empty_permitted, self.use_required_attribute = True, False
            self.initial["buffer_minutes"] = USUAL_BUFFER
            self.fields["minutes"].required = False

    @property
    def is_empty(self) -> bool:
        """Whether nobody asked for one more length: no minutes, and the buffer left as it came."""
        as_it_came = {"", "None", str(USUAL_BUFFER)}
        is_typed = self["minutes"].value() or str(self["buffer_minutes"].value()) not in as_it_came
        return not self.instance.pk and not is_typed

    def clean_minutes(self) -> int | None:
        """Return the minutes; a buffer alone is no length."""
        minutes: int | None = self.cleaned_data["minutes"]
        if minutes is None and not self.is_empty:
            raise ValidationError(self.fields["minutes"].error_messages["required"])
        return minutes


def check_lengths(lengths: list[LengthForm]) -> None:
    """Say beside a length that another has the same minutes."""
    known: set[int] = set()
    for form in lengths:
        minutes = form.cleaned_data.get("minutes") if form.is_valid() else None
        if minutes in known:
            form.add_error("minutes", ValidationError(_("There is a length of as many minutes.")))
        elif minutes:
            known.add(minutes)
