"""The client area: the next visit, what to do today, and what has been."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from booking import links
from booking.models import Booking, Reading, Status
from tests.booking.scenes import NOW, on
from tests.booking.views.account.looking import look, past, press
from tests.booking.views.browsing import Page, text
from tests.factories import (
    BookingFactory,
    booked,
)
from treatments.models import InstructionKind

DAY = timedelta(days=1)


class TestTheNextVisit:
    def test_stands_first_with_what_can_be_done(self, area, ahead):
        page = look(area, "home")

        assert "Next session, in 3 days" in page
        assert "Monday, March 4 at 9:00 am" in page
        for name in ("manage", "move", "cancel", "manage_calendar", "prepare"):
            assert links.page_path(ahead, name) in page

    def test_says_what_to_do_today(self, area, ahead):
        page = look(area, "home")

        today = page[page.index("What to do today") : page.index("Change the time")]
        assert "Pause retinol." in today
        assert "Bare face." not in today
        assert 'aria-current="date"' in page

    def test_says_when_the_next_step_comes_on_a_day_without_one(self, area, ahead, wall_clock):
        wall_clock.wait(days=1)

        assert "Nothing today. The next step: Mon, Mar 4." in look(area, "home")

    def test_asks_to_read_it_until_one_did(self, area, ahead):
        assert "Read how to get ready and tell us" in look(area, "home")
        prep = ahead.instruction_versions.get(instruction__kind=InstructionKind.PREP)
        Reading.objects.create(
            booking=ahead, page="prep", versions=[str(prep.pk)], opened_at=NOW, acknowledged_at=NOW
        )

        page = look(area, "home")

        assert "You told us that you have read how to get ready." in page
        assert "Read how to get ready and tell us" not in page

    def test_can_be_taken_back_while_it_is_fresh(self, area, ahead, wall_clock):
        wall_clock.wait(minutes=2)
        assert links.page_path(ahead, "undo") in look(area, "home")

        wall_clock.wait(minutes=3)
        assert links.page_path(ahead, "undo") not in look(area, "home")

    def test_stays_until_it_is_over(self, area, ahead, wall_clock):
        wall_clock.now = ahead.ends_at - timedelta(minutes=1)
        page = look(area, "home")
        assert "Your session today" in page
        assert links.page_path(ahead, "cancel") not in page

        wall_clock.now = ahead.ends_at
        assert "Nothing is booked at present" in look(area, "home")

    def test_is_followed_by_those_after_it(self, scene, area, ahead, maya):
        later = BookingFactory(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            client=maya,
            starts_at=on(scene, 11, 10),
        )

        page = look(area, "home")

        assert page.index("Monday, March 4") < page.index("After that") < page.index("Mon, Mar 11")
        assert links.page_path(later, "manage") in page

    def test_a_time_that_is_only_kept_is_none(self, scene, area, maya):
        held = BookingFactory(
            held=True, location=scene.location, option=scene.option, provider=scene.provider
        )
        Booking.objects.filter(pk=held.pk).update(client=maya)

        assert held.reference not in look(area, "home")
        assert area.get(reverse("account:visit", args=[held.reference])).status_code == 404


class TestEarlierVisits:
    def test_stand_newest_first_ten_to_a_page(self, scene, area, maya):
        visits = [past(scene, maya, days=days) for days in range(1, 14)]

        first, second = look(area, "home"), look(area, "home", query="?page=2")

        places = [first.index(f"/{visit.reference}/") for visit in visits[:10]]
        assert places == sorted(places)
        assert visits[10].reference not in first
        assert visits[12].reference in second
        assert visits[0].reference not in second
        for odd in ("x", "0", "99"):
            look(area, "home", query=f"?page={odd}")

    def test_lead_to_aftercare_only_where_there_was_a_visit(self, scene, area, maya):
        came, missed = past(scene, maya, days=9), past(scene, maya, days=8, status=Status.NO_SHOW)

        page = look(area, "home")

        assert reverse("account:aftercare", args=[came.reference]) in page
        path = reverse("account:aftercare", args=[missed.reference])
        assert path not in page
        assert area.get(path).status_code == 404
        assert "Missed" in page

    def test_aftercare_is_there_long_after_the_link_ended(self, scene, area, ahead, wall_clock):
        Booking.objects.update(status=Status.COMPLETED)
        wall_clock.now = ahead.ends_at + 400 * DAY

        page = look(area, "aftercare", ahead.reference)

        assert "Shade." in page
        assert "data-opened" not in page
        assert "Tell us how your skin is" not in page

    def test_the_days_after_a_visit_begin_with_its_care(self, area, ahead, wall_clock):
        Booking.objects.update(status=Status.COMPLETED)
        wall_clock.now = ahead.ends_at + DAY
        page = look(area, "home")
        assert "Shade." in page
        assert links.page_path(ahead, "check_in") in page
        assert "data-opened" in look(area, "aftercare", ahead.reference)

        wall_clock.wait(days=7)
        assert "Shade." not in look(area, "home")

    def test_the_summary_has_price_place_and_reference_and_claims_no_payment(
        self, scene, area, maya
    ):
        visit = past(scene, maya, days=100)

        page = look(area, "visit", visit.reference)

        for fact in (visit.reference, "Maya Ellison", "$170", "214 Alder Street", "9:00 to 10:00"):
            assert fact in page
        assert "no proof of payment" in page
        assert "Face Tone" not in page[: page.index("</title>")]
        assert "Open appointment" not in page  # its link is no longer good

    def test_a_fee_that_is_owed_stands_on_it(self, scene, area, maya):
        visit = past(scene, maya, days=20, status=Status.CANCELLED_LATE, fee_owed=85)

        page = look(area, "visit", visit.reference)

        assert "$85 is owed" in page
        assert "No longer due" in page

    def test_somebody_elses_are_a_404_for_every_page(self, scene, area, rosa, leo, maya):
        press(area, "switch", client=maya.pk)
        for days, client in enumerate((rosa, leo), 5):
            visit = past(scene, client, days=days)
            for name in ("visit", "aftercare"):
                path = reverse(f"account:{name}", args=[visit.reference])
                response = area.get(path)
                assert response.status_code == 404
                assert client.name not in text(response)
            assert press(area, "again", visit.reference).status_code == 404

    @pytest.mark.parametrize("name", ["visit", "aftercare"])
    def test_one_costs_no_more_than_this(
        self, name, scene, area, maya, django_assert_max_num_queries
    ):
        visit = past(scene, maya, days=5)
        look(area, name, visit.reference)
        with django_assert_max_num_queries(10):
            look(area, name, visit.reference)

    def test_the_same_is_booked_again_a_week_on_also_long_after(self, scene, area, maya):
        visit = past(scene, maya, days=200)
        form = Page(look(area, "visit", visit.reference)).form("again")

        response = area.post(form["action"], form["fields"])

        held = Booking.objects.get(status=Status.HELD)
        assert response["Location"] == reverse("booking:details", args=[held.reference])
        assert held.client == maya
        wall = held.starts_at.astimezone(scene.location.zone)
        assert (wall.weekday(), wall.hour) == (
            visit.starts_at.astimezone(scene.location.zone).weekday(),
            visit.starts_at.astimezone(scene.location.zone).hour,
        )
        assert not area.session.get_expire_at_browser_close()

    def test_where_that_is_not_free_the_closest_times_are_shown(self, scene, area, maya):
        visit = past(scene, maya, days=4)  # the week after it is Monday the 4th, at nine
        monday = visit.starts_at + 7 * DAY
        booked(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            room=scene.room,
            devices=[scene.console],
            starts_at=monday,
        )
        form = Page(look(area, "visit", visit.reference)).form("again")

        response = area.post(form["action"], form["fields"])

        assert response.status_code == 409
        assert "Mon, Mar 4, 9:00 am is not free." in text(response)
        assert not Booking.objects.filter(status=Status.HELD).exists()

    def test_opening_that_press_again_leads_to_the_visit(self, scene, area, maya):
        visit = past(scene, maya, days=5)

        response = area.get(reverse("account:again", args=[visit.reference]))

        assert response["Location"] == reverse("account:visit", args=[visit.reference])
        assert not Booking.objects.filter(status=Status.HELD).exists()
