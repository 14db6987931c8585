"""Words for tests of the price desk."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from clinic.accounts.models import User
from treatments import services
from treatments.cells import Cell, Edit
from treatments.models import PriceChange
from treatments.registry import Works
from treatments.selectors import drafts, matrix, price_visit
from treatments.selectors.rules import price_rules

NOW = datetime(2030, 5, 6, 12, tzinfo=UTC)
TODAY = NOW.date()
JUNE = date(2030, 6, 1)


def cell_for(option, price_list=None, location=None) -> Cell:
    """Where the price of `option` stands: with anybody and anywhere unless told."""
    return Cell(
        option.pk,
        None,
        price_list.pk if price_list else None,
        location.pk if location else None,
    )


def seen(cell: Cell, *, now: datetime = NOW) -> tuple[int, ...]:
    """What decides `cell` from now on."""
    return price_rules(today=now.date(), now=now).seen(cell, now.date())


def write(who: User, cell: Cell, amount: int | str, *, now: datetime = NOW) -> PriceChange:
    """Type `amount` into the draft of `who`."""
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
    """Publish a draft, that of `who` as it stands unless told."""
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
    """What a visit costs."""
    return price_visit(
        option=option,
        add_ons=[],
        price_list=price_list,
        location=where,
        visit_on=visit_on,
        priced_at=priced_at,
    ).total


def give_up(who: User, cell: Cell, *, now: datetime = NOW) -> PriceChange:
    """Say in the draft of `who` that `cell` is inherited again."""
    edit = Edit(cell, None, seen(cell, now=now))
    return services.write_edits(author=who, edits=[edit], now=now)


def lines_of(
    who: User, *, now: datetime = NOW, starts_on: date = JUNE, works: Works | None = None
) -> list[drafts.Proposed]:
    """What the draft of `who` would do."""
    house = matrix.house(set(), works)
    return drafts.proposed(
        house,
        drafts.edits_of(drafts.draft_of(who)),
        price_rules(today=now.date(), now=now),
        starts_on=starts_on,
        bands=drafts.policies(house, now=now),
        now=now,
    )
