"""Two of the staff change one visit, or want one hour, at one instant."""

from collections.abc import Callable

import pytest

from booking import services
from booking.models import Booking
from booking.services.ledger import staff
from tests.booking.scenes import NOW, confirm, on
from tests.concurrency.racing import errors, laps, late, lingering, race
from tests.factories import UserFactory, open_clinic

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = laps(3, 6)


def press(name: str, booking: Booking, **fields: object) -> Callable[[], str]:
    """A service pressed by one of the staff, who read `booking` as it is now."""
    read, desk = Booking.objects.get(pk=booking.pk), staff(UserFactory())
    version = read.schedule_version

    def pressed() -> str:
        getattr(services, name)(booking=read, version=version, actor=desk, now=NOW, **fields)
        return name

    return pressed


def test_of_two_who_move_one_visit_one_wins_and_the_other_is_told():
    for number in range(ROUNDS):
        scene = open_clinic(providers=2, rooms=2, consoles=2)
        booking = confirm(scene, on(scene, 4, 9), email=f"maya{number}@mail.example")
        one = press("move", booking, starts_at=on(scene, 5, 11))
        other = press("move", booking, starts_at=on(scene, 6, 14))

        outcomes = race([lingering(one), late(other)] if number % 2 else [one, other])

        assert errors(outcomes) == {"won": 1, "NotNow": 1}
        booking.refresh_from_db()
        assert booking.schedule_version == 1
        assert booking.events.filter(what="moved").count() == 1


def test_of_one_who_moves_it_and_one_who_makes_it_longer_one_wins():
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = confirm(scene, on(scene, 4, 9), email=f"maya{number}@mail.example")
        move = press("move", booking, starts_at=on(scene, 5, 11))
        resize = press("resize", booking, minutes=90)

        outcomes = race([lingering(resize), late(move)] if number % 2 else [move, resize])

        assert errors(outcomes) == {"won": 1, "NotNow": 1}
        booking.refresh_from_db()
        assert booking.schedule_version == 1


def test_one_grows_into_the_hour_that_another_is_moved_to_and_only_one_has_it():
    for number in range(ROUNDS):
        scene = open_clinic()
        growing = confirm(scene, on(scene, 4, 9), email=f"maya{number}@mail.example")
        moving = confirm(
            scene, on(scene, 5, 9), email=f"sam{number}@mail.example", name="Sam Ortiz"
        )
        grow = press("resize", growing, minutes=90)
        move = press("move", moving, starts_at=on(scene, 4, 10, 30))

        outcomes = race([lingering(grow), late(move)] if number % 2 else [grow, move])

        assert errors(outcomes) == {"won": 1, "SlotTaken": 1}
