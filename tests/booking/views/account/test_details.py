"""The client area: name, number, clock, what we may send, and a calendar to subscribe to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from booking.models import Feed
from clinic.clients.models import Client, ConsentKind
from clinic.clients.selectors import preferences
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.booking.views.account.looking import look, press
from tests.booking.views.browsing import text
from tests.factories import BookingFactory

DAY = timedelta(days=1)


class TestDetails:
    TYPED = {"name": "Maya Ellisson", "phone": "(503) 555-0188", "time_zone": "America/Denver"}

    def test_are_changed(self, area, maya):
        response = press(area, "details", **self.TYPED)

        assert response["Location"] == reverse("account:details")
        maya.refresh_from_db()
        assert (maya.name, maya.phone.as_e164, maya.time_zone) == (
            "Maya Ellisson",
            "+15035550188",
            "America/Denver",
        )
        assert maya.name_key == "maya ellisson"

    def test_visits_ahead_are_told_by_the_new_clock_and_past_ones_stay(self, area, maya):
        now = clock.now()
        ahead, behind = (
            BookingFactory(client=maya, starts_at=now + days * DAY, time_zone="Asia/Kathmandu")
            for days in (2, -2)
        )

        press(area, "details", **self.TYPED)

        ahead.refresh_from_db()
        behind.refresh_from_db()
        assert (ahead.time_zone, behind.time_zone) == ("America/Denver", "Asia/Kathmandu")

    def test_a_name_that_somebody_else_of_the_address_has_is_refused(self, area, maya, leo):
        press(area, "switch", client=maya.pk)

        response = press(area, "details", **self.TYPED | {"name": "leo  ELLISON"})

        assert response.status_code == 422
        assert "There is a client of this name and address already." in text(response)
        maya.refresh_from_db()
        assert maya.name == "Maya Ellison"

    @pytest.mark.parametrize(
        ("field", "typed", "said"),
        [
            ("name", "", "Enter your name."),
            ("name", "7", "Enter your name."),
            ("name", "Ma\u202eya", "cannot be seen on paper"),
            ("phone", "12", "Enter a mobile number with 10 digits."),
            ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ],
    )
    def test_what_is_malformed_is_said_beside_it_and_nothing_changes(
        self, area, maya, field, typed, said
    ):
        response = press(area, "details", **self.TYPED | {field: typed})

        assert response.status_code == 422
        assert said in text(response)
        maya.refresh_from_db()
        assert maya.name == "Maya Ellison"

    def test_a_zone_that_is_no_place_stays_unless_it_is_changed(self, area, maya):
        """As of browsers that keep to themselves where they are."""
        Client.objects.update(time_zone="UTC")

        assert '<option value="UTC" selected>' in look(area, "details")
        press(area, "details", **self.TYPED | {"time_zone": "UTC"})

        maya.refresh_from_db()
        assert maya.time_zone == "UTC"

    def test_the_address_is_changed_where_one_signs_in(self, area, maya):
        assert reverse("account_email") in look(area, "details")
        press(area, "details", **self.TYPED, email="other@mail.example")

        maya.refresh_from_db()
        assert maya.email == "maya@mail.example"


class TestMessagesAndCalendar:
    def test_what_we_may_send_is_changed(self, area, maya):
        response = press(area, "messages", feedback="on", marketing_email="on")

        assert response["Location"] == reverse("account:messages")
        wanted = preferences(maya)
        assert wanted[ConsentKind.MARKETING_EMAIL]
        assert not wanted[ConsentKind.CARE_TIPS]
        assert "in your preferences" in look(area, "messages")

    def test_a_calendar_address_is_made_and_ended(self, area, maya):
        press(area, "open_address")
        feed = Feed.objects.get(client=maya)
        page = look(area, "calendar")
        assert ".ics" in page
        assert feed.nonce not in page

        press(area, "close_address")

        feed.refresh_from_db()
        assert feed.revoked_at == NOW
        assert ".ics" not in look(area, "calendar")
