"""A price of one's own that ends, and is inherited again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.factories import (
    PolicyVersionFactory,
    PriceFactory,
    PriceListFactory,
)
from tests.treatments.prices.scenes import (
    JUNE,
    NOW,
    cell_for,
    costs,
    give_up,
    lines_of,
    publish,
    seen,
    write,
)
from treatments import services
from treatments.errors import PriceError, PricesChanged
from treatments.selectors import drafts, matrix
from treatments.selectors.price_history import published, with_old
from treatments.selectors.rules import SETTLES

pytestmark = pytest.mark.django_db


def test_a_price_of_ones_own_ends_and_follows_what_is_wider(option, base, sam, west):
    hers = PriceListFactory()
    own = PriceFactory(option=option, price_list=hers, amount=190)
    cell, known = cell_for(option, hers), NOW + SETTLES
    give_up(sam, cell)
    (line,) = lines_of(sam)
    assert (line.old, line.new, line.wrong) == (190, 170, "")

    row = publish(sam).prices.get()

    assert (row.amount, row.price_list, row.effective_from) == (None, hers, JUNE)
    assert str(row).endswith(": inherited")
    for visit_on, amount in ((JUNE - timedelta(1), 190), (JUNE, 170)):
        assert costs(option, west, visit_on=visit_on, priced_at=known, price_list=hers) == amount
    assert costs(option, west, visit_on=JUNE, priced_at=NOW, price_list=hers) == 190
    assert seen(cell, now=known) == (own.pk, row.pk, base.pk)

    PriceFactory(option=option, amount=175, effective_from=JUNE, published_at=known)
    assert costs(option, west, visit_on=JUNE, priced_at=known, price_list=hers) == 175


def test_what_ended_begins_again_and_its_end_is_undone(option, base, sam, west):
    PriceFactory(option=option, location=west, amount=160)
    give_up(sam, cell_for(option, None, west))
    change, later = publish(sam), NOW + timedelta(hours=1)
    PriceFactory(
        option=option, location=west, amount=165, effective_from=date(2030, 7, 1), published_at=NOW
    )
    assert costs(option, west, visit_on=JUNE, priced_at=later) == 170
    assert costs(option, west, visit_on=date(2030, 7, 1), priced_at=later) == 165

    services.undo(change=change, user=sam, now=later)

    assert costs(option, west, visit_on=JUNE, priced_at=later) == 170
    assert costs(option, west, visit_on=JUNE, priced_at=later + SETTLES) == 160


def test_what_ends_leaves_a_price_that_suits_the_place(option, base, sam, west, east):
    PolicyVersionFactory(
        location=west, values={"price_at_most": 165}, reason="A smaller town", published_at=NOW
    )
    PriceFactory(option=option, location=west, amount=160)
    give_up(sam, cell_for(option, None, west))
    assert f"At {west.name}: $170 is outside the price band" in lines_of(sam)[0].wrong

    write(sam, cell_for(option), 165)
    assert not any(line.wrong for line in lines_of(sam))

    PriceFactory(option=option, amount=180, effective_from=date(2030, 7, 1))
    assert f"At {west.name}: $180 is outside the price band" in lines_of(sam)[0].wrong


def test_what_has_nothing_to_inherit_keeps_its_price(option, sam, west):
    PriceFactory(option=option, location=west, amount=160)
    give_up(sam, cell_for(option, None, west))

    with pytest.raises(PriceError, match="Without a price of its own it would have none"):
        publish(sam)


def test_who_typed_over_a_price_that_ended_is_told(option, base, sam, rita):
    hers = PriceListFactory()
    PriceFactory(option=option, price_list=hers, amount=190)
    cell, later = cell_for(option, hers), NOW + timedelta(minutes=1)
    write(rita, cell, 195)
    give_up(sam, cell)
    change = publish(sam)

    with pytest.raises(PricesChanged):
        publish(rita, now=later)
    (line,) = lines_of(rita, now=later)
    assert [(each.who, each.old, each.new, each.effective_from) for each in line.news] == [
        ("Sam Whitlock", 190, 170, JUNE)
    ]

    services.see_again(author=rita, cells={cell: seen(cell, now=later)}, now=later)
    services.undo(change=change, user=sam, now=later)
    (line,) = lines_of(rita, now=later + SETTLES)
    assert [(each.is_undone, each.old) for each in line.news] == [(True, None)]


def test_what_is_inherited_after_an_end_is_news_when_it_changes(option, base, sam, rita, west):
    cell = cell_for(option, None, west)
    PriceFactory(option=option, location=west, amount=160)
    PriceFactory(option=option, location=west, amount=None, effective_from=JUNE)
    write(rita, cell, 165)
    write(sam, cell_for(option), 175)
    publish(sam)

    (line,) = lines_of(rita, now=NOW + SETTLES)
    assert [(each.who, each.new, each.effective_from) for each in line.news] == [
        ("Sam Whitlock", 175, JUNE)
    ]


def test_the_history_says_that_a_price_ended_and_what_counts_since(option, base, sam):
    hers = PriceListFactory()
    PriceFactory(option=option, price_list=hers, amount=190)
    give_up(sam, cell_for(option, hers))
    write(sam, cell_for(option), 175)  # the base as well
    publish(sam)

    rows = {row.price.price_list: row for row in with_old(published())[:2]}

    assert (rows[hers].price.amount, rows[hers].old, rows[hers].new) == (None, 190, 175)
    assert rows[hers].was_own
    assert (rows[None].old, rows[None].new) == (170, 175)


def test_an_end_that_has_begun_is_taken_back_at_the_old_price(option, base, sam, rita):
    hers = PriceListFactory()
    PriceFactory(option=option, price_list=hers, amount=190)
    give_up(sam, cell_for(option, hers))
    later = datetime(2030, 6, 20, 12, tzinfo=UTC)

    services.old_prices_again(
        change=publish(sam), author=rita, house=matrix.house(set()), now=later
    )

    assert [edit.amount for edit in drafts.edits_of(drafts.draft_of(rita)).values()] == [190]
