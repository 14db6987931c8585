from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

STEP = {"when", "do"}
HOURS_AT_MOST = 24 * 60  # two months, before a visit or after it


class InstructionKind(models.TextChoices):
    """Whether a text is read before the visit or after it."""

    PREP = "prep", _("preparation")
    AFTERCARE = "aftercare", _("aftercare")


class Instruction(models.Model):
    """A text that prepares skin for a visit or cares for it afterwards, in versions."""

    code = models.CharField(_("code"), max_length=16, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=InstructionKind)
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("instruction")
        verbose_name_plural = _("instructions")
        ordering = ["kind", "position", "code"]

    def __str__(self) -> str:
        return self.code


class InstructionVersion(models.Model):
    """One wording of an instruction; clients get the latest approved one, which is never edited.

    A draft is written until it is handed in, then the medical lead approves it as it stands or
    sends it back to be written on.

    `lines` are the sentences of the text, one instruction each, so that several instructions
    are put together without saying anything twice. `steps` are the same advice on a timeline: a
    list of {"when": "3 days before", "do": "Pause retinol.", "hours": -72}. `hours` may be left
    out; they count on the wall clock, from the start of the visit where it is prepared and from its
    end in aftercare, and a stretch counts by its end.
    """

    instruction = models.ForeignKey(Instruction, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    lines = models.JSONField(_("lines"), default=list)
    steps = models.JSONField(_("timeline"), default=list, blank=True)
    short = models.CharField(_("in one line"), max_length=200, blank=True)
    note = models.CharField(_("what is new"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    handed_in_at = models.DateTimeField(_("handed in"), null=True, blank=True)
    sent_back_at = models.DateTimeField(_("sent back"), null=True, blank=True)
    sent_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    sent_back_note = models.CharField(_("why it was sent back"), max_length=300, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)

    class Meta:
        verbose_name = _("instruction version")
        verbose_name_plural = _("instruction versions")
        ordering = ["instruction", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["instruction", "number"],
                name="instruction_versions_are_numbered",
            ),
            models.CheckConstraint(
                name="an_approval_has_a_person_and_a_time",
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instruction.code} v{self.number}"

    @property
    def state(self) -> str:
        """Where it stands: "approved", "waiting" for the medical lead, "back" or a "draft"."""
        if self.approved_at:
            return "approved"
        if self.handed_in_at:
            return "waiting"
        return "back" if self.sent_back_at else "draft"

    def clean(self) -> None:
        """Raise ValidationError unless lines are texts and steps say when and what."""
        if not _is_list_of(self.lines, lambda line: isinstance(line, str) and line.strip()):
            raise ValidationError({"lines": _("Write a list of sentences, one instruction each.")})
        if not _is_list_of(self.steps, _is_step):
            example = '{"when": "3 days before", "do": "...", "hours": -72}'
            raise ValidationError(
                {
                    "steps": _("Write a list of steps: %(example)s. Hours may be left out.")
                    % {"example": example}
                }
            )


def _is_step(step: Any) -> bool:
    """Whether `step` says when and what, in words, and perhaps in whole hours from the visit."""
    if not isinstance(step, dict) or not STEP <= set(step) <= STEP | {"hours"}:
        return False
    hours = step.get("hours", 0)
    return (
        all(isinstance(step[word], str) and step[word].strip() for word in STEP)
        and type(hours) is int
        and abs(hours) <= HOURS_AT_MOST
    )


def _is_list_of(value: Any, is_right: Callable[[Any], Any]) -> bool:
    return isinstance(value, list) and all(is_right(item) for item in value)
