from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from booking import services
from booking.errors import (
    HoldExpired,
    NoMoreTime,
    NotOffered,
    PriceChanged,
    SlotTaken,
    TimePassed,
    TooFarAhead,
    TooSoon,
)
from booking.models import Allocation, Booking, Draft, Kind, Status
from tests.booking.scenes import NOW, hold, on, slots_on, type_details, visitor, walls, wish_for
from tests.factories import (
    AddOnFactory,
    DeviceFactory,
    PolicyVersionFactory,
    PriceFactory,
    PriceListFactory,
    ProviderFactory,
    booked,
    give_hours,
    open_clinic,
)
from treatments.models import Visibility

pytestmark = pytest.mark.django_db
TEN_MINUTES = timedelta(minutes=10)


def test_a_held_time_is_out_of_the_diary_until_the_hold_lapses():
    scene = open_clinic()
    nine = on(scene, 4, 9)

    hold(scene, nine)

    with pytest.raises(SlotTaken):
        hold(scene, nine)
    assert hold(scene, nine, now=NOW + TEN_MINUTES).status == Status.HELD


def test_a_hold_keeps_provider_room_and_device_each_with_its_own_turnover():
    scene = open_clinic(minutes=60, buffer_minutes=15)
    nine = on(scene, 4, 9)

    booking = hold(scene, nine)

    end = nine + timedelta(minutes=75)  # an hour, and a new client's quarter of an hour
    kept = {
        row.resource.kind: row.ends_at for row in booking.allocations.select_related("resource")
    }
    assert (booking.starts_at, booking.ends_at) == (nine, end)
    assert kept == {
        Kind.PROVIDER: end + timedelta(minutes=15),
        Kind.ROOM: end + timedelta(minutes=15),
        Kind.DEVICE: end + timedelta(minutes=5),
    }


def test_a_hold_copies_price_line_by_line_and_the_policy():
    scene = open_clinic(price=Decimal(170))
    finish = AddOnFactory()
    scene.provider.add_ons.add(finish)
    PriceFactory(option=None, add_on=finish, amount=Decimal(30))

    booking = hold(scene, on(scene, 4, 9), wish=wish_for(scene, add_ons=(finish,)))
    PriceFactory(option=scene.option, amount=Decimal(180), published_at=NOW)

    assert [line.amount for line in booking.lines.all()] == [Decimal(170), Decimal(30)]
    assert booking.price == Decimal(200)
    assert booking.promise["free_until_hours"] == 24
    assert booking.events.get().what == "held"


def test_one_visitor_keeps_one_time():
    scene = open_clinic()
    who = visitor()
    first = hold(scene, on(scene, 4, 9), who=who)

    second = hold(scene, on(scene, 4, 9, 15), who=who)

    first.refresh_from_db()
    assert first.status == Status.EXPIRED_HOLD
    assert set(Allocation.objects.values_list("booking", flat=True)) == {second.pk}


def test_who_cannot_have_a_time_keeps_the_one_they_had():
    scene = open_clinic()
    who = visitor()
    mine = hold(scene, on(scene, 4, 9), who=who)
    hold(scene, on(scene, 5, 9))

    with pytest.raises(SlotTaken):
        hold(scene, on(scene, 5, 9), who=who)

    mine.refresh_from_db()
    assert mine.status == Status.HELD
    assert mine.allocations.count() == 3


def test_pressing_twice_makes_one_hold():
    scene = open_clinic()
    who, key = visitor(), uuid4()

    first = hold(scene, on(scene, 4, 9), who=who, request_key=key)
    again = hold(scene, on(scene, 4, 9), who=who, request_key=key)

    assert first == again
    assert Booking.objects.count() == 1


def test_somebody_elses_key_opens_nothing():
    scene = open_clinic()
    key = uuid4()
    hold(scene, on(scene, 4, 9), request_key=key)

    with pytest.raises(NotOffered):
        hold(scene, on(scene, 4, 12), request_key=key)


def test_anyone_means_whoever_has_the_least_to_do_that_day():
    scene = open_clinic(providers=2, rooms=2, consoles=2)
    busy, idle = scene.providers
    booked(
        provider=busy,
        option=scene.option,
        location=scene.location,
        starts_at=on(scene, 4, 14),
        room=scene.rooms[0],
        devices=[scene.devices[0]],
    )

    assert hold(scene, on(scene, 4, 9)).provider == idle
    assert hold(scene, on(scene, 4, 9)).provider == busy


def test_anyone_never_costs_other_than_what_was_shown():
    scene = open_clinic(providers=1, rooms=2, consoles=2)
    lead = ProviderFactory(treatments=[scene.treatment], price_list=PriceListFactory(), position=9)
    give_hours(lead, scene.location)
    PriceFactory(option=scene.option, price_list=lead.price_list, amount=Decimal(185))

    nine = on(scene, 4, 9)
    assert hold(scene, nine, price_shown=Decimal(185)).provider == lead
    assert hold(scene, nine, price_shown=Decimal(170)).provider == scene.provider


def test_an_altered_price_is_refused():
    scene = open_clinic(price=Decimal(170))

    with pytest.raises(PriceChanged):
        hold(scene, on(scene, 4, 9), price_shown=Decimal(1))
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("starts", "error"),
    [
        (lambda scene: NOW - timedelta(days=1), TimePassed),
        (lambda scene: on(scene, 2, 9) - timedelta(hours=3), TooSoon),
        (lambda scene: on(scene, 1, 9) + timedelta(days=62), TooFarAhead),
        (lambda scene: on(scene, 4, 9, 10), SlotTaken),
        (lambda scene: on(scene, 4, 9) + timedelta(microseconds=1), SlotTaken),
        (lambda scene: on(scene, 4, 8, 45), SlotTaken),
        (lambda scene: on(scene, 4, 16, 45), SlotTaken),
    ],
    ids=["past", "within notice", "beyond the horizon", "off the grid", "a fraction", "early",
         "into the evening"],
)  # fmt: skip
def test_a_time_that_is_not_on_offer_is_refused_and_nothing_is_stored(starts, error):
    scene = open_clinic()

    with pytest.raises(error) as refusal:
        hold(scene, starts(scene))

    assert type(refusal.value) is error
    assert not Booking.objects.exists()


def test_the_last_start_leaves_the_buffer_before_closing():
    scene = open_clinic(minutes=60, buffer_minutes=15)

    assert walls(slots_on(scene, 4))[-1] == "16:30"  # 75 minutes and 15 more end at 18:00


def test_a_room_may_turn_over_after_closing_but_a_provider_may_not():
    scene = open_clinic(minutes=60, buffer_minutes=30)

    assert walls(slots_on(scene, 4))[-1] == "16:15"


@pytest.mark.parametrize(("floor", "kept", "last"), [(10, 15, "16:30"), (30, 30, "16:15")])
def test_room_and_person_are_kept_clear_as_long_as_the_place_says_at_least(floor, kept, last):
    scene = open_clinic(minutes=60, buffer_minutes=15)
    PolicyVersionFactory(location=scene.location, values={"buffer_minutes_at_least": floor})

    booking = hold(scene, on(scene, 4, 9))

    rows = booking.allocations.select_related("resource")
    turnovers = {row.resource.kind: row.ends_at - booking.ends_at for row in rows}
    assert turnovers[Kind.PROVIDER] == turnovers[Kind.ROOM] == timedelta(minutes=kept)
    assert turnovers[Kind.DEVICE] == timedelta(minutes=5)
    assert booking.promise["buffer_minutes"] == kept
    assert walls(slots_on(scene, 4))[-1] == last


def test_what_is_not_offered_is_refused_with_the_reason():
    scene = open_clinic()
    one, two, three = AddOnFactory.create_batch(3)
    hidden = AddOnFactory(visibility=Visibility.HIDDEN)
    included = AddOnFactory(not_with=[scene.treatment])
    long = AddOnFactory(minutes=45)
    refused = {
        (one, two, three): "At most 2 extras",
        (hidden,): "cannot be booked online",
        (included,): "already includes",
        (long,): "at most 90",
    }

    for add_ons, words in refused.items():
        with pytest.raises(NotOffered, match=words):
            hold(scene, on(scene, 4, 9), wish=wish_for(scene, add_ons=add_ons))


@pytest.mark.parametrize("visibility", [Visibility.HIDDEN, Visibility.RETIRED])
def test_a_hidden_or_retired_treatment_cannot_be_held(visibility):
    scene = open_clinic()
    scene.treatment.visibility = visibility
    scene.treatment.save()
    scene.option.refresh_from_db()

    with pytest.raises(NotOffered):
        hold(scene, on(scene, 4, 9))


def test_a_provider_without_the_skill_cannot_be_asked_for():
    scene = open_clinic()
    other = ProviderFactory()
    give_hours(other, scene.location)

    with pytest.raises(SlotTaken):
        hold(scene, on(scene, 4, 9), wish=wish_for(scene, provider=other))


def test_a_handheld_goes_before_a_console_so_that_consoles_stay_free():
    scene = open_clinic(consoles=1, handhelds=1, needs=[["handheld", "console"]])

    booking = hold(scene, on(scene, 4, 9))

    device = booking.allocations.get(resource__kind=Kind.DEVICE).resource.device
    assert device.device_kind == "handheld"


def test_two_providers_cannot_use_one_device_at_a_time():
    scene = open_clinic(providers=2, rooms=2, consoles=1)
    hold(scene, on(scene, 4, 9))

    with pytest.raises(SlotTaken):
        hold(scene, on(scene, 4, 9))
    DeviceFactory(location=scene.location)
    assert hold(scene, on(scene, 4, 9))


def test_more_time_is_given_ten_times_and_not_after_the_end():
    scene = open_clinic()
    booking = hold(scene, on(scene, 4, 9))

    for _ in range(10):
        services.extend_hold(booking=booking, now=NOW)
    assert booking.held_until == NOW + timedelta(minutes=40)
    with pytest.raises(NoMoreTime):
        services.extend_hold(booking=booking, now=NOW)
    with pytest.raises(HoldExpired):
        services.extend_hold(booking=booking, now=NOW + timedelta(minutes=40))


def test_a_lapsed_hold_is_taken_again_only_while_the_time_is_free():
    scene = open_clinic()
    who = visitor()
    later = NOW + TEN_MINUTES
    lapsed = hold(scene, on(scene, 4, 9), who=who)

    again = services.hold_again(booking=lapsed, visitor=who, request_key=uuid4(), now=later)
    services.let_go(booking=again, now=later)
    hold(scene, on(scene, 4, 9), now=later)

    assert (again.starts_at, again.provider) == (lapsed.starts_at, lapsed.provider)
    with pytest.raises(SlotTaken):
        services.hold_again(booking=lapsed, visitor=who, request_key=uuid4(), now=later)


def test_a_lapsed_hold_is_not_taken_again_at_a_price_nobody_was_shown():
    scene = open_clinic(price=Decimal(170))
    who = visitor()
    lapsed = hold(scene, on(scene, 4, 9), who=who)
    PriceFactory(option=scene.option, amount=190, published_at=NOW + TEN_MINUTES)

    with pytest.raises(PriceChanged):
        services.hold_again(booking=lapsed, visitor=who, request_key=uuid4(), now=NOW + TEN_MINUTES)


def test_the_same_key_after_the_hold_lapsed_says_so():
    scene = open_clinic()
    who, key = visitor(), uuid4()
    hold(scene, on(scene, 4, 9), who=who, request_key=key)

    with pytest.raises(HoldExpired):
        hold(scene, on(scene, 4, 9), who=who, request_key=key, now=NOW + TEN_MINUTES)


def test_lapsed_holds_end_by_themselves_and_are_forgotten_after_a_day():
    scene = open_clinic()
    who = visitor()
    booking = hold(scene, on(scene, 4, 9), who=who)
    type_details(who)

    assert services.end_lapsed_holds(now=NOW) == 0
    assert services.end_lapsed_holds(now=NOW + TEN_MINUTES) == 1
    booking.refresh_from_db()
    assert booking.status == Status.EXPIRED_HOLD
    assert not booking.allocations.exists()

    services.delete_old_holds(now=NOW + timedelta(hours=12))
    assert Booking.objects.exists()
    services.delete_old_holds(now=NOW + timedelta(days=2))
    assert not Booking.objects.exists()
    assert not Draft.objects.exists()


def test_what_was_typed_stays_when_the_hold_lapses():
    scene = open_clinic()
    who = visitor()
    hold(scene, on(scene, 4, 9), who=who)
    type_details(who, name="Maya Ellison")

    services.end_lapsed_holds(now=NOW + TEN_MINUTES)

    assert Draft.objects.get(visitor=who.id).name == "Maya Ellison"
