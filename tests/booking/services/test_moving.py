"""A visit becomes something else: what stays keeps its price, what changes costs today's."""

from datetime import timedelta
from decimal import Decimal

import pytest

from booking import services
from booking.errors import NotNow, NotOffered, PriceChanged, SlotTaken
from booking.models import Allocation, Booking
from booking.services.audit import findings
from booking.services.ledger import CLIENT, staff
from booking.terms import terms
from booking.wishes import Wish
from clinic.places.policies import policy_for
from tests.booking.scenes import NOW, confirm, hold, on, slots_on
from tests.factories import (
    AddOnFactory,
    InstructionVersionFactory,
    OptionFactory,
    PolicyVersionFactory,
    PriceFactory,
    PriceListFactory,
    ProviderFactory,
    Scene,
    UserFactory,
    give_hours,
    open_clinic,
)
from treatments.models import AddOn, Price

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return open_clinic(providers=2, rooms=2, consoles=2)


@pytest.fixture
def booking(scene: Scene) -> Booking:
    """A visit that was priced just before any price is raised."""
    return confirm(scene, on(scene, 4, 9), now=NOW - timedelta(seconds=1))


@pytest.fixture
def extra(scene: Scene) -> AddOn:
    """A finish at 30, which everybody gives."""
    add_on = AddOnFactory(instructions=[InstructionVersionFactory().instruction])
    PriceFactory(option=None, add_on=add_on, amount=30)
    for provider in scene.providers:
        provider.add_ons.add(add_on)
    return add_on


def become(booking: Booking, *, starts_at=None, actor=CLIENT, now=NOW, price=None, **what) -> None:  # type: ignore[no-untyped-def]
    """Move the visit, or only make it something else."""
    own = Wish.of(booking)
    asked = {
        "option": own.option,
        "location": own.location,
        "add_ons": own.add_ons,
        "provider": own.provider,
    } | what
    services.move(
        booking=booking,
        starts_at=starts_at or booking.starts_at,
        wish=own.instead(**asked),
        price_shown=price,
        actor=actor,
        now=now,
    )


def bill(booking: Booking) -> list[tuple[str, int]]:
    return [(line.name, int(line.amount)) for line in booking.lines.all()]


def dearer(scene: Scene, amount: int = 190) -> None:
    """Raise the price of the treatment from now on."""
    PriceFactory(option=scene.option, amount=amount, published_at=NOW)


def test_an_extra_is_added_at_its_price_and_the_rest_costs_what_was_promised(scene, booking, extra):
    dearer(scene)

    become(booking, add_ons=[extra], price=Decimal(200))

    assert bill(booking) == [(str(scene.option), 170), (extra.name, 30)]
    assert (booking.price, booking.priced_at) == (200, NOW)
    assert booking.minutes == 85
    wiped = min(each.ends_at for each in booking.allocations.all())
    assert wiped == booking.ends_at + timedelta(minutes=5)
    assert findings(now=NOW) == []


def test_an_extra_left_out_is_not_paid_and_takes_no_time(scene, booking, extra):
    become(booking, add_ons=[extra])

    become(booking, add_ons=[])

    assert bill(booking) == [(str(scene.option), 170)]
    assert booking.minutes == 75
    assert findings(now=NOW) == []


def test_the_texts_of_the_extra_are_promised_with_it(booking, extra):
    become(booking, add_ons=[extra])

    text = extra.instructions.get().versions.get()
    assert text in booking.instruction_versions.all()


def test_another_length_costs_what_the_list_says_and_has_its_own_turnover(scene, booking):
    half = OptionFactory(treatment=scene.treatment, minutes=30, buffer_minutes=10)
    PriceFactory(option=half, amount=115)

    become(booking, option=half)

    assert (booking.minutes, booking.price) == (45, 115)
    kept = booking.allocations.get(resource=booking.provider)
    assert kept.ends_at - booking.ends_at == timedelta(minutes=10)
    assert booking.extra_minutes == 15
    assert findings(now=NOW) == []


def test_another_length_is_kept_clear_as_long_as_the_place_asks_by_now(scene, booking):
    half = OptionFactory(treatment=scene.treatment, minutes=30, buffer_minutes=10)
    PriceFactory(option=half, amount=115)
    PolicyVersionFactory(location=scene.location, values={"buffer_minutes_at_least": 25})

    become(booking, option=half)

    kept = booking.allocations.get(resource=booking.provider)
    assert kept.ends_at - booking.ends_at == timedelta(minutes=25)
    assert booking.promise["buffer_minutes"] == 25
    assert findings(now=NOW) == []


def test_somebody_whose_prices_are_others_costs_theirs(scene, booking):
    lead = scene.providers[1]
    lead.price_list = PriceListFactory()
    lead.save()
    PriceFactory(option=scene.option, price_list=lead.price_list, amount=185)

    become(booking, provider=lead, price=Decimal(185))

    assert (booking.provider, booking.price) == (lead, 185)
    data = booking.events.get(what="moved").data
    assert data["price"] == ["170.00", "185.00"]


def test_somebody_with_the_same_prices_costs_what_was_promised(scene, booking):
    dearer(scene)

    become(booking, provider=scene.providers[1])

    assert (booking.provider, booking.price) == (scene.providers[1], 170)


def test_when_the_clinic_gives_a_visit_to_somebody_dearer_the_client_pays_no_more(scene, booking):
    lead = scene.providers[1]
    lead.price_list = PriceListFactory()
    lead.save()
    PriceFactory(option=scene.option, price_list=lead.price_list, amount=185)

    become(booking, provider=lead, actor=staff(UserFactory()))

    assert (booking.provider, booking.price) == (lead, 170)


def test_a_visit_goes_to_another_place_with_its_rooms_clock_and_prices(scene, booking):
    elsewhere = open_clinic("America/Los_Angeles")
    elsewhere.provider.treatments.add(scene.treatment)
    PriceFactory(option=scene.option, location=elsewhere.location, amount=165)

    become(
        booking,
        starts_at=on(elsewhere, 6, 9),
        location=elsewhere.location,
        provider=elsewhere.provider,
    )

    assert (booking.location, booking.price) == (elsewhere.location, 165)
    things = {each.resource.location_id for each in booking.allocations.all()}
    assert things == {None, elsewhere.location.pk}
    assert slots_on(scene, 4).providers_at(int(on(scene, 4, 9).timestamp())) == scene.providers
    assert findings(now=NOW) == []


def test_with_anyone_somebody_who_costs_what_was_shown_is_taken(scene, booking):
    dear = scene.providers[1]
    dear.price_list = PriceListFactory()
    dear.save()
    PriceFactory(option=scene.option, price_list=dear.price_list, amount=185)

    become(booking, starts_at=on(scene, 5, 9), provider=None, price=Decimal(185))

    assert booking.provider == dear


def test_a_price_that_is_not_the_one_shown_moves_nothing(booking, extra):
    become_it = {"add_ons": [extra], "price": Decimal(195)}

    with pytest.raises(PriceChanged):
        become(booking, **become_it)

    booking.refresh_from_db()
    assert (booking.price, booking.moves, booking.schedule_version) == (170, 0, 0)


def test_what_is_not_offered_is_refused(scene, booking, extra):
    extra.not_with.add(scene.treatment)

    with pytest.raises(NotOffered, match="already includes"):
        become(booking, add_ons=[extra])


def test_a_treatment_no_longer_offered_can_still_be_moved(scene, booking):
    scene.treatment.visibility = "hidden"
    scene.treatment.save()
    Price.objects.all().delete()

    become(Booking.objects.get(pk=booking.pk), starts_at=on(scene, 5, 9))

    booking.refresh_from_db()
    assert (booking.starts_at, booking.price) == (on(scene, 5, 9), 170)


def test_an_extra_for_which_there_is_no_room_in_the_diary_is_refused(scene, booking, extra):
    for _ in scene.providers:
        hold(scene, on(scene, 4, 10, 30))

    with pytest.raises(SlotTaken):
        become(booking, add_ons=[extra])

    assert Allocation.objects.filter(booking=booking).count() == 3


class TestNotice:
    def test_half_a_day_before_the_phone_is_the_way(self, scene, booking):
        notice = policy_for(scene.location, now=NOW).notice(is_known=True)

        with pytest.raises(NotNow, match="less than 12"):
            become(booking, starts_at=on(scene, 8, 9), now=booking.starts_at - notice + SECOND)
        become(booking, starts_at=on(scene, 8, 9), now=booking.starts_at - notice)

        assert booking.starts_at == on(scene, 8, 9)

    def test_who_moves_after_the_free_hour_keeps_the_hour_they_had(self, scene, booking):
        free_until = booking.free_until
        now = free_until + SECOND

        become(booking, starts_at=on(scene, 8, 9), now=now)

        assert booking.free_until == free_until
        services.cancel(booking=booking, actor=CLIENT, now=now + timedelta(hours=1))
        assert (booking.status, booking.fee_owed) == ("cancelled_late", 85)

    def test_something_cheaper_is_no_way_around_what_canceling_costs(self, scene, booking):
        now = booking.free_until + SECOND
        cheap = OptionFactory(treatment=scene.treatment, minutes=30)
        PriceFactory(option=cheap, amount=Decimal(100))

        become(booking, option=cheap, starts_at=on(scene, 8, 9), now=now)

        assert booking.price == 100
        assert any("$85" in term.says for term in terms(booking, now=now))
        services.cancel(booking=booking, actor=CLIENT, now=now + timedelta(hours=1))
        assert booking.fee_owed == 85

    def test_who_moves_before_it_has_a_new_one(self, scene, booking):
        become(booking, starts_at=on(scene, 8, 9), now=booking.free_until)

        assert booking.free_until == on(scene, 7, 9)

    def test_the_clinic_that_moves_a_visit_gives_a_new_one(self, scene, booking):
        become(booking, starts_at=on(scene, 8, 9), now=booking.free_until + SECOND)

        become(booking, starts_at=on(scene, 9, 9), actor=staff(UserFactory()))

        assert booking.free_until == on(scene, 8, 9)


SECOND = timedelta(seconds=1)


def test_an_aesthetician_without_the_extra_cannot_give_it(scene, booking, extra):
    other = ProviderFactory(treatments=[scene.treatment])
    give_hours(other, scene.location)

    with pytest.raises(SlotTaken):
        become(booking, add_ons=[extra], provider=other)
