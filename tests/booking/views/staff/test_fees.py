"""Waiving what a client owes: by the desk and admins, for a reason."""

from decimal import Decimal

import pytest
from django.urls import reverse

from booking.models import Booking, Status
from booking.permissions import Role
from tests.booking.views.browsing import Page, text

VISIT = reverse("staff:visit", args=["K7P-2QX"])
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
