"""The pages on which clients and staff get addresses, and on which calendars elsewhere are kept."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from booking import feeds, links
from booking.models import Booking, Feed, OutsideBusy, OutsideCalendar
from booking.permissions import Role
from booking.selectors.calendars import open_feed_of
from booking.services.calendars import import_calendar, open_feed
from clinic.web import clock
from tests.booking.calendars.test_outside import calendar
from tests.booking.scenes import NOW, confirm, on
from tests.booking.views.browsing import Page, text
from tests.factories import LONG_AGO, Scene, UserFactory, booked, open_clinic

pytestmark = pytest.mark.django_db

NINE_TO_TEN = "DTSTART:20300304T140000Z|DTEND:20300304T150000Z"
CALENDARS = "/staff/calendars/"


@pytest.fixture(autouse=True)
def it_is_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene) -> Booking:
    return confirm(scene, on(scene, 4, 9))


@pytest.fixture
def browser() -> Browser:
    """A client's browser, which has the visitor cookie."""
    browser = Browser()
    browser.get(reverse("booking:start"))
    return browser


@pytest.fixture
def ana(scene) -> Browser:
    """A browser in which the scene's aesthetician is signed in."""
    scene.provider.user = UserFactory(groups=[Role.AESTHETICIAN])
    scene.provider.save(update_fields=["user"])
    return signed_in(scene.provider.user)


def signed_in(user) -> Browser:  # type: ignore[no-untyped-def]
    browser = Browser()
    browser.force_login(user)
    return browser


def at(page: str, booking: Booking) -> str:
    return links.page_url(booking, page).removeprefix("http://localhost:8000")


def listed_for(provider, address: str) -> OutsideCalendar:  # type: ignore[no-untyped-def]
    return OutsideCalendar.objects.create(provider=provider, address=address, added_at=LONG_AGO)


# Clients


def test_a_client_makes_replaces_and_ends_an_address(browser, booking):
    url = at("subscribe", booking)
    assert [form["action"] for form in Page(text(browser.get(url))).forms] == [f"{url}open/"]
    assert not Feed.objects.exists()  # looking makes nothing

    assert browser.post(f"{url}open/")["Location"] == f"{url}#address"
    first = open_feed_of(booking.client)
    page = text(browser.get(url))
    assert feeds.feed_url(first) in page
    assert feeds.subscribe_url(first) in Page(page).links

    browser.post(f"{url}open/")
    assert feeds.feed_url(first) not in text(browser.get(url))

    browser.post(f"{url}close/")
    assert open_feed_of(booking.client) is None
    assert "There is none yet." in text(browser.get(url))


@pytest.mark.parametrize("press", ["open", "close"])
def test_an_address_of_a_press_gone_to_by_hand_changes_nothing(browser, booking, press):
    open_feed(owner=booking.client, now=NOW)
    before = list(Feed.objects.values())

    response = browser.get(f"{at('subscribe', booking)}{press}/")

    assert (response.status_code, response["Location"]) == (303, at("subscribe", booking))
    assert list(Feed.objects.values()) == before


def test_a_link_we_did_not_give_makes_no_address(browser, booking):
    for page in ("subscribe", "open_address", "close_address"):
        url = reverse(f"booking:{page}", args=["A" * 22])
        assert (browser.get(url) if page == "subscribe" else browser.post(url)).status_code == 404
    assert not Feed.objects.exists()


def test_the_page_is_nobody_elses_to_keep(browser, booking, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        response = browser.get(at("subscribe", booking))
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Robots-Tag"] == "noindex"


# Staff


def test_an_aesthetician_gets_an_address_of_their_own(ana, scene):
    page = text(ana.get(CALENDARS))
    assert "Rooms" not in page
    press = reverse("staff:open_address", args=[scene.provider.pk])
    assert press in [form["action"] for form in Page(page).forms]

    ana.post(press)
    feed = open_feed_of(scene.provider)
    assert feeds.feed_url(feed) in text(ana.get(CALENDARS))

    ana.post(reverse("staff:close_address", args=[scene.provider.pk]))
    assert open_feed_of(scene.provider) is None


def test_nobody_makes_or_ends_the_address_of_another(ana, scene):
    other = open_clinic()
    feed = open_feed(owner=other.provider, now=NOW)

    for resource in (other.provider, other.room, scene.room, scene.console):
        for press in ("open_address", "close_address"):
            assert ana.post(reverse(f"staff:{press}", args=[resource.pk])).status_code == 404
    assert list(Feed.objects.filter(revoked_at=None)) == [feed]
    assert feeds.feed_url(feed) not in text(ana.get(CALENDARS))


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.ADMIN])
def test_the_desk_makes_addresses_for_rooms_and_for_no_person(role, scene):
    desk = signed_in(UserFactory(groups=[role]))

    page = text(desk.get(CALENDARS))
    assert scene.room.name in page
    assert "Calendars you keep elsewhere" not in page
    desk.post(reverse("staff:open_address", args=[scene.room.pk]))
    assert feeds.feed_url(open_feed_of(scene.room)) in text(desk.get(CALENDARS))
    for resource in (scene.provider, scene.console):
        assert desk.post(reverse("staff:open_address", args=[resource.pk])).status_code == 404
    assert desk.post(CALENDARS, {"address": "https://calendar.example/a.ics"}).status_code == 404


def test_the_medical_lead_and_strangers_stay_outside(scene):
    lead = signed_in(UserFactory(groups=[Role.MEDICAL_LEAD]))
    assert lead.get(CALENDARS).status_code == 403
    assert Browser().get(CALENDARS).status_code == 302


def test_a_calendar_is_added_tested_paused_and_removed(ana, scene, elsewhere, monkeypatch):
    secret = "https://calendar.example/private-5f4dcc3b/basic.ics"
    served = elsewhere.has("/ana.ics", calendar(NINE_TO_TEN))
    refused = ana.post(CALENDARS, {"address": "calendar.example/basic.ics"})
    assert refused.status_code == 422
    assert "An address begins with https:// or webcal://." in text(refused)

    ana.post(CALENDARS, {"address": secret.replace("https", "webcal")})
    (listed,) = OutsideCalendar.objects.all()
    assert (listed.provider, listed.address) == (scene.provider, secret)
    page = text(ana.get(CALENDARS))
    assert "Its address does not begin with https://." in page  # this test's world has http only
    assert "We have never read it" in page
    assert "calendar.example/…" in page
    assert "5f4dcc3b" not in page

    OutsideCalendar.objects.update(address=served)
    ana.post(reverse("staff:calendar_look", args=[listed.pk]))
    page = text(ana.get(CALENDARS))
    assert "Up to date" in page
    assert "Fri, Mar 1, 7:00 am" in page  # by the clock of where she works
    assert OutsideBusy.objects.count() == 1

    ana.post(reverse("staff:calendar_pause", args=[listed.pk]))
    assert "Paused" in text(ana.get(CALENDARS))
    assert not OutsideBusy.objects.exists()

    ana.post(reverse("staff:calendar_resume", args=[listed.pk]))
    assert OutsideBusy.objects.count() == 1

    ana.post(reverse("staff:calendar_remove", args=[listed.pk]))
    assert not OutsideCalendar.objects.exists()


def test_what_went_wrong_is_said_with_the_time_of_the_last_good_copy(ana, scene, elsewhere):
    listed = listed_for(scene.provider, elsewhere.has("/ana.ics", calendar(NINE_TO_TEN)))
    import_calendar(calendar=listed, now=NOW - timedelta(hours=2))
    elsewhere.answers["/ana.ics"] = lambda handler: handler.say(b"", status=404)
    import_calendar(calendar=listed, now=NOW)

    page = strip_tags(text(ana.get(CALENDARS)))

    assert "There is no calendar at that address any more." in page
    assert "Last look: Fri, Mar 1, 7:00 am" in page
    assert "We go by what we read Fri, Mar 1, 5:00 am" in page


def test_visits_in_a_time_that_is_busy_elsewhere_are_named(ana, scene, elsewhere, booking):
    listed = listed_for(scene.provider, elsewhere.has("/ana.ics", calendar(NINE_TO_TEN)))
    assert booking.reference not in text(ana.get(CALENDARS))

    import_calendar(calendar=listed, now=NOW)

    page = text(ana.get(CALENDARS))
    assert "These visits are in a time you keep elsewhere" in page
    assert reverse("staff:visit", args=[booking.reference]) in Page(page).links


@pytest.mark.parametrize("press", ["look", "pause", "resume", "remove"])
def test_nobody_touches_the_calendar_of_another(ana, scene, press):
    listed = listed_for(open_clinic().provider, "https://calendar.example/a.ics")
    before = OutsideCalendar.objects.values().get()

    assert ana.post(reverse(f"staff:calendar_{press}", args=[listed.pk])).status_code == 404
    assert ana.get(reverse(f"staff:calendar_{press}", args=[listed.pk])).status_code == 405
    assert OutsideCalendar.objects.values().get() == before


def test_looking_again_and_again_is_limited(ana, scene, elsewhere):
    listed = listed_for(scene.provider, elsewhere.has("/ana.ics", calendar(NINE_TO_TEN)))
    for _ in range(12):
        ana.post(reverse("staff:calendar_look", args=[listed.pk]))

    assert len(elsewhere.asked) == 10
    assert "We looked often just now" in text(ana.get(CALENDARS))


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ftp://calendar.example/a.ics",
        "https://ana:word@calendar.example/a.ics",
        "https://calendar.example:8443/a.ics",
        "https://[::1/a.ics",
        "https://",
        "https://calendar.example/" + "a" * 1000,
    ],
)
def test_an_address_we_would_not_read_is_refused_beside_what_was_typed(ana, scene, typed):
    refused = ana.post(CALENDARS, {"address": typed})

    assert refused.status_code == 422
    assert refused.context["form"].errors["address"]
    assert not OutsideCalendar.objects.exists()


def test_the_page_costs_the_same_for_many_rows(ana, scene, elsewhere, booking):
    scene.provider.user.groups.add(*UserFactory(groups=[Role.FRONT_DESK]).groups.all())
    elsewhere.has("/1", calendar(f"{NINE_TO_TEN}|RRULE:FREQ=DAILY;COUNT=9"))
    costs = []
    for number in range(1, 5):
        listed = listed_for(scene.provider, elsewhere.url(f"/1?{number}"))
        elsewhere.answers[f"/1?{number}"] = elsewhere.answers["/1"]
        import_calendar(calendar=listed, now=NOW)
        booked(provider=scene.provider, location=scene.location, starts_at=on(scene, 4 + number, 9))
        open_feed(owner=open_clinic().room, now=NOW)
        ana.get(CALENDARS)
        with CaptureQueriesContext(connection) as queries:
            assert ana.get(CALENDARS).status_code == 200
        costs.append(len(queries))

    assert len(set(costs)) == 1
    assert costs[0] <= 16
