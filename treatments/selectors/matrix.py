"""The price desk's table: offers down, whose prices across, and in each cell what counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from itertools import groupby

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from clinic.places.models import Location
from treatments.cells import Cell, Edit, Seen, name_of
from treatments.models import AddOn, Option, Price, PriceList, Treatment, Visibility
from treatments.registry import Given, Works
from treatments.selectors.rules import PriceRules, seen, timeline, today_at, todays


@dataclass(frozen=True)
class Column:
    """Whose prices, and where. `today` is the day there; wherever, the earliest of them."""

    price_list: PriceList | None
    location: Location | None
    today: date

    @property
    def key(self) -> str:
        """Its name in a form."""
        pks = (each.pk if each else 0 for each in (self.price_list, self.location))
        return "l{}-p{}".format(*pks)

    @property
    def name(self) -> str:
        """Whose prices."""
        if self.price_list:
            return self.price_list.name
        return self.location.name if self.location else _("Base")

    @property
    def where(self) -> str:
        """Where, in a word or two, below the name."""
        if self.price_list:
            return self.location.name if self.location else _("everywhere")
        return _("with anyone") if self.location else _("where nothing differs")

    @property
    def says(self) -> str:
        """Both in one line."""
        return f"{self.name}, {self.where}"


@dataclass(frozen=True)
class Offered:
    """An offer as the desk names it: one length of a treatment, or an add-on."""

    code: str
    name: str
    minutes: int
    offer: Option | AddOn

    @property
    def is_option(self) -> bool:
        """Whether it is a length of a treatment."""
        return isinstance(self.offer, Option)

    @property
    def pks(self) -> tuple[int | None, int | None]:
        """It as (option, add-on), one of them None."""
        return (self.offer.pk, None) if self.is_option else (None, self.offer.pk)

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{'o' if self.is_option else 'a'}{self.offer.pk}"

    def cell(self, column: Column) -> Cell:
        """Return where its price stands in `column`."""
        return Cell(
            self.pks[0],
            self.pks[1],
            column.price_list.pk if column.price_list else None,
            column.location.pk if column.location else None,
        )

    @property
    def says(self) -> str:
        """Name and length in one line."""
        return _("%(name)s, %(minutes)d min") % {"name": self.name, "minutes": self.minutes}


@dataclass(frozen=True)
class Square:
    """One cell of the table as it is shown.

    `edit` is what the draft says, `conflict` whether that was typed over prices that changed
    since; `typed` is what was typed that is no price, and `wrong` why not. `inherits` is what
    it would inherit today, where the draft says that it is to.
    """

    cell: Cell
    offered: Offered
    column: Column
    row: Price | None
    upcoming: list[tuple[date, Decimal]]
    seen: Seen
    edit: Edit | None = None
    is_given: bool = True
    typed: str | None = None
    wrong: str = ""
    has_conflict: bool = False
    inherits: Price | None = None

    @property
    def id(self) -> str:
        """Its id in the page."""
        return f"cell-{self.cell}"

    @property
    def name(self) -> str:
        """The name of its field."""
        return name_of(self.cell, self.seen)

    @property
    def amount(self) -> Decimal | None:
        """What counts today."""
        return self.row.amount if self.row else None

    @property
    def instead(self) -> str:
        """What its empty field means: what it would inherit today; "" where it is not to."""
        if self.edit is None or self.edit.amount is not None:
            return ""
        return plain(self.inherits.amount) if self.inherits else "–"

    @property
    def value(self) -> str:
        """What its field holds: what was typed, what the draft says, or what counts."""
        if self.typed is not None:
            return self.typed
        return plain(self.edit.amount if self.edit else self.amount)

    @property
    def is_own(self) -> bool:
        """Whether somebody set a price for just this, and did not leave it to what is wider."""
        return self.row is not None and (self.row.price_list_id, self.row.location_id) == (
            self.cell.price_list,
            self.cell.location,
        )

    @property
    def says(self) -> str:
        """What its field is about."""
        return f"{self.offered.says}, {self.column.says}"

    @property
    def source(self) -> str:
        """From where it has its price, if it is not its own."""
        if self.row is None or self.is_own:
            return ""
        if self.row.price_list_id:
            return _("from everywhere")
        return _("from the place") if self.row.location_id else _("from base")


@dataclass(frozen=True)
class Line:
    """One row of the table. `head` is the name its group begins with, over `span` rows."""

    offered: Offered
    squares: list[Square]
    head: str = ""
    span: int = 0


@dataclass(frozen=True, kw_only=True)
class House:
    """What the desk is about: offers, lists and places, who gives what, and who works where."""

    offered: list[Offered]
    lists: list[PriceList]
    places: list[Location]
    given: Given = field(default_factory=set)
    works: Works = field(default_factory=set)

    @cached_property
    def _by_offer(self) -> dict[tuple[int | None, int | None], Offered]:
        return {offered.pks: offered for offered in self.offered}

    @cached_property
    def _lists(self) -> dict[int | None, PriceList | None]:
        return {None: None, **{each.pk: each for each in self.lists}}

    @cached_property
    def _places(self) -> dict[int | None, Location | None]:
        return {None: None, **{each.pk: each for each in self.places}}

    @cached_property
    def _with_gifts(self) -> set[int]:
        return {price_list for price_list, *_ in self.given}

    def offered_of(self, cell: Cell) -> Offered | None:
        """Return the offer of `cell`, if it is on the desk."""
        return self._by_offer.get(cell.offer)

    def column_of(self, cell: Cell, now: datetime) -> Column | None:
        """Return the column of `cell`; None for a list or a place that is not on the desk."""
        if cell.price_list not in self._lists or cell.location not in self._places:
            return None
        today = min(todays(cell, self.places, now))
        return Column(self._lists[cell.price_list], self._places[cell.location], today)

    def gives(self, cell: Cell) -> bool:
        """Whether who has the list of `cell` gives what it is for; a list of nobody gives all."""
        offered = self.offered_of(cell)
        if cell.price_list not in self._with_gifts or offered is None:
            return True
        offer = offered.offer
        key = (offer.treatment_id, None) if isinstance(offer, Option) else (None, offer.pk)
        return (cell.price_list, *key) in self.given

    def counts_at(self, cell: Cell) -> list[Location]:
        """Return where a price in `cell` can count: where its provider works, if that is known."""
        busy = cell.price_list in {price_list for price_list, _place in self.works}
        return [
            place
            for place in self.places
            if cell.location in (None, place.pk)
            and (not busy or (cell.price_list, place.pk) in self.works)
        ]


def house(given: Given, works: Works | None = None) -> House:
    """Return what the desk is about, without what is retired or closed. 5 queries."""
    lengths = Prefetch(
        "options", Option.objects.filter(is_active=True).order_by("minutes"), to_attr="lengths"
    )
    treatments = Treatment.objects.exclude(visibility=Visibility.RETIRED).prefetch_related(lengths)
    offered = []
    for treatment in treatments:
        for option in treatment.lengths:
            option.treatment = treatment
            offered.append(Offered(treatment.code, treatment.name, option.minutes, option))
    offered += [
        Offered(add_on.code, add_on.name, add_on.minutes, add_on)
        for add_on in AddOn.objects.exclude(visibility=Visibility.RETIRED)
    ]
    return House(
        offered=offered,
        lists=list(PriceList.objects.all()),
        places=list(Location.objects.filter(is_active=True)),
        given=given,
        works=works or set(),
    )


def columns(
    house: House,
    *,
    location: Location | None = None,
    price_list: PriceList | None = None,
    now: datetime,
) -> list[Column]:
    """Return the columns to show: base, places and lists; of one place or list, those it has."""
    today = min((today_at(place, now) for place in house.places), default=now.date())
    if location and price_list:
        pairs: list[tuple[PriceList | None, Location | None]] = [(price_list, location)]
    elif location:
        pairs = [(None, location), *((each, location) for each in house.lists)]
    elif price_list:
        pairs = [(price_list, None), *((price_list, place) for place in house.places)]
    else:
        pairs = [(None, None), *((None, place) for place in house.places)]
        pairs += [(each, None) for each in house.lists]
    return [
        Column(whose, where, today_at(where, now) if where else today) for whose, where in pairs
    ]


def lines(
    house: House,
    columns: Sequence[Column],
    rules: PriceRules,
    *,
    edits: Mapping[Cell, Edit],
    conflicts: set[Cell],
    typed: Mapping[Cell, tuple[str, str]],
    kind: str = "",
) -> list[Line]:
    """Return the rows of the table; only treatments, or only add-ons, where `kind` names them.

    `typed` are the texts that are no prices, each with why.
    """
    shown = [
        offered for offered in house.offered if not kind or (kind == "add_ons") != offered.is_option
    ]
    found: list[Line] = []
    for name, group in groupby(shown, key=lambda offered: offered.name):
        lengths = list(group)
        for place, offered in enumerate(lengths):
            squares = [
                square(
                    house,
                    offered,
                    column,
                    rules,
                    edits=edits,
                    conflicts=conflicts,
                    typed=typed,
                )
                for column in columns
            ]
            head, span = ("", 0) if place else (name, len(lengths))
            found.append(Line(offered, squares, head, span))
    return found


def square(
    house: House,
    offered: Offered,
    column: Column,
    rules: PriceRules,
    *,
    edits: Mapping[Cell, Edit],
    conflicts: set[Cell] | frozenset[Cell] = frozenset(),
    typed: Mapping[Cell, tuple[str, str]] | None = None,
) -> Square:
    """Return one cell of the table."""
    cell = offered.cell(column)
    chains = rules.chains(cell, column.today)
    then = timeline(chains)
    edit = edits.get(cell)
    text, wrong = (typed or {}).get(cell, (None, ""))
    return Square(
        cell=cell,
        offered=offered,
        column=column,
        row=then[0][1],
        upcoming=[(day, row.amount) for day, row in then[1:] if row and row.amount is not None],
        seen=seen(chains),
        edit=edit,
        is_given=house.gives(cell),
        typed=text,
        wrong=wrong,
        has_conflict=cell in conflicts,
        inherits=rules.inherited(cell, column.today) if edit and edit.amount is None else None,
    )


def plain(amount: Decimal | None) -> str:
    """Write `amount` as it is typed: "170", "170.50"; nothing for none."""
    if amount is None:
        return ""
    return f"{amount:.0f}" if amount == amount.to_integral_value() else f"{amount:.2f}"
