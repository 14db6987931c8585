from collections.abc import Iterator

import pytest

from booking.services import fetching
from tests.booking.calendars.elsewhere import Elsewhere, running


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """A server on what plays the public internet here; we go there and nowhere else."""
    with running(Elsewhere()) as server:
        monkeypatch.setattr(fetching, "REACH", server.reach)
        yield server
