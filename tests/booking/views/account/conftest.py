"""Whose area it is, and what there is in it."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from booking.models import Booking
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.messaging import doorbell
from tests.booking.scenes import confirm, on
from tests.factories import (
    ClientFactory,
    InstructionFactory,
    InstructionVersionFactory,
    UserFactory,
)
from treatments.models import InstructionKind


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "_publish", lambda: None)


@pytest.fixture
def user(db: None) -> User:
    return UserFactory(email="maya@mail.example", full_name="")


@pytest.fixture
def maya(user) -> Client:
    return ClientFactory(name="Maya Ellison", email="maya@mail.example", user=user)


@pytest.fixture
def leo(user, maya) -> Client:
    """Somebody of the same account."""
    return ClientFactory(name="Leo Ellison", email="maya@mail.example", user=user)


@pytest.fixture
def rosa(db: None) -> Client:
    """Somebody of another account."""
    user = UserFactory(email="rosa@mail.example")
    return ClientFactory(name="Rosa Diaz", email="rosa@mail.example", user=user)


@pytest.fixture
def area(user, maya) -> Browser:
    signed_in = Browser()
    signed_in.force_login(user)
    return signed_in


@pytest.fixture
def texts(scene) -> None:
    """What is read before and after a visit of the scene's treatment."""
    before = InstructionFactory(kind=InstructionKind.PREP)
    after = InstructionFactory(kind=InstructionKind.AFTERCARE)
    steps = [("3 days before", "Pause retinol.", -72), ("The same day", "Bare face.", 0)]
    InstructionVersionFactory(
        instruction=before,
        steps=[{"when": when, "do": do, "hours": hours} for when, do, hours in steps],
    )
    InstructionVersionFactory(
        instruction=after, steps=[{"when": "Two days", "do": "Shade.", "hours": 48}]
    )
    scene.treatment.instructions.set([before, after])


@pytest.fixture
def ahead(scene, texts, maya) -> Booking:
    """Monday the 4th at nine; today is Friday the 1st."""
    return confirm(scene, on(scene, 4, 9), name=maya.name, email=maya.email)
