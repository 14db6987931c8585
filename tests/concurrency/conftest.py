from collections.abc import Iterator

import pytest

from booking.services.audit import findings
from clinic.messaging import doorbell
from tests.booking.scenes import NOW


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No race here needs a worker."""
    monkeypatch.setattr(doorbell, "_press", lambda: None)


@pytest.fixture(autouse=True)
def every_booking_is_as_it_should_be(transactional_db: None) -> Iterator[None]:
    """Whatever was raced for, the audit finds nothing afterwards."""
    yield
    assert findings(now=NOW) == []
