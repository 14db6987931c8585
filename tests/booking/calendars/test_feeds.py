"""Feeds: secret addresses at which calendar programs read visits."""

import hashlib
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse
from icalendar import Calendar, Event

from booking import calendar_links
from booking.calendar import invitation
from booking.feeds import PAST, contents, feed_url, subscribe_url
from booking.models import Feed, Status
from booking.services import add_time_off, cancel, move
from booking.services.calendars import close_feed, open_feed
from booking.services.ledger import CLIENT
from clinic.web import clock
from tests.booking.scenes import NOW, confirm, hold, on, wish_for
from tests.factories import (
    ClientFactory,
    ProviderFactory,
    Scene,
    UserFactory,
    booked,
    give_hours,
    open_clinic,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture(autouse=True)
def it_is_noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def path(feed: Feed) -> str:
    return feed_url(feed).removeprefix("http://localhost:8000")


def events(feed: Feed, now=NOW) -> list[Event]:  # type: ignore[no-untyped-def]
    return Calendar.from_ical(contents(feed, now=now)).walk("VEVENT")


def move_to(booking, starts_at, **fields) -> None:  # type: ignore[no-untyped-def]
    move(booking=booking, starts_at=starts_at, actor=CLIENT, now=NOW, **fields)


def test_a_client_reads_when_and_where_and_never_what(scene):
    booking = confirm(scene, on(scene, 4, 9))
    feed = open_feed(owner=booking.client, now=NOW)

    (event,) = events(feed)
    invited = Calendar.from_ical(invitation(booking, now=NOW)).walk("VEVENT")[0]
    assert event["UID"] == invited["UID"]
    assert event.decoded("dtstart") == booking.starts_at
    assert event.decoded("dtend") == booking.ends_at  # turnover is not the client's
    assert event["SUMMARY"] == f"Appointment, {scene.location.name}"
    assert event["DESCRIPTION"] == "Plans changed? Call us: +1 503 555 0142"
    text = contents(feed, now=NOW).decode().replace("\r\n ", "")
    for secret in (scene.treatment.name, "/visit/", "Maya", "maya@", booking.reference, "$", "170"):
        assert secret not in text, secret
    assert "BEGIN:VTIMEZONE" not in text
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT30M" in text
    assert "X-PUBLISHED-TTL:PT30M" in text


def test_a_move_keeps_the_entry_and_a_cancellation_takes_it_away(scene):
    booking = confirm(scene, on(scene, 4, 9))
    feed = open_feed(owner=booking.client, now=NOW)
    (before,) = events(feed)

    move_to(booking, on(scene, 5, 11))
    (after,) = events(feed)
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after.decoded("dtstart") == on(scene, 5, 11)

    cancel(booking=booking, actor=CLIENT, now=NOW)
    assert events(feed) == []


def test_the_past_thirty_days_and_all_that_is_ahead(scene):
    client = ClientFactory()
    old = booked(client=client, status=Status.COMPLETED, location=scene.location)
    feed = open_feed(owner=client, now=NOW)

    assert len(events(feed, now=old.ends_at + PAST - timedelta(seconds=1))) == 1
    assert events(feed, now=old.ends_at + PAST) == []
    assert len(events(feed, now=old.starts_at - timedelta(days=700))) == 1


def test_nobody_reads_the_visits_of_another(scene):
    mine, theirs = confirm(scene, on(scene, 4, 9)), booked(location=scene.location)
    hold(scene, on(scene, 5, 9))

    assert [e["UID"] for e in events(open_feed(owner=mine.client, now=NOW))] != [
        e["UID"] for e in events(open_feed(owner=theirs.client, now=NOW))
    ]
    assert len(events(open_feed(owner=scene.provider, now=NOW))) == 1


def test_an_aesthetician_reads_the_room_and_the_reference_turnover_included(scene):
    booking = confirm(scene, on(scene, 4, 9))
    away = add_time_off(
        resource=scene.provider,
        starts_at=on(scene, 6, 9),
        ends_at=on(scene, 6, 12),
        reason="Surgery",
        now=NOW,
    )
    feed = open_feed(owner=scene.provider, now=NOW)

    visit, off = events(feed)
    assert visit["SUMMARY"] == f"Appointment, {scene.room.name}"
    assert visit["DESCRIPTION"] == f"Booking {booking.reference}"
    assert visit.decoded("dtend") == booking.ends_at + timedelta(minutes=15)
    assert (off["SUMMARY"], off.decoded("dtend")) == ("Away", away.ends_at)
    text = contents(feed, now=NOW).decode()
    for secret in ("Surgery", "Maya", "maya@", scene.treatment.name, "/visit/"):
        assert secret not in text, secret


def test_a_room_reads_who_of_us_is_in_it(scene):
    confirm(scene, on(scene, 4, 9))
    feed = open_feed(owner=scene.room, now=NOW)

    (visit,) = events(feed)
    assert visit["SUMMARY"] == "Appointment, Ana"
    assert "Maya" not in contents(feed, now=NOW).decode()


def test_a_visit_given_to_somebody_else_changes_calendars(scene):
    other = ProviderFactory(name="Hana Mori", treatments=[scene.treatment])
    give_hours(other, scene.location)
    booking = confirm(scene, on(scene, 4, 9))
    before, after = (open_feed(owner=owner, now=NOW) for owner in (booking.provider, other))
    if booking.provider == other:
        pytest.fail("the scene's own aesthetician is the first to be asked")
    assert (len(events(before)), len(events(after))) == (1, 0)

    move_to(booking, on(scene, 4, 9), wish=wish_for(scene, provider=other))

    assert (len(events(before)), len(events(after))) == (0, 1)


def test_a_feed_answers_by_http(scene, browser):
    feed = open_feed(owner=confirm(scene, on(scene, 4, 9)).client, now=NOW)

    response = browser.get(path(feed))

    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Cache-Control"] == "private, max-age=1800"
    assert response["X-Robots-Tag"] == "noindex"
    assert not response.cookies
    assert response.content == contents(feed, now=NOW)
    assert browser.head(path(feed)).status_code == 200
    for method in (browser.post, browser.put, browser.delete, browser.patch):
        assert method(path(feed)).status_code == 405


def test_what_has_not_changed_is_not_sent_again(scene, browser, monkeypatch):
    booking = confirm(scene, on(scene, 4, 9))
    feed = open_feed(owner=booking.client, now=NOW)
    etag = browser.get(path(feed))["ETag"]

    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=5))
    again = browser.get(path(feed), headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)

    move_to(booking, on(scene, 5, 11))
    changed = browser.get(path(feed), headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed["ETag"] != etag


@pytest.mark.parametrize("token", ["x", "A" * 22, "A" * 65, "0", "a-_b"])
def test_an_address_we_did_not_give_tells_nothing(scene, browser, token):
    confirm(scene, on(scene, 4, 9))
    response = browser.get(reverse("booking:feed", args=[token]))

    assert response.status_code == 404
    assert "Maya" not in response.content.decode()


def test_a_new_address_ends_the_old_and_an_ended_one_tells_nothing(scene, browser):
    client = confirm(scene, on(scene, 4, 9)).client
    first = open_feed(owner=client, now=NOW)
    second = open_feed(owner=client, now=NOW)

    assert browser.get(path(first)).status_code == 404
    assert browser.get(path(second)).status_code == 200
    close_feed(owner=client, now=NOW)
    assert browser.get(path(second)).status_code == 404
    assert "Appointment" not in browser.get(path(second)).content.decode()


@pytest.mark.parametrize("end", ["a person who left", "a resource out of use"])
def test_who_left_reads_no_more_of_us(scene, browser, end):
    scene.provider.user = user = UserFactory()
    scene.provider.save()
    feed = open_feed(owner=scene.provider, now=NOW)
    assert browser.get(path(feed)).status_code == 200

    gone = user if end == "a person who left" else scene.provider
    gone.is_active = False
    gone.save()

    assert browser.get(path(feed)).status_code == 404


def test_a_copy_of_the_database_gives_nobody_an_address(scene, settings):
    feed = open_feed(owner=scene.room, now=NOW)
    token = feed_url(feed).rpartition("/")[2].removesuffix(".ics")

    assert token not in (feed.nonce, feed.token_hash)
    assert hashlib.sha256(token.encode()).hexdigest() == feed.token_hash
    settings.SECRET_KEY = "another"
    assert token not in feed_url(feed)
    assert subscribe_url(feed).startswith("webcal://localhost:8000/calendar/")


@pytest.mark.parametrize("whose", ["client", "provider", "room"])
def test_a_feed_of_many_visits_costs_what_one_of_few_does(
    scene, browser, whose, django_assert_max_num_queries
):
    client = ClientFactory()
    owner = {"client": client, "provider": scene.provider, "room": scene.room}[whose]
    path_of_feed = path(open_feed(owner=owner, now=NOW))
    for day in range(12):
        booked(
            client=client,
            provider=scene.provider,
            room=scene.room,
            location=scene.location,
            starts_at=on(scene, 4 + day, 9),
        )

    with django_assert_max_num_queries(4):
        response = browser.get(path_of_feed)
    assert response.content.count(b"BEGIN:VEVENT") == 12


def test_links_into_calendars_on_the_web_say_when_in_utc_and_hold_no_secret(scene):
    booking = confirm(scene, on(scene, 4, 9))
    google, outlook = calendar_links.web_links(booking)

    assert google.startswith("https://calendar.google.com/calendar/render?action=TEMPLATE&")
    assert "dates=20300304T140000Z%2F20300304T151500Z" in google  # a first visit: 75 minutes
    assert "startdt=2030-03-04T14%3A00%3A00Z&enddt=2030-03-04T15%3A15%3A00Z" in outlook
    for link in (google, outlook):
        assert "Appointment%2C%20Alder%20Street" in link
        assert "+1" not in link  # Outlook would show a plus for every space
        for secret in ("visit", booking.reference, "Maya", "Face"):
            assert secret not in link
