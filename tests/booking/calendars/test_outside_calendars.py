"""A calendar kept elsewhere keeps its owner busy here, by its last good copy if need be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from booking.errors import NotOffered, SlotTaken
from booking.feeds import contents
from booking.models import Booking, OutsideBusy, OutsideCalendar, Provider, Status
from booking.selectors.calendars import collisions
from booking.services import calendars, confirm_booking, fetching
from booking.services.audit import findings
from booking.services.calendars import (
    add_calendar,
    import_calendar,
    import_outside_calendars,
    open_feed,
    pause_calendar,
    remove_calendar,
    resume_calendar,
)
from booking.tasks import import_outside_calendars as tick
from clinic.web import clock
from tests.booking.calendars.test_outside import calendar
from tests.booking.scenes import NOW, confirm, hold, on, slots_on, type_details, visitor, walls
from tests.factories import LONG_AGO, PolicyVersionFactory, Scene, open_clinic

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parent / "files"
NINE_TO_TEN = "DTSTART:20300304T140000Z|DTEND:20300304T150000Z"  # on Monday, in New York
Trouble = OutsideCalendar.Trouble


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def listed(scene, elsewhere) -> OutsideCalendar:
    """A calendar on the list of the scene's aesthetician; what is in it, `elsewhere` says."""
    return listed_for(scene.provider, elsewhere.url("/ana.ics"))


def listed_for(provider: Provider, address: str) -> OutsideCalendar:
    return OutsideCalendar.objects.create(provider=provider, address=address, added_at=LONG_AGO)


def spans(calendar: OutsideCalendar) -> list[tuple[datetime, datetime]]:
    return list(calendar.busy.values_list("starts_at", "ends_at"))


def test_what_is_busy_elsewhere_is_not_offered_here(scene, listed, elsewhere):
    elsewhere.has("/ana.ics", (FILES / "google.ics").read_bytes())
    assert walls(slots_on(scene, 4))[0] == "09:00"

    import_calendar(calendar=listed, now=NOW)

    assert (listed.trouble, listed.succeeded_at) == ("", NOW)
    assert walls(slots_on(scene, 4))[0] == "10:00"
    assert walls(slots_on(scene, 5))[-1] == "16:30"  # a first visit and its turnover, then choir
    assert walls(slots_on(scene, 9)) == []
    assert walls(slots_on(scene, 11))[0] == "09:00"


def test_a_held_time_that_became_busy_elsewhere_is_not_confirmed(scene, listed, elsewhere):
    who = visitor()
    held = hold(scene, on(scene, 4, 9), who=who)
    type_details(who)
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN))
    import_calendar(calendar=listed, now=NOW)

    with pytest.raises(SlotTaken):
        confirm_booking(booking=held, visitor=who, now=NOW)


def test_a_promised_visit_stays_and_its_owner_is_told_that_it_collides(scene, listed, elsewhere):
    booking = confirm(scene, on(scene, 4, 9))
    later = confirm(scene, on(scene, 5, 9), name="Lea Brandt", email="lea@mail.example")
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN))

    import_calendar(calendar=listed, now=NOW)

    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED
    assert list(collisions(scene.provider, now=NOW)) == [booking]
    assert booking != later
    assert not list(collisions(scene.provider, now=booking.starts_at))
    assert not [found for found in findings(now=NOW) if found.rule == "allocations"]


def test_times_without_a_zone_are_those_of_where_its_owner_works(elsewhere):
    scene = open_clinic("Asia/Kathmandu")
    listed = listed_for(scene.provider, elsewhere.url("/ana.ics"))
    elsewhere.has("/ana.ics", calendar("DTSTART:20300304T090000|DURATION:PT1H"))

    import_calendar(calendar=listed, now=NOW)

    assert spans(listed) == [(on(scene, 4, 9), on(scene, 4, 10))]


def test_the_look_goes_beyond_the_horizon_of_every_place(scene, listed, elsewhere):
    PolicyVersionFactory(location=scene.location, values={"horizon_days": 200})
    elsewhere.has("/ana.ics", calendar("DTSTART;VALUE=DATE:20300101|RRULE:FREQ=DAILY"))

    import_calendar(calendar=listed, now=NOW)

    ((starts_at, ends_at),) = spans(listed)
    assert starts_at == NOW - timedelta(days=1)
    assert ends_at == NOW + timedelta(days=214)


def test_our_own_feed_elsewhere_does_not_keep_its_owner_busy(scene, listed, elsewhere):
    booking = confirm(scene, on(scene, 4, 9))
    feed = open_feed(owner=scene.provider, now=NOW)
    ours = contents(feed, now=NOW)
    assert booking.reference.encode() in ours
    elsewhere.has("/ana.ics", ours)

    import_calendar(calendar=listed, now=NOW)

    assert listed.trouble == ""
    assert spans(listed) == []


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (lambda handler: handler.say(b"", status=404), Trouble.GONE),
        (lambda handler: handler.say(b"", status=500), Trouble.UNWELL),
        (lambda handler: handler.say(b"<html>Sign in</html>"), Trouble.NOT_A_CALENDAR),
        (lambda handler: handler.say(calendar(*[NINE_TO_TEN] * 5_001)), Trouble.TOO_LARGE),
        (lambda handler: handler.say(b"x" * 2_000_001), Trouble.TOO_LARGE),
        (lambda handler: handler.closing.wait(10), Trouble.SLOW),
        (
            lambda handler: handler.say(b"", status=302, Location=handler.inside),
            Trouble.NOT_PUBLIC,
        ),
    ],
)
def test_when_it_cannot_be_read_the_last_good_copy_stays(answer, trouble, listed, elsewhere):
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN), ETag='"1"')
    import_calendar(calendar=listed, now=NOW)
    before = spans(listed)
    assert before

    def fail(handler):  # type: ignore[no-untyped-def]
        handler.closing = elsewhere.closing
        handler.inside = elsewhere.url("/", host="127.0.0.1")
        answer(handler)

    elsewhere.answers["/ana.ics"] = fail
    later = NOW + timedelta(minutes=15)
    import_calendar(calendar=listed, now=later)

    assert listed.trouble == trouble
    assert (listed.tried_at, listed.succeeded_at) == (later, NOW)
    assert spans(listed) == before

    elsewhere.has("/ana.ics", calendar())
    import_calendar(calendar=listed, now=later)
    assert (listed.trouble, spans(listed)) == ("", [])


def test_a_file_that_never_ends_to_work_out_is_given_up(listed, elsewhere, monkeypatch):
    monkeypatch.setattr(calendars, "SECONDS_TO_EXPAND", 1)
    rule = "DTSTART:00010101T000000Z|RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"
    elsewhere.has("/ana.ics", calendar(rule))

    import_calendar(calendar=listed, now=NOW)

    assert listed.trouble == Trouble.TOO_LARGE


def test_what_has_not_changed_is_neither_sent_nor_worked_out_again(
    listed, elsewhere, django_assert_max_num_queries, monkeypatch
):
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN), ETag='"1"', Last_Modified="yesterday")
    import_calendar(calendar=listed, now=NOW)
    first = list(listed.busy.values_list("pk", flat=True))
    monkeypatch.setattr(calendars, "_expanded", None)  # calling it would be an error

    elsewhere.answers["/ana.ics"] = lambda handler: handler.say(b"", status=304)
    later = NOW + timedelta(hours=1)
    with django_assert_max_num_queries(5):
        import_calendar(calendar=listed, now=later)

    assert elsewhere.asked[-1].headers["If-None-Match"] == '"1"'
    assert elsewhere.asked[-1].headers["If-Modified-Since"] == "yesterday"
    assert (listed.trouble, listed.succeeded_at, listed.etag) == ("", later, '"1"')
    assert list(listed.busy.values_list("pk", flat=True)) == first


def test_a_stamp_of_the_moment_is_no_change(listed, elsewhere, monkeypatch):
    content = calendar(NINE_TO_TEN)
    elsewhere.has("/ana.ics", content)
    import_calendar(calendar=listed, now=NOW)
    monkeypatch.setattr(calendars, "_expanded", None)

    elsewhere.has("/ana.ics", content.replace(b"DTSTAMP:20300101", b"DTSTAMP:20300301"))
    import_calendar(calendar=listed, now=NOW + timedelta(minutes=15))

    assert listed.trouble == ""


def test_once_a_day_it_is_worked_out_again_as_the_horizon_moves(listed, elsewhere):
    elsewhere.has("/ana.ics", calendar("DTSTART;VALUE=DATE:20300101|RRULE:FREQ=DAILY"), ETag='"1"')
    import_calendar(calendar=listed, now=NOW)
    tomorrow = NOW + timedelta(days=1)

    import_calendar(calendar=listed, now=tomorrow)

    assert "If-None-Match" not in elsewhere.asked[-1].headers
    ((starts_at, ends_at),) = spans(listed)
    assert (starts_at, ends_at) == (NOW, tomorrow + timedelta(days=74))


def test_unchanged_since_never_is_no_answer(listed, elsewhere):
    elsewhere.answers["/ana.ics"] = lambda handler: handler.say(b"", status=304)
    import_calendar(calendar=listed, now=NOW)
    assert listed.trouble == Trouble.UNWELL


def test_each_calendar_is_looked_at_every_quarter_of_an_hour(scene, listed, elsewhere):
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN))
    for minutes in (0, 5, 15, 20, 30):
        import_outside_calendars(now=NOW + timedelta(minutes=minutes))
    assert len(elsewhere.asked) == 3


def test_one_that_fails_in_a_new_way_keeps_no_other_from_being_read(
    scene, listed, elsewhere, monkeypatch, caplog
):
    second = listed_for(scene.provider, elsewhere.has("/two.ics", calendar(NINE_TO_TEN)))
    really = fetching.fetch

    def fetch(address: str, **known: str) -> fetching.Fetched:
        if address == listed.address:
            raise RuntimeError("never seen before")
        return really(address, **known)

    monkeypatch.setattr(calendars, "fetch", fetch)
    import_outside_calendars(now=NOW)

    assert spans(second)
    assert f"Outside calendar {listed.pk} could not be read" in caplog.text
    assert listed.address not in caplog.text


def test_the_beat_rings_every_fifteen_minutes(listed, elsewhere, settings, monkeypatch):
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    ticks = {entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert ticks[tick.name] == 15 * 60

    tick()

    assert spans(listed)


def test_a_paused_calendar_keeps_no_time_and_is_not_looked_at(scene, listed, elsewhere):
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN))
    import_calendar(calendar=listed, now=NOW)

    pause_calendar(calendar=listed)
    import_outside_calendars(now=NOW + timedelta(hours=1))
    assert len(elsewhere.asked) == 1
    assert walls(slots_on(scene, 4))[0] == "09:00"

    resume_calendar(calendar=listed)
    import_outside_calendars(now=NOW + timedelta(hours=1))
    assert walls(slots_on(scene, 4))[0] == "10:00"


def test_one_that_is_paused_or_removed_while_it_is_read_leaves_nothing(listed, elsewhere):
    def answer(handler):  # type: ignore[no-untyped-def]
        handler.say(calendar(NINE_TO_TEN))

    elsewhere.answers["/ana.ics"] = answer
    OutsideCalendar.objects.filter(pk=listed.pk).update(is_active=False)
    import_calendar(calendar=listed, now=NOW)
    assert not OutsideBusy.objects.exists()


def test_a_removed_calendar_takes_its_busy_time_along(scene, listed, elsewhere):
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN))
    import_calendar(calendar=listed, now=NOW)

    remove_calendar(calendar=listed)

    assert not OutsideBusy.objects.exists()
    assert walls(slots_on(scene, 4))[0] == "09:00"


def test_the_list_has_five_places_and_no_address_twice(scene):
    def add(address: str) -> OutsideCalendar:
        return add_calendar(provider=scene.provider, address=address, now=NOW)

    add("https://calendar.example/a.ics")
    with pytest.raises(ValidationError, match="on your list already"):
        add("https://calendar.example/a.ics")
    for wrong in ("http://calendar.example/a.ics", "calendar", "https://", "javascript:alert(1)"):
        with pytest.raises(ValidationError):
            add(wrong)
    for number in range(4):
        add(f"https://calendar.example/{number}.ics")
    with pytest.raises(NotOffered):
        add("https://calendar.example/more.ics")


def test_the_address_is_shown_shortened(scene):
    address = "https://calendar.google.com/calendar/ical/ana/private-5f4dcc3b5aa765d6/basic.ics"
    listed = listed_for(scene.provider, address)
    assert str(listed) == "calendar.google.com/…"


def test_many_calendars_cost_free_times_no_query_more(
    scene, listed, elsewhere, django_assert_max_num_queries
):
    elsewhere.has(
        "/ana.ics", calendar("DTSTART:20300301T140000Z|DURATION:PT10M|RRULE:FREQ=HOURLY;COUNT=500")
    )
    import_calendar(calendar=listed, now=NOW)
    assert OutsideBusy.objects.count() == 500

    with django_assert_max_num_queries(8):
        slots_on(scene, 4)


def test_two_looks_at_once_leave_one_copy(listed, elsewhere):
    def answer(handler):  # type: ignore[no-untyped-def]
        handler.say(calendar(NINE_TO_TEN))

    elsewhere.answers["/ana.ics"] = answer
    other = OutsideCalendar.objects.select_related("provider").get(pk=listed.pk)
    import_calendar(calendar=listed, now=NOW)
    import_calendar(calendar=other, now=NOW)
    assert len(spans(listed)) == 1


def test_an_import_keeps_booked_visits_of_any_status(scene, listed, elsewhere):
    confirm(scene, on(scene, 4, 9))
    before = list(Booking.objects.values())
    elsewhere.has("/ana.ics", calendar(NINE_TO_TEN))
    import_calendar(calendar=listed, now=NOW)
    assert list(Booking.objects.values()) == before
    assert datetime(2030, 3, 4, 14, tzinfo=UTC) == before[0]["starts_at"]
