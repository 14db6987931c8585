"""What a visit costs: the ruling "Price"."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tests.factories import (
    LONG_AGO,
    AddOnFactory,
    LocationFactory,
    OptionFactory,
    PolicyVersionFactory,
    PriceFactory,
    PriceListFactory,
)
from treatments.errors import NoPrice
from treatments.models import Price
from treatments.selectors import price_book, price_visit

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)
VISIT_ON = date(2030, 3, 4)


@pytest.fixture
def option():
    return OptionFactory()


@pytest.fixture
def here():
    return LocationFactory()


@pytest.fixture
def hers():
    """The price list of one provider."""
    return PriceListFactory()


def total(option, here, *, price_list=None, add_ons=(), visit_on=VISIT_ON, priced_at=NOW):
    return price_visit(
        option=option,
        add_ons=list(add_ons),
        price_list=price_list,
        location=here,
        visit_on=visit_on,
        priced_at=priced_at,
    ).total


def test_the_most_particular_price_counts(option, here, hers):
    PriceFactory(option=option, amount=100)
    assert total(option, here, price_list=hers) == 100

    PriceFactory(option=option, amount=110, location=here)
    assert total(option, here, price_list=hers) == 110

    PriceFactory(option=option, amount=120, price_list=hers)
    assert total(option, here, price_list=hers) == 120

    PriceFactory(option=option, amount=130, price_list=hers, location=here)
    assert total(option, here, price_list=hers) == 130


def test_a_particular_price_counts_though_a_later_general_one_came(option, here, hers):
    PriceFactory(option=option, amount=120, price_list=hers)
    PriceFactory(option=option, amount=100, effective_from=VISIT_ON, published_at=NOW)

    assert total(option, here, price_list=hers) == 120


def test_a_price_that_ended_leaves_it_to_what_is_wider(option, here, hers):
    PriceFactory(option=option, amount=100)
    PriceFactory(option=option, amount=110, location=here)
    PriceFactory(option=option, amount=120, price_list=hers)
    PriceFactory(option=option, amount=130, price_list=hers, location=here)
    day = VISIT_ON

    PriceFactory(option=option, amount=None, price_list=hers, location=here, effective_from=day)
    assert total(option, here, price_list=hers) == 120
    assert total(option, here, price_list=hers, visit_on=day - timedelta(1)) == 130

    PriceFactory(option=option, amount=None, price_list=hers, effective_from=day)
    assert total(option, here, price_list=hers) == 110

    PriceFactory(option=option, amount=None, location=here, effective_from=day)
    assert total(option, here, price_list=hers) == 100


def test_a_price_that_ended_begins_again_with_the_next_one(option, here, hers):
    PriceFactory(option=option, amount=100)
    PriceFactory(option=option, amount=120, price_list=hers)
    PriceFactory(option=option, amount=None, price_list=hers, effective_from=date(2030, 2, 1))
    PriceFactory(option=option, amount=125, price_list=hers, effective_from=VISIT_ON)

    assert total(option, here, price_list=hers, visit_on=date(2030, 2, 1)) == 100
    assert total(option, here, price_list=hers) == 125


def test_what_ended_with_nothing_wider_has_no_price(option, here):
    PriceFactory(option=option, amount=110, location=here)
    PriceFactory(option=option, amount=None, location=here, effective_from=VISIT_ON)

    with pytest.raises(NoPrice):
        total(option, here)


def test_prices_of_another_provider_and_another_place_do_not_count(option, here, hers):
    PriceFactory(option=option, amount=100)
    PriceFactory(option=option, amount=110, location=LocationFactory())
    PriceFactory(option=option, amount=120, price_list=PriceListFactory())
    PriceFactory(option=option, amount=130, price_list=hers, location=LocationFactory())

    assert total(option, here, price_list=hers) == 100
    assert total(option, here) == 100


@pytest.mark.parametrize(("visit_on", "amount"), [(3, 100), (4, 110), (5, 110)])
def test_a_price_counts_from_its_day_on(option, here, visit_on, amount):
    PriceFactory(option=option, amount=100)
    PriceFactory(option=option, amount=110, effective_from=VISIT_ON)

    assert total(option, here, visit_on=date(2030, 3, visit_on)) == amount


def test_the_latest_day_counts_whatever_was_published_last(option, here):
    PriceFactory(option=option, amount=110, effective_from=date(2030, 2, 1))
    PriceFactory(option=option, amount=100, effective_from=date(2030, 1, 1), published_at=NOW)

    assert total(option, here) == 110


def test_of_two_prices_for_one_day_the_one_published_last_counts(option, here):
    day = date(2030, 2, 1)
    PriceFactory(option=option, amount=110, effective_from=day, published_at=NOW)
    PriceFactory(option=option, amount=100, effective_from=day, published_at=LONG_AGO)

    assert total(option, here) == 110


def test_a_price_published_after_the_pricing_does_not_count(option, here):
    PriceFactory(option=option, amount=100)
    PriceFactory(option=option, amount=110, published_at=NOW)

    assert total(option, here, priced_at=NOW - timedelta(seconds=1)) == 100
    assert total(option, here, priced_at=NOW) == 110


def test_add_ons_are_priced_by_the_same_rule(option, here, hers):
    finish = AddOnFactory()
    PriceFactory(option=option, amount=100)
    PriceFactory(option=None, add_on=finish, amount=30)
    PriceFactory(option=None, add_on=finish, amount=35, location=here)
    PriceFactory(option=None, add_on=finish, amount=40, price_list=hers)
    PriceFactory(
        option=None, add_on=finish, amount=45, price_list=hers, published_at=NOW + timedelta(1)
    )
    PriceFactory(
        option=None, add_on=finish, amount=50, price_list=hers, effective_from=date(2030, 3, 5)
    )

    assert total(option, here, add_ons=[finish]) == 135
    assert total(option, here, add_ons=[finish], price_list=hers) == 140
    assert total(option, LocationFactory(), add_ons=[finish]) == 130


def test_a_visit_has_a_line_for_the_option_and_one_for_each_add_on(option, here):
    eyes, finish = AddOnFactory.create_batch(2)
    PriceFactory(option=option, amount=145)
    PriceFactory(option=None, add_on=eyes, amount=35)
    PriceFactory(option=None, add_on=finish, amount=Decimal("30.50"))

    visit = price_visit(
        option=option,
        add_ons=[finish, eyes],
        price_list=None,
        location=here,
        visit_on=VISIT_ON,
        priced_at=NOW,
    )

    assert [(line.code, line.amount) for line in visit.lines] == [
        (option.treatment.code, 145),
        (finish.code, Decimal("30.50")),
        (eyes.code, 35),
    ]
    assert visit.lines[0].name == f"{option.treatment.name}, 60 min"
    assert visit.total == Decimal("210.50")


def test_without_a_price_nothing_is_made_up(option, here):
    PriceFactory(option=option, effective_from=VISIT_ON + timedelta(1))

    with pytest.raises(NoPrice):
        total(option, here)


def test_one_look_prices_every_provider_and_day(option, here, hers, django_assert_num_queries):
    PriceFactory(option=option, amount=100)
    PriceFactory(option=option, amount=120, price_list=hers)

    with django_assert_num_queries(1):
        book = price_book(option=option, add_ons=[], location=here, priced_at=NOW)
        for day in range(1, 29):
            assert book.visit(price_list_id=None, visit_on=date(2030, 3, day)).total == 100
            assert book.visit(price_list_id=hers.pk, visit_on=date(2030, 3, day)).total == 120


# The band


def refusals(**fields) -> list[str]:
    price = PriceFactory.build(**{"effective_from": VISIT_ON, "amount": 100} | fields)
    try:
        price.full_clean()
    except ValidationError as error:
        return error.message_dict["amount"]
    return []


@pytest.mark.parametrize("amount", [100, 145, Decimal("199.99"), 200])
def test_a_price_inside_the_band_is_saved(option, amount):
    assert refusals(option=option, amount=amount) == []


@pytest.mark.parametrize("amount", [0, Decimal("99.99"), Decimal("200.01"), 500])
def test_a_price_outside_the_band_is_refused_with_the_way_to_change_it(option, amount):
    (sentence,) = refusals(option=option, amount=Decimal(amount))

    assert "$100 to $200" in sentence
    assert "The band is one of the policies" in sentence


def test_a_wider_band_lets_the_price_in(option):
    PolicyVersionFactory(values={"price_at_most": 250}, reason="A longer session")

    assert refusals(option=option, amount=250) == []
    assert "$100 to $250" in refusals(option=option, amount=251)[0]


def test_a_band_of_one_place_holds_there_only(option, here):
    PolicyVersionFactory(location=here, values={"price_at_least": 80}, reason="Smaller town")

    assert refusals(option=option, location=here, amount=80) == []
    assert refusals(option=option, amount=80) != []


def test_only_the_consultation_is_free():
    talk = OptionFactory(minutes=20, treatment__is_consultation=True)

    assert refusals(option=talk, amount=0) == []
    assert refusals(option=talk, amount=50) != []


def test_no_add_on_is_free():
    assert refusals(option=None, add_on=AddOnFactory(), amount=0) == [
        "Only the consultation is free."
    ]


def test_the_band_is_about_treatments_not_about_add_ons():
    assert refusals(option=None, add_on=AddOnFactory(), amount=30) == []


def test_no_price_is_finer_than_a_coin(option):
    assert refusals(option=option, amount=Decimal("145.005")) != []


@pytest.mark.parametrize("both", [True, False])
def test_the_database_wants_a_price_to_be_for_one_thing(option, both):
    price = PriceFactory.build(
        option=option if both else None, add_on=AddOnFactory() if both else None
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        price.save()


def test_the_database_wants_an_amount_where_nothing_is_wider(option, here):
    PriceFactory(option=option, amount=None, location=here)
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceFactory(option=option, amount=None)


def test_the_database_wants_no_price_below_zero(option):
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceFactory(option=option, amount=-1)
    assert not Price.objects.exists()
