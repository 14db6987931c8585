"""Two want different things of one visit, or of one hour, at one instant."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from booking import services
from booking.models import Booking, Provider, Status
from booking.services.ledger import CLIENT, staff
from booking.services.schedule import Stretch
from booking.wishes import Wish
from tests.booking.scenes import NOW, confirm, hold, on
from tests.concurrency.racing import Job, errors, laps, late, lingering, race
from tests.factories import PriceFactory, Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = laps(3, 6)


@pytest.fixture
def desk():
    return staff(UserFactory())


def visit(scene: Scene, starts_at: datetime) -> Booking:
    """A promised visit of somebody new."""
    return confirm(scene, starts_at, email=f"maya{Booking.objects.count()}@mail.example")


def doing(name: str, booking: Booking, **fields: object) -> Callable[[], str]:
    """A service pressed on a page that shows `booking` as it is now."""
    read = Booking.objects.get(pk=booking.pk)

    def press() -> str:
        getattr(services, name)(booking=read, **{"actor": CLIENT, "now": NOW} | fields)
        return name

    return press


def with_(booking: Booking, provider: Provider) -> Wish:
    """The same visit with somebody else."""
    return Wish.of(booking).with_(provider)


def at(booking: Booking, scene: Scene) -> Wish:
    """The same visit in the house of `scene`."""
    own = Wish.of(booking)
    return own.instead(
        option=own.option,
        location=scene.location,
        add_ons=own.add_ons,
        provider=scene.provider,
    )


def in_every_order(one: Job, other: Job, number: int) -> list[Job]:
    """The two at once; and each of them first but slow to commit."""
    if number % 3 == 0:
        return [one, other]
    return [lingering(one), late(other)] if number % 3 == 1 else [late(one), lingering(other)]


def test_two_visits_moved_to_one_time_do_not_both_go_there(desk):
    for number in range(ROUNDS):
        scene = open_clinic()
        first, second = visit(scene, on(scene, 4, 9)), visit(scene, on(scene, 5, 9))
        moves = [
            doing("move", booking, starts_at=on(scene, 6, hour), actor=desk)
            for booking, hour in ((first, 12), (second, 13))
        ]

        outcomes = race(in_every_order(*moves, number))

        assert errors(outcomes) == {"won": 1, "SlotTaken": 1}
        on_wednesday = Booking.objects.filter(
            location=scene.location, starts_at__gte=on(scene, 6, 9)
        )
        assert on_wednesday.count() == 1


def test_two_visits_may_swap_towards_each_other_without_waiting_for_ever(desk):
    for number in range(ROUNDS):
        scene = open_clinic(providers=2, rooms=2, consoles=2)
        ana, ben = scene.providers
        first, second = visit(scene, on(scene, 4, 9)), visit(scene, on(scene, 4, 9))
        assert (first.provider, second.provider) == (ana, ben)

        outcomes = race(
            in_every_order(
                doing("move", first, starts_at=on(scene, 5, 9), wish=with_(first, ben), actor=desk),
                doing(
                    "move", second, starts_at=on(scene, 5, 9), wish=with_(second, ana), actor=desk
                ),
                number,
            )
        )

        assert errors(outcomes) == {"won": 2}


def test_one_visit_moved_to_two_times_goes_to_one_and_the_other_is_told(desk):
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        moves = [doing("move", booking, starts_at=on(scene, day, 9), actor=desk) for day in (5, 6)]

        assert errors(race(in_every_order(*moves, number))) == {"won": 1, "NotNow": 1}

        booking.refresh_from_db()
        assert booking.schedule_version == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cancel", "check_in"),
        ("cancel", "mark_no_show"),
        ("check_in", "mark_no_show"),
        ("check_in", "check_in"),
        ("cancel", "cancel"),
        ("decline", "cancel"),
    ],
)
def test_of_two_ends_of_one_visit_one_holds(desk, one, other):
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        # An hour early for who cancels, the visit's start for the desk.
        at = {"cancel": booking.starts_at - timedelta(hours=1)}
        jobs = [
            doing(name, booking, actor=desk, now=at.get(name, booking.starts_at))
            for name in (one, other)
        ]

        assert errors(race(in_every_order(*jobs, number))) == {"won": 1, "NotNow": 1}
        assert booking.events.count() == 3


def test_a_visit_moved_to_another_day_is_not_checked_in_today(desk):
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        move = doing("move", booking, starts_at=on(scene, 5, 9), actor=desk)
        arrive = doing("check_in", booking, actor=desk, now=on(scene, 4, 8))

        assert errors(race(in_every_order(move, arrive, number))) == {"won": 1, "NotNow": 1}

        booking.refresh_from_db()
        is_moved = booking.starts_at == on(scene, 5, 9)
        assert booking.status == (Status.CONFIRMED if is_moved else Status.CHECKED_IN)


def test_a_visit_is_moved_or_cancelled_and_keeps_nothing_if_cancelled(desk):
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        move = doing("move", booking, starts_at=on(scene, 5, 9), actor=desk)
        cancel = doing("cancel", booking)

        outcomes = race(in_every_order(move, cancel, number))

        assert outcomes[1].error is None  # a visit can be cancelled wherever it was moved to
        assert set(errors(outcomes)) <= {"won", "NotNow"}
        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED_CLIENT
        assert not booking.allocations.exists()


def test_a_time_is_held_or_its_provider_goes_away_but_not_both():
    for number in range(ROUNDS):
        scene = open_clinic()

        def go_away(scene: Scene = scene) -> None:
            services.add_time_off(
                resource=scene.provider,
                starts_at=on(scene, 4, 9),
                ends_at=on(scene, 4, 12),
                now=NOW,
            )

        def press(scene: Scene = scene) -> None:
            hold(scene, on(scene, 4, 11))

        outcomes = race(in_every_order(press, go_away, number))

        assert sorted(errors(outcomes)) in (["SlotTaken", "won"], ["TouchesVisits", "won"])


def test_a_time_is_held_or_is_no_longer_worked_but_not_both():
    for number in range(ROUNDS):
        scene = open_clinic()

        def work_less(scene: Scene = scene) -> None:
            services.set_working_hours(
                provider=scene.provider,
                location=scene.location,
                week=[Stretch(0, time(9), time(11))],
                valid_from=date(2030, 3, 4),
                now=NOW,
            )

        def press(scene: Scene = scene) -> None:
            hold(scene, on(scene, 4, 11))

        outcomes = race(in_every_order(press, work_less, number))

        assert sorted(errors(outcomes)) in (["SlotTaken", "won"], ["TouchesVisits", "won"])


def test_a_declined_visit_taken_back_or_its_time_held_anew(desk):
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        today = on(scene, 1, 12)
        services.decline(booking=booking, actor=desk, now=today)
        take_back = doing("take_back", booking, actor=desk, now=today)

        def press(scene: Scene = scene, today: datetime = today) -> None:
            hold(scene, on(scene, 4, 9, 30), now=today)

        assert errors(race(in_every_order(take_back, press, number))) == {"won": 1, "SlotTaken": 1}


def test_a_step_taken_back_on_two_screens_is_taken_back_once(desk):
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        at = booking.starts_at
        services.check_in(booking=booking, actor=desk, now=at)
        services.start(booking=booking, actor=desk, now=at)
        jobs = [doing("take_back", booking, actor=desk, now=at) for _ in range(2)]

        assert errors(race(in_every_order(*jobs, number))) == {"won": 1, "NotNow": 1}

        booking.refresh_from_db()
        assert booking.status == Status.CHECKED_IN


def test_a_client_cancels_or_is_checked_in_but_not_both(desk):
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        now = booking.starts_at - timedelta(hours=1)
        cancel = doing("cancel", booking, fee_shown=Decimal(85), now=now)
        arrive = doing("check_in", booking, actor=desk, now=now)

        assert errors(race(in_every_order(cancel, arrive, number))) == {"won": 1, "NotNow": 1}

        booking.refresh_from_db()
        is_gone = booking.status == Status.CANCELLED_LATE
        assert booking.fee_owed == (85 if is_gone else 0)
        assert booking.allocations.exists() != is_gone


def test_a_visit_moves_to_a_time_or_somebody_else_has_it(desk):
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        move = doing("move", booking, starts_at=on(scene, 5, 9))

        def press(scene: Scene = scene) -> None:
            hold(scene, on(scene, 5, 9, 30))

        assert errors(race(in_every_order(move, press, number))) == {"won": 1, "SlotTaken": 1}


def test_visits_that_change_places_between_two_houses_wait_for_nobody_for_ever(desk):
    for number in range(ROUNDS):
        here, there = open_clinic(), open_clinic()
        here.provider.treatments.add(there.treatment)
        there.provider.treatments.add(here.treatment)
        PriceFactory(option=here.option, location=there.location)
        first, second = visit(here, on(here, 4, 9)), visit(there, on(there, 4, 9))
        moves = [
            doing("move", booking, starts_at=on(to, 5, 9), wish=at(booking, to), actor=desk)
            for booking, to in ((first, there), (second, here))
        ]

        assert errors(race(in_every_order(*moves, number))) == {"won": 2}


def test_a_move_is_taken_back_or_its_old_time_is_somebody_elses():
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        services.move(booking=booking, starts_at=on(scene, 5, 9), actor=CLIENT, now=NOW)
        undo = doing("undo", booking, step=booking.events.latest("pk"))

        def press(scene: Scene = scene) -> None:
            hold(scene, on(scene, 4, 9, 30))

        assert errors(race(in_every_order(undo, press, number))) == {"won": 1, "SlotTaken": 1}


def test_a_canceled_visit_stands_again_or_its_time_is_somebody_elses():
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        services.cancel(booking=booking, actor=CLIENT, now=NOW)
        undo = doing("undo", booking, step=booking.events.latest("pk"))

        def press(scene: Scene = scene) -> None:
            hold(scene, on(scene, 4, 9, 30))

        assert errors(race(in_every_order(undo, press, number))) == {"won": 1, "SlotTaken": 1}


def test_what_is_taken_back_on_two_screens_is_taken_back_once():
    for number in range(ROUNDS):
        scene = open_clinic()
        booking = visit(scene, on(scene, 4, 9))
        services.move(booking=booking, starts_at=on(scene, 5, 9), actor=CLIENT, now=NOW)
        step = booking.events.latest("pk")
        undoes = [doing("undo", booking, step=step) for _ in range(2)]

        assert set(errors(race(in_every_order(*undoes, number)))) <= {"won", "NotNow"}

        booking.refresh_from_db()
        assert (booking.starts_at, booking.moves) == (on(scene, 4, 9), 0)
        assert booking.events.filter(what="undone").count() == 1
