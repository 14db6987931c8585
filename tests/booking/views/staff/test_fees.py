"""Waiving what a client owes: by the desk and admins, for a reason."""

from decimal import Decimal

import pytest
from django.urls import reverse

from booking.models import Booking, Status
from booking.permissions import Role
from tests.booking.views.browsing import Page, text
from tests.factories import BookingFactory

VISIT = reverse("staff:visit", args=["K7P-2QX"])
FEES = reverse("staff:fees")
WAIVE = reverse("staff:waive", args=["K7P-2QX"])


@pytest.fixture
def late(booking: Booking) -> Booking:
    """The visit, canceled late."""
    booking.status, booking.fee_owed = Status.CANCELLED_LATE, Decimal(85)
    booking.save(update_fields=["status", "fee_owed"])
    return booking


def test_the_desk_waives_a_fee_and_says_why(desk, late):
    form = Page(text(desk.get(VISIT))).form("waive")

    response = desk.post(form["action"], form["fields"] | {"reason": "Snow"})

    assert response["Location"] == VISIT
    page = text(desk.get(VISIT))
    assert "The fee is waived." in page
    assert "Waive $85" not in page
    assert "<b>Fee waived</b>" in page
    assert ": Snow</p>" in page
    event = late.events.get(what="fee_waived")
    assert (event.reason, event.user.full_name) == ("Snow", "Dana Whitlock")


def test_without_a_reason_it_stays_owed(desk, late):
    desk.post(WAIVE, {"reason": " "})

    assert "Say in a few words why the fee is waived." in text(desk.get(VISIT))
    late.refresh_from_db()
    assert late.fee_owed == 85


def test_where_nothing_is_owed_there_is_nothing_to_waive(desk, booking):
    assert "Waive" not in text(desk.get(VISIT))

    desk.post(WAIVE, {"reason": "Snow"})

    assert "Nothing is owed for this visit." in text(desk.get(VISIT))
    assert not booking.events.filter(what="fee_waived").exists()


@pytest.mark.parametrize("role", [Role.AESTHETICIAN, Role.MEDICAL_LEAD, Role.CLIENT])
def test_others_do_not(role, at_work, late):
    browser = at_work(role)

    assert browser.post(WAIVE, {"reason": "Snow"}).status_code == 403
    assert "Waive $85" not in text(browser.get(VISIT))
    late.refresh_from_db()
    assert late.fee_owed == 85


def test_to_look_at_the_address_waives_nothing(desk, late):
    assert desk.get(WAIVE).status_code == 405
    late.refresh_from_db()
    assert late.fee_owed == 85


class TestTheList:
    def test_says_who_owes_what_and_how_much_together(self, desk, late):
        page = text(desk.get(FEES))

        assert "$85 owed for 1 visit" in page
        assert "Canceled late" in page
        assert reverse("staff:client", args=[late.client.pk]) in page

    def test_what_is_paid_is_noted_and_can_be_taken_back_that_day(self, desk, late):
        form = Page(text(desk.get(FEES))).form("paid")
        assert desk.post(form["action"], form["fields"])["Location"] == FEES

        page = text(desk.get(FEES))
        assert "Nobody owes anything." in page
        assert "<b>Fee paid</b>" in page
        late.refresh_from_db()
        assert late.fee_owed == 0

        step = late.events.get(what="fee_paid")
        form = Page(page).form(f"owed/{step.pk}")
        desk.post(form["action"], form["fields"])
        late.refresh_from_db()
        assert late.fee_owed == 85
        assert "Done today" not in text(desk.get(FEES))

    def test_to_take_it_back_at_once_leads_back_to_it_too(self, desk, late):
        form = Page(text(desk.get(FEES))).form("paid")
        desk.post(form["action"], form["fields"])

        page = Page(text(desk.get(FEES)))
        undo = next(form for form in page.forms if form["action"].endswith("?from=fees"))
        assert desk.post(undo["action"], undo["fields"])["Location"] == FEES
        late.refresh_from_db()
        assert late.fee_owed == 85

    def test_waiving_there_leads_back_to_it(self, desk, late):
        form = Page(text(desk.get(FEES))).form("waive")

        assert desk.post(form["action"], form["fields"] | {"reason": "Snow"})["Location"] == FEES
        assert "<b>Fee waived</b>" in text(desk.get(FEES))

    def test_paid_twice_is_told(self, desk, late):
        for _ in range(2):
            desk.post(reverse("staff:settle", args=["K7P-2QX"]))

        assert "Nothing is owed for this visit." in text(desk.get(FEES))
        assert late.events.filter(what="fee_paid").count() == 1

    @pytest.mark.parametrize("role", [Role.AESTHETICIAN, Role.MEDICAL_LEAD, Role.CLIENT])
    def test_others_neither_see_nor_settle(self, role, at_work, late):
        browser = at_work(role)

        assert browser.get(FEES).status_code == 403
        assert browser.post(reverse("staff:settle", args=["K7P-2QX"])).status_code == 403

    @pytest.mark.parametrize("visits", [1, 20])
    def test_costs_the_same_for_many(self, visits, desk, late, django_assert_max_num_queries):
        for _ in range(visits):
            BookingFactory(status=Status.NO_SHOW, fee_owed=Decimal(50))
            paid = BookingFactory(status=Status.NO_SHOW, fee_owed=Decimal(50))
            desk.post(reverse("staff:settle", args=[paid.reference]))
        desk.get(FEES)

        with django_assert_max_num_queries(11):
            desk.get(FEES)
