"""Our feeds and files as programs nobody here wrote read them: vdirsyncer fetches, khal shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from booking.calendar import invitation
from booking.feeds import feed_url
from booking.models import Booking
from booking.services import cancel, move
from booking.services.calendars import close_feed, open_feed
from booking.services.ledger import CLIENT
from clinic.web import clock
from tests.booking.scenes import NOW, confirm, on
from tests.factories import Scene, booked, open_clinic

pytestmark = pytest.mark.django_db(transaction=True)

PROGRAMS = Path(sys.executable).parent
VDIRSYNCER = """
[general]
status_path = "{home}/status/"

[pair feed]
a = "web"
b = "disk"
collections = null

[storage web]
type = "http"
url = "{url}"

[storage disk]
type = "filesystem"
path = "{home}/entries/"
fileext = ".ics"
"""
KHAL = """
[calendars]
[[visits]]
path = {home}/entries/

[sqlite]
path = {home}/khal.db

[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = {zone}
default_timezone = {zone}
"""


class Reader:
    """Somebody who has subscribed and looks at March 2030 by the clock of `zone`."""

    def __init__(self, home: Path, zone: str, url: str = "") -> None:
        self.home = home
        (home / "entries").mkdir()
        (home / "vdirsyncer").write_text(VDIRSYNCER.format(home=home, url=url))
        (home / "khal").write_text(KHAL.format(home=home, zone=zone))

    def run(self, program: str, *arguments: str, said: str = "") -> str:
        done = subprocess.run(
            [PROGRAMS / program, "-c", self.home / program, *arguments],
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            env={"HOME": str(self.home), "LC_ALL": "C.UTF-8"},
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def subscribe(self) -> None:
        self.run("vdirsyncer", "discover", said="y\n")

    def sees(self) -> list[str]:
        """Fetch the feed, and show every entry with its days and hours."""
        self.run("vdirsyncer", "sync")
        return self.shows()

    def shows(self) -> list[str]:
        form = "{start-long} {end-time} {title}; {location}"
        listed = self.run("khal", "list", "--day-format", "", "--format", form, "2030-03-01", "31d")
        return [line for line in listed.splitlines() if line]


@pytest.fixture(autouse=True)
def it_is_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def subscribed(live_server, settings, tmp_path) -> Callable[..., Reader]:  # type: ignore[no-untyped-def]
    """Return a reader, by the clock of a zone, of the feed of a client or resource."""
    settings.SITE_URL = live_server.url

    def subscribe(owner, zone: str) -> Reader:  # type: ignore[no-untyped-def]
        reader = Reader(tmp_path, zone, feed_url(open_feed(owner=owner, now=NOW)))
        reader.subscribe()
        return reader

    return subscribe


def entry(scene: Scene, hours: str) -> str:
    place = scene.location
    return f"{hours} Appointment, {place.name}; Lumen Microcurrent, {place.address}"


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Lisbon", "Asia/Kathmandu"])
def test_a_subscribed_client_sees_a_move_and_a_cancellation(zone, subscribed):
    """A visit of 75 minutes at 9 on the wall, then at 11 in the week after New York changes."""
    scene = open_clinic(zone)
    booking = confirm(scene, on(scene, 4, 9))
    booked(client=booking.client, location=scene.location, starts_at=on(scene, 20, 14))
    stays = entry(scene, "2030-03-20 14:00 15:00")
    reader = subscribed(booking.client, zone)
    assert reader.sees() == [entry(scene, "2030-03-04 09:00 10:15"), stays]

    move(booking=booking, starts_at=on(scene, 12, 11), actor=CLIENT, now=NOW)
    assert reader.sees() == [entry(scene, "2030-03-12 11:00 12:15"), stays]

    cancel(booking=booking, actor=CLIENT, now=NOW)
    assert reader.sees() == [stays]


def test_a_visit_in_portland_is_at_its_hour_in_kathmandu(subscribed):
    scene = open_clinic("America/Los_Angeles")
    booking = confirm(scene, on(scene, 4, 9))

    assert subscribed(booking.client, "Asia/Kathmandu").sees() == [
        entry(scene, "2030-03-04 22:45 00:00")
    ]


def test_a_subscribed_aesthetician_sees_the_room_until_it_is_turned_over(subscribed):
    scene = open_clinic()
    confirm(scene, on(scene, 4, 9))
    shown = f"Appointment, {scene.room.name}; {scene.location.name}"

    assert subscribed(scene.provider, "America/New_York").sees() == [
        f"2030-03-04 09:00 10:30 {shown}"
    ]


def test_an_ended_address_is_refused_and_what_was_read_is_not_lost_silently(subscribed):
    scene = open_clinic()
    booking = confirm(scene, on(scene, 4, 9))
    reader = subscribed(booking.client, "America/New_York")
    reader.sees()

    close_feed(owner=booking.client, now=NOW)

    with pytest.raises(AssertionError, match="Not Found"):
        reader.sees()
    assert reader.shows() == [entry(scene, "2030-03-04 09:00 10:15")]


def test_the_file_of_a_letter_is_one_entry_however_often_it_comes(tmp_path):
    scene = open_clinic()
    booking = confirm(scene, on(scene, 4, 9))
    reader = Reader(tmp_path, "America/New_York")

    def receive(booking: Booking) -> list[str]:
        letter = tmp_path / "appointment.ics"
        letter.write_bytes(invitation(booking, now=NOW))
        reader.run("khal", "import", "--batch", "-a", "visits", str(letter))
        return reader.shows()

    assert receive(booking) == [entry(scene, "2030-03-04 09:00 10:15")]
    assert receive(booking) == [entry(scene, "2030-03-04 09:00 10:15")]
    move(booking=booking, starts_at=on(scene, 12, 11), actor=CLIENT, now=NOW)
    assert receive(booking) == [entry(scene, "2030-03-12 11:00 12:15")]
