"""Who changed what and when, for good."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


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

    def __str__(self) -> str:
        return f"{self.what}, {self.at:%Y-%m-%d %H:%M}"
