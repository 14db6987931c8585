"""What can stand in the way of a new rule."""

from __future__ import annotations

from clinic.places.models import PolicyVersion


class PolicyError(Exception):
    """A rule cannot be published."""


class ChangedMeanwhile(PolicyError):
    """Somebody else published `versions` since the page was opened."""

    def __init__(self, versions: list[PolicyVersion]) -> None:
        super().__init__()
        self.versions = versions


class NothingChanges(PolicyError):
    """What was typed is what holds."""
