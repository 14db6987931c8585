from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from treatments import claims
from treatments.models.instructions import Instruction

SHORTEST, LONGEST = 15, 60  # minutes of a base treatment (domain handbook, section 7)


class Area(models.TextChoices):
    """Parts of the body we treat."""

    FACE = "face", _("Face")
    EYES = "eyes", _("Eyes")
    BROW_FOREHEAD = "brow_forehead", _("Brow and forehead")
    JAW = "jaw", _("Jaw")
    NECK = "neck", _("Neck sides")
    DECOLLETE = "decollete", _("Décolleté")


class DeviceKind(models.TextChoices):
    """Kinds of device; the handheld comes first, so that consoles stay free for who needs one."""

    HANDHELD = "handheld", _("handheld unit")
    CONSOLE = "console", _("console")
    LED = "led", _("LED panel")


class Visibility(models.TextChoices):
    """Who can book it."""

    PUBLIC = "public", _("on the site")
    HIDDEN = "hidden", _("not offered online")
    RETIRED = "retired", _("no longer offered")


def validate_areas(areas: Any) -> None:
    """Raise ValidationError unless `areas` is a list of areas we know."""
    if not isinstance(areas, list) or any(area not in Area.values for area in areas):
        raise ValidationError(_("Name areas from the list."))


def validate_needs(needs: Any) -> None:
    """Raise ValidationError unless `needs` lists, for each device, the kinds that would do."""
    is_right = isinstance(needs, list) and all(
        isinstance(kinds, list) and kinds and all(kind in DeviceKind.values for kind in kinds)
        for kinds in needs
    )
    if not is_right:
        raise ValidationError(_("For each device, name the kinds that would do."))


class Offer(models.Model):
    """What a treatment and an add-on have in common."""

    code = models.CharField(_("code"), max_length=8, unique=True)
    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    summary = models.CharField(_("in one sentence"), max_length=200)
    areas = models.JSONField(_("areas"), default=list, blank=True, validators=[validate_areas])
    device_needs = models.JSONField(
        _("devices"),
        default=list,
        blank=True,
        validators=[validate_needs],
        help_text=_('For each device, the kinds that would do: [["handheld", "console"]].'),
    )
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.PUBLIC)
    position = models.PositiveSmallIntegerField(default=0)
    instructions = models.ManyToManyField(Instruction, blank=True, related_name="+")

    class Meta:
        abstract = True
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.name

    @property
    def needs(self) -> list[frozenset[str]]:
        """For each device it takes, the kinds that would do."""
        return [frozenset(kinds) for kinds in self.device_needs]

    @property
    def area_names(self) -> list[str]:
        """The areas in words, in the catalogue's order."""
        return [str(Area(area).label) for area in self.areas]

    def clean(self) -> None:
        claims.check(self.texts())

    def texts(self) -> dict[str, str]:
        """Return what clients read of it, by field."""
        return {"name": self.name, "summary": self.summary}


class Treatment(Offer):
    """Something we offer, in one or more lengths."""

    what_it_is = models.TextField(_("what it is"), blank=True)
    suits = models.TextField(_("who it suits"), blank=True)
    feels_like = models.TextField(_("what it feels like"), blank=True)
    side_effects = models.TextField(_("side effects"), blank=True)
    figure = models.CharField(_("figure"), max_length=20, default="face")
    is_consultation = models.BooleanField(_("is a consultation"), default=False)

    class Meta(Offer.Meta):
        verbose_name = _("treatment")
        verbose_name_plural = _("treatments")

    def get_absolute_url(self) -> str:
        return reverse("site:treatment", args=[self.slug])

    def texts(self) -> dict[str, str]:
        names = ("what_it_is", "suits", "feels_like", "side_effects")
        return super().texts() | {name: getattr(self, name) for name in names}


class OptionQuerySet(models.QuerySet["Option"]):
    """Lengths of treatments."""

    def bookable(self) -> OptionQuerySet:
        """Those a client may choose online, with their treatment."""
        return self.filter(is_active=True, treatment__visibility=Visibility.PUBLIC).select_related(
            "treatment"
        )


class Option(models.Model):
    """One length of a treatment, which is what has a price."""

    treatment = models.ForeignKey(Treatment, models.CASCADE, related_name="options")
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    buffer_minutes = models.PositiveSmallIntegerField(_("buffer, minutes"), default=10)
    is_active = models.BooleanField(_("offered"), default=True)

    objects = OptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["treatment", "minutes"]
        constraints = [
            models.UniqueConstraint(fields=["treatment", "minutes"], name="one_option_per_length"),
            models.CheckConstraint(
                name="a_session_takes_15_to_60_minutes",
                condition=Q(minutes__gte=SHORTEST, minutes__lte=LONGEST),
                violation_error_message=_("A session takes 15 to 60 minutes."),
            ),
            models.CheckConstraint(
                name="a_buffer_is_at_most_an_hour",
                condition=Q(buffer_minutes__lte=60),
                violation_error_message=_("A buffer is at most an hour."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.treatment.name}, {self.minutes} min"

    @property
    def duration(self) -> timedelta:
        """The client's time."""
        return timedelta(minutes=self.minutes)

    @property
    def buffer(self) -> timedelta:
        """The time kept clear afterwards; the client does not see it."""
        return timedelta(minutes=self.buffer_minutes)


class AddOn(Offer):
    """An extra that is only booked with a treatment."""

    minutes = models.PositiveSmallIntegerField(_("minutes"), default=10)
    not_with = models.ManyToManyField(
        Treatment,
        blank=True,
        related_name="excluded_add_ons",
        verbose_name=_("not with"),
    )

    class Meta(Offer.Meta):
        verbose_name = _("add-on")
        verbose_name_plural = _("add-ons")
        constraints = [
            models.CheckConstraint(
                name="an_add_on_takes_1_to_60_minutes",
                condition=Q(minutes__gte=1, minutes__lte=60),
                violation_error_message=_("An add-on takes 1 to 60 minutes."),
            )
        ]
