"""Two who change prices at once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.factories import (
    PriceFactory,
)
from tests.treatments.prices.scenes import (
    JUNE,
    NOW,
    cell_for,
    costs,
    lines_of,
    publish,
    seen,
    write,
)
from treatments import services
from treatments.errors import PricesChanged
from treatments.selectors.rules import SETTLES

pytestmark = pytest.mark.django_db


def test_the_second_is_told_who_changed_what_and_loses_nothing(option, base, sam, rita):
    cell = cell_for(option)
    write(sam, cell, 175)
    write(rita, cell, 160)
    publish(sam)

    with pytest.raises(PricesChanged):
        publish(rita, now=NOW + timedelta(minutes=1))

    (line,) = lines_of(rita, now=NOW + timedelta(minutes=1))
    (news,) = line.news
    assert (news.who, news.old, news.new, news.effective_from) == ("Sam Whitlock", 170, 175, JUNE)
    assert news.at == NOW + SETTLES
    assert line.new == 160


def test_who_began_to_publish_first_and_came_second_is_told_as_well(option, base, sam, rita):
    write(sam, cell_for(option), 180)
    write(rita, cell_for(option), 190)
    publish(rita, now=NOW + timedelta(seconds=1))

    with pytest.raises(PricesChanged):
        publish(sam, now=NOW)


def test_who_waited_for_another_publication_comes_after_it(option, base, sam, rita, west):
    write(sam, cell_for(option), 180)
    write(rita, cell_for(option, location=west), 190)
    first = publish(rita, now=NOW + timedelta(seconds=1))

    assert publish(sam, now=NOW).published_at >= first.published_at


def test_keeping_ones_price_publishes_it_over_the_other(option, base, sam, rita, west):
    cell, later = cell_for(option), NOW + timedelta(minutes=1)
    write(rita, cell, 160)
    write(sam, cell, 175)
    publish(sam)

    services.see_again(author=rita, cells={cell: seen(cell, now=later)}, now=later)
    publish(rita, now=later)

    assert costs(option, west, visit_on=JUNE, priced_at=later + SETTLES) == 160


def test_a_price_that_is_inherited_is_changed_by_what_it_inherits(option, base, sam, rita, west):
    write(rita, cell_for(option, None, west), 160)
    write(sam, cell_for(option), 175)
    publish(sam)

    with pytest.raises(PricesChanged):
        publish(rita)


def test_somebody_who_changes_another_price_is_in_nobodys_way(option, base, sam, rita):
    other = PriceFactory()
    write(rita, cell_for(option), 160)
    write(sam, cell_for(other.option), 175)
    publish(sam)

    assert publish(rita).prices.get().amount == 160


def test_what_was_undone_meanwhile_is_told_too(option, base, sam, rita):
    cell = cell_for(option)
    write(sam, cell, 175)
    change = publish(sam)
    write(rita, cell, 180, now=NOW + timedelta(minutes=1))
    later = NOW + timedelta(minutes=2)
    services.undo(change=change, user=sam, now=later)

    with pytest.raises(PricesChanged):
        publish(rita, now=later)

    (line,) = lines_of(rita, now=later)
    assert [(news.who, news.old, news.is_undone) for news in line.news] == [
        ("Sam Whitlock", 175, True)
    ]


def test_days_may_pass_and_a_scheduled_price_begin_before_a_draft_is_published(option, base, sam):
    PriceFactory(option=option, amount=180, effective_from=date(2030, 5, 10))
    write(sam, cell_for(option), 190)

    change = publish(sam, now=NOW + timedelta(days=9))

    assert change.prices.get().amount == 190
