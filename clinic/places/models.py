"""Where the clinic is, when its doors are open, and the rules it works by."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.places import policies
from clinic.places.public_holidays import validate_country
from clinic.web import clock


def validate_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone."""
    if name not in clock.zone_names():
        raise ValidationError(_("%(name)s is not a time zone."), params={"name": name})


class Weekday(models.IntegerChoices):
    """Days as `date.weekday()` counts them."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Location(models.Model):
    """A place of the clinic, with its own time zone and hours."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(unique=True)
    street = models.CharField(_("street"), max_length=120)
    city = models.CharField(_("city"), max_length=80)
    region = models.CharField(_("state"), max_length=40, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=12, blank=True)
    country = models.CharField(
        _("country"),
        max_length=2,
        default="US",
        validators=[validate_country],
        help_text=_("Two letters; its public holidays are proposed as closures."),
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    directions = models.TextField(_("how to get here"), blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_zone])
    is_active = models.BooleanField(_("open for bookings"), default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone its clocks show."""
        return ZoneInfo(self.time_zone)

    @property
    def address(self) -> str:
        """Street and town on one line, as on an envelope."""
        town = " ".join(part for part in (self.region, self.postal_code) if part)
        return ", ".join(part for part in (self.street, self.city, town) if part)


class OpeningHours(models.Model):
    """When the doors of a location are open on one day of the week, by its own clock."""

    location = models.ForeignKey(Location, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    opens_at = models.TimeField(_("opens"))
    closes_at = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        ordering = ["location", "weekday", "opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["location", "weekday", "opens_at"], name="one_opening_per_start"
            ),
            models.CheckConstraint(
                name="doors_close_after_they_open",
                condition=Q(closes_at__gt=F("opens_at")),
                violation_error_message=_(
                    "Doors close after they open, on the same day; past midnight is another day."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}-{self.closes_at:%H:%M}"


class Closure(models.Model):
    """Whole days on which a location is closed, first and last included."""

    location = models.ForeignKey(Location, models.CASCADE, related_name="closures")
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=120)

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                name="a_closure_ends_after_it_starts",
                condition=Q(ends_on__gte=F("starts_on")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason}, {self.starts_on:%Y-%m-%d}"


class PolicyVersion(models.Model):
    """What the clinic, or one location, decided on its rules: only the values that differ.

    The latest version counts; earlier ones stay, so that a booking's promise can be traced.
    """

    location = models.ForeignKey(
        Location,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="policy_versions",
        help_text=_("Empty: the whole clinic."),
    )
    values = models.JSONField(_("values"), default=dict, validators=[policies.validate_values])
    reason = models.CharField(_("reason"), max_length=200)
    published_at = models.DateTimeField(_("in force since"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["-published_at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["location", "published_at"])]

    def __str__(self) -> str:
        return f"{self.location or _('The clinic')}, {self.published_at:%Y-%m-%d}"

    def clean(self) -> None:
        """Refuse rules that make sense by themselves, but not with those in force."""
        try:
            policies.validate_values(self.values)
        except ValidationError:
            return  # said beside the field
        places = [self.location] if self.location else [None, *Location.objects.all()]
        for place in places:
            policies.check_in_force(self.values, self.location, at=place, now=clock.now())
