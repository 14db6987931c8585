"""The calendar: who stands where, who sees what, and what it costs to look."""

import re
from datetime import datetime, time, timedelta

import pytest
from django.urls import reverse

from booking.models import Booking, Kind, OutsideBusy, OutsideCalendar, Status
from booking.permissions import Role
from clinic.web import clock
from tests.booking.scenes import NOW, on
from tests.booking.views.browsing import text
from tests.booking.views.staff.written import alert
from tests.factories import (
    BookingFactory,
    ClientFactory,
    ClosureFactory,
    Scene,
    TimeOffFactory,
    WorkingHoursFactory,
    booked,
    open_clinic,
)

DAY, WEEK = reverse("staff:day"), reverse("staff:week")
AT_MOST = 20  # queries, those that count what waits for the rail included


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def scene(db: None) -> Scene:
    return open_clinic(providers=2, rooms=2, consoles=2)


def visit(scene: Scene, starts_at: datetime, *, by: int = 0, **fields) -> Booking:  # type: ignore[no-untyped-def]
    asked = {
        "location": scene.location,
        "provider": scene.providers[by],
        "option": scene.option,
        "starts_at": starts_at,
        "client": ClientFactory(name="Maya Ellison"),
        "room": scene.rooms[by],
        "devices": [scene.devices[by]],
    } | fields
    return booked(**asked)


def box(page: str, said: str) -> str:
    """The list item that says so."""
    return next(each for each in re.findall(r"<li.*?</li>", page, re.S) if said in each)


def test_a_day_has_a_column_for_everybody_and_their_visits_where_the_clock_says(desk, scene):
    there = visit(scene, on(scene, 4, 10, 30))

    page = text(desk.get(f"{DAY}?day=2030-03-04"))

    assert "<h1>Monday, March 4</h1>" in page
    assert "Eastern Time" in page
    found = box(page, "Maya Ellison")
    assert "--at:630;--for:60" in found
    assert "10:30 am to 11:30 am" in found
    assert "Confirmed" in found
    assert reverse("staff:visit", args=[there.reference]) in found
    assert f'data-who="{there.provider_id}"' in page
    assert "--open:540;--close:1080" in page


def test_without_a_day_it_is_today_on_the_wall_of_the_place(desk, scene, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: on(scene, 4, 23, 30))

    assert "<h1>Monday, March 4</h1>" in text(desk.get(DAY))
    assert "<h1>Monday, March 4</h1>" in text(desk.get(f"{DAY}?day=soon&by=colour&place=..&who=x"))


def test_a_week_has_short_names_and_leaves_out_days_on_which_nobody_comes(desk, scene):
    scene.location.opening_hours.filter(weekday=6).delete()
    visit(scene, on(scene, 6, 9))

    page = text(desk.get(f"{WEEK}?day=2030-03-07"))

    assert "March 4 to 10" in page
    assert "Maya E" in page
    assert "Maya Ellison" not in page
    assert "--days:6;--lanes:2" in page


def test_every_state_has_its_word(desk, scene):
    words = {
        Status.PENDING_FORM: "Waiting for the form",
        Status.CHECKED_IN: "Checked in",
        Status.IN_PROGRESS: "In treatment",
        Status.COMPLETED: "Completed",
        Status.NO_SHOW: "No-show",
    }
    for n, status in enumerate(words):
        visit(scene, on(scene, 4, 9 + n), by=n % 2, status=status, client__name=f"Client {n}")
    alert(visit(scene, on(scene, 4, 16), client=ClientFactory(name="Sam Ortiz")))
    visit(scene, on(scene, 4, 15), by=1, status=Status.CANCELLED_CLIENT, client__name="Gone")

    page = text(desk.get(f"{DAY}?day=2030-03-04"))

    for word in words.values():
        assert word in page
    assert "Needs a person" in box(page, "Sam Ortiz")
    assert "Gone" not in page


def test_a_time_that_is_being_booked_is_taken_until_it_lapses(desk, scene):
    fields = {"client": None, "visitor": "somebody", "status": Status.HELD}
    visit(scene, on(scene, 4, 9), held_until=NOW + timedelta(minutes=5), **fields)
    fields["visitor"] = "another"
    visit(scene, on(scene, 4, 12), held_until=NOW, **fields)

    page = text(desk.get(f"{DAY}?day=2030-03-04"))

    assert page.count("<b>Being booked</b>") == 1
    assert "9:00 am to 10:00 am" in box(page, "<b>Being booked</b>")


def test_why_a_time_is_not_free_stands_in_words(desk, scene):
    ana, ben = scene.providers
    ana.working_hours.filter(weekday=0).delete()
    for start, end in ((time(10), time(12)), (time(12, 30), time(16, 45))):
        WorkingHoursFactory(
            provider=ana, location=scene.location, weekday=0, starts_at=start, ends_at=end
        )
    TimeOffFactory(
        resource=ben, starts_at=on(scene, 4, 13), ends_at=on(scene, 5, 12), reason="Training"
    )
    outside = OutsideCalendar.objects.create(
        provider=ben, address="https://elsewhere.example/a.ics", added_at=NOW
    )
    OutsideBusy.objects.create(
        calendar=outside, resource=ben, starts_at=on(scene, 4, 9), ends_at=on(scene, 4, 10)
    )
    harbor = open_clinic()
    BookingFactory(
        provider=ben, location=harbor.location, option=scene.option, starts_at=on(scene, 4, 11)
    )

    page = text(desk.get(f"{DAY}?day=2030-03-04&place={scene.location.slug}"))

    assert "--at:540;--for:60" in box(page, "Starts at 10")
    assert "--at:720;--for:30" in box(page, "Break")
    assert "--at:1005;--for:75" in box(page, "Off from 4:45")
    assert "--at:780;--for:300" in box(page, "Training")
    assert "--at:540;--for:60" in box(page, "Busy elsewhere")
    assert "--at:660;--for:60" in box(page, f"At {harbor.location.name}")


def test_a_closed_day_says_why(desk, scene):
    ClosureFactory(location=scene.location, reason="Inventory")

    assert "all day" in box(text(desk.get(f"{DAY}?day=2030-03-04")), "Closed: Inventory")
    assert "Closed: Inventory" in text(desk.get(f"{WEEK}?day=2030-03-04"))


@pytest.mark.parametrize("kind", [Kind.ROOM, Kind.DEVICE])
def test_rooms_and_devices_have_columns_of_what_is_in_them(desk, scene, kind):
    visit(scene, on(scene, 4, 10), by=1)
    column = (scene.rooms if kind == Kind.ROOM else scene.devices)[1]

    page = text(desk.get(f"{DAY}?day=2030-03-04&by={kind}"))

    assert column.name in page
    found = box(page, "Maya Ellison")
    assert scene.providers[1].first_name in found
    assert "lane-1" in found
    _, _, after = page.partition(f'data-who="{column.pk}"')
    assert "Maya Ellison" in after.partition("</ol>")[0]


def test_an_aesthetician_sees_of_colleagues_that_they_are_booked_and_no_more(at_work, scene):
    mine, theirs = (
        visit(scene, on(scene, 4, 10)),
        visit(scene, on(scene, 4, 12), by=1, client=ClientFactory(name="Sam Ortiz")),
    )
    browser = at_work(Role.AESTHETICIAN, email="ana@lumen.example")
    scene.provider.user_id = browser.session["_auth_user_id"]
    scene.provider.save(update_fields=["user"])

    for page in (DAY, WEEK):
        for by in Kind:
            seen = text(browser.get(f"{page}?day=2030-03-04&by={by}"))
            assert mine.reference in seen
            assert "<b>Booked</b>" in seen
            for said in ("Sam", "Ortiz", theirs.reference, theirs.option.treatment.name + ", 60"):
                assert said not in seen.replace(box(seen, mine.reference), "")


def test_only_some_are_shown_where_only_some_are_asked_for(desk, scene):
    ana, ben = scene.providers
    visit(scene, on(scene, 4, 10))
    visit(scene, on(scene, 4, 12), by=1, client=ClientFactory(name="Sam Ortiz"))

    page = text(desk.get(f"{WEEK}?day=2030-03-04&who={ben.pk}"))

    assert "Sam O" in page
    assert "Maya E" not in page
    assert f'data-who="{ana.pk}"' not in page
    assert ana.first_name in page  # to be chosen again


def test_each_place_has_its_own_clock(desk, scene):
    harbor = open_clinic("America/Los_Angeles")
    booked(
        location=harbor.location,
        provider=harbor.provider,
        option=harbor.option,
        starts_at=on(harbor, 4, 10),
        client__name="Sam Ortiz",
    )

    page = text(desk.get(f"{DAY}?day=2030-03-04&place={harbor.location.slug}"))

    assert "Pacific Time" in page
    assert "--at:600;--for:60" in box(page, "Sam Ortiz")


def test_the_hour_that_comes_twice_is_drawn_twice_and_says_which_it_is(desk):
    night = open_clinic(opens=time(0), closes=time(5))
    day = datetime(2030, 11, 3, tzinfo=night.location.zone)
    for fold, name in enumerate(["First Visit", "Second Visit"]):
        booked(
            location=night.location,
            provider=night.provider,
            option=night.option,
            starts_at=day.replace(hour=1, minute=30 * fold, fold=fold).astimezone(NOW.tzinfo),
            client__name=name,
        )

    page = text(desk.get(f"{DAY}?day=2030-11-03")).replace("\N{NO-BREAK SPACE}", " ")

    assert "--open:0;--close:360" in page
    assert "<li>1 am EDT</li><li>1 am EST</li><li>2 am</li>" in page
    assert "--at:60;--for:60" in box(page, "First Visit")
    assert "--at:150;--for:60" in box(page, "Second Visit")
    assert "1:30 am EST" in box(page, "Second Visit")


def test_free_time_leads_to_a_booking_then_and_with_them(desk, at_work, scene, monkeypatch):
    ana, ben = scene.providers
    visit(scene, on(scene, 4, 10))
    book = f"{reverse('staff:book')}?place={scene.location.slug}&amp;day=2030-03-04&amp;start="

    page = text(desk.get(f"{DAY}?day=2030-03-04"))
    assert f"{book}09:00&amp;provider={ana.pk}" in page
    assert f"{book}11:15&amp;provider={ana.pk}" in page  # the quarter of an hour after it is kept
    assert f"{book}09:00&amp;provider={ben.pk}" in page

    browser = at_work(Role.AESTHETICIAN, email="ana@lumen.example")
    ana.user_id = browser.session["_auth_user_id"]
    ana.save(update_fields=["user"])
    page = text(browser.get(f"{DAY}?day=2030-03-04"))
    assert f"provider={ana.pk}" in page
    assert f"provider={ben.pk}" not in page

    monkeypatch.setattr(clock, "now", lambda: on(scene, 4, 13, 10))
    assert f"{book}13:15&amp;provider={ben.pk}" in text(desk.get(f"{DAY}?day=2030-03-04"))


@pytest.mark.parametrize("by", ["person", "room"])
def test_who_has_left_or_what_is_no_longer_in_use_has_visits_and_no_free_time(desk, scene, by):
    visit(scene, on(scene, 4, 10))
    gone = scene.provider if by == "person" else scene.rooms[0]
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)

    page = text(desk.get(f"{DAY}?day=2030-03-04&by={by}"))

    column = page.split(f'data-who="{gone.pk}"')[1].split("data-who")[0]
    assert "Maya Ellison" in column
    assert reverse("staff:book") not in column
    assert 'is-away" data-set="--at:540;--for:540"' in column  # the whole day


def test_a_stretch_in_which_no_visit_fits_leads_nowhere(desk, scene):
    for minutes in (105, 90):  # a quarter of an hour is kept after each
        visit(scene, on(scene, 4, 9))
        visit(scene, on(scene, 4, 9) + timedelta(minutes=minutes))
        free = f"day=2030-03-04&amp;start=10:15&amp;provider={scene.provider.pk}"
        assert (free in text(desk.get(f"{DAY}?day=2030-03-04"))) is (minutes == 105)
        Booking.objects.all().delete()


def test_now_is_a_line_on_today_and_on_no_other_day(desk, scene, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: on(scene, 4, 12, 52))

    assert 'data-set="--at:772"' in text(desk.get(f"{DAY}?day=2030-03-04"))
    assert "cal-now" not in text(desk.get(f"{DAY}?day=2030-03-05"))
    assert text(desk.get(f"{WEEK}?day=2030-03-04")).count("cal-nowline") == 2


@pytest.mark.parametrize("view", [DAY, WEEK])
@pytest.mark.parametrize("by", list(Kind))
def test_it_costs_the_same_queries_for_one_visit_and_for_many(
    desk, scene, view, by, django_assert_num_queries, django_assert_max_num_queries
):
    address = f"{view}?day=2030-03-05&by={by}"
    visit(scene, on(scene, 5, 9))
    desk.get(address)
    with django_assert_max_num_queries(AT_MOST) as for_one:
        desk.get(address)
    Booking.objects.all().delete()
    for day in (4, 5, 6, 7, 8):
        for n in range(7):
            for by_whom in (0, 1):
                visit(scene, on(scene, day, 9) + n * timedelta(minutes=75), by=by_whom)

    with django_assert_num_queries(len(for_one)):
        desk.get(address)


def test_a_full_week_of_ten_stays_under_300_kilobytes(desk):
    scene = open_clinic(providers=10, rooms=10, consoles=10, minutes=45)
    clients = ClientFactory.create_batch(5, name="Maximiliana Ellison-Featherstone")
    for day in range(4, 11):
        for n in range(9):
            for by in range(10):
                visit(scene, on(scene, day, 9 + n), by=by, client=clients[n % 5])

    answer = desk.get(f"{WEEK}?day=2030-03-04")

    assert answer.content.count(b"cal-ev") == 630
    assert len(answer.content) < 300_000
