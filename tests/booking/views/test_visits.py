from datetime import timedelta

import pytest
from django.urls import reverse
from icalendar import Calendar

from booking import links
from booking.models import Booking, Status
from booking.services import cancel, resize
from booking.services.ledger import CLIENT, staff
from tests.booking.scenes import on
from tests.booking.views.browsing import Page, Visitor, at, text
from tests.factories import (
    DeviceFactory,
    InstructionVersionFactory,
    ProviderFactory,
    RoomFactory,
    UserFactory,
    give_hours,
)


@pytest.fixture
def booking(visitor, scene) -> Booking:
    version = InstructionVersionFactory()
    scene.treatment.instructions.add(version.instruction)
    return visitor.book(on(scene, 4, 9))


def link(booking: Booking) -> str:
    return links.manage_url(booking).removeprefix("http://localhost:8000")


def test_the_confirmation_says_when_where_and_how_to_get_ready(visitor, booking):
    page = text(visitor.browser.get(at("confirmed", booking)))

    assert "Monday, March 4<br>at 9:00 am" in page
    assert "A confirmation is on its way to maya@mail.example." in page
    assert "Come with a bare face." in page
    assert "214 Alder Street" in page
    assert "Until Sun, Mar 3, 9:00 am" in page
    assert links.manage_url(booking) in page


def test_the_calendar_file_holds_the_visit(visitor, booking):
    for url in (at("calendar", booking), link(booking) + "calendar.ics"):
        response = visitor.browser.get(url)
        assert response["Content-Type"].startswith("text/calendar")
        assert "attachment" in response["Content-Disposition"]
        event = Calendar.from_ical(response.content).walk("VEVENT")[0]
        assert event.decoded("dtstart") == booking.starts_at
        assert "Face Tone" not in response.content.decode()


def test_whoever_has_the_link_sees_the_visit(other, booking):
    response = other.browser.get(link(booking))

    page = text(response)
    assert response.status_code == 200
    assert "Monday, March 4<br>at 9:00 am" in page
    assert "Confirmed" in page
    assert "$170" in page
    assert "Come with a bare face." in page
    assert response["Referrer-Policy"] == "same-origin"
    assert "no-store" in response["Cache-Control"]
    assert 'name="robots" content="noindex"' in page
    assert "maya@mail.example" not in page
    presses = [link(booking) + press for press in ("undo/", "rebook/", "another/")]
    assert [form["action"] for form in Page(page).forms] == presses


def test_a_visit_that_was_made_longer_is_as_long_as_it_is(other, booking):
    resize(booking=booking, minutes=75, actor=staff(UserFactory()), now=booking.created_at)

    assert f"{booking.option.treatment.name}, 75 min" in text(other.browser.get(link(booking)))


@pytest.mark.parametrize("token", ["x", "A" * 22, "A" * 65, "0"])
def test_a_link_we_did_not_give_opens_nothing(token, other, booking):
    response = other.browser.get(reverse("booking:manage", args=[token]))

    assert response.status_code == 404
    assert "Maya" not in text(response)


def test_a_link_opens_until_a_month_after_the_visit(other, booking, wall_clock):
    wall_clock.now = booking.ends_at + timedelta(days=30)
    assert other.browser.get(link(booking)).status_code == 200

    wall_clock.wait(seconds=1)
    assert other.browser.get(link(booking)).status_code == 404


def test_a_visit_that_was_canceled_says_so(visitor, booking, wall_clock):
    cancel(booking=booking, actor=CLIENT, now=wall_clock.now)

    assert visitor.browser.get(at("confirmed", booking))["Location"] == links.manage_url(booking)
    page = text(visitor.browser.get(link(booking)))
    assert "Canceled" in page
    assert "Add to calendar" not in page
    assert visitor.browser.get(at("calendar", booking)).status_code == 404


def test_whoever_comes_by_the_link_is_known_and_asked_for_no_name_again(scene, booking, wall_clock):
    Booking.objects.filter(pk=booking.pk).update(status=Status.COMPLETED)
    client = Visitor(scene)
    client.browser.get(link(booking))
    assert "Been here before?" in text(client.browser.get(reverse("booking:start")))

    response = client.browser.post(link(booking) + "another/")

    assert response["Location"] == reverse("booking:start")
    assert client.browser.session.get_expire_at_browser_close()
    assert "Welcome back, Maya" in text(client.browser.get(reverse("booking:start")))
    times = text(client.browser.get(client.times_url()))
    assert "first talk" not in times
    held = client.hold(on(scene, 2, 9))
    assert held.client == booking.client
    assert held.minutes == 60
    details = text(client.browser.get(at("details", held)))
    assert "You are booking as Maya Ellison." in details
    assert 'name="email"' not in details
    assert client.fill_in(held).status_code == 303
    assert client.confirm(held)["Location"] == at("confirmed", held)
    held.refresh_from_db()
    assert (held.status, held.client) == (Status.CONFIRMED, booking.client)


def test_somebody_else_at_the_same_browser_is_a_stranger_again(scene, booking):
    client = Visitor(scene)
    client.browser.get(link(booking))
    client.browser.post(link(booking) + "another/")

    client.browser.post(reverse("booking:forget"))

    assert "Welcome back" not in text(client.browser.get(reverse("booking:start")))


def test_the_link_of_a_known_client_does_not_hold_two_visits_at_once(scene, booking):
    second = ProviderFactory(name="Hana Mori", treatments=[scene.treatment])
    give_hours(second, scene.location)
    RoomFactory(location=scene.location)
    DeviceFactory(location=scene.location)
    client = Visitor(scene)
    client.browser.get(link(booking))
    client.browser.post(link(booking) + "another/")

    response = client.press(on(scene, 4, 9))

    assert response.status_code == 409
    assert "We could not confirm this visit online." in text(response)


def test_boxes_ticked_by_somebody_known_make_no_visit_of_a_stranger(scene, booking):
    """Two people, one browser: the first was never asked for a name, the second has to say one."""
    Booking.objects.filter(pk=booking.pk).update(status=Status.COMPLETED)
    client = Visitor(scene)
    client.browser.get(link(booking))
    client.browser.post(link(booking) + "another/")
    client.fill_in(client.hold(on(scene, 2, 9)))
    client.browser.post(reverse("booking:forget"))

    held = client.hold(on(scene, 5, 9))

    assert " checked" not in text(client.browser.get(at("details", held)))
    assert client.confirm(held)["Location"] == at("details", held)
    assert client.browser.get(at("review", held))["Location"] == at("details", held)
    held.refresh_from_db()
    assert held.status == Status.HELD
