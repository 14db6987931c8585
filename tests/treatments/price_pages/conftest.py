"""A clinic with one treatment and one price list, and who may change its prices."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from booking.permissions import Role
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.factories import (
    PriceListFactory,
    Scene,
    UserFactory,
    open_clinic,
)


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def scene() -> Scene:
    """A clinic in New York: one treatment at 170, and Mara, who has a price list."""
    scene = open_clinic()
    scene.provider.price_list = PriceListFactory(name="Mara Okafor")
    scene.provider.save()
    return scene


@pytest.fixture
def sign_in() -> Callable[[str], Browser]:
    def browser_of(name: str) -> Browser:
        browser = Browser()
        browser.force_login(UserFactory(full_name=name, groups=[Role.ADMIN], is_staff=True))
        return browser

    return browser_of


@pytest.fixture
def sam(sign_in) -> Browser:
    return sign_in("Sam Whitlock")
