"""Each number beside the same number counted by hand, in plain Python, visit by visit."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import pytest

from booking.forms.numbers import periods
from booking.models import Booking, BookingEvent, Kind, SkinCheck, Status
from booking.selectors.metrics.messages import messages
from booking.selectors.metrics.occupancy import occupancy
from booking.selectors.metrics.returning import Rebooked
from booking.selectors.metrics.returning import median as counted_median
from booking.selectors.metrics.scope import BEFORE, CURRENT, Period, Scope
from booking.selectors.metrics.sums import sums
from booking.selectors.numbers.behind import BEHIND, Added, added
from booking.selectors.numbers.report import report
from clinic.messaging.models import Message, Suppression
from tests.factories import (
    AddOnFactory,
    BookingFactory,
    ClientFactory,
    ClosureFactory,
    ExtraOpeningFactory,
    Scene,
    TimeOffFactory,
    booked,
    give_hours,
    open_clinic,
)
from tests.rows import make_message

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
# Both clock changes of 2030 are in it: March 10 in America; Auckland's on April 7.
PERIOD = Period(date(2030, 3, 4), date(2030, 4, 9))
BEFORE_IT = Period(date(2030, 1, 26), date(2030, 3, 3))
LATER = datetime(2030, 12, 1, tzinfo=UTC)
OUTCOMES = [
    *[Status.COMPLETED] * 8,
    Status.NO_SHOW,
    Status.CANCELLED_CLIENT,
    Status.CANCELLED_LATE,
    Status.CANCELLED_CLINIC,
    Status.DECLINED_AT_VISIT,
    Status.CONFIRMED,
    Status.EXPIRED_HOLD,
]


def scope_of(*scenes: Scene, **fields: Any) -> Scope:
    places = [scene.location for scene in scenes]
    return Scope(fields.pop("period", PERIOD), fields.pop("before", BEFORE_IT), places, **fields)


def random_visits(seed: int, scenes: list[Scene], count: int = 160) -> list[Booking]:
    """Visits around the two periods, by a few clients, at any hour of the local day."""
    draw = random.Random(seed)
    clients = [ClientFactory() for _ in range(14)]
    add_on = AddOnFactory()
    visits = []
    for _ in range(count):
        scene = draw.choice(scenes)
        day = date(2029, 11, 20) + draw.randrange(230) * DAY
        wall = datetime.combine(day, time(draw.randrange(24), draw.choice([0, 15, 30, 45])))
        starts_at = wall.replace(tzinfo=scene.location.zone).astimezone(UTC)
        minutes = draw.choice([15, 30, 45, 60, 75])
        status = draw.choice(OUTCOMES)
        ahead = timedelta(minutes=draw.choice([45, 600, 3000, 20_000, 80_000, 1_440 * 7]))
        fee = {Status.NO_SHOW: 85, Status.CANCELLED_LATE: 72}.get(status, 0)
        visits.append(
            BookingFactory(
                location=scene.location,
                provider=draw.choice(scene.providers),
                option=scene.option,
                client=draw.choice(clients),
                status=status,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=minutes),
                created_at=starts_at - ahead,
                price=Decimal(draw.choice(["100", "145.50", "199.99"])),
                fee_owed=fee,
                add_ons=[add_on] if draw.random() < 0.3 else [],
            )
        )
    return visits


@pytest.fixture
def scenes() -> list[Scene]:
    """Two places whose days begin at other instants, with two aestheticians each."""
    return [
        open_clinic("America/New_York", providers=2),
        open_clinic("Pacific/Auckland", providers=2),
    ]


@dataclass
class ByHand:
    """The same numbers, counted one visit after the other."""

    visits: list[Booking]
    period: Period
    provider: int | None = None
    mine: list[Booking] = field(init=False)

    def __post_init__(self) -> None:
        promised = [
            visit for visit in self.visits if visit.status not in {Status.HELD, Status.EXPIRED_HOLD}
        ]
        self.promised = promised
        self.mine = [
            visit
            for visit in promised
            if self.local_day(visit) in self.period and self.provider in (None, visit.provider_id)
        ]

    @staticmethod
    def local_day(visit: Booking) -> date:
        return visit.starts_at.astimezone(visit.location.zone).date()

    def of(self, *statuses: Status) -> list[Booking]:
        return [visit for visit in self.mine if visit.status in statuses]

    @property
    def completed(self) -> list[Booking]:
        return self.of(Status.COMPLETED)

    def rebooked(self) -> list[Booking]:
        return [
            visit
            for visit in self.completed
            if any(
                other.client_id == visit.client_id
                and other.starts_at > visit.starts_at
                and visit.starts_at <= other.created_at <= visit.ends_at + timedelta(hours=24)
                for other in self.promised
            )
        ]

    def others(self, visit: Booking) -> list[Booking]:
        return [
            other
            for other in self.visits
            if other.client_id == visit.client_id
            and other.status == Status.COMPLETED
            and other.pk != visit.pk
        ]

    def came_again(self, visit: Booking) -> bool:
        return any(
            visit.starts_at < other.starts_at <= visit.starts_at + timedelta(days=92)
            for other in self.others(visit)
        )

    def is_first(self, visit: Booking) -> bool:
        return all(other.starts_at >= visit.starts_at for other in self.others(visit))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("is_narrow", [False, True])
def test_every_number_is_what_counting_by_hand_gives(scenes, seed, is_narrow):
    visits = random_visits(seed, scenes)
    provider = scenes[0].provider.pk if is_narrow else None
    scope = scope_of(*scenes, provider_id=provider)

    counted = report(scope, now=LATER)

    for which, period in ((CURRENT, PERIOD), (BEFORE, BEFORE_IT)):
        hand, total = ByHand(visits, period, provider), counted.sums.total(period)
        assert total.booked == len(hand.mine)
        assert total.completed == len(hand.completed)
        assert total.no_show == len(hand.of(Status.NO_SHOW))
        assert total.cancelled_late == len(hand.of(Status.CANCELLED_LATE))
        assert total.cancelled == len(hand.of(Status.CANCELLED_LATE, Status.CANCELLED_CLIENT))
        assert total.declined == len(hand.of(Status.DECLINED_AT_VISIT))
        assert total.revenue == sum((visit.price for visit in hand.completed), Decimal(0))
        assert total.treated_seconds == sum(
            (visit.ends_at - visit.starts_at).total_seconds() for visit in hand.completed
        )
        assert total.with_add_on == sum(visit.add_ons.exists() for visit in hand.completed)
        assert total.fees_owed == sum(visit.fee_owed for visit in hand.mine)
        leads = [(visit.starts_at - visit.created_at).days for visit in hand.mine]
        assert counted.lead[which] == (median(leads) if leads else None)
        rebooked = counted.rebooking.get((which, None), Rebooked())
        assert (rebooked.rebooked, rebooked.completed) == (
            len(hand.rebooked()),
            len(hand.completed),
        )
        people = counted.returning[which]
        came = [visit for visit in hand.completed if hand.came_again(visit)]
        first = [visit for visit in hand.completed if hand.is_first(visit)]
        assert people.clients == len({visit.client_id for visit in hand.completed})
        assert people.retained == len({visit.client_id for visit in came})
        assert people.new == len({visit.client_id for visit in first})
        assert people.second == len({visit.client_id for visit in first if visit in came})


def test_days_are_those_of_each_places_own_clock(scenes):
    visits = random_visits(11, scenes)

    days = sums(scope_of(*scenes)).by_day(PERIOD)

    for day, total in days.items():
        mine = ByHand(visits, Period(day, day)).mine
        assert total.booked == len(mine), day
    assert list(days) == PERIOD.days


@pytest.mark.parametrize("seed", [5, 6])
def test_the_visits_behind_a_number_are_as_many_as_it_says(scenes, seed):
    visits = random_visits(seed, scenes)
    scope = scope_of(*scenes)
    hand = ByHand(visits, PERIOD)
    ought = {
        "booked": hand.mine,
        "completed": hand.completed,
        "due": hand.of(Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED_LATE),
        "no_show": hand.of(Status.NO_SHOW),
        "cancelled_late": hand.of(Status.CANCELLED_LATE),
        "cancelled": hand.of(Status.CANCELLED_LATE, Status.CANCELLED_CLIENT),
        "fees": [visit for visit in hand.mine if visit.fee_owed],
        "add_on": [visit for visit in hand.completed if visit.add_ons.exists()],
        "rebooked": hand.rebooked(),
        "retained": [visit for visit in hand.completed if hand.came_again(visit)],
        "first": [visit for visit in hand.completed if hand.is_first(visit)],
        "second": [
            visit for visit in hand.completed if hand.is_first(visit) and hand.came_again(visit)
        ],
    }
    kept = {
        name: [visit for visit in hand.mine if visit.allocations.filter(resource__kind=kind)]
        for name, kind in (("rooms", Kind.ROOM), ("devices", Kind.DEVICE))
    }
    ought |= kept
    assert ought.keys() == BEHIND.keys()

    for name, (_title, behind) in BEHIND.items():
        found, listed = behind(scope, LATER), ought[name]
        assert sorted(visit.pk for visit in found) == sorted(visit.pk for visit in listed), name
        assert added(found) == Added(
            sum(visit.minutes for visit in listed),
            sum((visit.fee_owed for visit in listed), Decimal(0)),
            sum((visit.price for visit in listed), Decimal(0)),
        ), name


def test_a_treatment_alone_is_counted_alone(scenes):
    random_visits(3, scenes[:1])
    other = BookingFactory(
        location=scenes[0].location, status=Status.COMPLETED, starts_at=at(scenes[0], 3, 12, 10)
    )

    scope = scope_of(scenes[0], treatment_id=other.option.treatment_id)

    assert sums(scope).total(PERIOD).booked == 1


# Time


def at(scene: Scene, month: int, day: int, hour: int) -> datetime:
    wall = datetime(2030, month, day, hour, tzinfo=scene.location.zone)
    return wall.astimezone(UTC)


def minutes_at_work(scene: Scene, period: Period, now: datetime) -> int:
    """Minutes of one aesthetician from nine to six each day until `now`, minute by minute."""
    zone, total = scene.location.zone, 0
    for day in period.days:
        moment = datetime.combine(day, time(9), tzinfo=zone).astimezone(UTC)
        end = datetime.combine(day, time(18), tzinfo=zone).astimezone(UTC)
        while moment < end:
            total += moment < now
            moment += timedelta(minutes=1)
    return total


def test_a_roster_is_counted_without_breaks_closures_and_time_off():
    scene = open_clinic("America/New_York")
    provider = scene.provider
    give_hours(provider, scene.location, days=[0], starts_at=time(9), ends_at=time(12))  # twice
    ClosureFactory(location=scene.location, starts_on=date(2030, 3, 12))
    TimeOffFactory(resource=provider, starts_at=at(scene, 3, 14, 12), ends_at=at(scene, 3, 15, 10))
    ExtraOpeningFactory(
        provider=provider,
        location=scene.location,
        day=date(2030, 3, 20),
        starts_at=time(18),
        ends_at=time(20),
    )

    rostered = occupancy(scope_of(scene), now=LATER).rostered[CURRENT]

    days = PERIOD.length - 1  # closed on one
    assert rostered[provider.pk] == (days * 9 - (6 + 1) + 2) * 3600


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland", "Asia/Kathmandu"])
def test_a_roster_is_the_minutes_on_the_wall_also_when_the_clock_changes(zone):
    scene = open_clinic(zone)
    now = at(scene, 3, 25, 11)

    counted = occupancy(scope_of(scene), now=now)

    for which, period in ((CURRENT, PERIOD), (BEFORE, BEFORE_IT)):
        assert counted.rostered[which][scene.provider.pk] == 60 * minutes_at_work(
            scene, period, now
        )


def test_rooms_and_devices_are_counted_with_their_turnover_of_open_doors():
    scene = open_clinic("America/New_York", rooms=2, consoles=1)
    for day in (11, 12, 13):
        booked(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            room=scene.room,
            devices=[scene.console],
            status=Status.COMPLETED,
            starts_at=at(scene, 3, day, 10),
        )

    shares = occupancy(scope_of(scene), now=LATER).fixtures[CURRENT]

    open_seconds = PERIOD.length * 9 * 3600
    assert (shares[Kind.ROOM].part, shares[Kind.ROOM].whole) == (3 * 75 * 60, 2 * open_seconds)
    assert (shares[Kind.DEVICE].part, shares[Kind.DEVICE].whole) == (3 * 65 * 60, open_seconds)


def test_behind_rooms_and_devices_in_use_stand_the_visits_they_were_kept_for():
    """Missed ones too; not those still to come, nor what was kept of a room that is closed now."""
    scene = open_clinic("America/New_York", rooms=2, consoles=1)
    old, room = scene.rooms
    old.is_active = False
    old.save(update_fields=["is_active"])
    made = {
        (day, where, status): booked(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            room=where,
            devices=[scene.console],
            status=status,
            starts_at=at(scene, 3, day, 10),
        )
        for day, where, status in (
            (11, room, Status.COMPLETED),
            (12, room, Status.NO_SHOW),
            (13, old, Status.COMPLETED),
            (14, room, Status.CONFIRMED),
        )
    }
    completed, missed, elsewhere, _ahead = made.values()
    noon, scope = at(scene, 3, 13, 12), scope_of(scene)

    in_rooms = BEHIND["rooms"][1](scope, noon)

    assert set(in_rooms) == {completed, missed}
    assert set(BEHIND["devices"][1](scope, noon)) == {completed, missed, elsewhere}
    seconds = sum(
        (kept.ends_at - kept.starts_at).total_seconds()
        for visit in in_rooms
        for kept in visit.allocations.filter(resource__kind=Kind.ROOM)
    )
    assert seconds == occupancy(scope, now=noon).fixtures[CURRENT][Kind.ROOM].part


def test_the_week_shows_each_hour_as_its_wall_clock_does():
    scene = open_clinic("America/New_York")
    for day in (9, 10, 16, 17):  # a Saturday and the Sunday of the clock change, and a week later
        booked(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            status=Status.COMPLETED,
            starts_at=at(scene, 3, day, 9) + timedelta(minutes=30),
        )
    period = Period(date(2030, 3, 4), date(2030, 3, 17))

    heat = occupancy(scope_of(scene, period=period), now=LATER).heat

    for weekday in (5, 6):
        assert (heat[weekday, 9].part, heat[weekday, 9].whole) == (2 * 1800, 2 * 3600)
        assert (heat[weekday, 10].part, heat[weekday, 10].whole) == (2 * 1800, 2 * 3600)
    assert heat[0, 9].part == 0
    assert set(heat) == {(weekday, hour) for weekday in range(7) for hour in range(9, 18)}


# Health


def test_what_is_counted_of_health_is_told_from_five_on():
    scene = open_clinic("America/New_York")
    starts_at = at(scene, 3, 12, 10)
    made = {"location": scene.location, "provider": scene.provider, "starts_at": starts_at}
    for _ in range(4):
        BookingFactory(status=Status.DECLINED_AT_VISIT, **made)
        ill = BookingFactory(status=Status.CANCELLED_CLIENT, **made)
        data = {"health": True}
        BookingEvent.objects.create(
            booking=ill, what="cancelled", at=starts_at, by="client", data=data
        )
        well = BookingFactory(status=Status.COMPLETED, **made)
        SkinCheck.objects.create(booking=well, needs_call=True, answered_at=starts_at)

    few = report(scope_of(scene), now=LATER).care
    assert (few.declined, few.cancelled_for_health, few.needs_call, few.calm) == (None,) * 4

    BookingFactory(status=Status.DECLINED_AT_VISIT, **made)
    assert report(scope_of(scene), now=LATER).care.declined == 5


def test_a_visit_canceled_for_health_counts_once_and_not_where_it_stands_again():
    scene = open_clinic("America/New_York")
    made = {
        "location": scene.location,
        "provider": scene.provider,
        "starts_at": at(scene, 3, 12, 10),
    }
    ill = [BookingFactory(status=Status.CANCELLED_CLIENT, **made) for _ in range(5)]
    again = BookingFactory(status=Status.COMPLETED, **made)
    for booking in (*ill, ill[0], again):
        BookingEvent.objects.create(
            booking=booking,
            what="cancelled",
            at=made["starts_at"],
            by="client",
            data={"health": True},
        )

    assert report(scope_of(scene), now=LATER).care.cancelled_for_health == 5


# Messages


def test_messages_are_counted_by_code_of_those_that_were_due():
    scene = open_clinic("America/New_York")
    due_at = at(scene, 3, 12, 10)
    for n in range(8):
        message = make_message()
        sent = {"status": "sent", "sent_at": due_at, "sent_to": "a@mail.example"}
        failed = {"status": "failed", "reason": "550", "sent_at": None}
        Message.objects.filter(pk=message.pk).update(
            due_at=due_at if n else at(scene, 1, 1, 1),
            settled_at=due_at,
            delivered_at=due_at if n > 4 else None,
            **(failed if n == 1 else sent),
        )
    Suppression.objects.create(
        channel="sms", address="+15035550123", reason="stopped", source="t:1", since=due_at
    )

    health = messages(scope_of(scene))

    (line,) = health.by_code
    assert (line.code, line.sent, line.delivered, line.failed) == ("M01", 6, 3, 1)
    assert line.delivered_rate == pytest.approx(3000 / 7)
    assert health.opt_out_rate == pytest.approx(1000 / 6)


# Periods


@pytest.mark.parametrize(
    ("asked", "period", "before"),
    [
        ("7", ("2030-03-24", "2030-03-30"), ("2030-03-17", "2030-03-23")),
        ("30", ("2030-03-01", "2030-03-30"), ("2030-01-30", "2030-02-28")),
        ("week", ("2030-03-25", "2030-03-31"), ("2030-03-18", "2030-03-24")),
        ("month", ("2030-03-01", "2030-03-31"), ("2030-02-01", "2030-02-28")),
        ("quarter", ("2030-01-01", "2030-03-31"), ("2029-10-01", "2029-12-29")),
        ("custom", ("2030-03-05", "2030-03-06"), ("2030-03-03", "2030-03-04")),
    ],
)
def test_a_period_is_compared_with_as_many_days_before(asked, period, before):
    found = periods(
        asked,
        today=date(2030, 3, 31),
        first_on=date(2030, 3, 5),
        last_on=date(2030, 3, 6),
    )

    assert [(f"{each.first_on}", f"{each.last_on}") for each in found] == [period, before]


@pytest.mark.parametrize("values", [[], [3], [1, 2], [5, 1, 3], [2, 2, 2, 9], [0, 0, 10, 10]])
def test_a_median_of_counts_is_the_median(values):
    counts = {value: values.count(value) for value in values}

    assert counted_median(counts) == (median(values) if values else None)


def test_the_number_of_queries_does_not_grow_with_visits(scenes, django_assert_num_queries):
    for count in (5, 120):
        random_visits(count, scenes, count)
        with django_assert_num_queries(13 + 4 * 2):
            report(scope_of(*scenes), now=LATER)
