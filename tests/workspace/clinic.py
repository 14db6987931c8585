"""A clinic with everybody signed in at a browser of their own, and all that can change there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import Client as Browser

from booking.permissions import Role
from tests.factories import (
    AddOnFactory,
    InstructionVersionFactory,
    OptionFactory,
    PriceFactory,
    Scene,
    UserFactory,
    open_clinic,
)
from treatments.models import AddOn, InstructionKind, Option

ROOMS = {"booking", "clients", "messaging"}


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Clinic:
    """Three people, three rooms, two consoles; two lengths and an extra by hand."""

    scene: Scene
    options: list[Option]
    extra: AddOn
    desk: Browser
    admin: Browser
    aestheticians: list[Browser]

    @property
    def staff(self) -> list[Browser]:
        """Whoever presses: the desk most of the time."""
        return [self.desk, self.desk, self.desk, self.admin, *self.aestheticians]


def open_day() -> Clinic:
    """Open it; every visit has a text to read before and one after."""
    scene = open_clinic(providers=3, rooms=3, consoles=2, handhelds=1)
    for kind in (InstructionKind.PREP, InstructionKind.AFTERCARE):
        version = InstructionVersionFactory(instruction__kind=kind)
        scene.treatment.instructions.add(version.instruction)
    short = OptionFactory(treatment=scene.treatment, minutes=30, buffer_minutes=10)
    PriceFactory(option=short, amount=110)
    extra = AddOnFactory(device_needs=[["handheld"]])
    PriceFactory(option=None, add_on=extra, amount=30)
    browsers = []
    for provider in scene.providers:
        provider.add_ons.add(extra)
        provider.user = UserFactory(groups=[Role.AESTHETICIAN])
        provider.save()
        browsers.append(_signed_in(provider.user))
    return Clinic(
        scene,
        [scene.option, short],
        extra,
        desk=_signed_in(UserFactory(groups=[Role.FRONT_DESK], is_staff=True)),
        admin=_signed_in(UserFactory(groups=[Role.ADMIN], is_staff=True)),
        aestheticians=browsers,
    )


def _signed_in(user: Any) -> Browser:
    browser = Browser()
    browser.force_login(user)
    browser.user = user  # type: ignore[attr-defined]
    return browser


def rows() -> dict[str, list[Any]]:
    """Every row of the tables in which a press can leave anything, as the database writes it."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label in ROOMS:
                cursor.execute(f"SELECT * FROM {model._meta.db_table}")
                found[model._meta.db_table] = sorted(cursor.fetchall(), key=repr)
    return found
