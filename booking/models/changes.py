"""Changes of the clinic's own that touch visits already promised, and what is decided of each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from booking.models.bookings import Booking
from booking.models.resources import Resource
from clinic.places.models import Location
from treatments.models import AddOn, Option, Treatment


class ScheduleChange(models.Model):
    """Something the clinic changes about when, where or what it gives.

    Time off, other hours, a closure, a device out of service, somebody leaving, a treatment that
    is no longer given. It is written into the diary at once, so that nobody books into it any
    more; visits that were promised before stay until each has its decision, and then it is in
    force. `data` says how to write it and how to take it back.
    """

    class Kind(models.TextChoices):
        TIME_OFF = "time_off", _("time off")
        HOURS = "hours", _("working hours")
        EXTRA = "extra", _("extra opening")
        OUT_OF_SERVICE = "out_of_service", _("out of service")
        CLOSURE = "closure", _("closure")
        OPENING = "opening", _("opening hours")
        LEAVING = "leaving", _("no longer in use")
        RETIRING = "retiring", _("no longer offered")

    class State(models.TextChoices):
        ASKED = "asked", _("waiting for approval")
        PENDING = "pending", _("visits to decide")
        IN_FORCE = "in_force", _("in force")
        REFUSED = "refused", _("not approved")
        WITHDRAWN = "withdrawn", _("taken back")

    kind = models.CharField(_("what"), max_length=16, choices=Kind)
    state = models.CharField(_("state"), max_length=12, choices=State)
    says = models.CharField(_("in words"), max_length=200)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    data = models.JSONField(default=dict, blank=True)

    resource = models.ForeignKey(
        Resource, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    location = models.ForeignKey(
        Location, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    treatment = models.ForeignKey(
        Treatment, models.PROTECT, null=True, blank=True, related_name="+"
    )
    option = models.ForeignKey(Option, models.PROTECT, null=True, blank=True, related_name="+")
    add_on = models.ForeignKey(AddOn, models.PROTECT, null=True, blank=True, related_name="+")

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=200, blank=True)
    in_force_at = models.DateTimeField(_("in force since"), null=True, blank=True)
    ended_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("change of the schedule")
        verbose_name_plural = _("changes of the schedule")
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["state", "asked_at"])]
        permissions = [
            ("approve_schedulechange", "Can approve what was asked for"),
            ("ask_schedulechange", "Can ask for time off and hours of their own"),
        ]

    def __str__(self) -> str:
        return self.says


class TouchedVisit(models.Model):
    """A promised visit that a change runs into, and what was decided of it.

    `choice` is what somebody picked for it and has not done yet, as `booking.selectors.replanning`
    writes it; it waits there for whoever goes on.
    """

    class Decision(models.TextChoices):
        OPEN = "open", _("to decide")
        KEPT = "kept", _("kept by exception")
        MOVED = "moved", _("moved")
        CANCELLED = "cancelled", _("canceled")
        SETTLED = "settled", _("settled otherwise")  # its client, or somebody elsewhere, did it

    change = models.ForeignKey(ScheduleChange, models.CASCADE, related_name="visits")
    booking = models.ForeignKey(Booking, models.CASCADE, related_name="touched_by")
    schedule_version = models.PositiveSmallIntegerField()  # of the visit when it was listed
    decision = models.CharField(
        _("decision"), max_length=10, choices=Decision, default=Decision.OPEN
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    choice = models.CharField(_("what is proposed"), max_length=32, blank=True)
    chosen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("touched visit")
        verbose_name_plural = _("touched visits")
        ordering = ["change", "booking__starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "booking"], name="a_change_lists_a_visit_once"
            ),
            models.CheckConstraint(
                name="a_decision_has_its_time",
                condition=Q(decision="open", decided_at=None)
                | ~Q(decision="open") & Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booking}: {self.get_decision_display()}"
