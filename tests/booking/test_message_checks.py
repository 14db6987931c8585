"""The last look before a message goes: the state, the wish of the client, the hour, decency."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from booking import services
from booking.message_checks import GONE, why_no_sheet, why_not
from booking.message_work import alert_messages
from booking.models import Alert, Booking, SkinCheck
from booking.services.ledger import CLIENT, CLINIC, staff
from clinic.accounts.models import User
from clinic.clients.models import ConsentKind
from clinic.clients.services import record_consent
from clinic.messaging import services as messaging
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, on
from tests.factories import (
    InstructionFactory,
    InstructionVersionFactory,
    PolicyVersionFactory,
    Scene,
    UserFactory,
    booked,
    open_clinic,
)
from treatments.models import InstructionKind

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def scene() -> Scene:
    scene = open_clinic()
    care = InstructionFactory(kind=InstructionKind.AFTERCARE)
    InstructionVersionFactory(instruction=care, lines=["Sunscreen every day."])
    scene.treatment.instructions.add(care)
    return scene


@pytest.fixture
def booking(scene) -> Booking:
    return confirm(scene, on(scene, 14, 13))


@pytest.fixture
def completed(scene, booking) -> Booking:
    services.check_in(booking=booking, actor=CLINIC, now=booking.starts_at)
    services.complete(booking=booking, actor=CLINIC, now=booking.ends_at)
    return booking


def planned(code: str, channel: str = "email", **fields: str) -> Message:
    return Message.objects.planned().get(code=code, channel=channel, recipient="client", **fields)


def agree(booking: Booking, kind: ConsentKind, *, is_given: bool = True) -> None:
    record_consent(
        client=booking.client,
        kind=kind,
        is_given=is_given,
        wording_version="2026-11",
        source="preferences",
        now=NOW + HOUR,
    )


def went(message: Message, *, to: str, at: datetime) -> None:
    Message.objects.filter(pk=message.pk).update(
        status="sent", sent_at=at, settled_at=at, sent_to=to
    )


class TestTheState:
    def test_a_reminder_holds_while_the_visit_stands(self, booking):
        reminder = planned("M05")

        assert why_not(reminder, reminder.due_at) is None

    def test_a_visit_that_was_cancelled_is_not_confirmed_any_more(self, booking):
        message = planned("M01")
        services.cancel(booking=booking, actor=CLIENT, now=NOW)

        assert why_not(message, NOW) == "the booking is cancelled_client"

    def test_a_visit_that_was_moved_has_other_reminders(self, scene, booking):
        reminder = planned("M05")
        services.move(
            booking=booking, starts_at=on(scene, 15, 9), actor=staff(UserFactory()), now=NOW
        )

        assert why_not(reminder, reminder.due_at) == "the visit has changed since"

    def test_a_client_who_is_here_still_gets_the_price_in_writing_but_no_reminder(self, booking):
        confirmation, reminder = planned("M01"), planned("M05")
        services.check_in(booking=booking, actor=CLIENT, now=booking.starts_at)

        assert why_not(confirmation, booking.starts_at) is None
        assert why_not(reminder, booking.starts_at) == "the booking is checked_in"

    def test_a_booking_that_is_gone_is_not_written_about(self):
        message = Message(subject="booking:999999", code="M01", version=0)

        assert why_not(message, NOW) == "the booking is gone"

    def test_a_message_that_holds_costs_few_queries(self, booking, django_assert_max_num_queries):
        reminder = planned("M05")

        with django_assert_max_num_queries(4):
            why_not(reminder, reminder.due_at)


class TestTheHour:
    def test_what_is_late_at_night_waits_for_the_morning(self, scene, booking):
        reminder = planned("M05")
        night = on(scene, 13, 22)

        assert why_not(reminder, night) == on(scene, 14, 9)

    def test_the_hours_of_the_place_count(self, scene):
        PolicyVersionFactory(location=scene.location, values={"messages_from_hour": 11})
        confirm(scene, on(scene, 14, 13))
        reminder = planned("M05")

        assert why_not(reminder, on(scene, 13, 10)) == on(scene, 13, 11)
        assert why_not(reminder, on(scene, 13, 11)) is None

    def test_the_clients_own_night_counts(self):
        scene = open_clinic("America/New_York")
        booking = confirm(scene, on(scene, 14, 13), time_zone="Asia/Kathmandu")
        noon_here = on(scene, 13, 12)

        morning_there = datetime(2030, 3, 14, 9, tzinfo=ZoneInfo("Asia/Kathmandu"))
        assert booking.time_zone == "Asia/Kathmandu"
        assert why_not(planned("M05"), noon_here) == morning_there.astimezone(UTC)

    def test_a_confirmation_and_aftercare_go_at_any_hour(self, scene, booking, completed):
        aftercare = planned("M11")

        assert why_not(aftercare, on(scene, 14, 23)) is None


class TestDecency:
    def test_the_third_letter_within_a_minute_waits(self, scene, booking):
        now = on(scene, 11, 13)
        for code in ("M01", "M03"):
            went(planned(code), to="maya@mail.example", at=now)

        assert why_not(planned("M04"), now) == now + MINUTE
        assert why_not(planned("M04"), now + 2 * MINUTE) is None

    def test_texts_go_to_who_asked_for_them(self, booking):
        text = planned("M04", "sms")
        assert why_not(text, text.due_at) == "the client does not want texts about appointments"

        agree(booking, ConsentKind.SERVICE_SMS)

        assert why_not(text, text.due_at) is None

    def test_one_text_a_day_and_three_a_week(self, scene, booking):
        agree(booking, ConsentKind.SERVICE_SMS)
        due_at = planned("M05", "sms").due_at
        went(planned("M04", "sms"), to="+15035550123", at=due_at - 23 * HOUR)

        refused = why_not(planned("M05", "sms"), due_at)

        assert refused == "one text a day and three a week are enough"
        assert why_not(planned("M05", "sms"), due_at + 2 * HOUR) is None

    def test_nobody_is_texted_without_a_number(self, booking):
        agree(booking, ConsentKind.SERVICE_SMS)
        booking.client.phone = ""
        booking.client.save()

        assert why_not(planned("M05", "sms"), planned("M05").due_at) == "there is no mobile number"


class TestOneReminderOverTwoChannels:
    def test_the_letter_waits_for_the_text_of_who_wants_texts(self, booking):
        agree(booking, ConsentKind.SERVICE_SMS)
        reminder = planned("M05")
        due_at = reminder.due_at

        assert why_not(reminder, due_at) == due_at + 10 * MINUTE
        assert why_not(reminder, due_at + 10 * MINUTE) is None

    def test_after_the_text_no_letter_and_after_the_letter_no_text(self, booking):
        agree(booking, ConsentKind.SERVICE_SMS)
        reminder, text = planned("M05"), planned("M05", "sms")

        went(text, to="+15035550123", at=text.due_at)
        assert why_not(reminder, reminder.due_at + 10 * MINUTE) == "told by text"

        Message.objects.filter(pk=text.pk).update(
            status="planned", sent_at=None, settled_at=None, sent_to=""
        )
        went(reminder, to="maya@mail.example", at=reminder.due_at)
        assert why_not(text, text.due_at + MINUTE) == "told by e-mail"

    def test_a_text_that_arrived_is_waited_for_no_longer(self, booking):
        text = planned("M05", "sms")
        went(text, to="+15035550123", at=text.due_at)
        Message.objects.filter(pk=text.pk).update(delivered_at=text.due_at)

        assert why_not(planned("M05"), text.due_at) == "told by text"

    def test_where_the_text_does_not_arrive_the_letter_goes(self, booking):
        text = planned("M05", "sms")
        went(text, to="+15035550123", at=text.due_at)
        assert why_not(planned("M05"), text.due_at) == text.due_at + 10 * MINUTE

        messaging.mark_undelivered(
            message=text, reason="the text did not arrive", now=text.due_at + MINUTE
        )

        assert why_not(planned("M05"), text.due_at + 10 * MINUTE) is None


class TestAfterTheVisit:
    @pytest.mark.parametrize("code", ["M11", "M12", "M13"])
    def test_a_talk_without_care_texts_is_not_followed_by_care(self, completed, code):
        completed.instruction_versions.clear()
        message = planned(code, occurrence="1")

        assert why_not(message, message.due_at) == "there is nothing to care for"

    def test_nobody_is_prepared_early_for_what_needs_no_preparation(self, booking):
        early = planned("M03")

        assert why_not(early, early.due_at) == "there is nothing to prepare"

    def test_who_answered_is_not_asked(self, completed):
        question = planned("M12")
        assert why_not(question, question.due_at) is None

        SkinCheck.objects.create(booking=completed, needs_call=False, answered_at=NOW)

        assert why_not(question, question.due_at) == "answered"

    def test_who_needs_a_call_gets_no_care_tips(self, completed):
        tips = planned("M13", occurrence="1")
        Alert.objects.create(booking=completed, kind=Alert.Kind.CALL, raised_at=NOW)

        assert why_not(tips, tips.due_at) == "somebody calls instead"

    def test_care_tips_can_be_left_out_and_aftercare_cannot(self, completed):
        agree(completed, ConsentKind.CARE_TIPS, is_given=False)
        tips = planned("M13", occurrence="1")

        assert why_not(tips, tips.due_at) == "the client does not want care tips"
        assert why_not(planned("M11"), planned("M11").due_at) is None

    def test_an_invitation_needs_a_yes_and_is_pointless_once_booked(self, scene, completed):
        invitation = planned("M15", occurrence="1")
        refused = why_not(invitation, invitation.due_at)
        assert refused == "the client does not want news by e-mail"

        agree(completed, ConsentKind.MARKETING_EMAIL)
        assert why_not(invitation, invitation.due_at) is None

        booked(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            client=completed.client,
            starts_at=on(scene, 28, 13),
        )
        assert why_not(invitation, invitation.due_at) == "booked again"


class TestStaff:
    @pytest.fixture
    def robin(self, scene) -> User:
        """Who gives the visits of the scene."""
        scene.provider.user = UserFactory()
        scene.provider.save()
        return scene.provider.user

    def test_an_alert_is_told_until_somebody_has_dealt_with_it(self, robin, booking):
        alert = Alert.objects.create(booking=booking, kind=Alert.Kind.CALL, raised_at=NOW)
        messaging.plan(messages=alert_messages(alert, now=NOW), now=NOW)
        message = Message.objects.get(code="M19")
        assert why_not(message, NOW) is None

        alert.seen_at = NOW
        alert.save()

        assert why_not(message, NOW) == "somebody has dealt with it"

    def test_no_sheet_for_a_day_on_which_nobody_comes(self, robin, booking):
        sheet = Message.objects.get(code="M20")
        assert why_no_sheet(sheet, NOW) is None

        services.cancel(booking=booking, actor=CLIENT, now=NOW)

        assert why_no_sheet(sheet, NOW) == "nobody comes that day"

    def test_no_sheet_for_somebody_who_gave_the_diary_away(self, scene, robin, booking):
        scene.provider.user = UserFactory()
        scene.provider.save()

        assert why_no_sheet(Message.objects.get(code="M20"), NOW) == GONE

    def test_who_left_is_told_nothing_more(self, robin, booking):
        alert = Alert.objects.create(booking=booking, kind=Alert.Kind.CALL, raised_at=NOW)
        messaging.plan(messages=alert_messages(alert, now=NOW), now=NOW)
        services.cancel(booking=booking, actor=CLIENT, now=NOW)
        robin.is_active = False
        robin.save()

        to_robin = Message.objects.exclude(recipient="client")
        assert set(to_robin.values_list("code", flat=True)) == {"M09", "M19", "M20"}
        for message in to_robin:
            look = why_no_sheet if message.code == "M20" else why_not
            assert look(message, NOW) == GONE
