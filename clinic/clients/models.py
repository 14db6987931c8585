"""The people being treated, and what they agreed to."""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

LONGEST_NAME, LONGEST_EMAIL = 120, 254  # of the keys too: "ß" compares as "ss"


def email_key(email: str) -> str:
    """Return `email` as two spellings of one address compare: trimmed, lower case."""
    return unicodedata.normalize("NFKC", email).strip().casefold()[:LONGEST_EMAIL]


def name_key(name: str) -> str:
    """Return `name` as two spellings of one person's name compare."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:LONGEST_NAME]


class Client(models.Model):
    """The person being treated, with or without an account.

    One person is one e-mail address and name together: families share an address. Who booked by
    phone may have no address yet. A duplicate that was merged points to the client who was kept.
    """

    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    email = models.EmailField(_("e-mail"), max_length=LONGEST_EMAIL, blank=True)
    phone = PhoneNumberField(_("mobile number"), blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="clients",
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged"
    )
    email_key = models.CharField(max_length=LONGEST_EMAIL, editable=False)
    name_key = models.CharField(max_length=LONGEST_NAME, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)
    legal_hold = models.BooleanField(
        _("legal hold"), default=False, help_text=_("Nothing about this person is deleted.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("client")
        verbose_name_plural = _("clients")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["email_key", "name_key"],
                name="one_client_per_email_and_name",
                condition=~Q(email_key="") & Q(merged_into=None),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        self.email_key, self.name_key = email_key(self.email), name_key(self.name)
        if (update := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*update, "email_key", "name_key"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse a second client of one name and address; no form has the keys as fields."""
        if twin_of(self) is not None:
            raise ValidationError(_("There is a client of this name and address already."))

    @property
    def kept(self) -> Client:
        """Who stands for this person now: the client a duplicate was merged into, or this one."""
        return self.merged_into or self

    @property
    def first_name(self) -> str:
        """What we call the client in a letter."""
        return self.name.split(" ")[0]


def twin_of(client: Client) -> Client | None:
    """Return who else has the name and address of `client`. One query.

    Duplicates that were merged keep theirs, so that they are known by them, and are nobody's twin.
    """
    if not client.email:
        return None
    twins = Client.objects.filter(
        email_key=email_key(client.email), name_key=name_key(client.name), merged_into=None
    )
    return twins.exclude(pk=client.pk).first()


class ClientNote(models.Model):
    """A plain note of the front desk: "rings twice", "likes the small room". Never about health.

    Notes are added and taken away, never changed.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="notes")
    text = models.CharField(_("note"), max_length=500)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    written_at = models.DateTimeField(_("written"))
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    removed_at = models.DateTimeField(_("taken away"), null=True, blank=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-written_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.written_at:%Y-%m-%d}"


class ClientMerge(models.Model):
    """Two records that were one person: which was kept, and what went over to it.

    `moved` names the rows by model and primary key, so that all of it can go back.
    """

    kept = models.ForeignKey(Client, models.CASCADE, related_name="+")
    merged = models.ForeignKey(Client, models.CASCADE, related_name="+")
    moved = models.JSONField(default=dict)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    merged_at = models.DateTimeField(_("merged"))
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(_("taken apart again"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-merged_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.merged_at:%Y-%m-%d}"


class ConsentKind(models.TextChoices):
    """What a client may agree to, each on its own; service e-mail needs none."""

    TREATMENT = "treatment", _("treatment")
    DATA = "data", _("use of data")
    SERVICE_SMS = "service_sms", _("texts about appointments")
    CARE_TIPS = "care_tips", _("care tips")
    FEEDBACK = "feedback", _("questions about your visit")
    MARKETING_EMAIL = "marketing_email", _("news by e-mail")
    MARKETING_SMS = "marketing_sms", _("news by text")


class Consent(models.Model):
    """One answer to one consent question, with the words that were asked.

    Answers are added, never changed: the latest of a kind counts.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="consents")
    kind = models.CharField(_("kind"), max_length=24, choices=ConsentKind)
    is_given = models.BooleanField(_("given"))
    wording_version = models.CharField(_("wording"), max_length=24)
    source = models.CharField(_("asked on"), max_length=60)
    given_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-given_at", "-pk"]
        indexes = [models.Index(fields=["client", "kind", "given_at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.is_given}"
