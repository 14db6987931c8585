"""The rules of the clinic as they are and as they were: by place, and in versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils.translation import gettext as _

from clinic.places.models import Location, PolicyVersion
from clinic.places.policies import DEFAULTS, Policy, merged, typed
from clinic.places.rules import Rule, rule_named, rules


def home_zone(places: Iterable[Location]) -> tzinfo:
    """Return on whose clock we tell when something was done: that of the first of `places`."""
    return next((place.zone for place in places), UTC)


@dataclass(frozen=True)
class Standing:
    """A rule's value at one place, and who decided it: nobody, the clinic, or the place itself."""

    value: Any
    source: str  # "default", "clinic" or "own"


@dataclass(frozen=True)
class Change:
    """A rule of the clinic, or of one place, that became another. None: not decided there."""

    rule: Rule
    old: Any
    new: Any

    @property
    def was(self) -> str:
        """The old value in words."""
        return self._said(self.old)

    @property
    def becomes(self) -> str:
        """The new value in words."""
        return self._said(self.new)

    def _said(self, value: Any) -> str:
        return _("not decided here") if value is None else self.rule.written(value)


@dataclass(frozen=True)
class Step:
    """A version and what it changed for its owner."""

    version: PolicyVersion
    changes: list[Change]


class RuleBook:
    """Every version of the rules, read once; the owner None is the clinic as a whole."""

    def __init__(self, places: list[Location], versions: list[PolicyVersion]) -> None:
        self.places = places
        self.versions = versions

    @property
    def seen(self) -> int:
        """The newest version in it, which says later what somebody had before them."""
        return max((version.pk for version in self.versions), default=0)

    def decided(self, owner: Location | None, *, seen: int | None = None) -> dict[str, Any]:
        """Return what `owner` decided, by rule, as typed values; as of the version `seen`."""
        values: dict[str, Any] = {}
        for version in self._of(owner):
            if seen is None or version.pk <= seen:
                values |= version.values
        return {
            name: typed(name, value)
            for name, value in values.items()
            if value is not None and name in DEFAULTS
        }

    def policy(self, owner: Location | None) -> Policy:
        """Return the rules in force at `owner`."""
        return merged([self.decided(None)] + ([self.decided(owner)] if owner else []))

    def standing(self, owner: Location | None) -> dict[str, Standing]:
        """Return every rule's value at `owner` and where it comes from."""
        clinic = self.decided(None)
        own = self.decided(owner) if owner else {}
        return {
            rule.name: Standing(own[rule.name], "own")
            if rule.name in own
            else Standing(clinic[rule.name], "clinic")
            if rule.name in clinic
            else Standing(DEFAULTS[rule.name], "default")
            for rule in rules()
        }

    def history(self) -> list[Step]:
        """Return every version with what it changed for its owner, the latest first."""
        now: dict[int | None, dict[str, Any]] = {}
        steps = []
        for version in self.versions:
            owned = now.setdefault(version.location_id, {})
            changes = [
                Change(rule_named(name), owned.get(name), value)
                for name, raw in version.values.items()
                if name in DEFAULTS and (value := typed(name, raw)) != owned.get(name)
            ]
            owned |= {change.rule.name: change.new for change in changes}
            steps.append(Step(version, changes))
        return steps[::-1]

    def _of(self, owner: Location | None) -> Iterator[PolicyVersion]:
        pk = owner.pk if owner else None
        return (version for version in self.versions if version.location_id == pk)


def rule_book(*, now: datetime) -> RuleBook:
    """Return every version published by `now`, with who did, and the places. 2 queries."""
    versions = (
        PolicyVersion.objects.filter(published_at__lte=now)
        .select_related("published_by", "location")
        .order_by("published_at", "pk")
    )
    return RuleBook(list(Location.objects.all()), list(versions))


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return which rules are decided otherwise in `new` than in `old`, in the rules' order."""
    return [
        Change(rule, old.get(rule.name), new.get(rule.name))
        for rule in rules()
        if old.get(rule.name) != new.get(rule.name)
    ]
