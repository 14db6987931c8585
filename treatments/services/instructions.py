"""Texts before and after a visit: writing a draft, handing it in, approving it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from clinic.accounts.models import User
from clinic.trail.services import note as log
from treatments.errors import DraftWaits, NotAsRead
from treatments.models import Instruction, InstructionVersion
from treatments.selectors.instructions import digest


@transaction.atomic
def add_text(*, user: User, text: Instruction, now: datetime) -> Instruction:
    """Store a new text, the last of its kind; nobody gets it before a version is approved."""
    last = Instruction.objects.filter(kind=text.kind).aggregate(last=Max("position"))["last"]
    text.position = 0 if last is None else last + 1
    text.save()
    log(user_id=user.pk, what="text.added", subject=f"instruction:{text.pk}", now=now)
    return text


@transaction.atomic
def write_draft(
    *,
    user: User,
    text: Instruction,
    lines: Sequence[str],
    steps: Sequence[dict[str, Any]],
    short: str,
    note: str,
    seen: str,
    now: datetime,
) -> InstructionVersion:
    """Store the draft of `text`, a new version where none is open. Clients get nothing of it.

    `seen` is the digest of the draft that `user` had before them, "" where there was none. Raises
    NotAsRead where it is another by now, and DraftWaits where it was handed in.
    """
    Instruction.objects.select_for_update(no_key=True).get(pk=text.pk)
    draft = text.versions.filter(approved_at=None).first()
    if draft and draft.handed_in_at:
        raise DraftWaits
    if seen != (digest(draft) if draft else ""):
        raise NotAsRead
    if draft is None:
        latest = text.versions.aggregate(latest=Max("number"))["latest"] or 0
        draft = InstructionVersion(instruction=text, number=latest + 1)
    draft.lines, draft.steps, draft.short = list(lines), list(steps), short
    draft.note, draft.written_by = note, user
    draft.full_clean(validate_constraints=False)
    draft.save()
    _log(user, "text.written", draft, now, lines=len(lines), steps=len(steps))
    return draft


@transaction.atomic
def hand_in(*, user: User, version: InstructionVersion, now: datetime) -> None:
    """Ask the medical lead to approve `version`; until then it is not written on."""
    _settle(version, {"handed_in_at": None}, {"handed_in_at": now})
    _log(user, "text.handed_in", version, now)


@transaction.atomic
def take_back(*, user: User, version: InstructionVersion, now: datetime) -> None:
    """Write on at `version`, which nobody approved yet."""
    _settle(version, {"handed_in_at__isnull": False}, {"handed_in_at": None})
    _log(user, "text.taken_back", version, now)


@transaction.atomic
def approve(*, user: User, version: InstructionVersion, seen: str, now: datetime) -> None:
    """Let clients get `version` from now on; what was promised before stays promised.

    `seen` is the digest of what was read. Raises NotAsRead where that is another, and DraftWaits
    where it does not wait any more.
    """
    stored = InstructionVersion.objects.select_for_update(no_key=True).get(pk=version.pk)
    if digest(stored) != seen:
        raise NotAsRead
    settled = {"approved_by": user, "approved_at": now}
    _settle(version, {"handed_in_at__isnull": False}, settled)
    _log(user, "text.approved", version, now)


@transaction.atomic
def send_back(*, user: User, version: InstructionVersion, note: str, now: datetime) -> None:
    """Give `version` back to be written on, saying why. Raises DraftWaits if it does not wait."""
    settled = {
        "handed_in_at": None,
        "sent_back_at": now,
        "sent_back_by": user,
        "sent_back_note": note,
    }
    _settle(version, {"handed_in_at__isnull": False}, settled)
    _log(user, "text.sent_back", version, now)


@transaction.atomic
def discard(*, user: User, version: InstructionVersion, now: datetime) -> None:
    """Throw away a draft that was never handed in. Raises DraftWaits for any other."""
    gone, _models = InstructionVersion.objects.filter(
        pk=version.pk, approved_at=None, handed_in_at=None, sent_back_at=None
    ).delete()
    if not gone:
        raise DraftWaits
    _log(user, "text.discarded", version, now)


def _settle(version: InstructionVersion, so_far: dict[str, Any], then: dict[str, Any]) -> None:
    """Change an unapproved `version` that stands as `so_far`. Raises DraftWaits else."""
    waits = InstructionVersion.objects.filter(pk=version.pk, approved_at=None, **so_far)
    if not waits.update(**then):
        raise DraftWaits


def _log(user: User, what: str, version: InstructionVersion, now: datetime, **facts: Any) -> None:
    log(
        user_id=user.pk,
        what=what,
        subject=f"instruction_version:{version.pk}",
        now=now,
        instruction=version.instruction_id,
        number=version.number,
        **facts,
    )
