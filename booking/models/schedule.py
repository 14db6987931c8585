from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from booking.models.resources import Provider, Resource
from clinic.places.models import Location, Weekday


class WorkingHours(models.Model):
    """One stretch of a provider's week at one location, by that location's clock.

    A break is the gap between two stretches. Every second week counts from the week of
    `valid_from`.
    """

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="working_hours")
    location = models.ForeignKey(Location, models.PROTECT, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    starts_at = models.TimeField(_("from"))
    ends_at = models.TimeField(_("until"))
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("last day"), null=True, blank=True)
    every_weeks = models.PositiveSmallIntegerField(
        _("repeats"),
        default=1,
        choices=[(1, _("every week")), (2, _("every second week"))],
    )

    class Meta:
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours")
        ordering = ["provider", "weekday", "starts_at"]
        indexes = [models.Index(fields=["location", "weekday"])]
        constraints = [
            models.CheckConstraint(
                name="work_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_(
                    "Work ends after it starts, on the same day. Hours past midnight are two days."
                ),
            ),
            models.CheckConstraint(
                name="work_repeats_every_week_or_second_week",
                condition=Q(every_weeks__in=[1, 2]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.starts_at:%H:%M}-{self.ends_at:%H:%M}"


class ExtraOpening(models.Model):
    """A stretch of work on one date besides the weekly hours; the doors open for it."""

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="extra_openings")
    location = models.ForeignKey(Location, models.PROTECT, related_name="extra_openings")
    day = models.DateField(_("day"))
    starts_at = models.TimeField(_("from"))
    ends_at = models.TimeField(_("until"))

    class Meta:
        verbose_name = _("extra opening")
        verbose_name_plural = _("extra openings")
        ordering = ["day", "starts_at"]
        indexes = [models.Index(fields=["location", "day"])]
        constraints = [
            models.CheckConstraint(
                name="an_extra_opening_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("An extra opening ends after it starts, the same day."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.starts_at:%H:%M}-{self.ends_at:%H:%M}"


class TimeOff(models.Model):
    """A span in which a resource cannot be booked: a person away, a device out of service."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    change = models.ForeignKey(
        "booking.ScheduleChange",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="time_off",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["resource", "ends_at"])]
        constraints = [
            models.CheckConstraint(
                name="time_off_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("Time off ends after it starts."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource}: {self.starts_at:%Y-%m-%d %H:%M}-{self.ends_at:%Y-%m-%d %H:%M}"
