"""The page of a schedule: hours, extra openings, time away."""

from datetime import date

import pytest
from django.urls import reverse

from booking.models import (
    TimeOff,
)
from booking.services import changes
from tests.booking.changes.scenes import day_off, press, visit
from tests.booking.scenes import NOW
from tests.factories import ExtraOpeningFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


class TestSchedules:
    def test_a_schedule_shows_hours_with_breaks_extra_openings_and_time_off(
        self, desk, scene, dana
    ):
        ExtraOpeningFactory(provider=scene.provider, location=scene.location, day=date(2030, 3, 9))
        day_off(scene, dana)

        text = desk.get(reverse("staff:schedule_of", args=[scene.provider.pk])).content.decode()

        assert "9:00\xa0am to 6:00\xa0pm" in text.replace(" to ", " to ")
        assert "Sat, Mar\xa09" in text
        assert "all of Mon, Mar\xa04" in text

    def test_a_time_away_is_taken_back_from_it(self, desk, scene, dana):
        change = day_off(scene, dana)
        row = change.time_off.get()

        text = press(desk, "end_time_off", scene.provider.pk, time_off=row.pk)
        assert "can be booked again" in text
        assert not TimeOff.objects.exists()
        text = press(desk, "end_time_off", scene.provider.pk, time_off=row.pk)
        assert "taken back already" in text

    def test_an_aesthetician_is_led_to_their_own(self, as_, hana, scene):
        response = as_(hana).get(reverse("staff:schedule"))

        assert response.headers["Location"] == reverse(
            "staff:schedule_of", args=[scene.provider.pk]
        )

    def test_the_desk_finds_everybody_and_everything(
        self, desk, scene, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(12):
            text = desk.get(reverse("staff:schedule")).content.decode()
        for each in (*scene.providers, *scene.rooms, *scene.devices):
            assert each.name in text

    def test_who_left_still_has_a_name_everywhere(self, desk, scene, ada):
        booking = visit(scene)
        changes.propose(change=changes.leaving(resource=scene.provider), user=ada, now=NOW)
        changes.propose(change=changes.leaving(resource=scene.room), user=ada, now=NOW)
        changes.propose(change=changes.retiring(offer=scene.treatment), user=ada, now=NOW)

        shown = desk.get(reverse("staff:visit", args=[booking.reference])).content.decode()

        assert "Hana Mori" in shown
        assert scene.treatment.name in shown
        assert "Hana Mori" in desk.get(reverse("staff:schedule")).content.decode()
