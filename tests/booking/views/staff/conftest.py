"""People who work here, each with a browser of their own, and a visit to look at."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from booking.models import Booking
from booking.permissions import Role
from clinic.messaging import doorbell
from tests.booking.scenes import NOW, on
from tests.factories import InstructionVersionFactory, UserFactory, booked


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here needs a worker."""
    monkeypatch.setattr(doorbell, "_publish", lambda: None)


@pytest.fixture
def at_work(db: None) -> Callable[..., Browser]:
    """Return a browser in which somebody of a role is signed in."""

    def sign_in(*roles: str, **fields: Any) -> Browser:
        browser = Browser()
        browser.force_login(UserFactory(groups=roles, is_staff=True, **fields))
        return browser

    return sign_in


@pytest.fixture
def desk(at_work: Callable[..., Browser]) -> Browser:
    """The browser at the front desk."""
    return at_work(Role.FRONT_DESK, email="dana@lumen.example", full_name="Dana Whitlock")


@pytest.fixture
def booking(scene) -> Booking:
    """A visit on Sunday 3 March at 9:00 in New York, 50 hours ahead, with a text to read."""
    version = InstructionVersionFactory(instruction__code="P-STD")
    scene.treatment.instructions.add(version.instruction)
    visit = booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        reference="K7P-2QX",
        client__name="Maya Ellison",
        client__email="maya@mail.example",
        starts_at=on(scene, 3, 9),
        created_at=NOW - timedelta(days=10),
    )
    visit.instruction_versions.add(version)
    return visit
