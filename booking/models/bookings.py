from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from booking.models.resources import Provider
from clinic.clients.models import Client
from clinic.places.models import Location
from clinic.places.policies import DEFAULTS
from treatments.models import AddOn, InstructionVersion, Option


class Status(models.TextChoices):
    """Where a booking stands, from the first press to the last word."""

    HELD = "held", _("held")
    PENDING_FORM = "pending_form", _("waiting for the form")
    PENDING_CLEARANCE = "pending_clearance", _("waiting for a doctor's word")
    CONFIRMED = "confirmed", _("confirmed")
    CHECKED_IN = "checked_in", _("checked in")
    IN_PROGRESS = "in_progress", _("in treatment")
    COMPLETED = "completed", _("completed")
    NO_SHOW = "no_show", _("no-show")
    EXPIRED_HOLD = "expired_hold", _("let go")
    CANCELLED_CLIENT = "cancelled_client", _("canceled by the client")
    CANCELLED_LATE = "cancelled_late", _("canceled late")
    CANCELLED_CLINIC = "cancelled_clinic", _("canceled by the clinic")
    DECLINED_AT_VISIT = "declined_at_visit", _("declined at the visit")


ACTIVE = frozenset(
    {
        Status.HELD,
        Status.PENDING_FORM,
        Status.PENDING_CLEARANCE,
        Status.CONFIRMED,
        Status.CHECKED_IN,
        Status.IN_PROGRESS,
        Status.COMPLETED,
        Status.NO_SHOW,
    }
)
"""Statuses whose bookings own allocations; a hold only until it lapses."""

HOLDS = frozenset({Status.HELD, Status.EXPIRED_HOLD})
"""Statuses of a time that is, or was, kept for somebody and promised to nobody."""

IN_DIARY = ACTIVE - HOLDS
"""Statuses of a visit that has its place in the diary; it was promised, and is not off."""

UPCOMING = frozenset({Status.PENDING_FORM, Status.PENDING_CLEARANCE, Status.CONFIRMED})
"""Statuses of a visit that is promised and has not begun."""

COMING = UPCOMING | {Status.CHECKED_IN, Status.IN_PROGRESS}
"""Statuses of a visit that is promised and not over."""

CANCELED = frozenset({Status.CANCELLED_CLIENT, Status.CANCELLED_LATE, Status.CANCELLED_CLINIC})
"""Statuses of a visit that somebody took out of the diary before it began."""


class BookingQuerySet(models.QuerySet["Booking"]):
    """Bookings as pages read them."""

    def with_facts(self) -> BookingQuerySet:
        """With what every page and letter says of a booking. 2 queries more."""
        return self.select_related(
            "location",
            "provider",
            "provider__resource_ptr",
            "option__treatment",
            "client",
        ).prefetch_related("lines", "add_ons")

    def visit(self, reference: str) -> Booking | None:
        """Return the visit of that reference, if it is one of these. A hold is nobody's visit."""
        return self.filter(reference=reference, client__isnull=False).first()


class Booking(models.Model):
    """One client, provider, option and time, with price and policy as promised."""

    reference = models.CharField(_("reference"), max_length=8, unique=True, editable=False)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.HELD)
    status_changed_at = models.DateTimeField(_("since"))
    client = models.ForeignKey(
        Client, models.PROTECT, null=True, blank=True, related_name="bookings"
    )
    visitor = models.CharField(max_length=32, blank=True, editable=False)
    request_key = models.UUIDField(unique=True, editable=False)

    location = models.ForeignKey(Location, models.PROTECT, related_name="bookings")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="bookings")
    option = models.ForeignKey(Option, models.PROTECT, related_name="bookings")
    add_ons = models.ManyToManyField(AddOn, blank=True, related_name="bookings")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    extra_minutes = models.PositiveSmallIntegerField(_("first-visit talk, minutes"), default=0)
    adjusted_minutes = models.SmallIntegerField(_("minutes added or taken by staff"), default=0)

    created_at = models.DateTimeField(_("made"))
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    hold_extensions = models.PositiveSmallIntegerField(default=0)

    priced_at = models.DateTimeField(_("priced"))
    price = models.DecimalField(_("price"), max_digits=8, decimal_places=2)
    promise = models.JSONField(_("policy as promised"), default=dict)
    instruction_versions = models.ManyToManyField(InstructionVersion, blank=True, related_name="+")
    fee_owed = models.DecimalField(_("fee owed"), max_digits=8, decimal_places=2, default=0)

    schedule_version = models.PositiveSmallIntegerField(default=0)
    moves = models.PositiveSmallIntegerField(_("moves by the client"), default=0)
    link_nonce = models.CharField(max_length=32, blank=True, editable=False)
    link_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)  # noqa: DJ001
    time_zone = models.CharField(_("client's time zone"), max_length=64, blank=True)
    safety_confirmed_at = models.DateTimeField(_("safety list confirmed"), null=True, blank=True)
    safety_wording = models.CharField(max_length=24, blank=True)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        ordering = ["-starts_at"]
        permissions = [
            ("view_own_booking", "Can view bookings of their own schedule"),
            ("change_own_booking", "Can change bookings of their own schedule"),
            ("add_own_booking", "Can book visits into their own schedule"),
            ("view_numbers", "Can see the numbers of the clinic"),
            ("preview_booking", "Can preview what is sent about a booking"),
            ("waive_fee", "Can waive a fee"),
        ]
        indexes = [
            models.Index(fields=["provider", "starts_at"]),
            models.Index(fields=["location", "starts_at"]),
            models.Index(fields=["client", "starts_at"]),
            models.Index(fields=["held_until"], name="booking_holds", condition=Q(status="held")),
            models.Index(
                fields=["status_changed_at"], name="booking_fees", condition=Q(fee_owed__gt=0)
            ),
            models.Index(
                fields=["held_until"], name="booking_forms", condition=Q(status="pending_form")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_visit_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
            ),
            models.CheckConstraint(
                name="a_hold_says_until_when",
                condition=~Q(status="held") | Q(held_until__isnull=False),
            ),
            models.CheckConstraint(
                name="only_holds_have_no_client",
                condition=Q(status__in=["held", "expired_hold"]) | Q(client__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["visitor"],
                name="one_hold_per_visitor",
                condition=Q(status="held") & ~Q(visitor=""),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def duration(self) -> timedelta:
        """The client's time, add-ons and first-visit talk included."""
        return self.ends_at - self.starts_at

    @property
    def minutes(self) -> int:
        """The client's time in whole minutes."""
        return int(self.duration.total_seconds() // 60)

    @property
    def free_until(self) -> datetime:
        """Until when the client may change or cancel at no charge; elapsed hours before.

        A visit that its client moved later than that keeps the hour it had.
        """
        if kept := self.promise.get("free_until"):
            return datetime.fromisoformat(kept)
        return self.starts_at - timedelta(hours=self.promise["free_until_hours"])

    @property
    def undo_minutes(self) -> int:
        """For how many minutes a change can be taken back without a word."""
        return int(self.promise.get("undo_minutes", DEFAULTS["undo_minutes"]))

    def has_lapsed(self, *, now: datetime) -> bool:
        """Whether it was kept while the client typed, and is no longer."""
        return self.status == Status.HELD and (self.held_until is None or self.held_until <= now)


class BookingLine(models.Model):
    """One line of the price as promised."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=8)
    name = models.CharField(max_length=100)
    amount = models.DecimalField(max_digits=8, decimal_places=2)

    class Meta:
        verbose_name = _("price line")
        verbose_name_plural = _("price lines")
        ordering = ["booking", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "position"], name="price_lines_stand_in_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.amount}"


class Draft(models.Model):
    """What a visitor typed so far; kept when a hold lapses, deleted when the visit is confirmed."""

    visitor = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=24, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    consents = models.JSONField(default=list, blank=True)
    safety_confirmed_at = models.DateTimeField(null=True, blank=True)
    safety_wording = models.CharField(max_length=24, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        indexes = [models.Index(fields=["updated_at"])]

    def __str__(self) -> str:
        return f"{self.updated_at:%Y-%m-%d %H:%M}"
