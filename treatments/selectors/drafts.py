"""What a draft would change: prices, promises that stay, and what it may bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from clinic.accounts.models import User
from clinic.places.models import Location
from clinic.places.policies import Policy, policy_for
from treatments.cells import Cell, Edit, Seen, name_of, still_so
from treatments.fingerprints import fingerprint
from treatments.models import Price, PriceChange, wrong_amount
from treatments.registry import Promised, diary
from treatments.selectors.matrix import Column, House, Offered
from treatments.selectors.rules import PriceRules, cell_of, first_seen, first_start, seen

LOOKED_BACK = timedelta(days=90)
MONTH_DAYS = 30
JUMP_PERCENT = 25
NOT_YET = datetime.max.replace(tzinfo=UTC)  # after whatever is published


@dataclass(frozen=True)
class News:
    """What happened to a price since somebody saw it; `who` is "" where nobody is known."""

    who: str
    at: datetime
    old: Decimal | None
    new: Decimal | None
    effective_from: date
    is_undone: bool


@dataclass(frozen=True)
class Proposed:
    """One price of a draft: from what, and what is to be said of it.

    `old` is what would count on the first day without the draft, `new` what counts with it. `jump`
    is by how many percent they differ, where that is a lot. `later` is what was scheduled before
    and takes over from a day on.
    """

    edit: Edit
    offered: Offered
    column: Column
    old: Decimal | None
    new: Decimal | None
    wrong: str = ""
    jump: int = 0
    later: tuple[tuple[date, Decimal], ...] = ()
    news: tuple[News, ...] = ()
    seen: Seen = ()

    @property
    def name(self) -> str:
        """Names the cell, with the prices that decide it now."""
        return name_of(self.edit.cell, self.seen)


@dataclass(frozen=True)
class Preview:
    """What a draft does if it is published for visits from `starts_on`."""

    proposed: list[Proposed]
    starts_on: date
    first_on: date
    kept: list[Promised]
    holds: int
    monthly: Decimal
    counted: int

    @property
    def wrong(self) -> list[Proposed]:
        """What is out of bounds."""
        return [each for each in self.proposed if each.wrong]

    @property
    def conflicts(self) -> list[Proposed]:
        """What somebody else changed meanwhile."""
        return [each for each in self.proposed if each.news]

    @property
    def jumps(self) -> list[Proposed]:
        """What changes by a lot."""
        return [each for each in self.proposed if each.jump and not each.wrong]

    @property
    def is_at_once(self) -> bool:
        """Whether it counts from the first day there is, so that it cannot be undone."""
        return self.starts_on <= self.first_on


def draft_of(author: User) -> PriceChange | None:
    """Return what `author` typed and has not published. One query."""
    return PriceChange.objects.filter(made_by=author, published_at=None, undone_at=None).first()


def edits_of(change: PriceChange | None) -> dict[Cell, Edit]:
    """Return the edits of a draft by cell, in the order they were typed."""
    edits = map(Edit.read, change.edits if change else ())
    return {edit.cell: edit for edit in edits}


def digest(edits: Iterable[Edit]) -> str:
    """Return a fingerprint of edits, which says whether a draft is the one that was looked at."""
    return fingerprint([edit.as_data() for edit in edits])


def policies(house: House, *, now: datetime) -> dict[int | None, Policy]:
    """Return the rules of the clinic (None) and of each place. A query for each."""
    places: tuple[Location | None, ...] = (None, *house.places)
    return {place.pk if place else None: policy_for(place, now=now) for place in places}


def proposed(
    house: House,
    edits: Mapping[Cell, Edit],
    rules: PriceRules,
    *,
    starts_on: date,
    bands: Mapping[int | None, Policy],
    now: datetime,
) -> list[Proposed]:
    """Return what each edit does. One query more where somebody changed prices meanwhile.

    What is no longer offered, or was for a list or a place that is gone, is left out.
    """
    known = [
        (edit, offered, column)
        for edit in edits.values()
        if (offered := house.offered_of(edit.cell)) and (column := house.column_of(edit.cell, now))
    ]
    news = _news([(edit, column) for edit, _offered, column in known], rules)
    after = rules.and_(drafted(edits.values(), starts_on=starts_on))
    return [
        _one(edit, offered, column, house, rules, after, starts_on, bands, news)
        for edit, offered, column in known
    ]


def preview(
    house: House,
    edits: Mapping[Cell, Edit],
    rules: PriceRules,
    *,
    starts_on: date | None,
    now: datetime,
) -> Preview:
    """Return what the draft would do. What `proposed`, `policies` and the diary ask, no more.

    Without `starts_on`, or once that has passed, for visits from tomorrow: where the day began
    first, so that it can be undone until then.
    """
    first_on = first_start(edits, house.places, now)
    if starts_on is None or starts_on < first_on:
        starts_on = first_on + timedelta(days=1)
    bands = policies(house, now=now)
    lines = proposed(house, edits, rules, starts_on=starts_on, bands=bands, now=now)
    after = rules.and_(drafted(edits.values(), starts_on=starts_on))
    kept: list[Promised] = []
    monthly, counted = Decimal(0), 0
    if edits:
        promised = diary().promised(starts_on, now)
        kept = [visit for visit in promised if _is_touched(visit, rules, after)]
        monthly, counted = _effect(rules, after, starts_on, now)
    return Preview(
        proposed=lines,
        starts_on=starts_on,
        first_on=first_on,
        kept=kept,
        holds=sum(visit.is_hold for visit in kept),
        monthly=monthly,
        counted=counted,
    )


def drafted(edits: Iterable[Edit], *, starts_on: date) -> list[Price]:
    """Return what the edits would be once published; not saved."""
    return [
        Price(
            option_id=edit.cell.option,
            add_on_id=edit.cell.add_on,
            price_list_id=edit.cell.price_list,
            location_id=edit.cell.location,
            amount=edit.amount,
            effective_from=starts_on,
            published_at=NOT_YET,
        )
        for edit in edits
    ]


def _one(
    edit: Edit,
    offered: Offered,
    column: Column,
    house: House,
    rules: PriceRules,
    after: PriceRules,
    starts_on: date,
    bands: Mapping[int | None, Policy],
    news: Mapping[Cell, tuple[News, ...]],
) -> Proposed:
    old, new = (_amount(each, edit.cell, starts_on) for each in (rules, after))
    jump = 0
    if old and new is not None:
        percent = int(abs(new - old) * 100 / old)
        jump = percent if percent > JUMP_PERCENT else 0
    return Proposed(
        edit=edit,
        offered=offered,
        column=column,
        old=old,
        new=new,
        wrong=_wrong(edit, offered, house, after, starts_on, bands),
        jump=jump,
        later=tuple(
            (day, then.amount)
            for day, then in after.timeline(edit.cell, starts_on)[1:]
            if then and then.amount is not None
        ),
        news=news.get(edit.cell, ()),
        seen=rules.seen(edit.cell, column.today),
    )


def _wrong(
    edit: Edit,
    offered: Offered,
    house: House,
    after: PriceRules,
    starts_on: date,
    bands: Mapping[int | None, Policy],
) -> str:
    """Return why the edit cannot be, in a sentence; "" where it can.

    It has to suit its own band, and that of every place where it counts or lets another price
    count, now or from a day to come.
    """
    cell, offer, own = edit.cell, offered.offer, bands[edit.cell.location]
    if edit.amount is not None and (says := wrong_amount(edit.amount, offer=offer, policy=own)):
        return says
    for place in house.counts_at(cell):
        if edit.amount is not None and bands[place.pk] == own:
            continue  # it suits its own band
        for _day, links in after.chains(cell._replace(location=place.pk), starts_on):
            if not any(_is_drafted(row, cell) for row in links):
                continue
            amount = links[-1].amount
            says = (
                _("Without a price of its own it would have none.")
                if amount is None
                else wrong_amount(amount, offer=offer, policy=bands[place.pk])
            )
            if says:
                return _("At %(place)s: %(says)s") % {"place": place.name, "says": says}
    return ""


def _is_drafted(row: Price, cell: Cell) -> bool:
    return row.published_at == NOT_YET and cell_of(row) == cell


def _news(edits: list[tuple[Edit, Column]], rules: PriceRules) -> dict[Cell, tuple[News, ...]]:
    """What happened since each edit was typed, where its cell is not what was seen."""
    stale: dict[Cell, tuple[Edit, dict[int, Decimal | None]]] = {}
    for edit, column in edits:
        chains = rules.chains(edit.cell, column.today)
        if not still_so(edit.seen, seen(chains)):
            new = {
                next((row.pk for row in links if row.pk not in edit.seen), 0): links[-1].amount
                for _day, links in chains
                if links
            }
            new.pop(0, None)  # what was seen is no news
            stale[edit.cell] = (edit, new)
    if not stale:
        return {}
    wanted = {pk for edit, new in stale.values() for pk in (*edit.seen, *new)}
    rows = Price.objects.select_related("published_by", "change__undone_by").in_bulk(wanted)
    found: dict[Cell, tuple[News, ...]] = {}
    for cell, (edit, new) in stale.items():
        first = first_seen(edit.seen, rows)
        old = first.amount if first else None
        published = [
            News(_name(row.published_by), row.published_at, old, amount, row.effective_from, False)
            for row, amount in ((rows[pk], amount) for pk, amount in new.items())
        ]
        undone = [
            News(
                _name(row.change.undone_by if row.change else None),
                row.withdrawn_at,
                row.amount,
                old,
                row.effective_from,
                True,
            )
            for row in (rows[pk] for pk in edit.seen if pk in rows)
            if row.withdrawn_at
        ]
        found[cell] = (*published, *undone)
    return found


def _name(user: User | None) -> str:
    return str(user) if user else _("Somebody")


def _is_touched(visit: Promised, before: PriceRules, after: PriceRules) -> bool:
    """Whether the visit would cost something else if it were booked after the change."""
    cells = (Cell(*offer, visit.price_list, visit.location) for offer in visit.offers)
    return any(
        _amount(before, cell, visit.visit_on) != _amount(after, cell, visit.visit_on)
        for cell in cells
    )


def _effect(
    before: PriceRules, after: PriceRules, starts_on: date, now: datetime
) -> tuple[Decimal, int]:
    """What 30 days bring more, by what was sold in the last 90, without cents; and of how many."""
    more, counted = Decimal(0), 0
    for sold, count in diary().sold(now - LOOKED_BACK, now).items():
        cell = Cell(*sold.offer, sold.price_list, sold.location)
        old, new = (_amount(rules, cell, starts_on) for rules in (before, after))
        if old is not None and new is not None and old != new:
            more += (new - old) * count
            counted += count
    return (more * MONTH_DAYS / LOOKED_BACK.days).quantize(Decimal(1), ROUND_HALF_UP), counted


def _amount(rules: PriceRules, cell: Cell, on: date) -> Decimal | None:
    row = rules.row(cell, on)
    return row.amount if row else None
