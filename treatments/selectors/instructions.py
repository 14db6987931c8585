"""Which texts a visit comes with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from treatments.models import AddOn, InstructionVersion, Treatment


@dataclass(frozen=True)
class Step:
    """One point of a timeline: when, in words, and what to do then.

    `hours` is where it lies from the visit, on the wall clock; None for what lies nowhere.
    """

    when: str
    advice: list[str]
    hours: int | None = None


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
    newest = Window(RowNumber(), partition_by=F("instruction"), order_by=F("number").desc())
    return list(
        InstructionVersion.objects.filter(instruction__in=ids, approved_at__isnull=False)
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
