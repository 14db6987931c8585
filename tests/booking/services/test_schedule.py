from datetime import date, time, timedelta

import pytest
from django.core.exceptions import ValidationError

from booking import services
from booking.errors import SlotTaken, TouchesVisits
from booking.models import Booking, ExtraOpening, TimeOff, WorkingHours
from booking.services.schedule import Stretch
from tests.booking.scenes import NOW, confirm, hold, on, slots_on, walls
from tests.factories import (
    ExtraOpeningFactory,
    PolicyVersionFactory,
    ProviderFactory,
    Scene,
    UserFactory,
    open_clinic,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


def away(resource, starts_at, ends_at, *, now=NOW, **fields) -> TimeOff:
    return services.add_time_off(
        resource=resource, starts_at=starts_at, ends_at=ends_at, now=now, **fields
    )


def day(weekday: int, *hours: str) -> list[Stretch]:
    """Stretches as one would say them: day(0, "09:00-12:30", "13:00-17:00")."""
    return [
        Stretch(weekday, *(time.fromisoformat(end) for end in stretch.split("-")))
        for stretch in hours
    ]


def work(scene: Scene, *days: list[Stretch], valid_from: date = date(2030, 3, 4), **fields) -> None:
    services.set_working_hours(
        provider=scene.provider,
        location=scene.location,
        week=[stretch for stretches in days for stretch in stretches],
        valid_from=valid_from,
        **{"now": NOW} | fields,
    )


class TestTimeOff:
    def test_nobody_books_who_is_away_and_the_rest_of_the_day_stays(self, scene):
        user = UserFactory()

        row = away(scene.provider, on(scene, 4, 10), on(scene, 4, 15), reason="Course", user=user)

        assert walls(slots_on(scene, 4)) == ["15:00", "15:15", "15:30", "15:45", "16:00", "16:15",
                                             "16:30"]  # fmt: skip
        assert (row.reason, row.created_by) == ("Course", user)

    @pytest.mark.parametrize("kind", ["room", "console"])
    def test_a_room_or_device_out_of_service_is_not_used(self, scene, kind):
        away(getattr(scene, kind), on(scene, 4, 0), on(scene, 5, 0))

        assert walls(slots_on(scene, 4)) == []
        assert walls(slots_on(scene, 5)) != []

    @pytest.mark.parametrize("kind", ["provider", "room", "console"])
    def test_it_does_not_run_into_a_visit_or_what_comes_after_it(self, scene, kind):
        booking = confirm(scene, on(scene, 4, 9))
        resource = getattr(scene, kind)
        kept = booking.allocations.get(resource=resource)

        for start, end in (
            (kept.ends_at - MINUTE, kept.ends_at + MINUTE),
            (kept.starts_at - MINUTE, kept.starts_at + MINUTE),
            (kept.starts_at - MINUTE, kept.ends_at + MINUTE),
            (kept.starts_at + MINUTE, kept.starts_at + 2 * MINUTE),
        ):
            with pytest.raises(TouchesVisits):
                away(resource, start, end)
        away(resource, kept.ends_at, kept.ends_at + MINUTE)
        away(resource, kept.starts_at - MINUTE, kept.starts_at)

    def test_it_does_not_run_into_a_hold_until_that_ran_out(self, scene):
        hold(scene, on(scene, 4, 9))

        with pytest.raises(TouchesVisits):
            away(scene.provider, on(scene, 4, 9), on(scene, 4, 10))
        assert away(scene.provider, on(scene, 4, 9), on(scene, 4, 10), now=NOW + 10 * MINUTE)

    def test_a_span_that_ends_before_it_starts_is_refused(self, scene):
        with pytest.raises(ValidationError, match="ends after it starts"):
            away(scene.provider, on(scene, 4, 10), on(scene, 4, 9))

        assert not TimeOff.objects.exists()

    def test_time_off_taken_back_can_be_booked_again(self, scene):
        row = away(scene.provider, on(scene, 4, 0), on(scene, 5, 0))
        with pytest.raises(SlotTaken):
            hold(scene, on(scene, 4, 9))

        services.remove_time_off(time_off=row)

        assert hold(scene, on(scene, 4, 9))


class TestWorkingHours:
    def test_new_hours_hold_from_their_day_and_the_old_ones_until_the_day_before(self, scene):
        work(scene, day(1, "12:00-14:00"), valid_from=date(2030, 3, 5))

        assert walls(slots_on(scene, 4))[0] == "09:00"
        assert walls(slots_on(scene, 5)) == ["12:00", "12:15", "12:30"]
        assert walls(slots_on(scene, 6)) == []

    def test_hours_set_twice_from_one_day_replace_each_other(self, scene):
        work(scene, day(0, "09:00-12:00"))
        work(scene, day(0, "13:00-16:00"))

        assert walls(slots_on(scene, 4))[0] == "13:00"
        assert WorkingHours.objects.filter(valid_from=date(2030, 3, 4)).count() == 1

    def test_every_second_week_counts_from_the_week_it_begins_in(self, scene):
        work(scene, day(0, "09:00-12:00"), valid_from=date(2030, 3, 6), every_weeks=2)

        worked = [number for number in (11, 18, 25) if walls(slots_on(scene, number))]
        assert worked == [18]  # the week of the 6th is on, but its Monday was before

    def test_four_hours_in_a_row_are_enough(self, scene):
        work(scene, day(0, "09:00-13:00", "13:30-17:30"))

        with pytest.raises(ValidationError, match="more than 4 hours"):
            work(scene, day(0, "09:00-13:01"))

    def test_less_than_half_an_hour_is_no_break(self, scene):
        with pytest.raises(ValidationError, match="break of at least 30 minutes"):
            work(scene, day(0, "09:00-12:00", "12:29-14:00"))
        work(scene, day(0, "09:00-12:00", "12:30-14:00"))

    def test_short_breaks_add_up_to_work_in_a_row(self, scene):
        with pytest.raises(ValidationError, match="in a row"):
            work(scene, day(0, "09:00-10:30", "10:45-12:00", "12:15-13:30"))

    def test_each_day_counts_for_itself(self, scene):
        work(scene, day(0, "14:00-18:00"), day(1, "09:00-13:00"))

        assert WorkingHours.objects.filter(valid_from=date(2030, 3, 4)).count() == 2

    def test_two_stretches_do_not_overlap(self, scene):
        with pytest.raises(ValidationError, match="overlap"):
            work(scene, day(0, "09:00-11:00", "10:00-12:00"))

    def test_the_limits_are_those_of_the_policy(self, scene):
        PolicyVersionFactory(values={"treating_minutes_in_a_row": 120, "break_minutes": 60})

        with pytest.raises(ValidationError, match="more than 2 hours"):
            work(scene, day(0, "09:00-11:00", "11:45-12:00"))

    def test_refused_hours_leave_the_old_ones(self, scene):
        with pytest.raises(ValidationError):
            work(scene, day(0, "09:00-13:00"), day(1, "12:00-11:00"))

        assert walls(slots_on(scene, 4))[-1] == "16:30"

    @pytest.mark.parametrize("is_held", [True, False])
    def test_no_visit_is_left_outside_its_providers_hours(self, scene, is_held):
        (hold if is_held else confirm)(scene, on(scene, 11, 9))  # until 10:15, and 15 minutes after

        with pytest.raises(TouchesVisits):
            work(scene, day(0, "09:00-10:29"))
        work(scene, day(0, "09:00-10:30"))
        assert Booking.objects.get().allocations.count() == 3

    def test_visits_before_the_new_hours_do_not_matter(self, scene):
        confirm(scene, on(scene, 11, 9))

        work(scene, day(0, "12:00-16:00"), valid_from=date(2030, 3, 12))

    def test_visits_on_an_extra_opening_need_no_hours(self, scene):
        ExtraOpeningFactory(
            provider=scene.provider,
            location=scene.location,
            day=date(2030, 3, 11),
            starts_at=time(9),
            ends_at=time(12),
        )
        confirm(scene, on(scene, 11, 9))

        work(scene, day(4, "09:00-12:00"))

    def test_a_hold_that_ran_out_strands_nobody(self, scene):
        hold(scene, on(scene, 11, 9))

        work(scene, day(4, "09:00-12:00"), now=NOW + 10 * MINUTE)


class TestStretches:
    """One stretch at a time, beside what else its provider works there. Monday the 4th is day 0."""

    @pytest.fixture
    def bare(self, scene) -> Scene:
        """The clinic, with nobody at work yet."""
        WorkingHours.objects.all().delete()
        return scene

    def monday(self, scene: Scene, hours: str, **fields) -> WorkingHours:
        ((_weekday, starts_at, ends_at),) = day(0, hours)
        row = WorkingHours(
            provider=scene.provider,
            location=scene.location,
            **{
                "weekday": 0,
                "starts_at": starts_at,
                "ends_at": ends_at,
                "valid_from": date(2030, 3, 4),
            }
            | fields,
        )
        services.save_stretch(hours=row, now=NOW)
        return row

    def extra(self, scene: Scene, on_date: date, hours: str) -> ExtraOpening:
        ((_weekday, starts_at, ends_at),) = day(0, hours)
        row = ExtraOpening(
            provider=scene.provider,
            location=scene.location,
            day=on_date,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        services.save_stretch(hours=row, now=NOW)
        return row

    def test_two_fortnights_that_take_turns_may_share_an_hour(self, bare):
        self.monday(bare, "09:00-13:00", every_weeks=2)
        self.monday(bare, "10:00-14:00", every_weeks=2, valid_from=date(2030, 3, 11))

        with pytest.raises(ValidationError, match="overlap"):
            self.monday(bare, "13:30-15:00", every_weeks=2, valid_from=date(2030, 3, 25))
        self.monday(bare, "13:30-15:00", every_weeks=2, valid_from=date(2030, 3, 18))

    def test_hours_that_follow_each_other_in_the_year_may_share_an_hour(self, bare):
        self.monday(bare, "09:00-13:00", valid_until=date(2030, 3, 31))
        self.monday(bare, "10:00-14:00", valid_from=date(2030, 4, 1))

        with pytest.raises(ValidationError, match="overlap"):
            self.monday(bare, "12:30-14:00", valid_from=date(2030, 3, 20))

    def test_a_clash_that_only_begins_later_is_seen(self, bare):
        self.monday(bare, "13:00-15:00", valid_from=date(2031, 1, 1), every_weeks=2)

        with pytest.raises(ValidationError, match="in a row"):
            self.monday(bare, "09:00-13:00")
        self.monday(bare, "09:00-13:00", valid_until=date(2030, 12, 31))

    def test_extra_openings_and_weekly_hours_are_one_day_of_work(self, bare):
        self.monday(bare, "09:00-12:00")
        with pytest.raises(ValidationError, match="in a row"):
            self.extra(bare, date(2030, 3, 25), "12:15-14:00")
        self.extra(bare, date(2030, 3, 25), "12:30-14:00")

        with pytest.raises(ValidationError, match="overlap"):
            self.monday(bare, "13:00-15:00")
        self.monday(bare, "14:30-16:00")

    def test_the_last_day_is_not_before_the_first(self, bare):
        with pytest.raises(ValidationError, match="before the first"):
            self.monday(bare, "09:00-12:00", valid_until=date(2030, 3, 3))

    def test_hours_change_as_long_as_every_visit_stays_inside_some(self, bare):
        hours = self.monday(bare, "09:00-13:00")
        confirm(bare, on(bare, 11, 9))  # until 10:15, and 15 minutes after

        hours.weekday = 1
        with pytest.raises(TouchesVisits):
            services.save_stretch(hours=hours, now=NOW)
        with pytest.raises(TouchesVisits):
            services.remove_stretch(hours=WorkingHours.objects.get(), now=NOW)
        assert WorkingHours.objects.get().weekday == 0

        hours.weekday, hours.ends_at = 0, time(10, 30)
        services.save_stretch(hours=hours, now=NOW)
        assert WorkingHours.objects.get().ends_at == time(10, 30)

    def test_hours_are_not_handed_to_somebody_else_over_a_visit(self, bare):
        hours = self.monday(bare, "09:00-13:00")
        confirm(bare, on(bare, 11, 9))

        hours.provider = ProviderFactory()
        with pytest.raises(TouchesVisits):
            services.save_stretch(hours=hours, now=NOW)

    def test_a_visit_on_an_extra_opening_needs_it_and_no_hours(self, bare):
        extra = self.extra(bare, date(2030, 3, 11), "09:00-12:00")
        confirm(bare, on(bare, 11, 9))
        tuesdays = self.monday(bare, "09:00-12:00", weekday=1)

        services.remove_stretch(hours=tuesdays, now=NOW)
        with pytest.raises(TouchesVisits):
            services.remove_stretch(hours=extra, now=NOW)
        assert ExtraOpening.objects.exists()

    def test_a_visit_that_already_lay_outside_stands_in_nobodys_way(self, bare):
        extra = self.extra(bare, date(2030, 3, 11), "09:00-12:00")
        confirm(bare, on(bare, 11, 9))
        extra.delete()
        hours = self.monday(bare, "09:00-12:00", weekday=1)

        services.remove_stretch(hours=hours, now=NOW)
        assert not WorkingHours.objects.exists()
