"""What the table of prices says, and the drafts typed into it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.factories import (
    AddOnFactory,
    PriceFactory,
    PriceListFactory,
)
from tests.treatments.prices.scenes import (
    JUNE,
    NOW,
    TODAY,
    cell_for,
    write,
)
from treatments import services
from treatments.cells import Cell, name_of, read_name, stepped, still_so
from treatments.errors import PriceError
from treatments.models import Price, PriceChange
from treatments.selectors import drafts, matrix
from treatments.selectors.rules import price_rules

pytestmark = pytest.mark.django_db


# What the table says


def test_a_field_is_named_after_the_prices_it_was_typed_over():
    cell = Cell(None, 7, 3, 1)

    assert name_of(cell, (0, 12)) == "a7-l3-p1:0.12"
    assert read_name("a7-l3-p1:0.12") == (cell, (0, 12))
    with pytest.raises(ValueError, match="csrf"):
        read_name("csrfmiddlewaretoken")


@pytest.mark.parametrize(
    ("present", "is_so"),
    [((1, 2), True), ((2,), True), ((1,), False), ((3,), False), ((1, 2, 3), False), ((0,), False)],
)
def test_a_price_that_begins_is_no_news_and_one_that_comes_or_goes_is(present, is_so):
    assert still_so((1, 2), present) is is_so


@pytest.mark.parametrize(
    ("amount", "step", "after"),
    [("152.25", 5, 150), ("152.50", 5, 155), ("152.505", 0, "152.51"), ("152.5", 1, 153)],
)
def test_prices_are_rounded_half_up_to_a_step(amount, step, after):
    assert stepped(Decimal(amount), step) == Decimal(after)


def test_a_cell_shows_what_counts_from_where_and_what_is_to_come(option, base, west):
    hers = PriceListFactory()
    PriceFactory(option=option, location=west, amount=160)
    PriceFactory(option=option, amount=180, effective_from=JUNE)
    house = matrix.house(set())
    rules = price_rules(today=TODAY, now=NOW)

    (line,) = matrix.lines(
        house, matrix.columns(house, now=NOW), rules, edits={}, conflicts=set(), typed={}
    )

    assert [(square.column.name, square.amount, square.is_own) for square in line.squares] == [
        ("Base", 170, True),
        (west.name, 160, True),
        (hers.name, 170, False),
    ]
    assert [square.upcoming for square in line.squares] == [[(JUNE, 180)], [], [(JUNE, 180)]]
    assert line.squares[2].source == "from base"


def test_a_filter_shows_the_columns_of_a_place_or_of_a_provider(option, base, west, east):
    hers = PriceListFactory(name="Mara Okafor")
    house = matrix.house(set())

    def shown(**asked):
        columns = matrix.columns(house, **asked, now=NOW)
        return [(each.price_list, each.location) for each in columns]

    assert shown() == [(None, None), (None, west), (None, east), (hers, None)]
    assert shown(location=west) == [(None, west), (hers, west)]
    assert shown(price_list=hers) == [(hers, None), (hers, west), (hers, east)]
    assert shown(location=west, price_list=hers) == [(hers, west)]


def test_who_does_not_give_a_treatment_has_no_price_for_it(option, base):
    hers, his = PriceListFactory(), PriceListFactory()
    house = matrix.house({(hers.pk, option.treatment_id, None), (his.pk, None, 99)})

    assert house.gives(cell_for(option, hers))
    assert not house.gives(cell_for(option, his))
    assert house.gives(cell_for(option, PriceListFactory()))


def test_years_of_history_are_one_query_and_one_row_a_cell(option, base, django_assert_num_queries):
    for year in range(2021, 2030):
        PriceFactory(option=option, amount=150 + year - 2020, effective_from=date(year, 1, 1))
    PriceFactory(option=option, amount=180, effective_from=JUNE)

    with django_assert_num_queries(1):
        rules = price_rules(today=TODAY, now=NOW)
        timeline = rules.timeline(cell_for(option), TODAY)

    assert [(day, row.amount) for day, row in timeline] == [(TODAY, 159), (JUNE, 180)]
    assert sum(map(len, rules._by_offer.values())) == 2


# Drafts


def test_what_is_typed_is_kept_and_an_author_has_one_draft(option, base, sam, rita):
    cell, other = cell_for(option), Cell(None, AddOnFactory().pk)
    write(sam, cell, 175)
    later = NOW + timedelta(days=9)
    write(sam, other, 35, now=later)
    write(rita, cell, 160)

    assert {str(c): e.amount for c, e in drafts.edits_of(drafts.draft_of(sam)).items()} == {
        str(cell): 175,
        str(other): 35,
    }
    assert PriceChange.objects.count() == 2
    assert not Price.objects.exclude(pk=base.pk).exists()


def test_a_draft_put_aside_comes_back_under_what_was_typed_since(option, base, sam, rita):
    cell, other = cell_for(option), Cell(None, AddOnFactory().pk)
    write(sam, cell, 175)
    write(sam, other, 35)
    aside = services.discard(author=sam, now=NOW)
    assert aside is not None
    assert drafts.draft_of(sam) is None
    write(sam, cell, 190)

    services.take_up(change=aside, author=sam, now=NOW)

    edits = drafts.edits_of(drafts.draft_of(sam))
    assert {each.amount for each in edits.values()} == {190, 35}
    with pytest.raises(PriceError):
        services.take_up(change=aside, author=rita, now=NOW)
    assert services.discard(author=rita, now=NOW) is None
