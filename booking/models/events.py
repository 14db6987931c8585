"""What has happened to a visit, one row for each thing."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from booking.models.bookings import Booking


class Happened(models.TextChoices):
    """What can happen to a booking, from the first press on."""

    HELD = "held", _("Held")
    EXTENDED = "extended", _("Held for longer")
    LET_GO = "let_go", _("Let go")
    EXPIRED = "expired", _("Lapsed")
    BOOKED = "booked", _("Booked, details to come")  # by staff
    FORM_OVERDUE = "form_overdue", _("Let go: no details in time")
    CONFIRMED = "confirmed", _("Confirmed")
    MOVED = "moved", _("Moved")
    RESIZED = "resized", _("Length changed")
    CANCELLED = "cancelled", _("Canceled")
    UNDONE = "undone", _("Change taken back")
    KEPT = "kept", _("Kept by exception")
    RESEATED = "reseated", _("Room or device changed")
    FEE_WAIVED = "fee_waived", _("Fee waived")
    FEE_PAID = "fee_paid", _("Fee paid")
    FEE_OWED_AGAIN = "fee_owed_again", _("Fee owed again")
    SENT_AGAIN = "sent_again", _("Message sent again")  # changes nothing about a visit
    CHECKED_IN = "checked_in", _("Checked in")
    STARTED = "started", _("Begun")
    COMPLETED = "completed", _("Completed")
    NO_SHOW = "no_show", _("Did not come")
    DECLINED = "declined", _("Declined")
    UNPREPARED = "unprepared", _("Came unprepared")
    TOO_LATE = "too_late", _("Came too late")
    TAKEN_BACK = "taken_back", _("Note taken back")


class BookingEvent(models.Model):
    """Something that happened to a booking: what, when, by whom and why. Never changed."""

    class By(models.TextChoices):
        CLIENT = "client", _("client")
        STAFF = "staff", _("staff")
        CLINIC = "clinic", _("the system")

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="events")
    what = models.CharField(_("what"), max_length=24)  # as Happened names it
    at = models.DateTimeField(_("when"))
    by = models.CharField(_("by"), max_length=8, choices=By)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.CharField(_("why"), max_length=200, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["booking", "at"]),
            models.Index(
                fields=["at"],
                name="event_fees",
                condition=Q(what__in=[Happened.FEE_PAID, Happened.FEE_WAIVED]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what}, {self.at:%Y-%m-%d %H:%M}"
