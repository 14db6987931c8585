"""Publishing prices, from midnight of their places, undoing, and the history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import ceil

import pytest
from django.db import connection

from clinic.trail.models import Entry
from tests.factories import (
    LocationFactory,
    OptionFactory,
    PriceFactory,
    PriceListFactory,
)
from tests.treatments.prices.scenes import (
    JUNE,
    NOW,
    cell_for,
    costs,
    publish,
    write,
)
from treatments import services
from treatments.cells import Edit
from treatments.errors import DraftChanged, HasBegun, NothingToPublish, PriceError
from treatments.models import Price
from treatments.selectors import drafts, matrix
from treatments.selectors.price_history import published, with_old
from treatments.selectors.rules import SETTLES

pytestmark = pytest.mark.django_db


# Publishing


def test_publishing_writes_every_price_once_however_often_it_is_pressed(option, base, sam, west):
    write(sam, cell_for(option), 175)
    draft = write(sam, cell_for(option, None, west), 165)

    change = publish(sam)
    assert publish(sam, change=draft).pk == change.pk

    rows = Price.objects.filter(change=change).order_by("amount")
    assert [(row.location, row.amount, row.effective_from, row.reason) for row in rows] == [
        (west, 165, JUNE, "The rent"),
        (None, 175, JUNE, "The rent"),
    ]
    assert {row.published_by for row in rows} == {sam}
    entry = Entry.objects.get(what="price.published")
    assert (entry.user_id, entry.subject) == (sam.pk, f"price_change:{change.pk}")
    assert entry.facts == {"prices": 2, "effective_from": "2030-06-01"}
    assert drafts.draft_of(sam) is None


def test_it_counts_for_visits_from_its_day_that_are_priced_once_it_has_settled(
    option, base, sam, west
):
    write(sam, cell_for(option), 175)
    publish(sam)
    known = NOW + SETTLES

    assert costs(option, west, visit_on=JUNE, priced_at=known) == 175
    assert costs(option, west, visit_on=JUNE - timedelta(1), priced_at=known) == 170
    assert costs(option, west, visit_on=JUNE, priced_at=known - timedelta(microseconds=1)) == 170


def test_200_prices_are_published_in_as_many_queries_as_two(sam, django_assert_num_queries):
    LocationFactory()

    def draft_of(count):
        options = [OptionFactory(minutes=30) for _ in range(count)]
        edits = []
        for each in options:
            price = PriceFactory(option=each)
            edits.append(Edit(cell_for(each), Decimal(175), (price.pk,)))
        return services.write_edits(author=sam, edits=edits, now=NOW)

    in_one = connection.ops.bulk_batch_size(Price._meta.concrete_fields[1:], [None] * 200)
    for count in (2, 200):
        more = ceil(count / in_one) - 1  # SQLite takes so many rows at a time
        draft, house = draft_of(count), matrix.house(set())
        looked_at = drafts.digest(drafts.edits_of(draft).values())
        with django_assert_num_queries(11 + more):  # two of them the savepoint
            services.publish(
                change=draft,
                house=house,
                looked_at=looked_at,
                effective_from=JUNE,
                reason="The rent",
                user=sam,
                now=NOW,
            )
        assert draft.prices.count() == count


def test_a_draft_changed_in_another_window_is_looked_at_again(option, base, sam):
    write(sam, cell_for(option), 175)
    looked_at = drafts.digest(drafts.edits_of(drafts.draft_of(sam)).values())
    write(sam, cell_for(option), 180)

    with pytest.raises(DraftChanged):
        publish(sam, looked_at=looked_at)
    assert Price.objects.count() == 1


def test_an_empty_draft_is_not_published(option, base, sam):
    services.set_start(author=sam, effective_from=JUNE, reason="Why not", now=NOW)

    with pytest.raises(NothingToPublish):
        publish(sam)


# From midnight there


@pytest.mark.parametrize(
    ("instant", "first"),
    [
        # An ordinary day, and the two on which clocks change in 2030
        (datetime(2030, 5, 7, 3, 59, tzinfo=UTC), date(2030, 5, 6)),
        (datetime(2030, 5, 7, 4, 0, tzinfo=UTC), date(2030, 5, 7)),
        (datetime(2030, 3, 10, 4, 59, tzinfo=UTC), date(2030, 3, 9)),
        (datetime(2030, 3, 10, 5, 0, tzinfo=UTC), date(2030, 3, 10)),
        (datetime(2030, 11, 3, 3, 59, tzinfo=UTC), date(2030, 11, 2)),
        (datetime(2030, 11, 3, 4, 0, tzinfo=UTC), date(2030, 11, 3)),
    ],
)
def test_prices_change_from_today_on_where_the_day_began_first(
    option, base, sam, west, east, instant, first
):
    """For both places at once the day is that of New York, three hours earlier."""
    write(sam, cell_for(option), 175, now=instant)

    with pytest.raises(PriceError, match="the day has begun"):
        publish(sam, effective_from=first - timedelta(1), now=instant)
    assert publish(sam, effective_from=first, now=instant).effective_from == first


@pytest.mark.parametrize("day", [date(2030, 5, 7), date(2030, 3, 10), date(2030, 11, 3)])
def test_a_change_begins_at_midnight_of_its_own_place(option, base, sam, west, east, day):
    """Also on a day on which its clock changes; until then it can be undone."""
    midnight = datetime.combine(day, datetime.min.time(), tzinfo=west.zone).astimezone(UTC)
    before = midnight - timedelta(days=1)
    write(sam, cell_for(option, None, west), 165, now=before)
    change = publish(sam, effective_from=day, now=before)

    with pytest.raises(HasBegun):
        services.undo(change=change, user=sam, now=midnight)
    undone = services.undo(change=change, user=sam, now=midnight - timedelta(seconds=1))
    assert undone.undone_at is not None


# Undoing


def test_undone_prices_count_for_nothing_priced_later_and_stay_in_the_history(
    option, base, sam, rita, west
):
    write(sam, cell_for(option), 175)
    change = publish(sam)
    undone_at = NOW + timedelta(hours=1)

    for _press in range(2):
        services.undo(change=change, user=rita, now=undone_at)

    between = undone_at + SETTLES - timedelta(microseconds=1)
    assert costs(option, west, visit_on=JUNE, priced_at=between) == 175
    assert costs(option, west, visit_on=JUNE, priced_at=undone_at + SETTLES) == 170
    assert [row.price.amount for row in with_old(published())] == [175, 170]
    entry = Entry.objects.get(what="price.undone")
    assert (entry.user_id, entry.subject) == (rita.pk, f"price_change:{change.pk}")


def test_undone_in_the_instant_it_was_published_it_never_counts(option, base, sam, west):
    write(sam, cell_for(option), 175)
    services.undo(change=publish(sam), user=sam, now=NOW)

    for later in (timedelta(0), SETTLES, timedelta(days=1)):
        assert costs(option, west, visit_on=JUNE, priced_at=NOW + later) == 170


def test_a_draft_cannot_be_undone(option, base, sam):
    with pytest.raises(PriceError):
        services.undo(change=write(sam, cell_for(option), 175), user=sam, now=NOW)


def test_what_has_begun_is_published_anew_at_its_old_price(option, base, sam, rita, west):
    write(sam, cell_for(option), 175)
    write(sam, cell_for(option, None, west), 165)
    change = publish(sam)
    later = datetime(2030, 6, 20, 12, tzinfo=UTC)
    with pytest.raises(HasBegun):
        services.undo(change=change, user=sam, now=later)

    services.old_prices_again(change=change, author=rita, house=matrix.house(set()), now=later)

    edits = drafts.edits_of(drafts.draft_of(rita))
    assert {str(cell): edit.amount for cell, edit in edits.items()} == {
        str(cell_for(option)): 170,
        str(cell_for(option, None, west)): None,  # it was inherited
    }
    publish(rita, effective_from=date(2030, 7, 1), now=later)
    assert costs(option, west, visit_on=date(2030, 7, 1), priced_at=later + SETTLES) == 170


# History


def test_the_history_says_what_counted_before(option, base, sam, django_assert_num_queries):
    hers = PriceListFactory()
    write(sam, cell_for(option), 175)
    write(sam, cell_for(option, hers), 190)
    publish(sam)
    write(sam, cell_for(option, hers), 195, now=NOW + timedelta(days=1))
    publish(sam, now=NOW + timedelta(days=1), reason="Senior now")

    with django_assert_num_queries(2):
        rows = with_old(published())

    assert [(row.price.price_list, row.old, row.price.amount) for row in rows] == [
        (hers, 190, 195),
        (hers, 170, 190),
        (None, 170, 175),
        (None, None, 170),
    ]
    code = option.treatment.code
    assert published(treatment=code, price_list=hers.pk).count() == 2
    assert not published(treatment="T00").exists()
