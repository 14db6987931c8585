"""Who changed what and when, for good."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.trail.constraints import AppendOnly


class Entry(models.Model):
    """Something that somebody of the staff did. Written once, never changed.

    It names people and things by their primary keys, so that it outlives both: no names, no
    addresses, no word of health. `facts` are what was and what is, by field.
    """

    at = models.DateTimeField(_("when"))
    user_id = models.BigIntegerField(_("who"), null=True)
    what = models.CharField(_("what"), max_length=60)
    subject = models.CharField(_("of"), max_length=80, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("entry of the log")
        verbose_name_plural = _("log")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["subject", "at"]),
            models.Index(fields=["user_id", "at"]),
            models.Index(fields=["what", "at"]),
        ]
        constraints = [AppendOnly(name="the_log_is_append_only")]

    def __str__(self) -> str:
        return f"{self.what}, {self.at:%Y-%m-%d %H:%M}"


class Seal(models.Model):
    """One link of the chain that shows whether the log was tampered with.

    `digest` is made of the one before and of the entry, so that nothing in the past changes
    without a mark. The last seal of a stretch that was purged stays, without its entry.
    """

    position = models.BigIntegerField(_("position"), primary_key=True)
    entry = models.OneToOneField(
        Entry, models.DO_NOTHING, null=True, db_constraint=False, related_name="seal"
    )
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("seal of the log")
        verbose_name_plural = _("seals of the log")
        ordering = ["-position"]
        constraints = [AppendOnly(name="the_seals_are_append_only")]

    def __str__(self) -> str:
        return f"{self.position}: {self.digest[:12]}"
