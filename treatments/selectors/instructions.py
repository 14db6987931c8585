"""Which texts a visit comes with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import inf

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from treatments.fingerprints import fingerprint
from treatments.models import AddOn, Instruction, InstructionVersion, Treatment


@dataclass(frozen=True)
class Step:
    """One point of a timeline: when, in words, and what to do then.

    `hours` is where it lies from the visit, on the wall clock; None for what lies nowhere.
    """

    when: str
    advice: list[str]
    hours: int | None = None


@dataclass(frozen=True)
class Point:
    """One point of a visit's timeline. `day` is the location's; None for what has no day."""

    when: str
    advice: list[str]
    day: date | None
    is_today: bool
    is_behind: bool


@dataclass(frozen=True)
class Listed:
    """A text as the workspace lists it: the version that counts, and the one being written."""

    text: Instruction
    counts: InstructionVersion | None
    draft: InstructionVersion | None


def instructions_for(*, treatment: Treatment, add_ons: Sequence[AddOn]) -> list[InstructionVersion]:
    """Return the latest approved version of each text a visit needs, in reading order. 3 queries.

    A text that the treatment and an add-on share is returned once.
    """
    ids = set(treatment.instructions.values_list("pk", flat=True))
    ids.update(
        AddOn.instructions.through.objects.filter(addon__in=add_ons).values_list(
            "instruction_id", flat=True
        )
    )
    return approved_versions(ids)


def approved_versions(instructions: Collection[int]) -> list[InstructionVersion]:
    """Return the latest approved version of each of `instructions`, in reading order. One query."""
    newest = Window(RowNumber(), partition_by=F("instruction"), order_by=F("number").desc())
    return list(
        InstructionVersion.objects.filter(instruction__in=instructions, approved_at__isnull=False)
        .annotate(age=newest)
        .filter(age=1)
        .select_related("instruction")
        .order_by("instruction__kind", "instruction__position", "instruction__code")
    )


def instruction_lines(versions: Iterable[InstructionVersion]) -> list[str]:
    """Return the lines of several texts put together, no line twice."""
    return list(dict.fromkeys(line for version in versions for line in version.lines))


def instruction_steps(versions: Iterable[InstructionVersion]) -> list[Step]:
    """Return the timelines of several texts as one: what falls on one point stands together.

    Points that say their hours stand in order of time; one that does not stays behind the one that
    its text names before it. No advice is given twice.
    """
    points: dict[str, Step] = {}
    order: dict[str, float] = {}
    for version in versions:
        reached = -inf
        for step in version.steps:
            when, hours = step["when"], step.get("hours")
            point = points.setdefault(when, Step(when, [], hours))
            if step["do"] not in point.advice:
                point.advice.append(step["do"])
            reached = order.setdefault(when, reached if hours is None else hours)
    return sorted(points.values(), key=lambda point: order[point.when])


def points(
    versions: Iterable[InstructionVersion], *, around: datetime, now: datetime
) -> list[Point]:
    """Return the timelines of several texts on the calendar, in order of time.

    They lie `around` the start of a visit that is prepared, or its end in aftercare, in the zone of
    its place, as `now` is. Hours count on the clock of the wall: three days before 9:00 am is
    9:00 am, whatever the clocks did.
    """
    found = []
    for step in instruction_steps(versions):
        day = None if step.hours is None else (around + timedelta(hours=step.hours)).date()
        found.append(
            Point(
                when=step.when,
                advice=step.advice,
                day=day,
                is_today=day == now.date(),
                is_behind=day is not None and day < now.date(),
            )
        )
    return found


def listed_texts() -> list[Listed]:
    """Return every text with the version that counts and the open draft. 2 queries."""
    counts: dict[int, InstructionVersion] = {}
    drafts: dict[int, InstructionVersion] = {}
    versions = InstructionVersion.objects.select_related("approved_by", "written_by")
    for version in versions.order_by("number"):
        (counts if version.approved_at else drafts)[version.instruction_id] = version
    return [
        Listed(text, counts.get(text.pk), drafts.get(text.pk)) for text in Instruction.objects.all()
    ]


def counting_before(version: InstructionVersion) -> InstructionVersion | None:
    """Return the approved version that `version` follows. One query."""
    earlier = version.instruction.versions.filter(
        approved_at__isnull=False, number__lt=version.number
    )
    return earlier.order_by("-number").first()


def waiting_texts() -> int:
    """Return how many versions wait for the medical lead. One query."""
    return InstructionVersion.objects.filter(approved_at=None, handed_in_at__isnull=False).count()


def digest(version: InstructionVersion) -> str:
    """Return a short text that is another as soon as a word of `version` is."""
    return fingerprint([version.lines, version.steps, version.short])
