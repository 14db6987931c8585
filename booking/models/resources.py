from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from booking.constraints import Epoch, NoOverlap
from clinic.places.models import Location
from treatments import claims
from treatments.models import AddOn, DeviceKind, PriceList, Treatment

LONGEST_ALLOCATION = timedelta(hours=12)


class Kind(models.TextChoices):
    """What a resource is."""

    PROVIDER = "provider", _("aesthetician")
    ROOM = "room", _("room")
    DEVICE = "device", _("device")


class ResourceQuerySet(models.QuerySet["Resource"]):
    """Resources of any kind."""

    def lock_candidates(
        self, *, locations: Collection[Location], providers: Collection[int]
    ) -> list[Resource]:
        """Lock `providers` and every room and device of `locations`, in pk order.

        What fills a diary does this first, so that it checks and writes alone. SQLite has one
        writer at a time and needs no row locks.
        """
        fixtures = Q(location__in=locations, kind__in=[Kind.ROOM, Kind.DEVICE])
        mine = Q(pk__in=providers) | fixtures
        return list(self.filter(mine).order_by("pk").select_for_update(no_key=True))


class Resource(models.Model):
    """Anything that is in one place at a time: a provider, a room, a device."""

    kind = models.CharField(max_length=8, choices=Kind, editable=False)
    name = models.CharField(_("name"), max_length=80)
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="resources",
        help_text=_("Rooms and devices stand in one place; a provider's hours name theirs."),
    )
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("resource")
        verbose_name_plural = _("resources")
        ordering = ["kind", "name"]
        constraints = [
            models.CheckConstraint(
                name="rooms_and_devices_stand_somewhere",
                condition=Q(kind="provider") | Q(location__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name


def initials_of(name: str) -> str:
    """Return "ME" for Maya Ellison: two letters for the round picture."""
    words = name.split() or [""]
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()


class Provider(Resource):
    """A resource who is a person and gives treatments."""

    slug = models.SlugField(unique=True)
    title = models.CharField(_("title"), max_length=80, blank=True)
    bio = models.TextField(_("about"), blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="provider",
    )
    price_list = models.OneToOneField(
        PriceList, models.PROTECT, null=True, blank=True, related_name="provider"
    )
    treatments = models.ManyToManyField(Treatment, blank=True, related_name="providers")
    add_ons = models.ManyToManyField(AddOn, blank=True, related_name="providers")
    lane = models.PositiveSmallIntegerField(_("color"), default=1)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering = ["position", "name"]

    def save(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        self.kind = Kind.PROVIDER
        super().save(*args, **kwargs)

    def clean(self) -> None:
        claims.check({"title": self.title, "bio": self.bio})

    @property
    def first_name(self) -> str:
        """What clients call them."""
        return self.name.split(" ")[0]

    @property
    def initials(self) -> str:
        """Two letters for the round picture."""
        return initials_of(self.name)


class Room(Resource):
    """A treatment room."""

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")

    def save(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        self.kind = Kind.ROOM
        super().save(*args, **kwargs)


class Device(Resource):
    """A physical unit that a booking reserves like a room."""

    device_kind = models.CharField(_("kind of device"), max_length=12, choices=DeviceKind)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def save(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        self.kind = Kind.DEVICE
        super().save(*args, **kwargs)


class Allocation(models.Model):
    """One resource kept for one booking, turnover included. At most 12 hours."""

    booking = models.ForeignKey("booking.Booking", models.CASCADE, related_name="allocations")
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="allocations")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        ordering = ["starts_at", "resource"]
        indexes = [models.Index(fields=["resource", "starts_at"])]
        constraints = [
            models.CheckConstraint(
                name="an_allocation_ends_after_it_starts",
                condition=Q(ends_at__gt=F("starts_at")),
            ),
            models.CheckConstraint(
                name="an_allocation_lasts_12_hours_at_most",
                condition=LessThanOrEqual(
                    Epoch("ends_at") - Epoch("starts_at"),
                    int(LONGEST_ALLOCATION.total_seconds()),
                ),
            ),
            models.UniqueConstraint(
                fields=["booking", "resource"], name="a_booking_takes_a_resource_once"
            ),
            NoOverlap(
                name="a_resource_is_in_one_place_at_a_time",
                partition_by=["resource"],
                start="starts_at",
                end="ends_at",
                longest=LONGEST_ALLOCATION,
                violation_error_message=_("Somebody else has this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id}, {self.starts_at:%Y-%m-%d %H:%M}-{self.ends_at:%H:%M}"
