"""A message of a visit that somebody asks for once more."""

from datetime import timedelta

import pytest

from booking.message_checks import why_not
from booking.models import Booking, BookingEvent
from booking.selectors.changes import quiet_step
from booking.services.ledger import staff
from booking.services.resending import send_again
from clinic.messaging import doorbell
from clinic.messaging.errors import MessageError, NoLongerHolds, NotSent, TooLate
from clinic.messaging.models import Message
from clinic.messaging.services import send_due_messages
from tests.booking.scenes import NOW, confirm, on
from tests.booking.views.staff.written import planned, sent
from tests.factories import UserFactory, open_clinic

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch):
    monkeypatch.setattr(doorbell, "_publish", lambda: None)


@pytest.fixture
def booking() -> Booking:
    scene = open_clinic()
    return confirm(scene, on(scene, 14, 13))


@pytest.fixture
def went(booking) -> Message:
    """The confirmation of the visit, as it went."""
    assert send_due_messages(clock=lambda: NOW + timedelta(minutes=2)) == 1
    return Message.objects.get(code="M01", status="sent")


def again(message: Message, booking: Booking, now=LATER) -> Message:  # type: ignore[no-untyped-def]
    dana = staff(UserFactory())
    return send_again(message=message, booking=booking, actor=dana, reason="Lost it", now=now)


def test_it_goes_once_more_and_the_visit_says_who_asked_and_why(booking, went, mailoutbox):
    copy = again(went, booking)

    assert (copy.occurrence, copy.occasion, copy.status) == ("1+1", "1", "planned")
    assert copy.message_id != went.message_id
    assert send_due_messages(clock=lambda: LATER) == 1
    copy.refresh_from_db()
    assert (copy.status, copy.sent_to) == ("sent", "maya@mail.example")
    event = booking.events.get(what="sent_again")
    assert (event.reason, event.data) == ("Lost it", {"code": "M01", "message": copy.pk})
    went.refresh_from_db()
    assert went.sent_at < copy.sent_at


def test_each_copy_has_a_number_and_one_waits_at_a_time(booking, went):
    again(went, booking)
    with pytest.raises(NoLongerHolds, match="on its way already"):
        again(went, booking)

    send_due_messages(clock=lambda: LATER)
    copy = Message.objects.get(occurrence="1+1")
    assert again(copy, booking, LATER + timedelta(hours=1)).occurrence == "1+2"


def test_what_is_true_no_more_is_not_sent_again(booking, went):
    Booking.objects.filter(pk=booking.pk).update(schedule_version=1)

    with pytest.raises(NoLongerHolds, match="changed since"):
        again(went, booking)
    assert not booking.events.filter(what="sent_again").exists()


def test_what_has_not_gone_or_helps_nobody_now_is_not_sent_again(booking, went):
    waiting = Message.objects.filter(status="planned").first()
    with pytest.raises(NotSent):
        again(waiting, booking)
    with pytest.raises(TooLate):
        again(went, booking, booking.starts_at)


def test_a_text_goes_again_only_within_the_limits(booking):
    text = sent(
        booking, "M01", channel="sms", sent_to="+15035550123", due_at=NOW - timedelta(hours=1)
    )

    with pytest.raises(MessageError):
        again(text, booking)


def test_tips_sent_again_say_what_they_said(booking):
    second = planned(booking, "M13", occurrence="2+1")

    assert second.occasion == "2"


def test_a_booking_can_be_taken_back_after_its_letter_was_sent_again(booking, went):
    minutes_after = booking.events.get(what="confirmed").at + timedelta(minutes=1)

    again(went, booking, minutes_after + timedelta(minutes=1))

    assert quiet_step(booking, by=BookingEvent.By.CLIENT, now=minutes_after).what == "confirmed"


def test_the_copy_is_asked_whether_it_is_wanted_before_it_goes(booking, went):
    copy = again(went, booking)
    booking.client.erased_at = LATER
    booking.client.save()

    assert why_not(copy, LATER) == "the client was erased"
