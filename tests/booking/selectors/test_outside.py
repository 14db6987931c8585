"""What staff may book that online booking would not offer, and what they are told of it."""

from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking.models import OutsideBusy, OutsideCalendar, WorkingHours
from booking.selectors import FreeSlots, free_slots
from booking.selectors.outside import Outside, outside_of
from tests.booking.scenes import NOW, confirm, hold, on, walls, wish_for
from tests.factories import ClosureFactory, Scene, TimeOffFactory, give_hours, open_clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    """Doors are open from 9 to 18; Ana is there from 10 to 12 and from 13 to 17, on weekdays."""
    scene = open_clinic()
    WorkingHours.objects.all().delete()
    for starts_at, ends_at in ((time(10), time(12)), (time(13), time(17))):
        give_hours(
            scene.provider, scene.location, days=range(5), starts_at=starts_at, ends_at=ends_at
        )
    return scene


def at_any_hour(scene: Scene, day: int = 4, **fields: object) -> FreeSlots:
    asked = {"first_on": date(2030, 3, day), "last_on": date(2030, 3, day), "now": NOW}
    return free_slots(
        wish=wish_for(scene, is_known=True),
        is_staff=True,
        is_at_any_hour=True,
        **asked | fields,  # type: ignore[arg-type]
    )


def outside(scene: Scene, day: int, hour: int, minute: int = 0) -> list[str]:
    start = int(on(scene, day, hour, minute).timestamp())
    return [
        str(each) for each in outside_of(at_any_hour(scene, day), scene.provider, start, now=NOW)
    ]


class TestWhatIsFreeAtAnyHour:
    def test_staff_find_times_in_breaks_at_night_and_behind_closed_doors(self, scene):
        ClosureFactory(location=scene.location, starts_on=date(2030, 3, 5))

        assert {"06:00", "12:00", "16:45", "20:00", "23:45"} <= set(walls(at_any_hour(scene)))
        assert "11:00" in walls(at_any_hour(scene, 5))

    def test_another_visit_and_a_hold_are_in_the_way_at_any_hour(self, scene):
        confirm(scene, on(scene, 4, 10))
        hold(scene, on(scene, 4, 13))

        found = walls(at_any_hour(scene))

        # An hour and a half is kept for each new client, an hour and a quarter is asked for.
        assert not {"09:00", "10:00", "11:00", "12:00", "13:00", "14:00"} & set(found)
        assert {"08:45", "11:30", "11:45", "14:30"} <= set(found)

    def test_time_off_and_a_calendar_kept_elsewhere_are_in_the_way_too(self, scene):
        TimeOffFactory(resource=scene.provider, starts_at=on(scene, 4, 0), ends_at=on(scene, 5, 0))
        calendar = OutsideCalendar.objects.create(
            provider=scene.provider, address="https://calendar.example/a.ics", added_at=NOW
        )
        OutsideBusy.objects.create(
            calendar=calendar,
            resource=scene.provider,
            starts_at=on(scene, 5, 6),
            ends_at=on(scene, 5, 8),
        )

        assert walls(at_any_hour(scene)) == []
        assert not {"05:00", "06:00", "07:45"} & set(walls(at_any_hour(scene, 5)))
        assert "08:00" in walls(at_any_hour(scene, 5))

    def test_what_has_passed_is_gone_for_staff_as_well(self, scene):
        now = on(scene, 4, 12, 7)

        found = walls(at_any_hour(scene, now=now))

        assert found[0] == "12:15"

    def test_it_costs_what_free_times_cost(self, scene):
        with CaptureQueriesContext(
            connection,
        ) as usual:
            free_slots(
                wish=wish_for(scene),
                first_on=date(2030, 3, 4),
                last_on=date(2030, 3, 17),
                now=NOW,
                is_staff=True,
            )
        with CaptureQueriesContext(connection) as asked:
            at_any_hour(scene, last_on=date(2030, 3, 17))

        assert len(usual) == len(asked) == 8


class TestWhatItIsOutsideOf:
    def test_a_time_that_online_booking_offers_is_outside_of_nothing(self, scene):
        assert outside(scene, 4, 10) == []

    def test_turnover_counts_as_it_does_online(self, scene):
        assert outside(scene, 4, 10, 45) == []  # until 12:00, turnover included
        assert outside(scene, 4, 11) == [Outside.BREAK]

    def test_the_widest_reason_is_named_alone(self, scene):
        ClosureFactory(location=scene.location, starts_on=date(2030, 3, 5))

        assert outside(scene, 4, 12) == [Outside.BREAK]
        assert outside(scene, 4, 9) == [Outside.HOURS]
        assert outside(scene, 4, 19) == [Outside.DOORS]
        assert outside(scene, 5, 10) == [Outside.CLOSURE]
        assert outside(scene, 9, 10) == [Outside.HOURS]  # a Saturday

    def test_notice_is_that_of_the_client(self, scene):
        in_20_hours = int((NOW + timedelta(hours=20)).timestamp())
        day = date(2030, 3, 2)
        for is_known, expected in ((True, False), (False, True)):
            slots = free_slots(
                wish=wish_for(scene, is_known=is_known),
                first_on=day,
                last_on=day,
                now=NOW,
                is_staff=True,
                is_at_any_hour=True,
            )

            found = outside_of(slots, scene.provider, in_20_hours, now=NOW)

            assert (Outside.NOTICE in found) is expected

    def test_a_day_beyond_the_horizon_is_said_to_be(self, scene):
        day = date(2030, 5, 6)  # a Monday; the diary is open until 30 April
        slots = at_any_hour(scene, first_on=day, last_on=day)

        start = int(on(scene, 4, 10).timestamp()) + 63 * 86400 - 3600  # summer time by then

        assert outside_of(slots, scene.provider, start, now=NOW) == [Outside.HORIZON]
