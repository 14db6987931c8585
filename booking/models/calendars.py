from __future__ import annotations

from urllib.parse import urlsplit

from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from booking.models.resources import Provider, Resource
from clinic.clients.models import Client


class Feed(models.Model):
    """A secret address at which a calendar program reads the visits of one client or resource.

    Like a manage link (decision 0004) it is derived from the nonce and found by its hash.
    """

    client = models.ForeignKey(Client, models.CASCADE, null=True, blank=True, related_name="feeds")
    resource = models.ForeignKey(
        Resource, models.CASCADE, null=True, blank=True, related_name="feeds"
    )
    nonce = models.CharField(max_length=32, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("made"))
    revoked_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="a_feed_belongs_to_one",
                condition=Q(client=None, resource__isnull=False)
                | Q(client__isnull=False, resource=None),
            ),
            models.UniqueConstraint(
                fields=["client"], condition=Q(revoked_at=None), name="one_open_feed_per_client"
            ),
            models.UniqueConstraint(
                fields=["resource"], condition=Q(revoked_at=None), name="one_open_feed_per_resource"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client or self.resource}, {self.created_at:%Y-%m-%d}"


class OutsideCalendar(models.Model):
    """A calendar an aesthetician keeps elsewhere, read for the time in which they are busy."""

    class Trouble(models.TextChoices):
        """Why the last look at it came to nothing, in the words its owner reads."""

        NOT_HTTPS = "not_https", _("Its address does not begin with https://.")
        UNREACHABLE = "unreachable", _("Nobody answered at that address.")
        NOT_PUBLIC = "not_public", _("That address leads to a place we do not read from.")
        NOT_TRUSTED = "not_trusted", _("The other side could not prove who it is.")
        SENT_AROUND = "sent_around", _("The address sends us on too many times.")
        SLOW = "slow", _("The other side took too long to answer.")
        NO_ENTRY = "no_entry", _("The address asks for a password. Use the secret iCal address.")
        GONE = "gone", _("There is no calendar at that address any more.")
        UNWELL = "unwell", _("The other side had a problem of its own.")
        TOO_LARGE = "too_large", _("The calendar is too large: more than 2 MB or 5,000 entries.")
        NOT_A_CALENDAR = "not_a_calendar", _("What we found there is not a calendar.")

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="outside_calendars")
    address = models.CharField(
        _("address"), max_length=1000, validators=[URLValidator(schemes=["https"])]
    )
    is_active = models.BooleanField(_("in use"), default=True)
    added_at = models.DateTimeField(_("added"))
    tried_at = models.DateTimeField(_("last look"), null=True, blank=True)
    succeeded_at = models.DateTimeField(_("last read well"), null=True, blank=True)
    expanded_at = models.DateTimeField(_("last worked out"), null=True, blank=True)
    trouble = models.CharField(_("trouble"), max_length=16, choices=Trouble, blank=True)
    etag = models.CharField(max_length=200, blank=True, editable=False)
    last_modified = models.CharField(max_length=60, blank=True, editable=False)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("outside calendar")
        verbose_name_plural = _("outside calendars")
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "address"],
                name="a_calendar_is_read_once",
                violation_error_message=_("This calendar is on your list already."),
            )
        ]

    def __str__(self) -> str:
        return self.short_address

    @property
    def short_address(self) -> str:
        """Enough to know it by, and not enough to read it."""
        return f"{urlsplit(self.address).hostname}/…"


class OutsideBusy(models.Model):
    """A span in which an outside calendar keeps its owner busy. When, and never what.

    The resource is the calendar's provider, written beside it so that a diary is read without a
    join.
    """

    calendar = models.ForeignKey(OutsideCalendar, models.CASCADE, related_name="busy")
    resource = models.ForeignKey(Resource, models.CASCADE, related_name="outside_busy")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("time busy elsewhere")
        verbose_name_plural = _("times busy elsewhere")
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["resource", "ends_at"])]
        constraints = [
            models.CheckConstraint(
                name="busy_time_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}-{self.ends_at:%Y-%m-%d %H:%M}"
