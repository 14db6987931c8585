"""Finding messages at the desk."""

from datetime import timedelta

import pytest

from booking.forms.staff import STATES
from booking.selectors import desk
from clinic.messaging.models import Message
from tests.booking.scenes import NOW
from tests.booking.views.staff.written import failed, planned, sent
from tests.factories import BookingFactory, ProviderFactory, UserFactory


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch):
    monkeypatch.setattr("clinic.messaging.doorbell._publish", lambda: None)


@pytest.fixture
def message(db) -> Message:
    booking = BookingFactory(
        reference="K7P-2QX",
        client__name="Maya Ellison",
        client__email="Maya@mail.example",
        client__phone="+15035550123",
    )
    BookingFactory(client__name="Joan Petrie", client__phone="+15035550199")
    planned(BookingFactory(client__name="Joan Petrie Two", client__phone="+15035550188"))
    return planned(booking)


@pytest.mark.parametrize(
    "typed",
    ["K7P-2QX", "k7p2qx", "maya@MAIL.example", "(503) 555-0123", "+1 503 555 0123", "ellison"],
)
def test_a_message_is_found_by_reference_address_number_or_name(message, typed):
    assert list(desk.matching(Message.objects.all(), typed)) == [message]


@pytest.mark.parametrize("typed", ["AAA-AAA", "K7P", "nobody@mail.example", "el", "%", "--", "+1"])
def test_what_names_nobody_finds_nothing(message, typed):
    assert list(desk.matching(Message.objects.all(), typed)) == []


def test_a_message_is_found_by_the_address_it_went_to(db):
    went = sent(BookingFactory(), sent_to="old@mail.example")
    sent(BookingFactory())

    assert list(desk.matching(Message.objects.all(), "old@mail.example ")) == [went]


def test_each_state_holds_its_messages_and_no_others(db, settings):
    settings.MESSAGE_ALARM = timedelta(minutes=5)
    booking = BookingFactory()
    due = planned(booking, "M01", due_at=NOW - timedelta(minutes=1))
    late = planned(booking, "M03", due_at=NOW - timedelta(hours=1))
    ahead = planned(booking, "M04", due_at=NOW + timedelta(hours=1))
    went, broken = sent(booking, "M05"), failed(booking, "M09")
    off = failed(booking, "M10", status="void")
    dropped = failed(booking, "M11", status="dropped")

    found = {state: set(desk.in_state(state, now=NOW)) for state in STATES}
    assert found == {
        "due": {due, late},
        "late": {late},
        "failed": {broken},
        "planned": {ahead},
        "sent": {went},
        "unsent": {off, dropped},
        "all": {due, late, ahead, went, broken, off, dropped},
    }


def test_rows_name_the_visit_and_the_recipient_of_whatever_they_are_about(
    message, django_assert_num_queries
):
    robin, visit = UserFactory(full_name="Robin Hale"), BookingFactory()
    former = ProviderFactory(name="Ana Lund")
    rows = [
        message,
        planned(visit, "M09", recipient="provider"),
        planned(visit, "M09", recipient=f"provider:{former.pk}"),
        planned(visit, "M20", subject="day:1:2030-03-04", recipient=f"staff:{robin.pk}"),
        planned(visit, subject=f"test:{visit.pk}:client:1", recipient=f"staff:{robin.pk}"),
        planned(visit, "M18", subject="stop:3", recipient="client"),
        planned(visit, subject="booking:99999"),
    ]

    with django_assert_num_queries(4):
        found = desk.rows(rows)
        named = [(row.visit, row.recipient, row.zone) for row in found]
    here = visit.location.zone
    assert named == [
        (found[0].visit, "Maya Ellison", here),
        (visit, visit.provider.name, here),
        (visit, "Ana Lund", here),
        (None, "Robin Hale", here),
        (visit, "Robin Hale", here),
        (None, "", here),
        (None, "", here),
    ]
    assert found[0].visit.reference == "K7P-2QX"
