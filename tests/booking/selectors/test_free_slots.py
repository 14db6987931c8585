"""What the database says is free: by the rulings, at both clock changes, in few queries."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from booking.models import Allocation
from booking.scheduling.spans import Span
from booking.selectors import free_slots
from booking.selectors.slots import DayState, FreeSlots
from booking.wishes import Wish
from tests.booking.scenes import NOW, hold, on, slots_on, walls, wish_for
from tests.booking.scheduling import oracle
from tests.booking.scheduling.scenes import scenes
from tests.deep import rounds
from tests.factories import (
    AddOnFactory,
    BookingFactory,
    ClosureFactory,
    DeviceFactory,
    ExtraOpeningFactory,
    LocationFactory,
    OpeningHoursFactory,
    OptionFactory,
    PolicyVersionFactory,
    PriceFactory,
    ProviderFactory,
    RoomFactory,
    Scene,
    TimeOffFactory,
    TreatmentFactory,
    WorkingHoursFactory,
    booked,
    give_hours,
    open_clinic,
)
from treatments.models import DeviceKind
from treatments.selectors import price_book

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


def free(scene: Scene, first_on: date, last_on: date, *, now: datetime, **wish) -> FreeSlots:
    return free_slots(wish=wish_for(scene, **wish), first_on=first_on, last_on=last_on, now=now)


def shown(starts: list[int]) -> list[str]:
    """Starts as the wall in New York shows them."""
    return [f"{datetime.fromtimestamp(start, NEW_YORK):%m-%d %H:%M %Z}" for start in starts]


def visit(scene: Scene, starts_at: datetime, **fields):
    """A visit in the scene's first room on its console, with its first provider unless told."""
    return booked(
        **{
            "provider": scene.provider,
            "option": scene.option,
            "location": scene.location,
            "starts_at": starts_at,
            "room": scene.room,
            "devices": [scene.console],
        }
        | fields
    )


class TestClockChanges:
    def test_opening_time_keeps_its_place_on_the_wall_when_the_clock_goes_back(self, scene):
        slots = free(
            scene, date(2027, 11, 5), date(2027, 11, 8), now=datetime(2027, 11, 1, tzinfo=UTC)
        )

        first = [slots.starts_on(date(2027, 11, day))[0] for day in (5, 6, 8)]

        assert shown(first) == ["11-05 09:00 EDT", "11-06 09:00 EDT", "11-08 09:00 EST"]
        assert [f"{datetime.fromtimestamp(start, UTC):%d %H:%M}" for start in first] == [
            "05 13:00",
            "06 13:00",
            "08 14:00",
        ]

    def test_nothing_starts_at_times_the_clock_skips(self):
        scene = open_clinic(opens=time(1), closes=time(5), minutes=30, buffer_minutes=0)
        day = date(2027, 3, 14)

        slots = free(scene, day, day, now=datetime(2027, 3, 1, tzinfo=UTC), is_known=True)

        walls = [start.split()[1] for start in shown(slots.all_starts)]
        assert walls[:5] == ["01:00", "01:15", "01:30", "01:45", "03:00"]
        assert walls[-1] == "04:30"
        assert not [wall for wall in walls if wall.startswith("02")]

    def test_24_hours_of_notice_are_elapsed_hours_and_leave_the_month_alone(self, scene):
        now = datetime(2027, 11, 6, 10, tzinfo=NEW_YORK)
        month = (date(2027, 11, 6), date(2027, 11, 30))

        slots = free(scene, *month, now=now)
        long_before = free(scene, *month, now=now - 5 * DAY)

        assert shown(slots.all_starts)[0] == "11-07 09:00 EST"
        assert slots.all_starts == [
            start for start in long_before.all_starts if start >= slots.all_starts[0]
        ]
        assert {day: slots.counts()[day] for day in slots.days[1:]} == {
            day: long_before.counts()[day] for day in slots.days[1:]
        }


@st.composite
def storable_scenes(draw) -> oracle.Scene:
    """Scenes as the tables can hold them: doors open by the week, one buffer for both."""
    scene = draw(scenes())
    doors = {
        (hours.weekday, hours.starts_at): replace(
            hours, valid_from=date(2020, 1, 1), is_fortnightly=False
        )
        for hours in scene.opening
    }
    return replace(
        scene,
        opening=tuple(doors.values()),
        room_turnover_minutes=scene.provider_turnover_minutes,
    )


class TestAgainstTheOracle:
    @settings(max_examples=rounds(60, 150))
    @given(storable_scenes(), st.booleans())
    def test_the_times_on_offer_are_those_found_minute_by_minute(self, scene, has_floor):
        with transaction.atomic():
            wish, providers = stored(scene, has_floor=has_floor)
            slots = free_slots(
                wish=wish,
                first_on=oracle.wall_clock(scene.first_minute, scene.zone).date(),
                last_on=oracle.wall_clock(scene.last_minute - 1, scene.zone).date(),
                now=at(scene.first_minute),
            )
            transaction.set_rollback(True)

        expected = oracle.free_minutes(scene)
        assert {
            providers[provider]: [start // 60 for start in starts if start < scene.last_minute * 60]
            for provider, starts in slots.starts.items()
        } == expected


def at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def stored(scene: oracle.Scene, *, has_floor: bool = False) -> tuple[Wish, dict[int, int]]:
    """Write a scene down; return what is wished for, and whom each provider's key stands for.

    With `has_floor` it is the place that asks for the buffer, and the length for none.
    """
    location = LocationFactory(time_zone=scene.zone)
    for hours in scene.opening:
        OpeningHoursFactory(
            location=location,
            weekday=hours.weekday,
            opens_at=hours.starts_at,
            closes_at=hours.ends_at,
        )
    for day in scene.closures:
        ClosureFactory(location=location, starts_on=day)
    kinds = {"led_panel": DeviceKind.LED}
    option = OptionFactory(
        treatment=TreatmentFactory(
            device_needs=[[kinds.get(kind, kind) for kind in need] for need in scene.needs]
        ),
        minutes=min(scene.treatment_minutes, 60),
        buffer_minutes=0 if has_floor else scene.provider_turnover_minutes,
    )
    PolicyVersionFactory(
        values={
            "notice_hours_known": 0,
            "device_wipe_minutes": scene.device_turnover_minutes,
            "buffer_minutes_at_least": scene.provider_turnover_minutes if has_floor else 0,
        }
    )
    rows = {pk: ProviderFactory(treatments=[option.treatment]) for pk in scene.providers}
    rows |= {pk: RoomFactory(location=location) for pk in scene.rooms}
    rows |= {
        pk: DeviceFactory(location=location, device_kind=kinds.get(kind, kind))
        for pk, kind in scene.devices.items()
    }
    for pk, pattern in scene.providers.items():
        for hours in pattern:
            WorkingHoursFactory(
                provider=rows[pk],
                location=location,
                weekday=hours.weekday,
                starts_at=hours.starts_at,
                ends_at=hours.ends_at,
                valid_from=hours.valid_from,
                every_weeks=2 if hours.is_fortnightly else 1,
            )
    fill(scene, rows, location)
    wish = Wish(
        option=option,
        location=location,
        is_known=True,
        extra_minutes=scene.treatment_minutes - option.minutes,
    )
    return wish, {rows[pk].pk: pk for pk in scene.providers}


def fill(scene: oracle.Scene, rows: dict, location) -> None:
    """Keep resources busy: for visits where the ledger lets them be, else by time off."""
    visits = []
    kept: dict[int, list[Span]] = defaultdict(list)
    for pk, spans in scene.busy.items():
        for start, end in spans:
            if any(a < end and start < b for a, b in kept[pk]):
                TimeOffFactory(resource=rows[pk], starts_at=at(start), ends_at=at(end))
                continue
            if len(visits) == len(kept[pk]):
                other = rows[next(iter(scene.providers))]
                visits.append(BookingFactory(location=location, provider=other))
            booking = visits[len(kept[pk])]
            Allocation.objects.create(
                booking=booking, resource=rows[pk], starts_at=at(start), ends_at=at(end)
            )
            kept[pk].append((start, end))


class TestQueries:
    def test_eight_whatever_the_size(self, django_assert_num_queries):
        small = open_clinic()
        large = open_clinic(providers=6, rooms=4, consoles=3, leds=2)
        finish = AddOnFactory(device_needs=[["led"]])
        for provider in large.providers:
            provider.add_ons.add(finish)
        for day in range(4, 20):
            visit(large, on(large, day, 10))
            ClosureFactory(location=large.location, starts_on=date(2030, 4, day))
            TimeOffFactory(resource=large.rooms[1], starts_at=on(large, day, 9))
        month = {"first_on": date(2030, 3, 1), "last_on": date(2030, 4, 15), "now": NOW}
        wishes = [
            (wish_for(small), month),
            (wish_for(small), month | {"last_on": date(2030, 3, 1)}),
            (wish_for(large, add_ons=(finish,)), month),
            (wish_for(large, provider=large.provider), month),
        ]

        for wish, range_ in wishes:
            with django_assert_num_queries(8):
                slots = free_slots(wish=wish, **range_)
                slots.counts()
                [slots.state_of(day) for day in slots.days]
                [slots.providers_at(start) for start in slots.all_starts]
                [slots.best_on(day) for day in slots.days]


class TestHours:
    def test_every_second_week_is_every_second_week(self):
        scene = open_clinic()
        scene.provider.working_hours.all().delete()
        give_hours(
            scene.provider, scene.location, days=[0], every_weeks=2, valid_from=date(2030, 3, 6)
        )

        slots = free(scene, date(2030, 3, 4), date(2030, 4, 8), now=NOW)

        assert [day.day for day, count in slots.counts().items() if count] == [18, 1]

    def test_two_alternating_patterns_take_turns(self):
        scene = open_clinic()
        scene.provider.working_hours.all().delete()
        for valid_from, starts_at in ((date(2030, 3, 4), time(9)), (date(2030, 3, 11), time(14))):
            give_hours(
                scene.provider,
                scene.location,
                days=[0],
                starts_at=starts_at,
                every_weeks=2,
                valid_from=valid_from,
            )

        firsts = [walls(slots_on(scene, day))[0] for day in (4, 11, 18, 25)]

        assert firsts == ["09:00", "14:00", "09:00", "14:00"]

    def test_hours_end_on_their_last_day(self, scene):
        scene.provider.working_hours.update(valid_until=date(2030, 3, 5))

        assert walls(slots_on(scene, 5))
        assert not walls(slots_on(scene, 6))

    def test_hours_count_only_while_the_doors_are_open(self):
        scene = open_clinic(opens=time(9), closes=time(18))
        scene.location.opening_hours.filter(weekday=0).update(opens_at=time(10), closes_at=time(12))

        assert walls(slots_on(scene, 4)) == ["10:00", "10:15", "10:30"]

    def test_an_extra_opening_opens_the_doors_unless_the_day_is_closed(self, scene):
        scene.location.opening_hours.filter(weekday=6).delete()
        for day in (10, 17):
            ExtraOpeningFactory(
                provider=scene.provider,
                location=scene.location,
                day=date(2030, 3, day),
                starts_at=time(10),
                ends_at=time(12),
            )
        ClosureFactory(location=scene.location, starts_on=date(2030, 3, 17))

        assert walls(slots_on(scene, 10)) == ["10:00", "10:15", "10:30"]
        assert walls(slots_on(scene, 17)) == []

    def test_somebody_may_work_here_by_extra_openings_alone(self, scene):
        guest = ProviderFactory(treatments=[scene.treatment])
        ExtraOpeningFactory(provider=guest, location=scene.location, day=date(2030, 3, 4))

        slots = slots_on(scene, 4, wish=wish_for(scene, provider=guest))

        assert walls(slots) == ["18:00", "18:15", "18:30"]

    def test_a_closure_closes_its_first_and_last_day_and_no_other(self, scene):
        ClosureFactory(
            location=scene.location, starts_on=date(2030, 3, 5), ends_on=date(2030, 3, 7)
        )

        counts = free(scene, date(2030, 3, 4), date(2030, 3, 8), now=NOW).counts()

        assert [bool(count) for count in counts.values()] == [True, False, False, False, True]

    def test_closed_here_is_not_closed_elsewhere(self, scene):
        ClosureFactory(location=LocationFactory(), starts_on=date(2030, 3, 4))

        assert walls(slots_on(scene, 4))


class TestWhoAndWhat:
    def test_retired_people_rooms_and_devices_are_not_used(self, scene):
        for resource in (scene.provider, scene.room, scene.console):
            resource.is_active = False
            resource.save(update_fields=["is_active"])
            assert walls(slots_on(scene, 4)) == []
            resource.is_active = True
            resource.save(update_fields=["is_active"])
        assert walls(slots_on(scene, 4))

    def test_rooms_and_devices_of_another_place_are_of_no_use(self, scene):
        scene.room.location = scene.console.location = LocationFactory()
        scene.room.save()

        assert walls(slots_on(scene, 4)) == []

    def test_an_extra_needs_somebody_who_gives_it_and_its_device(self, scene):
        finish = AddOnFactory(device_needs=[["led"]], minutes=10)
        wish = wish_for(scene, add_ons=(finish,))
        assert walls(slots_on(scene, 4, wish=wish)) == []

        scene.provider.add_ons.add(finish)
        assert walls(slots_on(scene, 4, wish=wish)) == []

        DeviceFactory(location=scene.location, device_kind=DeviceKind.LED)
        assert walls(slots_on(scene, 4, wish=wish))[-1] == "16:15"  # ten minutes more than 16:30

    def test_a_provider_busy_elsewhere_is_busy_here(self, scene):
        elsewhere = LocationFactory(time_zone="America/New_York")
        visit(scene, on(scene, 4, 9), location=elsewhere, room=RoomFactory(location=elsewhere))

        assert walls(slots_on(scene, 4))[0] == "10:15"

    def test_turnover_is_kept_clear_before_the_next_visit(self, scene):
        visit(scene, on(scene, 4, 12))  # until 13:00, and a buffer of 15 minutes

        times = walls(slots_on(scene, 4))

        assert ("10:30" in times, "10:45" in times) == (True, False)
        assert ("13:00" in times, "13:15" in times) == (False, True)

    def test_time_off_of_a_minute_is_enough_to_be_away(self, scene):
        TimeOffFactory(
            resource=scene.provider, starts_at=on(scene, 4, 9, 1), ends_at=on(scene, 4, 9, 2)
        )

        assert walls(slots_on(scene, 4))[0] == "09:15"


class TestNoticeAndHorizon:
    @pytest.mark.parametrize(
        ("is_known", "first"), [(False, "03-05 09:00 EST"), (True, "03-04 21:00 EST")]
    )
    def test_new_clients_need_24_hours_and_known_ones_12(self, is_known, first):
        scene = open_clinic(opens=time(9), closes=time(23))
        now = on(scene, 4, 9)

        slots = free(scene, date(2030, 3, 4), date(2030, 3, 6), now=now, is_known=is_known)

        assert shown(slots.all_starts)[0] == first

    def test_a_second_into_the_quarter_hour_costs_the_quarter_hour(self, scene):
        now = on(scene, 4, 9) + timedelta(microseconds=1)

        assert walls(slots_on(scene, 5, now=now))[0] == "09:15"

    def test_new_clients_get_a_quarter_of_an_hour_to_talk(self, scene):
        new, known = (
            slots_on(scene, 4, wish=wish_for(scene, is_known=is_known))
            for is_known in (False, True)
        )

        assert (walls(new)[-1], walls(known)[-1]) == ("16:30", "16:45")

    def test_the_diary_is_open_for_sixty_days(self, scene):
        slots = free(scene, date(2030, 4, 29), date(2030, 5, 2), now=NOW)

        assert [day.isoformat() for day, count in slots.counts().items() if count] == [
            "2030-04-29",
            "2030-04-30",
        ]

    def test_each_place_may_have_rules_of_its_own(self, scene):
        PolicyVersionFactory(values={"notice_hours_new": 100})
        PolicyVersionFactory(values={"notice_hours_new": 1}, location=scene.location)

        slots = free(scene, date(2030, 3, 1), date(2030, 3, 1), now=NOW)

        assert shown(slots.all_starts)[0] == "03-01 09:00 EST"  # NOW is 07:00 there

    def test_staff_are_bound_by_neither(self, scene):
        slots = free_slots(
            wish=wish_for(scene),
            first_on=date(2030, 3, 1),
            last_on=date(2030, 9, 1),
            now=NOW,
            is_staff=True,
        )

        assert slots.starts_on(date(2030, 3, 1))
        assert slots.starts_on(date(2030, 9, 1))


class TestHolds:
    def test_a_time_is_kept_until_the_second_the_hold_ends(self, scene):
        hold(scene, on(scene, 4, 9))
        end = NOW + 10 * MINUTE

        assert walls(slots_on(scene, 4, now=end - timedelta(seconds=1)))[0] == "10:30"
        assert walls(slots_on(scene, 4, now=end))[0] == "09:00"

    def test_what_a_booking_keeps_itself_is_not_in_its_way(self, scene):
        booking = hold(scene, on(scene, 4, 9))

        slots = free_slots(
            wish=wish_for(scene),
            first_on=date(2030, 3, 4),
            last_on=date(2030, 3, 4),
            now=NOW,
            ignoring=booking,
        )

        assert walls(slots)[0] == "09:00"


class TestDays:
    def test_every_day_says_why_it_has_the_times_it_has(self, scene):
        TimeOffFactory(resource=scene.room, starts_at=on(scene, 6, 0), ends_at=on(scene, 7, 0))
        scene.provider.working_hours.filter(weekday=3).delete()
        ClosureFactory(location=scene.location, starts_on=date(2030, 3, 8))
        scene.location.opening_hours.filter(weekday=5).delete()

        slots = free(scene, date(2030, 3, 4), date(2030, 3, 9), now=on(scene, 4, 12))

        assert [slots.state_of(day) for day in slots.days] == [
            DayState.TOO_SOON,
            DayState.FREE,
            DayState.FULL,
            DayState.AWAY,
            DayState.CLOSED,
            DayState.CLOSED,
        ]
        assert [bool(count) for count in slots.counts().values()] == [
            *(False, True, False, False, False, False)
        ]

    def test_a_day_opened_for_once_and_full_is_full_not_closed(self, scene):
        scene.location.opening_hours.filter(weekday=5).delete()
        ExtraOpeningFactory(
            provider=scene.provider,
            location=scene.location,
            day=date(2030, 3, 9),
            starts_at=time(10),
            ends_at=time(12),
        )
        TimeOffFactory(resource=scene.room, starts_at=on(scene, 9, 0), ends_at=on(scene, 10, 0))

        assert slots_on(scene, 9).state_of(date(2030, 3, 9)) == DayState.FULL

    def test_counts_are_of_times_not_of_people(self):
        scene = open_clinic(providers=3, rooms=3, consoles=3)

        counts = free(scene, date(2030, 3, 4), date(2030, 3, 4), now=NOW).counts()

        assert counts == {date(2030, 3, 4): 31}  # 09:00 to 16:30

    def test_the_first_and_the_nearest_times(self, scene):
        visit(scene, on(scene, 4, 12))
        slots = slots_on(scene, 4)

        assert slots.first() == slots.all_starts[0]
        assert [start.split()[1] for start in shown(slots.nearest(on(scene, 4, 12)))] == [
            "10:30",
            "13:15",
            "13:30",
        ]
        assert slots_on(scene, 1).first() is None

    def test_the_best_times_leave_no_dead_gap(self, scene):
        visit(scene, on(scene, 4, 12))  # free: 09:00 to 12:00 and 13:15 to 18:00
        slots = slots_on(scene, 4)

        best = [start.split()[1] for start in shown(slots.best_on(date(2030, 3, 4), count=9))]

        # 90 minutes with everything: 09:15 would leave 15 minutes, 10:15 ends 15 before noon
        assert ("09:00" in best, "10:30" in best, "13:15" in best) == (True, True, True)
        assert not {"09:15", "10:15", "13:30"} & set(best)
        assert slots.best_on(date(2030, 3, 4)) == sorted(slots.best_on(date(2030, 3, 4)))
        assert len(slots.best_on(date(2030, 3, 4))) == 3


class TestAnyone:
    def test_whoever_has_the_least_to_do_that_day_comes_first(self):
        scene = open_clinic(providers=3, rooms=3, consoles=3)
        ana, ben, cora = scene.providers
        for provider, hours in ((ana, (9, 11)), (ben, (9,))):
            for hour in hours:
                visit(
                    scene,
                    on(scene, 4, hour),
                    provider=provider,
                    room=scene.rooms[scene.providers.index(provider)],
                    devices=[scene.devices[scene.providers.index(provider)]],
                )

        slots = slots_on(scene, 4)

        assert slots.providers_at(int(on(scene, 4, 15).timestamp())) == [cora, ben, ana]
        assert slots.providers_at(int(on(scene, 4, 9).timestamp())) == [cora]

    def test_where_all_have_the_same_to_do_the_clinics_order_counts(self):
        scene = open_clinic(providers=2, rooms=2, consoles=2)
        first, last = scene.providers
        first.position = 5
        first.save()

        assert slots_on(scene, 4).providers_at(int(on(scene, 4, 9).timestamp())) == [last, first]

    def test_a_slot_has_the_price_of_who_gives_it_on_that_day(self, scene):
        PriceFactory(option=scene.option, amount=Decimal(185), effective_from=date(2030, 3, 5))
        prices = price_book(option=scene.option, add_ons=(), location=scene.location, priced_at=NOW)
        slots = free(scene, date(2030, 3, 4), date(2030, 3, 5), now=NOW)

        totals = {
            slot.starts_at.day: slot.price.total for slot in slots.slots(slots.all_starts, prices)
        }

        assert totals == {4: Decimal(170), 5: Decimal(185)}
        slot = slots.slot(slots.all_starts[0], prices)
        assert slot.key.startswith("20300304T1400Z")
        assert slot.ends_at - slot.starts_at == 75 * MINUTE
