"""The whole of price history reproduces the price of every booking ever made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from booking.errors import BookingError
from booking.models import Booking
from booking.services import audited_prices, hold_slot
from clinic.accounts.models import User
from tests.booking.scenes import visitor, wish_for
from tests.deep import rounds
from tests.factories import (
    AddOnFactory,
    LocationFactory,
    PriceFactory,
    PriceListFactory,
    Scene,
    UserFactory,
    open_clinic,
)
from treatments import services
from treatments.cells import Cell, Edit
from treatments.errors import HasBegun
from treatments.models import AddOn, PriceChange
from treatments.selectors import drafts, matrix, price_visit
from treatments.selectors.rules import SETTLES, price_rules, today_at

pytestmark = pytest.mark.django_db

BEGIN = datetime(2030, 3, 1, 12, tzinfo=UTC)  # clocks change on the 10th
SPANS = [
    timedelta(seconds=2),
    SETTLES,
    timedelta(minutes=7),
    timedelta(hours=11),
    timedelta(days=3),
]
FIRST, LAST = 2, 30  # days ahead on which visits are asked for

steps = st.one_of(
    st.tuples(
        st.just("publish"),
        st.lists(
            st.tuples(
                st.sampled_from(["option", "extra"]),
                st.booleans(),
                st.booleans(),
                st.one_of(st.integers(100, 200), st.just("inherited")),
            ),
            min_size=1,
            max_size=4,
        ),
        st.integers(0, 20),
    ),
    st.tuples(st.just("undo"), st.integers(0, 9)),
    st.tuples(
        st.just("book"), st.integers(FIRST, LAST), st.integers(0, 30), st.booleans(), st.booleans()
    ),
    st.tuples(st.just("book_then_publish"), st.integers(FIRST, LAST), st.integers(100, 200)),
    st.tuples(st.just("wait"), st.sampled_from(SPANS)),
)


@pytest.fixture
def scene(db: None) -> Scene:
    """A clinic in New York with two providers, of whom one has prices of her own, and an extra."""
    scene = open_clinic(providers=2, rooms=2, consoles=2)
    scene.providers[0].price_list = PriceListFactory()
    scene.providers[0].save()
    extra = AddOnFactory(minutes=15)
    PriceFactory(option=None, add_on=extra, amount=30)
    for provider in scene.providers:
        provider.add_ons.add(extra)
    LocationFactory(time_zone="America/Los_Angeles")  # where the same day begins later
    return scene


class World:
    """A clinic whose prices change while people book; what each was told is written down."""

    def __init__(self, scene: Scene, user: User) -> None:
        self.scene, self.user, self.now = scene, user, BEGIN
        self.extra = AddOn.objects.get()
        self.told: dict[int, list[tuple[str, Decimal]]] = {}

    def publish(self, prices: list[tuple[str, bool, bool, int | str]], ahead: int) -> None:
        house = matrix.house(set())
        today = min(today_at(place, self.now) for place in house.places)
        rules = price_rules(today=today, now=self.now)
        edits = []
        for offer, is_hers, is_here, amount in prices:
            cell = Cell(
                self.scene.option.pk if offer == "option" else None,
                self.extra.pk if offer == "extra" else None,
                self.scene.providers[0].price_list_id if is_hers else None,
                self.scene.location.pk if is_here else None,
            )
            column = house.column_of(cell, self.now)
            assert column is not None
            if amount == "inherited":
                event("inherited again")
            ends = amount == "inherited" and not cell.is_base
            new = None if ends else Decimal(150 if amount == "inherited" else amount)
            edits.append(Edit(cell, new, rules.seen(cell, column.today)))
        draft = services.write_edits(author=self.user, edits=edits, now=self.now)
        services.publish(
            change=draft,
            house=house,
            looked_at=drafts.digest(drafts.edits_of(draft).values()),
            effective_from=today + timedelta(days=1 + ahead),
            reason="",
            user=self.user,
            now=self.now,
        )
        event("published")

    def undo(self, pick: int) -> None:
        changes = list(PriceChange.objects.filter(published_at__isnull=False).order_by("pk"))
        if changes:
            change = changes[pick % len(changes)]
            try:
                services.undo(change=change, user=self.user, now=self.now)
            except HasBegun:
                event("had begun")

    def book(self, day: int, quarter: int, with_her: bool, with_extra: bool) -> None:
        starts_at = datetime(2030, 3, 1, 9, tzinfo=self.scene.location.zone) + timedelta(
            days=day, minutes=15 * quarter
        )
        wish = replace(
            wish_for(self.scene, provider=self.scene.providers[0 if with_her else 1]),
            add_ons=(self.extra,) if with_extra else (),
        )
        try:
            booking = hold_slot(
                wish=wish,
                starts_at=starts_at.astimezone(UTC),
                price_shown=None,
                visitor=visitor(),
                request_key=uuid4(),
                now=self.now,
            )
        except BookingError:
            return
        self.told[booking.pk] = [(line.code, line.amount) for line in booking.lines.all()]
        event("booked")


@settings(
    max_examples=rounds(15, 30),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=4, max_size=14))
def test_replaying_the_history_gives_the_price_of_every_booking(scene, script):
    with transaction.atomic():
        world = World(scene, UserFactory())
        for what, *how in script:
            if what == "wait":
                world.now += how[0]
            elif what == "book_then_publish":  # in one instant, as two people may
                world.book(how[0], 4, True, True)
                world.publish([("option", True, False, how[1])], 0)
                world.book(how[0], 12, True, True)
            else:
                getattr(world, what)(*how)

        for booking in Booking.objects.select_related("provider__price_list", "location"):
            replayed = price_visit(
                option=booking.option,
                add_ons=list(booking.add_ons.all()),
                price_list=booking.provider.price_list,
                location=booking.location,
                visit_on=booking.starts_at.astimezone(booking.location.zone).date(),
                priced_at=booking.priced_at,
            )
            assert [(line.code, line.amount) for line in replayed.lines] == world.told[booking.pk]
            assert replayed.total == booking.price
        assert list(audited_prices.wrong_prices()) == []
        transaction.set_rollback(True)
