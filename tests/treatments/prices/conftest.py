"""A treatment at two places, three hours apart, and two who change its price."""

from __future__ import annotations

import pytest

from tests.factories import (
    LocationFactory,
    OptionFactory,
    PriceFactory,
    UserFactory,
)

WEST, EAST = "America/Los_Angeles", "America/New_York"


@pytest.fixture
def option():
    return OptionFactory()


@pytest.fixture
def west():
    return LocationFactory(time_zone=WEST)


@pytest.fixture
def east():
    return LocationFactory(time_zone=EAST)


@pytest.fixture
def base(option, west):
    """What the option costs where nothing differs: 170."""
    return PriceFactory(option=option)


@pytest.fixture
def sam():
    return UserFactory(full_name="Sam Whitlock")


@pytest.fixture
def rita():
    return UserFactory(full_name="Rita Holm")
