"""The price desk: typing a draft, publishing it in one piece, undoing it before it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import wraps
from time import monotonic
from typing import ParamSpec, TypeVar

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from clinic.accounts.models import User
from clinic.places.models import Location
from clinic.trail.services import note
from treatments.cells import Cell, Edit, Seen
from treatments.errors import (
    Busy,
    DraftChanged,
    HasBegun,
    NothingToPublish,
    PriceError,
    PricesChanged,
)
from treatments.models import Price, PriceChange
from treatments.selectors.drafts import Proposed, digest, drafted, edits_of, policies, proposed
from treatments.selectors.matrix import House
from treatments.selectors.price_history import with_old
from treatments.selectors.rules import (
    SETTLES,
    cell_of,
    first_start,
    has_begun,
    price_rules,
    today_at,
)

OPEN = {"published_at": None, "undone_at": None}

P = ParamSpec("P")
R = TypeVar("R")


def in_time(service: Callable[P, R]) -> Callable[P, R]:
    """Let `service` be one transaction, committed well before what it writes counts, or not at all.

    Who had to wait for half of `SETTLES`, for others or for a slow database, gets Busy: what they
    write would count for bookings that were priced while it could not be seen yet.
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        latest = monotonic() + SETTLES.total_seconds() / 2
        with transaction.atomic():
            done = service(*args, **kwargs)
            if monotonic() > latest:
                raise Busy
        return done

    return run


@transaction.atomic
def write_edits(
    *, author: User, edits: Iterable[Edit], dropped: Iterable[Cell] = (), now: datetime
) -> PriceChange:
    """Keep what `author` typed in their draft, and forget what they took back.

    Cells that are not named stay as they are, so that two windows lose nothing of each other.
    """
    draft = _draft(author, now=now)
    kept = edits_of(draft)
    for cell in dropped:
        kept.pop(cell, None)
    kept.update((edit.cell, edit) for edit in edits)
    draft.edits = [edit.as_data() for edit in kept.values()]
    draft.save(update_fields=["edits"])
    return draft


@transaction.atomic
def take_file(*, author: User, edits: Sequence[Edit], now: datetime) -> PriceChange:
    """Take the prices of a file into the draft of `author`."""
    draft = write_edits(author=author, edits=edits, now=now)
    note(
        user_id=author.pk,
        what="price.imported",
        subject=f"price_change:{draft.pk}",
        now=now,
        prices=len(edits),
    )
    return draft


@transaction.atomic
def set_start(
    *, author: User, effective_from: date | None, reason: str, now: datetime
) -> PriceChange:
    """Keep from when and why the draft of `author` is to count; nothing is checked yet."""
    draft = _draft(author, now=now)
    draft.effective_from, draft.reason = effective_from, reason
    draft.save(update_fields=["effective_from", "reason"])
    return draft


@transaction.atomic
def see_again(*, author: User, cells: Mapping[Cell, Seen], now: datetime) -> PriceChange:
    """Keep the edits of `cells`, as typed over what counts there now."""
    draft = _draft(author, now=now)
    kept = edits_of(draft)
    for cell, seen in cells.items():
        if cell in kept:
            kept[cell] = Edit(cell, kept[cell].amount, seen)
    draft.edits = [edit.as_data() for edit in kept.values()]
    draft.save(update_fields=["edits"])
    return draft


@transaction.atomic
def discard(*, author: User, now: datetime) -> PriceChange | None:
    """Put the draft of `author` aside, and return it; None where there is none."""
    draft = PriceChange.objects.filter(made_by=author, **OPEN).first()
    if draft:
        draft.undone_at, draft.undone_by = now, author
        draft.save(update_fields=["undone_at", "undone_by"])
    return draft


@transaction.atomic
def take_up(*, change: PriceChange, author: User, now: datetime) -> PriceChange:
    """Let `author` go on with a draft they put aside; what they typed since stays over it."""
    if change.made_by_id != author.pk or change.published_at:
        raise PriceError
    edits, typed = edits_of(change), edits_of(_draft(author, now=now))
    taken = [edit for cell, edit in edits.items() if cell not in typed]
    return write_edits(author=author, edits=taken, now=now)


@in_time
def publish(
    *,
    change: PriceChange,
    house: House,
    looked_at: str,
    effective_from: date,
    reason: str,
    user: User,
    now: datetime,
) -> PriceChange:
    """Write all prices of a draft at once, for visits from `effective_from`; twice is harmless.

    They count `SETTLES` after `now`, which is this very moment: when nobody can be pricing a
    booking without them any more.
    `looked_at` is the digest of the edits that were previewed. Publications queue on the places,
    so that each knows the ones before. Raises PriceError and its kinds: PricesChanged where others
    published meanwhile, Busy where it took too long. A fixed number of queries for each place,
    whatever the number of prices.
    """
    _queue()
    now = _after_all(now)
    change = PriceChange.objects.select_for_update(no_key=True).get(pk=change.pk)
    if change.published_at:
        return change
    if change.undone_at:
        raise NothingToPublish
    edits = edits_of(change)
    if digest(edits.values()) != looked_at:
        raise DraftChanged
    lines = _checked(house, edits, effective_from, now)
    counts_at = now + SETTLES
    change.effective_from, change.reason = effective_from, reason
    change.published_at = counts_at
    change.save(update_fields=["effective_from", "reason", "published_at"])
    prices = drafted([line.edit for line in lines], starts_on=effective_from)
    for price in prices:
        price.published_at, price.published_by = counts_at, user
        price.change, price.reason = change, reason
    Price.objects.bulk_create(prices)
    note(
        user_id=user.pk,
        what="price.published",
        subject=f"price_change:{change.pk}",
        now=now,
        prices=len(lines),
        effective_from=effective_from.isoformat(),
    )
    return change


@in_time
def undo(*, change: PriceChange, user: User, now: datetime) -> PriceChange:
    """Take back a published change before its day has come anywhere; twice is harmless.

    What was promised meanwhile stays promised. `now` is this very moment. Raises HasBegun, Busy
    where it took too long, or PriceError for a draft.
    """
    places = _queue()
    change = PriceChange.objects.select_for_update(no_key=True).get(pk=change.pk)
    if change.undone_at:
        return change
    if change.published_at is None or change.effective_from is None:
        raise PriceError
    if begun(change, places, now=now):
        raise HasBegun
    undone_at = max(now + SETTLES, change.published_at)
    change.prices.filter(withdrawn_at=None).update(withdrawn_at=undone_at)
    change.undone_at, change.undone_by = undone_at, user
    change.save(update_fields=["undone_at", "undone_by"])
    note(
        user_id=user.pk,
        what="price.undone",
        subject=f"price_change:{change.pk}",
        now=now,
        effective_from=change.effective_from.isoformat(),
    )
    return change


def begun(change: PriceChange, places: list[Location], *, now: datetime) -> bool:
    """Whether the day of a published change has come at any place where it counts. One query."""
    where = change.prices.order_by().values_list("location", flat=True).distinct()
    cells = [Cell(location=location) for location in where]
    here = [place for place in places if place.is_active]
    return change.effective_from is not None and has_begun(change.effective_from, cells, here, now)


@transaction.atomic
def old_prices_again(
    *, change: PriceChange, author: User, house: House, now: datetime
) -> PriceChange:
    """Make a draft of `author` that brings back what counted before `change`.

    What was inherited is inherited again; what had no price before keeps the one it has.
    """
    today = min((today_at(place, now) for place in house.places), default=now.date())
    rules = price_rules(today=today, now=now)
    edits = []
    for published in with_old(change.prices.all()):
        cell = cell_of(published.price)
        column = house.column_of(cell, now)
        if published.old is not None and column and house.offered_of(cell):
            amount = published.old if published.was_own else None
            edits.append(Edit(cell, amount, rules.seen(cell, column.today)))
    return write_edits(author=author, edits=edits, now=now)


def _queue() -> list[Location]:
    """Let one change of prices happen at a time. One query: the places, which are locked."""
    return list(Location.objects.select_for_update(no_key=True).order_by("pk"))


def _after_all(now: datetime) -> datetime:
    """Return `now`, or later: after what others did while somebody waited in the queue. 1 query."""
    done = PriceChange.objects.aggregate(published=Max("published_at"), undone=Max("undone_at"))
    return max([now, *(at - SETTLES for at in done.values() if at)])


def _draft(author: User, *, now: datetime) -> PriceChange:
    """The draft of `author`, locked; a new one where there is none."""
    User.objects.select_for_update(no_key=True).get(pk=author.pk)  # one draft, whoever is first
    draft, _is_new = PriceChange.objects.get_or_create(
        made_by=author, **OPEN, defaults={"made_at": now}
    )
    return draft


def _checked(
    house: House, edits: Mapping[Cell, Edit], effective_from: date, now: datetime
) -> list[Proposed]:
    """What is to be published, if all of it can be."""
    places = house.places
    first_on = first_start(edits, places, now)
    if effective_from < first_on:
        raise PriceError(
            _("Prices can change from %(day)s on: before that, the day has begun.")
            % {"day": first_on.isoformat()}
        )
    today = min((today_at(place, now) for place in places), default=now.date())
    lines = proposed(
        house,
        edits,
        price_rules(today=today, now=now),
        starts_on=effective_from,
        bands=policies(house, now=now),
        now=now,
    )
    if not lines:
        raise NothingToPublish
    if any(line.news for line in lines):
        raise PricesChanged
    if wrong := next((line for line in lines if line.wrong), None):
        raise PriceError(f"{wrong.offered.says}: {wrong.wrong}")
    return lines
