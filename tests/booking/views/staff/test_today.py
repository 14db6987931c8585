"""The day as it is shown: whose, in what order, with what beside each name."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from booking.models import OutsideCalendar, Reading, Status
from booking.permissions import Role
from booking.services.care import acknowledge
from tests.booking.scenes import on
from tests.booking.views.browsing import text
from tests.booking.views.staff.written import alert
from tests.factories import (
    AddOnFactory,
    BookingFactory,
    ClientFactory,
    InstructionVersionFactory,
    LocationFactory,
    OpeningHoursFactory,
    ProviderFactory,
    RoomFactory,
    TimeOffFactory,
    UserFactory,
    WorkingHoursFactory,
    booked,
    give_hours,
    open_clinic,
)

TODAY = reverse("staff:today")
SWAP = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def monday(scene, wall_clock) -> None:
    """Monday 4 March 2030, half past nine in New York."""
    wall_clock.now = on(scene, 4, 9, 30)


def visit(scene, hour: int, minute: int = 0, **fields):
    """A visit on Monday with the scene's provider."""
    defaults = {"provider": scene.provider, "option": scene.option, "location": scene.location}
    return booked(**defaults | {"starts_at": on(scene, 4, hour, minute)} | fields)


def names(page: str) -> list[str]:
    """The clients of a day in the order in which they stand."""
    return re.findall(r'class="cover"[^>]*>([^<]+)</a>', page)


def card(page: str, client: str) -> str:
    """What stands in the card of one visit."""
    return next(part for part in page.split('<li class="visit') if f">{client}</a>" in part)


@pytest.mark.usefixtures("monday")
class TestWhatADayShows:
    def test_who_comes_in_order_of_time_with_what_and_where(self, scene, desk):
        room = RoomFactory(name=f"{scene.location.name}, room 2", location=scene.location)
        visit(scene, 13, client__name="Owen Marsh", room=room)
        visit(scene, 10, client__name="Joan Petrie")

        page = text(desk.get(TODAY))

        assert names(page) == ["Joan Petrie", "Owen Marsh"]
        assert "<h1>Monday, March 4</h1>" in page
        assert "2 visits, last one ends 2:00 pm." in page
        assert "Eastern Time." in page
        owen = card(page, "Owen Marsh")
        assert f"{scene.treatment.name}, 60 min, with Ana, Room 2" in owen
        assert '1:00<span class="visually-hidden"> pm</span>' in owen

    def test_now_stands_between_what_has_begun_and_what_has_not(self, scene, desk):
        visit(scene, 9, client__name="Joan Petrie")
        visit(scene, 11, client__name="Owen Marsh")

        page = text(desk.get(TODAY))

        assert page.index("Joan Petrie") < page.index('class="now"') < page.index("Owen Marsh")
        assert 'class="now"' not in text(desk.get(TODAY, {"day": "2030-03-05"}))

    def test_it_is_counted(self, scene, desk):
        for hour, status in enumerate(
            [
                Status.COMPLETED,
                Status.IN_PROGRESS,
                Status.CHECKED_IN,
                Status.CONFIRMED,
                Status.NO_SHOW,
            ],
            9,
        ):
            visit(scene, hour, status=status, provider=ProviderFactory())

        page = text(desk.get(TODAY))

        for said in ("<b>1</b> done", "<b>1</b> in treatment", "<b>1</b> waiting"):
            assert said in page
        assert "<b>1</b> to come" in page
        assert "need you" not in page

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (Status.CONFIRMED, "Confirmed"),
            (Status.CHECKED_IN, "Checked in 9:20 am"),
            (Status.IN_PROGRESS, "In treatment"),
            (Status.COMPLETED, "Completed"),
            (Status.NO_SHOW, "No-show"),
            (Status.PENDING_FORM, "Details missing"),
            (Status.DECLINED_AT_VISIT, "Declined"),
        ],
    )
    def test_each_state_has_its_words(self, scene, desk, status, said):
        since = on(scene, 4, 9, 20)
        visit(scene, 9, status=status, status_changed_at=since, client__name="Joan Petrie")

        assert f"{said}</span>" in card(text(desk.get(TODAY)), "Joan Petrie")

    def test_the_visit_in_treatment_says_how_far_it_is(self, scene, desk):
        visit(scene, 9, status=Status.IN_PROGRESS, client__name="Joan Petrie")

        joan = card(text(desk.get(TODAY)), "Joan Petrie")

        assert '<progress max="60" value="30" aria-label="30 of 60 minutes">' in joan
        assert "30 min left" in joan

    def test_one_that_runs_over_says_so(self, scene, desk, wall_clock):
        visit(scene, 9, status=Status.IN_PROGRESS, client__name="Joan Petrie")
        wall_clock.now = on(scene, 4, 10, 5)

        assert "5 min over" in card(text(desk.get(TODAY)), "Joan Petrie")

    def test_what_was_canceled_before_is_not_shown_and_what_was_today_is(self, scene, desk):
        changed = {"status": Status.CANCELLED_CLIENT, "client__name": "Last Week"}
        visit(scene, 10, **changed)
        visit(
            scene,
            11,
            status=Status.CANCELLED_CLIENT,
            status_changed_at=on(scene, 4, 8),
            client__name="This Morning",
        )

        page = text(desk.get(TODAY))

        assert names(page) == ["This Morning"]
        assert "Canceled</span>" in card(page, "This Morning")
        assert "No visits." in page

    def test_holds_are_nobody_s_visits(self, scene, desk):
        BookingFactory(held=True, location=scene.location, starts_at=on(scene, 4, 10))

        assert "Nobody is booked on this day." in text(desk.get(TODAY))


@pytest.mark.usefixtures("monday")
class TestBadges:
    def test_who_comes_for_the_first_time(self, scene, desk):
        old = ClientFactory(name="Joan Petrie")
        booked(client=old, status=Status.COMPLETED, starts_at=on(scene, 1, 9))
        visit(scene, 10, client=old)
        visit(scene, 12, client__name="Owen Marsh")

        page = text(desk.get(TODAY))

        assert "First visit" in card(page, "Owen Marsh")
        assert "First visit" not in card(page, "Joan Petrie")

    def test_whether_the_preparation_was_read(self, desk, booking, wall_clock, scene):
        wall_clock.now = on(scene, 3, 8)
        assert "Preparation not read" in card(text(desk.get(TODAY)), "Maya Ellison")

        versions = [str(version.pk) for version in booking.instruction_versions.all()]
        acknowledge(
            booking=booking,
            page=Reading.Page.PREPARATION,
            versions=versions,
            now=wall_clock.now,
        )

        assert "Preparation read" in card(text(desk.get(TODAY)), "Maya Ellison")

    def test_who_should_be_called_about_an_earlier_visit(self, scene, desk):
        client = ClientFactory(name="Joan Petrie")
        before = booked(client=client, status=Status.COMPLETED, starts_at=on(scene, 1, 9))
        open_alert = alert(before)
        visit(scene, 10, client=client)

        page = text(desk.get(TODAY))
        assert "Follow-up wanted" in card(page, "Joan Petrie")
        assert "<b>1</b> needs you" in page

        open_alert.seen_at = on(scene, 4, 9)
        open_alert.save()
        assert "Follow-up wanted" not in text(desk.get(TODAY))

    def test_what_is_owed_for_all_visits(self, scene, desk):
        client = ClientFactory(name="Joan Petrie")
        for day in (1, 2):
            booked(
                client=client,
                status=Status.NO_SHOW,
                starts_at=on(scene, day, 9),
                fee_owed=Decimal(85),
            )
        visit(scene, 10, client=client)

        assert "Owes $170" in card(text(desk.get(TODAY)), "Joan Petrie")


@pytest.mark.usefixtures("monday")
class TestWhoseDay:
    def test_a_provider_sees_their_own_and_nothing_else(self, scene, at_work):
        browser = at_work(Role.AESTHETICIAN, email="ana@lumen.example")
        scene.provider.user = UserFactory._meta.model.objects.get(email="ana@lumen.example")
        scene.provider.save()
        ben = ProviderFactory(name="Ben Roe")
        give_hours(ben, scene.location)
        visit(scene, 10, client__name="Joan Petrie")
        visit(scene, 10, provider=ben, client__name="Owen Marsh")

        for who in ("", scene.location.slug, f"{scene.location.slug}.{ben.pk}"):
            assert names(text(browser.get(TODAY, {"who": who}))) == ["Joan Petrie"]

    def test_the_desk_looks_at_everyone_one_person_a_room_or_a_device(self, scene, desk):
        ben = ProviderFactory(name="Ben Roe")
        give_hours(ben, scene.location)
        visit(scene, 10, client__name="Joan", room=scene.room, devices=[scene.console])
        visit(scene, 11, provider=ben, client__name="Owen")

        def shown(resource=None) -> list[str]:
            slug = scene.location.slug
            who = f"{slug}.{resource.pk}" if resource else slug
            return names(text(desk.get(TODAY, {"who": who})))

        assert shown() == ["Joan", "Owen"]
        assert shown(scene.provider) == ["Joan"]
        assert shown(ben) == ["Owen"]
        assert shown(scene.room) == ["Joan"]
        assert shown(scene.console) == ["Joan"]
        page = text(desk.get(TODAY))
        assert f"Everyone, {scene.location.name}</option>" in page
        assert "Ben Roe</option>" in page

    def test_each_place_keeps_its_own_clock(self, scene, desk, wall_clock):
        west = LocationFactory(name="West", slug="west", time_zone="America/Los_Angeles")
        wall_clock.now = on(scene, 5, 1)  # still Monday in Los Angeles
        booked(location=west, starts_at=on(scene, 4, 23), client__name="Joan Petrie")

        page = text(desk.get(TODAY, {"who": "west"}))

        assert "<h1>Monday, March 4</h1>" in page
        assert "Pacific Time." in page
        assert '8:00<span class="visually-hidden"> pm</span>' in card(page, "Joan Petrie")
        assert "<h1>Tuesday, March 5</h1>" in text(desk.get(TODAY, {"who": scene.location.slug}))

    def test_who_has_left_gives_the_visits_of_that_day_yet(self, scene, at_work, desk):
        browser = at_work(Role.AESTHETICIAN, email="ana@lumen.example")
        scene.provider.user = UserFactory._meta.model.objects.get(email="ana@lumen.example")
        scene.provider.is_active = False
        scene.provider.save()
        visit(scene, 10, client__name="Joan Petrie")

        assert names(text(browser.get(TODAY))) == ["Joan Petrie"]
        who = f"{scene.location.slug}.{scene.provider.pk}"
        assert f'value="{who}" selected' in text(desk.get(TODAY, {"who": who}))
        assert who not in text(desk.get(TODAY, {"day": "2030-03-05"}))

    def test_who_has_no_hours_is_told_so(self, at_work, scene):
        browser = at_work(Role.AESTHETICIAN)

        assert "You have no working hours here yet" in text(browser.get(TODAY))

    def test_who_has_hours_for_the_last_time_that_day_is_there_until_midnight(
        self, scene, desk, wall_clock
    ):
        last = ProviderFactory(name="Last Day")
        give_hours(last, scene.location)
        last.working_hours.update(valid_until=date(2030, 3, 4))
        wall_clock.now = on(scene, 4, 20)  # Tuesday in UTC

        assert "Last Day</option>" in text(desk.get(TODAY))
        assert "Last Day</option>" in text(desk.get(TODAY, {"day": "2030-03-01"}))
        assert "Last Day</option>" not in text(desk.get(TODAY, {"day": "2030-03-05"}))

    def test_who_is_expected_where_they_have_no_hours_any_more_is_there_too(self, scene, desk):
        gone = ProviderFactory(name="Gone Elsewhere")
        visit(scene, 10, provider=gone)

        assert "Gone Elsewhere</option>" in text(desk.get(TODAY))

    def test_the_medical_lead_looks_and_presses_nothing(self, scene, at_work):
        visit(scene, 10, client__name="Joan Petrie")

        page = text(at_work(Role.MEDICAL_LEAD).get(TODAY))

        assert names(page) == ["Joan Petrie"]
        assert "/press/" not in page

    @pytest.mark.parametrize("day", ["", "2030-13-45", "yesterday"])
    def test_what_is_no_date_is_today(self, scene, desk, day):
        assert "<h1>Monday, March 4</h1>" in text(desk.get(TODAY, {"day": day}))

    def test_the_first_page_of_the_workspace_is_the_day(self, desk):
        assert desk.get(reverse("staff:home"))["Location"] == TODAY


@pytest.mark.usefixtures("monday")
class TestWhatIsBetween:
    def gaps(self, browser, scene, **query) -> list[str]:
        who = f"{scene.location.slug}.{scene.provider.pk}"
        page = text(browser.get(TODAY, {"who": who} | query))
        found = re.findall(r'<li class="gap.*?<time[^>]*>([\d:]+).*?<p>(.*?)</p>', page, re.DOTALL)
        return [f"{at} {re.sub('<.*?>', '', words).strip()}" for at, words in found]

    def test_breaks_and_what_is_free(self, scene, desk):
        scene.provider.working_hours.all().delete()
        for starts, ends in ((9, 12), (13, 18)):
            WorkingHoursFactory(
                provider=scene.provider,
                location=scene.location,
                weekday=0,
                starts_at=time(starts),
                ends_at=time(ends),
            )
        visit(scene, 10)  # until 11, and a quarter of an hour after it
        visit(scene, 13)
        visit(scene, 15)

        assert self.gaps(desk, scene) == [
            "9:30 30 min free",
            "11:15 45 min free",
            "12:00 Break, 1 h",
            "2:15 45 min free",
            "4:15 1 h 45 min free",
        ]

    def test_what_is_free_begins_where_a_visit_could(self, scene, desk):
        """As in the calendar: nobody books from 4:05, nor the ten minutes from 5:20 on."""
        TimeOffFactory(
            resource=scene.provider, starts_at=on(scene, 4, 9), ends_at=on(scene, 4, 16, 5)
        )
        for start, end in (((17, 0), (17, 20)), ((17, 35), (18, 0))):
            TimeOffFactory(
                resource=scene.provider, starts_at=on(scene, 4, *start), ends_at=on(scene, 4, *end)
            )

        free = [each for each in self.gaps(desk, scene) if "free" in each]
        assert free == ["4:15 45 min free"]

    def test_what_is_over_is_not_free(self, scene, desk, wall_clock):
        wall_clock.now = on(scene, 4, 17, 50)

        assert self.gaps(desk, scene) == []

    def test_time_off_and_another_calendar(self, scene, desk):
        TimeOffFactory(
            resource=scene.provider, starts_at=on(scene, 4, 15), ends_at=on(scene, 4, 18)
        )
        outside = OutsideCalendar.objects.create(
            provider=scene.provider,
            address="https://calendar.example/a.ics",
            added_at=on(scene, 1, 9),
        )
        outside.busy.create(
            resource=scene.provider,
            starts_at=on(scene, 4, 10),
            ends_at=on(scene, 4, 11),
        )

        assert self.gaps(desk, scene) == [
            "9:30 30 min free",
            "10:00 Busy by another calendar, 1 h",
            "11:00 4 h free",
            "3:00 Time off, 3 h",
        ]

    def test_a_day_without_hours_has_no_gaps(self, scene, desk):
        scene.provider.working_hours.all().delete()

        visit(scene, 10)
        assert self.gaps(desk, scene) == []


class TestADayWithAClockChange:
    """In New York clocks go forward on 10 March 2030 at two, and back on 3 November at two."""

    @pytest.fixture
    def night(self, desk):
        """A clinic open around the clock, and a look at the day of one who works there."""
        scene = open_clinic(opens=time(0), closes=time(23, 45), buffer_minutes=0)

        def look(day: date) -> str:
            who = f"{scene.location.slug}.{scene.provider.pk}"
            return text(desk.get(TODAY, {"day": day.isoformat(), "who": who}))

        return scene, look

    def test_the_short_day_has_23_hours(self, night):
        _scene, look = night

        assert "22 h 45 min free" in look(date(2030, 3, 10))

    def test_the_long_day_has_25_and_says_which_one_o_clock(self, night):
        scene, look = night
        first = datetime(2030, 11, 3, 1, 30, tzinfo=scene.location.zone)
        for number, at in enumerate([first, first.replace(fold=1)]):
            booked(
                provider=scene.provider,
                option=scene.option,
                location=scene.location,
                starts_at=at.astimezone(tz=None),
                client__name=f"Night Owl {number}",
            )

        page = look(date(2030, 11, 3))

        assert names(page) == ["Night Owl 0", "Night Owl 1"]
        assert '1:30<span class="visually-hidden"> am</span> EDT</time>' in page
        assert '1:30<span class="visually-hidden"> am</span> EST</time>' in page
        assert "1 h 30 min free" in page  # from midnight
        assert "21 h 15 min free" in page

    def test_a_visit_late_on_the_day_belongs_to_it(self, night):
        scene, look = night
        booked(
            provider=scene.provider,
            location=scene.location,
            starts_at=datetime(2030, 11, 3, 23, 30, tzinfo=scene.location.zone),
            client__name="Night Owl",
        )

        assert names(look(date(2030, 11, 3))) == ["Night Owl"]
        assert names(look(date(2030, 11, 4))) == []


@pytest.mark.usefixtures("monday")
class TestTheNextClient:
    def test_who_waits_is_next_before_who_comes(self, scene, desk):
        visit(scene, 10, client__name="Joan Petrie")
        visit(scene, 12, status=Status.CHECKED_IN, client__name="Owen Marsh")

        aside = text(desk.get(TODAY)).partition("<aside")[2]

        assert "Owen Marsh" in aside
        assert "Joan Petrie" not in aside
        assert "12:00 to 1:00 pm" in aside
        assert "$170" in aside
        assert 'href="tel:+15035550123"' in aside

    def test_tomorrow_nobody_is_next(self, scene, desk):
        visit(scene, 10)

        assert "<aside" not in text(desk.get(TODAY, {"day": "2030-03-05"}))


@pytest.mark.usefixtures("monday")
class TestTheRefresh:
    def test_gets_the_day_without_the_frame(self, scene, desk):
        visit(scene, 10, client__name="Joan Petrie")

        page = text(desk.get(TODAY, **SWAP))

        assert names(page) == ["Joan Petrie"]
        assert "<html" not in page
        assert 'id="today"' in page

    def test_asks_for_the_same_day_and_person(self, scene, desk):
        who = f"{scene.location.slug}.{scene.provider.pk}"

        assert f'data-refresh="{TODAY}?day=&amp;who={who}"' in text(desk.get(TODAY, {"who": who}))
        page = text(desk.get(TODAY, {"who": who, "day": "2030-03-06"}))
        assert f'data-refresh="{TODAY}?day=2030-03-06&amp;who={who}"' in page


@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize(("is_everyone", "most"), [(True, 20), (False, 26)])
def test_one_visit_costs_as_many_queries_as_twenty(
    scene, desk, is_everyone, most, django_assert_max_num_queries
):
    who = scene.location.slug if is_everyone else f"{scene.location.slug}.{scene.provider.pk}"
    visit(scene, 10)
    desk.get(TODAY, {"who": who})
    with django_assert_max_num_queries(most) as for_one:
        desk.get(TODAY, {"who": who})

    for number in range(19):
        made = BookingFactory(
            provider=scene.provider,
            location=scene.location,
            option=scene.option,
            starts_at=on(scene, 4, 10) + timedelta(minutes=number),
        )
        made.add_ons.add(AddOnFactory())
        made.instruction_versions.add(InstructionVersionFactory())
        alert(made)
    with django_assert_max_num_queries(len(for_one)):
        page = text(desk.get(TODAY, {"who": who}))
    assert len(names(page)) == 20


def test_a_place_that_opens_nowhere_is_no_trouble(desk, scene):
    OpeningHoursFactory._meta.model.objects.all().delete()

    assert desk.get(TODAY).status_code == 200
