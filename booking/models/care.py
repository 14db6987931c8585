from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from booking.models.bookings import Booking


class Reading(models.Model):
    """That a client opened a page of care texts, and said that it was read.

    Both are a person's press; loading a page writes nothing, as mail scanners load pages. What was
    read is told by the versions of the texts: with other texts, the page is unread again.
    """

    class Page(models.TextChoices):
        PREPARATION = "prep", _("preparation")
        AFTERCARE = "aftercare", _("aftercare")

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="readings")
    page = models.CharField(_("page"), max_length=12, choices=Page)
    versions = models.JSONField(_("texts"), default=list)
    opened_at = models.DateTimeField(_("opened"))
    acknowledged_at = models.DateTimeField(_("said to be read"), null=True, blank=True)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        constraints = [
            models.UniqueConstraint(fields=["booking", "page"], name="one_reading_per_page"),
        ]

    def __str__(self) -> str:
        return f"{self.get_page_display()}, {self.opened_at:%Y-%m-%d %H:%M}"


class SkinAnswer(models.TextChoices):
    """What a client may press a day after a visit; two of the three become one: needs a call.

    Numbers, since letters carry them in addresses, and addresses say nothing about health.
    """

    CALM = "1", _("My skin is calm")
    IRRITATED = "2", _("Still irritated")
    CALL = "3", _("Please call me")


class SkinCheck(models.Model):
    """The answer to the question a day after: all is calm, or somebody should call.

    Not a word more, as health words are not stored before they can be encrypted.
    """

    booking = models.OneToOneField(Booking, models.CASCADE, related_name="skin_check")
    needs_call = models.BooleanField(_("needs a call"))
    answered_at = models.DateTimeField(_("answered"))

    class Meta:
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")

    def __str__(self) -> str:
        return str(_("needs a call") if self.needs_call else _("calm"))


class Alert(models.Model):
    """Something about a visit that a person has to look at; open until somebody has."""

    class Kind(models.TextChoices):
        CALL = "call", _("needs a call")
        NOT_DELIVERED = "undelivered", _("a message was not delivered")

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="alerts")
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    detail = models.CharField(
        max_length=40, blank=True, help_text=_("Codes only, never words about health: M04")
    )
    raised_at = models.DateTimeField(_("raised"))
    seen_at = models.DateTimeField(_("dealt with"), null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-raised_at", "-pk"]
        indexes = [
            models.Index(fields=["raised_at"], name="alert_open", condition=Q(seen_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "kind"],
                condition=Q(seen_at=None),
                name="one_open_alert_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.raised_at:%Y-%m-%d %H:%M}"
