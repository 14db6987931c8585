"""Prices as files: what is written is safe, what is read is tolerant, and says what is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from clinic.web.sheets import sheet
from tests.factories import (
    AddOnFactory,
    LocationFactory,
    OptionFactory,
    PriceFactory,
    PriceListFactory,
)
from treatments import price_files
from treatments.cells import Cell
from treatments.price_files import Unreadable, amount_of, decoded, taken
from treatments.selectors import drafts, matrix
from treatments.selectors.price_history import published, with_old
from treatments.selectors.rules import price_rules

pytestmark = pytest.mark.django_db

NOW = datetime(2030, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def option():
    """Classic Face Tone, 45 minutes, T06: 145."""
    option = OptionFactory(minutes=45, treatment__code="T06", treatment__name="Classic Face Tone")
    PriceFactory(option=option, amount=145)
    LocationFactory(name="Alder Street")
    PriceListFactory(name="Mara Okafor")
    return option


def read(text: str, given=frozenset()):
    house = matrix.house(set(given))
    rules = price_rules(today=NOW.date(), now=NOW)
    return taken(text, house, rules, bands=drafts.policies(house, now=NOW), now=NOW)


def written(head, rows) -> str:
    """What a file of these lines says."""
    return decoded(b"".join(sheet("prices", head, rows).streaming_content))


HEAD = "code,minutes,price_list,location,price\n"


def test_the_table_as_a_file_changes_nothing_when_it_comes_back(option):
    PriceFactory(option=None, add_on=AddOnFactory(), amount=30)
    PriceFactory(option=option, amount=155, effective_from=date(2030, 6, 1))
    house = matrix.house(set())
    columns = matrix.columns(house, now=NOW)
    rules = price_rules(today=NOW.date(), now=NOW)
    lines = matrix.lines(house, columns, rules, edits={}, conflicts=set(), typed={})
    squares = [square for line in lines for square in line.squares]

    text = written(price_files.SHOWN, price_files.matrix_lines(squares))
    found = read(text)

    assert (found.edits, found.wrong, found.same) == ([], [], 6)
    assert "T06,Classic Face Tone,45,,,145,its own,155,2030-06-01" in text
    assert "T06,Classic Face Tone,45,Mara Okafor,,145,from base,155,2030-06-01" in text


def test_a_line_that_differs_is_an_edit_of_its_cell(option):
    found = read(f"{HEAD}T06,45,Mara Okafor,Alder Street,160\nT06,45,,,145\n")

    (edit,) = found.edits
    house = matrix.house(set())
    assert edit.cell == Cell(option.pk, None, house.lists[0].pk, house.places[0].pk)
    assert (edit.amount, found.same) == (160, 1)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffcode;minutes;price_list;location;price\r\nT06;45;;;150,00\r\n",
        "code\tminutes\tprice_list\tlocation\tprice\nT06\t45\t\t\t$150\n",
        'Code,Name,Minutes,Price_list,Location,Price,Note\n"T06",,"45",,,"150.00",x\n\n',
        "code;minutes;price_list;location;price\r\n;;;;\r\n\r\nT06;045;;;150,00 €;;\r\n",
        "\n\ncode;minutes;price_list;location;price\nT06;45;;;150\n",
        "code,minutes,price_list,location,price\rT06,45,,,'150.0000\r",
    ],
)
def test_it_is_read_as_people_save_it(option, text):
    assert [edit.amount for edit in read(decoded(text.encode())).edits] == [150]


def test_a_price_of_ones_own_is_inherited_again(option):
    hers = PriceListFactory(name="Jonah Reyes")
    PriceFactory(option=option, price_list=hers, amount=160)
    lines = "T06,45,Jonah Reyes,,Inherited\nT06,45,Mara Okafor,,inherited\n"

    found = read(f"{HEAD}{lines}T06,45,,,inherited\n")

    assert [(edit.cell.price_list, edit.amount) for edit in found.edits] == [(hers.pk, None)]
    assert found.same == 1
    assert [(each.line, each.says) for each in found.wrong] == [
        (4, "A base price has nothing to inherit from.")
    ]


def test_the_history_says_what_is_inherited_again(option):
    hers = PriceListFactory(name="Jonah Reyes")
    PriceFactory(option=option, price_list=hers, amount=160)
    PriceFactory(option=option, price_list=hers, amount=None, published_at=NOW)

    text = written(price_files.HISTORY, price_files.history_lines(with_old(published())))

    assert "T06,Classic Face Tone,45,Jonah Reyes,,160,inherited,2020-01-01" in text


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("T00,45,,,150", "code", "Nothing we offer has the code “T00”."),
        ("T06,50,,,150", "minutes", "T06 has no length of “50” minutes."),
        ("T06,ab,,,150", "minutes", "T06 has no length of “ab” minutes."),
        ("T06,45,Nobody,,150", "price_list", "We know no “Nobody”."),
        ("T06,45,,Nowhere,150", "location", "We know no “Nowhere”."),
        ("T06,45,,,cheap", "price", "Write an amount, such as 170 or 170.50."),
        ("T06,45,,,", "price", "Write an amount, such as 170 or 170.50."),
        ("T06,45,,,NaN", "price", "Write an amount, such as 170 or 170.50."),
        ("T06,45,,,-5", "price", "A price is not below zero."),
        ("T06,45,,,150.005", "price", "There is no such coin."),
        ("T06,45,,,1e9", "price", "That is more than anything here costs."),
        ("T06,45,,,=100+50", "price", "Write an amount, such as 170 or 170.50."),
        (
            "T06,45,,,1,200",
            "price",
            "This line has more cells than the first line has names. Is “200” a part of the price?",
        ),
    ],
)
def test_a_wrong_line_is_named_by_number_and_column(option, line, column, says):
    found = read(f"{HEAD}T06,45,,,150\n{line}\n")

    assert [(each.line, each.column, each.says) for each in found.wrong[:1]] == [(3, column, says)]


def test_it_is_read_as_excel_writes_it_on_windows(option):
    hers = PriceListFactory(name="Zoë Müller")

    (edit,) = read(decoded(f"{HEAD}T06,45,Zoë Müller,,150\n".encode("cp1252"))).edits

    assert (edit.cell.price_list, edit.amount) == (hers.pk, 150)


def test_a_number_without_end_is_a_wrong_one(option):
    found = read(f"{HEAD}T06,{'9' * 5000},,,150\nT06,45,,,{'9' * 5000}\n")

    assert [(each.line, each.column) for each in found.wrong] == [(2, "minutes"), (3, "price")]


def test_minus_zero_is_zero():
    assert str(amount_of("-0")) == "0.00"


def test_what_is_outside_the_band_is_wrong_in_a_file_too(option):
    (wrong,) = read(f"{HEAD}T06,45,,,250\n").wrong

    assert (wrong.line, wrong.column) == (2, "price")
    assert "outside the price band, $100 to $200" in wrong.says


def test_one_price_said_twice_is_wrong(option):
    (wrong,) = read(f"{HEAD}T06,45,,,150\nT06,45,,,155\n").wrong

    assert (wrong.line, wrong.says) == (3, "Line 2 says this price already.")


def test_who_does_not_give_it_has_no_price_for_it(option):
    hers = matrix.house(set()).lists[0].pk
    (wrong,) = read(f"{HEAD}T06,45,Mara Okafor,,160\n", given={(hers, 99, None)}).wrong

    assert wrong.says == "Mara Okafor does not give Classic Face Tone."


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"code,price\n", "Missing: minutes, price_list, location"),
        (b"", "Missing: code, minutes, price_list, location, price"),
        ("code,price".encode("utf-16"), "Save it as “CSV UTF-8”"),
        (b"x" * (256 * 1024 + 1), "larger than 256 KB"),
        (b'code,minutes,price_list,location,price\n"T06', "never ends"),
    ],
)
def test_a_file_that_is_no_list_of_prices_says_why(option, data, says):
    with pytest.raises(Unreadable, match=says):
        read(decoded(data))


def test_the_history_is_written_with_what_somebody_may_have_typed(option):
    PriceFactory(option=option, amount=150, reason='=HYPERLINK("x")', published_at=NOW)

    text = written(price_files.HISTORY, price_files.history_lines(with_old(published())))

    assert text.splitlines()[1].endswith(
        'T06,Classic Face Tone,45,,,145,150,2020-01-01,"\'=HYPERLINK(""x"")",'
    )


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("170", 170), (" $170 ", 170), ("170,5", "170.5"), ("1,200", 1200), ("1,200.50", "1200.5")],
)
def test_amounts_are_read_as_people_write_them(typed, amount):
    assert amount_of(typed) == amount_of(str(amount))
