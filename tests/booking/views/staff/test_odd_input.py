"""What no browser of ours sends: it is answered, and never with an error of ours."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from booking.permissions import Role
from booking.services import changes
from tests.booking.scenes import NOW, on
from tests.factories import UserFactory

ODD_DAYS = ["9999-12-31", "0001-01-01", "٢٠٣٠-٠٣-٠٤", "\0"]
ODD_NUMBERS = ["9" * 40, "9" * 5000, "²", "NaN\0"]
ODD_TIMES = ["24:00", "10:00+25:00", "\0"]


@pytest.fixture
def boss(at_work):
    """Somebody who may do all of it."""
    return at_work(Role.ADMIN)


def ask(browser: Any, name: str, *args: object, **query: str) -> None:
    """Look at an address; an error of ours would be raised here."""
    found = browser.get(f"{reverse(name, args=args)}?{urlencode(query)}")
    assert found.status_code < 500


@pytest.mark.parametrize("day", ODD_DAYS)
class TestDays:
    @pytest.mark.parametrize("name", ["staff:day", "staff:week", "staff:today", "staff:book"])
    def test_a_page_of_a_day(self, boss, booking, name, day):
        ask(boss, name, day=day)

    def test_a_sheet(self, boss, booking, day):
        found = boss.get(f"/staff/sheet/{day.replace(chr(0), '%00')}/")

        assert found.status_code < 500

    def test_the_next_fortnight_of_the_desk(self, boss, booking, day):
        ask(boss, "staff:book", go=day, start="10:00", check="1")

    def test_a_move(self, boss, booking, day):
        ask(
            boss,
            "staff:move",
            booking.reference,
            day=day,
            time="10:00",
            provider=booking.provider_id,
        )

    @pytest.mark.parametrize(
        "kind", ["time_off", "hours", "extra", "closure", "out_of_service", "opening", "retiring"]
    )
    def test_a_change_of_the_schedule(self, boss, scene, booking, kind, day):
        url = reverse("staff:propose", args=[kind])
        ask(boss, "staff:propose", kind, day=day, starts_on=day, ends_on=day, valid_from=day)
        for first, last in ((day, day), ("2030-03-04", day), (day, "2030-03-04")):
            typed = {
                "resource": scene.room.pk if kind == "out_of_service" else scene.provider.pk,
                "location": scene.location.pk,
                "starts_on": first,
                "ends_on": last,
                "repeats": 1,
                "repeats_until": last,
                "is_all_day": "on",
                "day": first,
                "starts_at": "10:00",
                "ends_at": "11:00",
                "valid_from": first,
                "first-0-0-from": "9:00",
                "first-0-0-until": "12:00",
            }
            assert boss.post(url, typed).status_code < 500


@pytest.mark.parametrize("number", ODD_NUMBERS)
class TestNumbers:
    def test_whom_the_calendar_shows(self, boss, booking, number):
        ask(boss, "staff:day", who=number, by=number, place=number, done=number)

    def test_whom_the_desk_books_for(self, boss, booking, number):
        ask(boss, "staff:book", client=number, provider=number, minutes=number, slot=number)
        ask(boss, "staff:book", pick=number, start=number, check="1", add=number)

    def test_pages(self, boss, booking, number):
        for name in ("staff:clients", "staff:fees", "staff:changes", "staff:messages"):
            ask(boss, name, page=number, q=number)
        ask(boss, "staff:client", booking.client_id, page=number)
        ask(boss, "staff:find", q=number)

    def test_what_a_change_is_of(self, boss, booking, number):
        for kind in ("time_off", "hours", "extra", "no_extra", "closure", "leaving", "retiring"):
            names = ("resource", "location", "treatment", "option", "add_on", "extra")
            ask(boss, "staff:propose", kind, **dict.fromkeys(names, number))
            typed = dict.fromkeys(names, number) | {"starts_on": "2030-03-04"}
            found = boss.post(reverse("staff:propose", args=[kind]), typed)
            assert found.status_code < 500

    def test_a_length_and_a_move(self, boss, booking, number):
        for name in ("staff:resize", "staff:move"):
            ask(boss, name, booking.reference, minutes=number, version=number, provider=number)
            url = reverse(name, args=[booking.reference])
            typed = {"minutes": number, "version": number, "provider": number}
            assert boss.post(url, typed).status_code < 500

    def test_canceling_and_taking_back(self, boss, booking, number):
        url = reverse("staff:cancel", args=[booking.reference])
        typed = {"why": "client", "fee": number, "version": number, "reason": number}
        assert boss.post(url, typed).status_code < 500
        undo = reverse("staff:undo", args=[booking.reference])
        assert boss.post(undo, {"step": number}).status_code < 500

    def test_decisions(self, boss, scene, booking, number):
        draft = changes.time_off(
            resource=scene.provider,
            spans=[(on(scene, 3, 0), on(scene, 4, 0))],
            zone=scene.location.zone,
        )
        change = changes.propose(change=draft, user=UserFactory(groups=[Role.ADMIN]), now=NOW)
        touched = change.visits.get().pk
        for name in ("staff:choose", "staff:decide"):
            url = reverse(name, args=[change.pk])
            for typed in (
                {f"choice-{number}": "keep"},
                {"only": number, f"choice-{touched}": f"20300304T1400Z-{number}"},
                {f"choice-{touched}": f"20300304T1400Z-{number}", f"version-{touched}": number},
                {f"choice-{touched}": "keep", f"version-{touched}": number, "page": number},
                {f"choice-{touched}": "keep", f"version-{touched}": "0", f"note-{touched}": number},
            ):
                assert boss.post(url, typed).status_code < 500

    def test_a_time_away_that_is_taken_back(self, boss, scene, booking, number):
        url = reverse("staff:end_time_off", args=[scene.provider.pk])

        assert boss.post(url, {"time_off": number}).status_code < 500


@pytest.mark.parametrize("time", ODD_TIMES)
def test_times_of_day(boss, scene, booking, time):
    ask(boss, "staff:book", day="2030-03-04", start=time)
    ask(boss, "staff:book", day="2030-03-04", start=time, check="1")
    ask(boss, "staff:move", booking.reference, day="2030-03-04", time=time, provider="1")
    typed = {"resource": scene.provider.pk, "location": scene.location.pk, "day": "2030-03-04"}
    url = reverse("staff:propose", args=["extra"])
    assert boss.post(url, typed | {"starts_at": time, "ends_at": time}).status_code < 500
