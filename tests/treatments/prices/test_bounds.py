"""What a price may be, at every place where it counts."""

from __future__ import annotations

import pytest

from tests.factories import (
    PolicyVersionFactory,
    PriceFactory,
    PriceListFactory,
)
from tests.treatments.prices.scenes import (
    NOW,
    cell_for,
    lines_of,
    publish,
    write,
)
from treatments.errors import PriceError
from treatments.models import Price

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("amount", ["99", "200.5", "500"])
def test_what_is_outside_the_band_is_not_published(option, base, sam, amount):
    write(sam, cell_for(option), amount)

    with pytest.raises(PriceError, match="outside the price band"):
        publish(sam)
    assert Price.objects.count() == 1


def test_a_place_has_a_band_of_its_own(option, base, sam, west, east):
    PolicyVersionFactory(
        location=west, values={"price_at_most": 250}, reason="Longer", published_at=NOW
    )
    write(sam, cell_for(option, None, west), 240)
    write(sam, cell_for(option, None, east), 240)

    assert [bool(line.wrong) for line in lines_of(sam)] == [False, True]


@pytest.mark.parametrize(("amount", "jump"), [(170, 0), (212, 0), (120, 29)])
def test_a_jump_is_pointed_at(option, base, sam, amount, jump):
    PolicyVersionFactory(values={"price_at_most": 300}, reason="Wide", published_at=NOW)
    write(sam, cell_for(option), amount)

    (line,) = lines_of(sam)

    assert (line.wrong, line.jump) == ("", jump)


def test_a_base_price_suits_the_band_of_every_place_where_it_counts(option, base, sam, west, east):
    PolicyVersionFactory(
        location=east, values={"price_at_most": 180}, reason="A smaller town", published_at=NOW
    )
    write(sam, cell_for(option), 190)

    with pytest.raises(PriceError, match=rf"At {east.name}: \$190 is outside .* \$100 to \$180"):
        publish(sam)

    write(sam, cell_for(option, None, east), 175)
    assert publish(sam).prices.count() == 2


def test_a_price_of_a_provider_suits_the_band_of_every_place_too(option, base, sam, west, east):
    hers = PriceListFactory()
    PolicyVersionFactory(
        location=east, values={"price_at_most": 180}, reason="A smaller town", published_at=NOW
    )
    PriceFactory(option=option, location=east, amount=160)  # hers goes before it
    write(sam, cell_for(option, hers), 190)
    assert lines_of(sam)[0].wrong.startswith(f"At {east.name}:")

    write(sam, cell_for(option, hers, east), 180)
    assert not any(line.wrong for line in lines_of(sam))


def test_a_price_of_a_provider_has_to_suit_no_place_where_they_do_not_work(
    option, base, sam, west, east
):
    hers = PriceListFactory()
    PolicyVersionFactory(
        location=east, values={"price_at_most": 180}, reason="A smaller town", published_at=NOW
    )
    write(sam, cell_for(option, hers), 190)

    assert not lines_of(sam, works={(hers.pk, west.pk)})[0].wrong
    assert lines_of(sam, works={(hers.pk, west.pk), (hers.pk, east.pk)})[0].wrong
    assert lines_of(sam, works={(PriceListFactory().pk, west.pk)})[0].wrong
