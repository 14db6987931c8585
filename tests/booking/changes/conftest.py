"""A clinic in which two people could give every visit, and whoever changes its schedule."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from booking.permissions import Role
from clinic.messaging import doorbell
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.factories import Scene, UserFactory, open_clinic


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here needs a worker."""
    monkeypatch.setattr(doorbell, "_publish", lambda: None)


@pytest.fixture
def scene(db) -> Scene:
    """Hana and Clara, two rooms and two consoles, open every day from 9 to 6 in New York."""
    clinic = open_clinic(providers=2, rooms=2, consoles=2)
    for provider, name in zip(clinic.providers, ("Hana Mori", "Clara Benítez"), strict=True):
        provider.name = name
        provider.save(update_fields=["name"])
    return clinic


@pytest.fixture
def dana(db):
    """Somebody at the front desk."""
    return UserFactory(groups=[Role.FRONT_DESK], full_name="Dana Whitlock", is_staff=True)


@pytest.fixture
def ada(db):
    """An admin of the clinic."""
    return UserFactory(groups=[Role.ADMIN], full_name="Ada Boss", is_staff=True)


@pytest.fixture
def hana(scene):
    """The first aesthetician, who may only ask."""
    user = UserFactory(groups=[Role.AESTHETICIAN], full_name="Hana Mori", is_staff=True)
    scene.provider.user = user
    scene.provider.save(update_fields=["user"])
    return user


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages read the clock of the scenes."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def as_() -> Callable[..., Browser]:
    def sign_in(user) -> Browser:
        browser = Browser()
        browser.force_login(user)
        return browser

    return sign_in


@pytest.fixture
def desk(as_, dana) -> Browser:
    return as_(dana)


@pytest.fixture
def admin(as_, ada) -> Browser:
    return as_(ada)
