"""What was read, how the skin is a day later, and whom that concerns."""

from datetime import timedelta

import pytest

from booking.errors import NotNow
from booking.models import Alert, Booking, Reading, SkinCheck, Status
from booking.permissions import Role
from booking.services import care
from clinic.messaging import services as messaging
from clinic.messaging.models import Message
from clinic.messaging.registry import owner_of
from clinic.messaging.services import Draft
from tests.factories import BookingFactory, ProviderFactory, UserFactory

pytestmark = pytest.mark.django_db
PREPARATION = Reading.Page.PREPARATION
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def booking() -> Booking:
    """A visit that was completed, of an aesthetician who signs in."""
    provider = ProviderFactory(user=UserFactory())
    return BookingFactory(status=Status.COMPLETED, provider=provider)


@pytest.fixture
def lead():
    return UserFactory(groups=[Role.MEDICAL_LEAD])


def planned(booking: Booking, code: str, **fields) -> Message:
    draft = Draft(
        subject=f"booking:{booking.pk}",
        code=code,
        recipient="client",
        due_at=booking.ends_at + DAY,
        **fields,
    )
    messaging.plan(messages=[draft], now=booking.created_at)
    return Message.objects.get(key=draft.key)


def told(alert: Alert) -> set[str]:
    """Who is told of `alert`."""
    letters = Message.objects.filter(code="M19", occurrence=str(alert.pk))
    return set(letters.values_list("recipient", flat=True))


class TestReading:
    def test_the_first_time_a_page_is_opened_counts(self, booking):
        first = booking.created_at

        care.open_page(booking=booking, page=PREPARATION, now=first)
        care.open_page(booking=booking, page=PREPARATION, now=first + MINUTE)

        reading = booking.readings.get()
        assert (reading.opened_at, reading.acknowledged_at) == (first, None)

    def test_the_press_that_says_it_is_read_opened_the_page_too(self, booking):
        care.acknowledge(
            booking=booking, page=PREPARATION, versions=["3", "7"], now=booking.ends_at
        )

        reading = booking.readings.get()
        assert reading.opened_at == reading.acknowledged_at == booking.ends_at
        assert reading.versions == ["3", "7"]

    def test_saying_so_again_keeps_the_first_time(self, booking):
        for wait in (0 * MINUTE, MINUTE):
            care.acknowledge(
                booking=booking, page=PREPARATION, versions=["3"], now=booking.created_at + wait
            )

        assert booking.readings.get().acknowledged_at == booking.created_at

    def test_other_texts_are_read_anew(self, booking):
        care.acknowledge(booking=booking, page=PREPARATION, versions=["3"], now=booking.created_at)
        care.acknowledge(
            booking=booking, page=PREPARATION, versions=["4"], now=booking.created_at + DAY
        )

        reading = booking.readings.get()
        assert (reading.versions, reading.acknowledged_at) == (["4"], booking.created_at + DAY)


class TestTheQuestionADayAfter:
    def test_calm_is_kept_and_the_question_not_sent_any_more(self, booking):
        question, tips = planned(booking, "M12"), planned(booking, "M13")

        check = care.answer_check_in(booking=booking, needs_call=False, now=booking.ends_at + DAY)

        assert (check.needs_call, check.answered_at) == (False, booking.ends_at + DAY)
        for row in (question, tips):
            row.refresh_from_db()
        assert (question.status, question.reason) == ("void", "answered")
        assert tips.status == "planned"
        assert not Alert.objects.exists()

    def test_whoever_is_not_calm_is_called_and_gets_no_tips(self, booking, lead):
        first = planned(booking, "M13", occurrence="1")
        second = planned(booking, "M13", occurrence="2")
        review = planned(booking, "M15")

        care.answer_check_in(booking=booking, needs_call=True, now=booking.ends_at + DAY)

        alert = booking.alerts.get()
        assert (alert.kind, alert.detail) == (Alert.Kind.CALL, "")
        assert told(alert) == {f"staff:{booking.provider.user_id}", f"staff:{lead.pk}"}
        for row in (first, second, review):
            row.refresh_from_db()
        assert {first.status, second.status} == {"void"}
        assert review.status == "planned"

    def test_a_wish_for_a_call_stands_whatever_is_answered_after_it(self, booking):
        care.answer_check_in(booking=booking, needs_call=True, now=booking.ends_at)

        again = care.answer_check_in(booking=booking, needs_call=False, now=booking.ends_at + DAY)

        assert (again.needs_call, again.answered_at) == (True, booking.ends_at)
        assert Alert.objects.count() == 1

    def test_calm_may_become_a_wish_for_a_call(self, booking):
        care.answer_check_in(booking=booking, needs_call=False, now=booking.ends_at)
        tips = planned(booking, "M13")

        care.answer_check_in(booking=booking, needs_call=True, now=booking.ends_at + DAY)

        check = SkinCheck.objects.get()
        assert (check.needs_call, check.answered_at) == (True, booking.ends_at + DAY)
        tips.refresh_from_db()
        assert tips.status == "void"
        assert Alert.objects.count() == 1

    def test_pressing_twice_asks_for_one_call(self, booking, lead):
        for _ in range(2):
            care.answer_check_in(booking=booking, needs_call=True, now=booking.ends_at)

        assert Alert.objects.count() == 1
        assert Message.objects.filter(code="M19", recipient=f"staff:{lead.pk}").count() == 1

    def test_pressing_again_once_somebody_has_called_asks_for_no_second_call(self, booking, lead):
        care.answer_check_in(booking=booking, needs_call=True, now=booking.ends_at)
        care.mark_seen(alert=booking.alerts.get(), user=lead, now=booking.ends_at)

        care.answer_check_in(booking=booking, needs_call=True, now=booking.ends_at + DAY)

        assert not booking.alerts.filter(seen_at=None).exists()

    def test_no_word_of_which_answer_it_was_is_stored(self):
        names = {field.name for field in SkinCheck._meta.get_fields()}

        assert names == {"id", "booking", "needs_call", "answered_at"}

    @pytest.mark.parametrize("status", [Status.CONFIRMED, Status.NO_SHOW, Status.CANCELLED_CLIENT])
    def test_only_of_a_visit_that_took_place_is_it_asked(self, booking, status):
        Booking.objects.filter(pk=booking.pk).update(status=status)
        booking.refresh_from_db()

        with pytest.raises(NotNow):
            care.answer_check_in(booking=booking, needs_call=True, now=booking.ends_at)
        assert not SkinCheck.objects.exists()

    def test_it_can_be_answered_for_a_week(self, booking):
        last = booking.ends_at + 7 * DAY

        with pytest.raises(NotNow):
            care.answer_check_in(booking=booking, needs_call=False, now=last + MINUTE)
        assert care.answer_check_in(booking=booking, needs_call=False, now=last)


class TestAlerts:
    def test_while_one_is_open_there_is_no_second_and_nobody_is_told_again(self, booking, lead):
        first = care.raise_alert(booking=booking, kind=Alert.Kind.CALL, now=booking.ends_at)
        again = care.raise_alert(booking=booking, kind=Alert.Kind.CALL, now=booking.ends_at + DAY)
        other = care.raise_alert(
            booking=booking, kind=Alert.Kind.NOT_DELIVERED, detail="M11", now=booking.ends_at
        )

        assert again == first != other
        assert Message.objects.filter(recipient=f"staff:{lead.pk}").count() == 2

    def test_once_dealt_with_the_next_is_told_anew(self, booking, lead):
        first = care.raise_alert(booking=booking, kind=Alert.Kind.CALL, now=booking.ends_at)
        care.mark_seen(alert=first, user=lead, now=booking.ends_at + MINUTE)

        second = care.raise_alert(booking=booking, kind=Alert.Kind.CALL, now=booking.ends_at + DAY)

        assert second != first
        assert told(second) == told(first)

    def test_the_first_to_deal_with_it_is_kept(self, booking, lead):
        alert = care.raise_alert(booking=booking, kind=Alert.Kind.CALL, now=booking.ends_at)

        care.mark_seen(alert=alert, user=lead, now=booking.ends_at + MINUTE)
        care.mark_seen(alert=alert, user=UserFactory(), now=booking.ends_at + DAY)

        assert (alert.seen_by, alert.seen_at) == (lead, booking.ends_at + MINUTE)


class TestAFailedMessage:
    @pytest.mark.parametrize("code", ["M01", "M03", "M04", "M05", "M09", "M11", "M12", "M13"])
    def test_what_a_client_has_to_get_becomes_an_alert(self, booking, code):
        care.message_failed(planned(booking, code), booking.ends_at)

        alert = booking.alerts.get()
        assert (alert.kind, alert.detail) == (Alert.Kind.NOT_DELIVERED, code)

    @pytest.mark.parametrize("code", ["M10", "M15", "R01", "M19", "M20"])
    def test_what_nobody_waits_for_does_not(self, booking, code):
        care.message_failed(planned(booking, code), booking.ends_at)

        assert not Alert.objects.exists()

    def test_an_alert_that_cannot_be_told_makes_no_other(self, booking, lead):
        alert = care.raise_alert(booking=booking, kind=Alert.Kind.CALL, now=booking.ends_at)

        for letter in Message.objects.filter(code="M19"):
            care.message_failed(letter, booking.ends_at)

        assert Alert.objects.get() == alert

    def test_a_text_that_fails_is_told_by_mail_anyway(self, booking):
        care.message_failed(planned(booking, "M05", channel="sms"), booking.ends_at)

        assert not Alert.objects.exists()

    def test_several_of_one_visit_are_one_thing_to_look_at(self, booking):
        for code in ("M04", "M05"):
            care.message_failed(planned(booking, code), booking.ends_at)

        assert booking.alerts.get().detail == "M04"

    def test_of_a_booking_that_is_gone_there_is_nothing_to_look_at(self, booking):
        letter = planned(booking, "M01")
        letter.subject = "booking:999999"

        care.message_failed(letter, booking.ends_at)

        assert not Alert.objects.exists()

    def test_messaging_tells_of_a_failure_by_itself(self, booking):
        letter = planned(booking, "M11")

        owner_of(letter).failed(letter, booking.ends_at)

        assert booking.alerts.get().detail == "M11"
