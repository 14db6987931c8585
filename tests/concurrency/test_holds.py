"""Who gets a time that many want: one, and nobody hears of a database."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.models import Count

from booking import services
from booking.models import Allocation, Booking, Kind, Status
from tests.booking.scenes import NOW, hold, on, type_details, visitor, wish_for
from tests.concurrency.racing import CROWDS, errors, laps, late, lingering, race
from tests.factories import Scene, WorkingHoursFactory, open_clinic

pytestmark = pytest.mark.django_db(transaction=True)

VISITORS = 50


def holding(scene: Scene, *args: object, **fields: object) -> Callable[[], int]:
    """Somebody new who presses a time; returns the key of their hold."""
    return lambda: hold(scene, *args, **fields).pk  # type: ignore[arg-type]


def live_holds() -> int:
    return Booking.objects.filter(status=Status.HELD, allocations__isnull=False).distinct().count()


def test_of_fifty_who_want_one_time_one_gets_it():
    for _ in range(CROWDS):
        scene = open_clinic()

        outcomes = race([holding(scene, on(scene, 4, 10))] * VISITORS)

        assert errors(outcomes) == {"won": 1, "SlotTaken": VISITORS - 1}
    assert live_holds() == CROWDS


def test_of_fifty_who_want_times_that_overlap_one_gets_theirs():
    for _ in range(CROWDS):
        scene = open_clinic(minutes=45, buffer_minutes=0)  # an hour with the first-visit talk
        ten, half_past = on(scene, 4, 10), on(scene, 4, 10, 30)

        outcomes = race([holding(scene, ten), holding(scene, half_past)] * (VISITORS // 2))

        assert errors(outcomes) == {"won": 1, "SlotTaken": VISITORS - 1}
    assert live_holds() == CROWDS


@pytest.mark.parametrize("scarce", ["consoles", "rooms"])
def test_one_device_or_room_wanted_with_two_providers_goes_to_one(scarce):
    for _ in range(CROWDS):
        scene = open_clinic(**{"providers": 2, "rooms": 2, "consoles": 2} | {scarce: 1})
        wishes = [wish_for(scene, provider=provider) for provider in scene.providers]
        ten, quarter_past = on(scene, 4, 10), on(scene, 4, 10, 15)

        outcomes = race(
            [holding(scene, ten, wish=wishes[0]), holding(scene, quarter_past, wish=wishes[1])]
            * (VISITORS // 2)
        )

        assert errors(outcomes) == {"won": 1, "SlotTaken": VISITORS - 1}


def test_as_many_get_a_time_as_there_are_people_for_it_and_fairly():
    scene = open_clinic(providers=4, rooms=4, consoles=4)

    outcomes = race([holding(scene, on(scene, 4, 10))] * VISITORS)

    assert errors(outcomes) == {"won": 4, "SlotTaken": VISITORS - 4}
    taken = Allocation.objects.values("resource__kind").annotate(n=Count("resource", distinct=True))
    assert {row["resource__kind"]: row["n"] for row in taken} == dict.fromkeys(Kind.values, 4)


def test_one_provider_wanted_at_two_places_is_at_one():
    for _ in range(CROWDS):
        here, there = open_clinic(), open_clinic()
        ana = here.provider
        there.provider.delete()
        ana.treatments.add(there.treatment)
        for day in range(7):
            WorkingHoursFactory(provider=ana, location=there.location, weekday=day)
        ten, quarter_past = on(here, 4, 10), on(there, 4, 10, 15)

        outcomes = race([holding(here, ten), holding(there, quarter_past)] * 10)

        assert errors(outcomes) == {"won": 1, "SlotTaken": 19}


def test_a_press_sent_twenty_times_makes_one_hold():
    for _ in range(CROWDS):
        scene, who, key = open_clinic(), visitor(), uuid4()

        outcomes = race([holding(scene, on(scene, 4, 10), who=who, request_key=key)] * 20)

        assert errors(outcomes) == {"won": 20}
        assert len({outcome.value for outcome in outcomes}) == 1
        assert Booking.objects.filter(visitor=who.id).count() == 1


@pytest.mark.parametrize("is_one_key", [False, True], ids=["two tabs", "one key, altered"])
def test_a_visitor_who_presses_at_two_places_at_once_keeps_one_time(is_one_key):
    for _ in range(laps(5, 10)):
        here, there, who, key = open_clinic(), open_clinic(), visitor(), uuid4()
        keys = [key, key] if is_one_key else [key, uuid4()]

        outcomes = race(
            [
                holding(scene, on(scene, 4, 10), who=who, request_key=key)
                for scene, key in zip([here, there], keys, strict=True)
            ]
        )

        assert set(errors(outcomes)) <= {"won", "NotNow"}
        assert Booking.objects.filter(visitor=who.id, status=Status.HELD).count() == 1


def test_visitors_whose_holds_lapsed_do_not_trip_over_each_other_at_two_places():
    later = NOW + timedelta(minutes=10)
    for _ in range(laps(5, 10)):
        clinics = [open_clinic(), open_clinic()]
        people = [visitor(), visitor()]
        for scene, who in zip(clinics, people, strict=True):
            hold(scene, on(scene, 4, 10), who=who)

        outcomes = race(
            [
                holding(scene, on(scene, 4, 13), who=who, now=later)
                for scene, who in zip(clinics, people, strict=True)
            ]
            + [partial(services.end_lapsed_holds, now=later)]
        )

        assert errors(outcomes) == {"won": 3}
        for who in people:
            assert Booking.objects.get(visitor=who.id, status=Status.HELD).created_at == later
        Booking.objects.filter(status=Status.HELD).delete()


def test_a_hold_made_longer_at_its_last_moment_stays_or_the_time_goes_but_not_both():
    end = NOW + timedelta(minutes=10)
    a_moment = timedelta(seconds=1)
    for _ in range(CROWDS):
        scene, who = open_clinic(), visitor()
        booking = hold(scene, on(scene, 4, 10), who=who)

        outcomes = race(
            [
                lingering(lambda b=booking: services.extend_hold(booking=b, now=end - a_moment).pk),
                late(holding(scene, on(scene, 4, 10), now=end + a_moment)),
            ]
        )

        assert errors(outcomes) == {"won": 1, "SlotTaken": 1}
        booking.refresh_from_db()
        assert booking.held_until == end + timedelta(minutes=3)


def test_a_lapsed_hold_that_is_ended_just_now_is_waited_for():
    """Between the first and the last word of its end it still keeps the time."""
    scene, later = open_clinic(), NOW + timedelta(minutes=10)
    lapsed = hold(scene, on(scene, 4, 10))

    def end_slowly() -> None:
        with transaction.atomic():
            Booking.objects.select_for_update().get(pk=lapsed.pk)
            time.sleep(0.3)
            services.let_go(booking=lapsed, now=later)

    ended, held_anew = race([end_slowly, late(holding(scene, on(scene, 4, 10), now=later))])

    assert (ended.error, held_anew.error) == (None, None)
    Booking.objects.filter(status=Status.HELD).delete()


def test_a_hold_is_confirmed_or_its_time_is_somebody_elses():
    end = NOW + timedelta(minutes=10)
    a_moment = timedelta(seconds=1)
    for _ in range(laps(5, 10)):
        scene, who = open_clinic(), visitor()
        booking = hold(scene, on(scene, 4, 10), who=who)
        type_details(who, email=f"{who.id}@mail.example")

        outcomes = race(
            [
                lambda b=booking, w=who: (
                    services.confirm_booking(booking=b, visitor=w, now=end - a_moment).pk
                ),
                holding(scene, on(scene, 4, 10), now=end + a_moment),
                partial(services.end_lapsed_holds, now=end + a_moment),
            ]
        )

        booking.refresh_from_db()
        confirmed, held_anew, _ = outcomes
        if booking.status == Status.CONFIRMED:
            assert confirmed.error is None
            assert errors([held_anew]) == {"SlotTaken": 1}
        else:
            assert errors([confirmed]) == {"HoldExpired": 1}
            assert held_anew.error is None
        Booking.objects.filter(status=Status.HELD).delete()
