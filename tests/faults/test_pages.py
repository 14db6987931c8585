"""What somebody who books feels of a broken Redis: half a second, once."""

import time
from collections.abc import Iterator
from http import HTTPStatus
from uuid import uuid4

import pytest

from booking.models import Booking, Status
from tests.booking.views.browsing import TYPED
from tests.browsers import Browser, button, free, times_path
from tests.factories import Scene, open_clinic
from tests.processes import running
from tests.services import free_port

pytestmark = pytest.mark.django_db(transaction=True)

VISITS = 4
PATIENCE = 0.5  # seconds a visit may take longer, all its pages together
SLACK = 0.5  # seconds for a busy machine


@pytest.fixture
def port(env, tmp_path) -> Iterator[int]:
    """Serve the clinic with the Redis that is broken."""
    port = free_port()
    command = ("granian", "--interface", "wsgi", "--port", str(port), "clinic.wsgi:application")
    with running(*command, log=tmp_path / "web.log", env=env, ready="Started worker-1"):
        yield port


def seconds_to_book(port: int, scene: Scene, *, number: int) -> float:
    """Press a time, type the details, confirm; return how long all the pages took."""
    start = next(start for start in free(scene).all_starts if start % 7200 == 0)
    who, begin = Browser(port), time.perf_counter()
    pressed = {"slot": button(start), "request_key": str(uuid4())}
    status, details, _ = who.post(times_path(scene), **pressed)
    assert (status, details[-9:]) == (HTTPStatus.SEE_OTHER, "/details/")
    _, review, _ = who.post(details, **TYPED | {"email": f"maya{number}@mail.example"})
    _, confirmed, _ = who.post(review.replace("/review/", "/confirm/"))
    seconds = time.perf_counter() - begin
    assert confirmed.endswith("/confirmed/")
    return seconds


@pytest.mark.parametrize("env", ["redis"], indirect=True)
@pytest.mark.parametrize("trouble", ["frozen", "gone"])
def test_a_visit_is_booked_as_ever_without_redis(env, own_redis, port, trouble):
    scene = open_clinic()
    seconds_to_book(port, scene, number=0)  # whatever is first is slow
    well = [seconds_to_book(port, scene, number=1 + n) for n in range(VISITS)]
    own_redis.freeze() if trouble == "frozen" else own_redis.stop()
    broken = [seconds_to_book(port, scene, number=9 + n) for n in range(VISITS)]
    own_redis.thaw() if trouble == "frozen" else own_redis.start()

    assert max(broken) < max(well) + PATIENCE + SLACK
    assert Booking.objects.filter(status=Status.CONFIRMED).count() == 1 + 2 * VISITS
