"""The price desk: drafts, publishing, what others did meanwhile, and undoing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import ceil

import pytest
from django.db import connection

from clinic.accounts.models import User
from clinic.trail.models import Entry
from tests.factories import (
    AddOnFactory,
    LocationFactory,
    OptionFactory,
    PolicyVersionFactory,
    PriceFactory,
    PriceListFactory,
    UserFactory,
)
from treatments import services
from treatments.cells import Cell, Edit, name_of, read_name, stepped, still_so
from treatments.errors import DraftChanged, HasBegun, NothingToPublish, PriceError, PricesChanged
from treatments.models import Price, PriceChange
from treatments.selectors import drafts, matrix, price_visit
from treatments.selectors.price_history import published, with_old
from treatments.selectors.rules import SETTLES, price_rules

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 5, 6, 12, tzinfo=UTC)
TODAY = NOW.date()
JUNE = date(2030, 6, 1)
WEST, EAST = "America/Los_Angeles", "America/New_York"


@pytest.fixture
def option():
    return OptionFactory()


@pytest.fixture
def west():
    return LocationFactory(time_zone=WEST)


@pytest.fixture
def east():
    return LocationFactory(time_zone=EAST)


@pytest.fixture
def base(option, west):
    """What the option costs where nothing differs: 170."""
    return PriceFactory(option=option)


@pytest.fixture
def sam():
    return UserFactory(full_name="Sam Whitlock")


@pytest.fixture
def rita():
    return UserFactory(full_name="Rita Holm")


def cell_for(option, price_list=None, location=None) -> Cell:
    return Cell(
        option.pk,
        None,
        price_list.pk if price_list else None,
        location.pk if location else None,
    )


def seen(cell: Cell, *, now: datetime = NOW) -> tuple[int, ...]:
    return price_rules(today=now.date(), now=now).seen(cell, now.date())


def write(who: User, cell: Cell, amount: int | str, *, now: datetime = NOW) -> PriceChange:
    edit = Edit(cell, Decimal(amount), seen(cell, now=now))
    return services.write_edits(author=who, edits=[edit], now=now)


def publish(
    who: User,
    *,
    effective_from: date = JUNE,
    reason: str = "The rent",
    now: datetime = NOW,
    change: PriceChange | None = None,
    looked_at: str | None = None,
) -> PriceChange:
    change = change or drafts.draft_of(who)
    assert change is not None
    return services.publish(
        change=change,
        house=matrix.house(set()),
        looked_at=looked_at or drafts.digest(drafts.edits_of(change).values()),
        effective_from=effective_from,
        reason=reason,
        user=who,
        now=now,
    )


def costs(option, where, *, visit_on: date, priced_at: datetime, price_list=None) -> Decimal:
    return price_visit(
        option=option,
        add_ons=[],
        price_list=price_list,
        location=where,
        visit_on=visit_on,
        priced_at=priced_at,
    ).total


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


# Two at once


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


def lines_of(who: User, *, now: datetime = NOW, starts_on: date = JUNE) -> list[drafts.Proposed]:
    house = matrix.house(set())
    return drafts.proposed(
        house,
        drafts.edits_of(drafts.draft_of(who)),
        price_rules(today=now.date(), now=now),
        starts_on=starts_on,
        bands=drafts.policies(house, now=now),
        now=now,
    )


# Bounds


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


# Inherited again


def give_up(who: User, cell: Cell, *, now: datetime = NOW) -> PriceChange:
    edit = Edit(cell, None, seen(cell, now=now))
    return services.write_edits(author=who, edits=[edit], now=now)


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
    assert not published(treatment="T99").exists()
