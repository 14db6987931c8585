"""What people were told, whatever happened to the visit since."""

import pytest

from booking import services
from booking.models import Booking
from booking.selectors.history import start_at, states, told
from booking.services.ledger import CLIENT, staff
from tests.booking.scenes import NOW, confirm, on
from tests.booking.written import sent
from tests.factories import Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene) -> Booking:
    return confirm(scene, on(scene, 4, 13))


def move(scene: Scene, booking: Booking, day: int, hour: int) -> None:
    services.move(
        booking=booking, starts_at=on(scene, day, hour), actor=staff(UserFactory()), now=NOW
    )


def test_nobody_is_told_anything_before_a_letter_has_gone(booking):
    assert told(booking, "client") is None


def test_each_is_told_what_their_own_last_letter_said(scene, booking):
    sent(booking, "M01")
    move(scene, booking, 5, 9)
    sent(booking, "M09", recipient=f"provider:{booking.provider_id}")
    move(scene, booking, 6, 10)

    assert told(booking, "client") == on(scene, 4, 13)
    assert told(booking, f"provider:{booking.provider_id}") == on(scene, 5, 9)

    sent(booking, "M09")
    assert told(booking, "client") == booking.starts_at == on(scene, 6, 10)


def test_a_reminder_tells_no_news(scene, booking):
    sent(booking, "M01")
    move(scene, booking, 5, 9)
    sent(booking, "M04")

    assert told(booking, "client") == on(scene, 4, 13)


def test_every_version_has_its_start_also_after_it_is_over(scene, booking):
    move(scene, booking, 5, 9)
    move(scene, booking, 6, 10)
    services.cancel(booking=booking, actor=CLIENT, now=NOW)

    starts = [start_at(booking, version) for version in range(4)]

    assert starts == [on(scene, 4, 13), on(scene, 5, 9), on(scene, 6, 10), on(scene, 6, 10)]


def test_it_takes_two_looks(scene, booking, django_assert_num_queries):
    sent(booking, "M01")
    move(scene, booking, 5, 9)

    with django_assert_num_queries(2):
        told(booking, "client")


def test_a_visit_that_is_taken_back_stands_as_before(scene, booking):
    move(scene, booking, 5, 9)
    services.cancel(booking=booking, actor=CLIENT, now=NOW)
    services.undo(booking=booking, step=booking.events.latest("pk"), actor=CLIENT, now=NOW)

    first, moved, off, again = states(booking)

    assert (first.starts_at, moved.starts_at) == (on(scene, 4, 13), on(scene, 5, 9))
    assert [state.is_off for state in (first, moved, off, again)] == [False, False, True, False]
    assert again == moved
    assert again.seen_by(booking.provider_id) == (on(scene, 5, 9), on(scene, 5, 10, 15))
    assert again.seen_by(0) is None


def test_every_version_has_its_end_also_of_changes_that_noted_none(scene, booking):
    actor = staff(UserFactory())
    services.resize(booking=booking, minutes=90, actor=actor, now=NOW)
    move(scene, booking, 5, 9)
    ends = [on(scene, 4, 14, 15), on(scene, 4, 14, 30), on(scene, 5, 10, 30)]
    assert [state.ends_at for state in states(booking)] == ends

    moved = booking.events.get(what="moved")
    del moved.data["until"]
    moved.save()
    assert [state.ends_at for state in states(booking)] == ends
