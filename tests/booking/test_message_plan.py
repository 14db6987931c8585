"""What a visit makes us write, when it is due, and what a change does to it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from booking import message_plan, services
from booking.errors import AskTheClinic
from booking.message_work import alert_messages
from booking.models import Alert, Booking, Status
from booking.permissions import Role
from booking.services.ledger import CLIENT, CLINIC, staff
from booking.wishes import Wish
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, on
from tests.factories import PolicyVersionFactory, Scene, UserFactory, booked, open_clinic

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


def about(
    booking: Booking, *, channel: str = "email", status: str = "planned"
) -> dict[str, datetime]:
    """When what is planned for the client of `booking` goes, by code and occurrence."""
    rows = Message.objects.filter(
        subject=f"booking:{booking.pk}", recipient="client", channel=channel, status=status
    )
    return {
        row.code if row.occurrence == "1" else f"{row.code}.{row.occurrence}": row.due_at
        for row in rows
    }


def sent(booking: Booking, *codes: str) -> None:
    """Let the messages of `codes` have gone."""
    Message.objects.filter(subject=f"booking:{booking.pk}", code__in=codes).planned().update(
        status="sent", sent_at=NOW, settled_at=NOW, sent_to="maya@mail.example"
    )


def wall(scene: Scene, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=scene.location.zone).astimezone(UTC)


def known(scene: Scene, starts_at: datetime) -> Booking:
    """A visit of somebody who has been here before."""
    return booked(
        location=scene.location, provider=scene.provider, option=scene.option, starts_at=starts_at
    )


class TestOnceItIsBooked:
    def test_a_first_visit_ten_days_ahead_is_prepared_in_steps(self, scene):
        booking = confirm(scene, on(scene, 14, 13))

        assert about(booking) == {
            "M01": NOW + timedelta(minutes=1),
            "M03": on(scene, 7, 13),  # the clock changes on the 10th, the hour on the wall does not
            "M04": on(scene, 11, 13),
            "M05": on(scene, 13, 13),
        }

    def test_who_has_been_here_before_gets_no_early_letter(self, scene):
        booking = known(scene, on(scene, 14, 13))

        codes = {draft.code for draft in message_plan.planned_messages(booking, now=NOW)}

        assert booking.extra_minutes == 0
        assert "M03" not in codes
        assert "M04" in codes

    def test_a_visit_booked_20_hours_ahead_has_its_confirmation_and_no_reminder(self, scene):
        booking = known(scene, on(scene, 4, 13))
        now = booking.starts_at - 20 * HOUR

        drafts = message_plan.planned_messages(booking, now=now)

        assert [(draft.code, draft.channel) for draft in drafts] == [
            ("M01", "email"),
            ("M01", "sms"),
        ]

    def test_a_reminder_that_would_follow_at_once_is_left_out(self, scene):
        booking = known(scene, on(scene, 4, 13))

        soon, in_time = (
            {draft.code for draft in message_plan.planned_messages(booking, now=now)}
            for now in (booking.starts_at - 27 * HOUR, booking.starts_at - 29 * HOUR)
        )

        assert "M05" not in soon
        assert "M05" in in_time

    def test_reminders_of_an_early_visit_go_the_evening_before_in_the_clients_own_zone(self):
        scene = open_clinic("Asia/Kathmandu")
        nine = datetime(2030, 3, 14, 9, tzinfo=scene.location.zone)
        booking = confirm(scene, nine.astimezone(UTC), time_zone="America/New_York")

        night = datetime(2030, 3, 13, 9, tzinfo=scene.location.zone)  # 23:15 in New York
        evening = datetime(2030, 3, 12, 19, 30).replace(tzinfo=NEW_YORK)
        assert night.astimezone(NEW_YORK).hour == 23
        assert about(booking)["M05"] == evening

    @pytest.mark.parametrize(
        ("visit", "day_before"),
        [((2027, 3, 14, 15), (2027, 3, 13, 15)), ((2027, 11, 7, 10), (2027, 11, 6, 10))],
        ids=["spring", "autumn"],
    )
    def test_the_reminder_keeps_the_hour_on_the_wall_when_the_clock_changes(
        self, scene, visit, day_before
    ):
        starts_at = wall(scene, *visit)
        booking = confirm(scene, starts_at, now=starts_at - timedelta(days=20))

        assert about(booking)["M05"] == wall(scene, *day_before)

    def test_a_note_in_the_morning_only_where_the_clinic_wants_one(self, scene):
        without = confirm(scene, on(scene, 14, 13))
        PolicyVersionFactory(values={"morning_note_hours": 3})
        late, early = (
            confirm(scene, on(scene, 15, hour), name=name, email=f"{name}@mail.example")
            for hour, name in ((14, "Ana"), (9, "Bo"))
        )

        assert "M06" not in about(without, channel="sms")
        assert about(late, channel="sms")["M06"] == on(scene, 15, 11)
        assert "M06" not in about(early, channel="sms")  # nobody is texted at six

    def test_clients_are_written_to_in_the_hours_that_held_when_they_booked(self, scene):
        before = confirm(scene, on(scene, 14, 9))
        PolicyVersionFactory(
            location=scene.location, values={"messages_from_hour": 11, "messages_until_hour": 16}
        )
        early, late = (
            confirm(scene, on(scene, 15, hour), name=name, email=f"{name}@mail.example")
            for hour, name in ((9, "Ana"), (16, "Bo"))
        )

        assert about(before)["M05"] == on(scene, 13, 9)
        assert about(early)["M05"] == on(scene, 13, 15, 30)
        assert about(late)["M05"] == on(scene, 14, 15, 30)

    def test_the_aesthetician_gets_one_sheet_for_all_visits_of_a_day(self, scene):
        scene.provider.user = UserFactory()
        scene.provider.save()
        confirm(scene, on(scene, 14, 9))
        confirm(scene, on(scene, 14, 13), name="Bo", email="bo@mail.example")

        sheet = Message.objects.get(code="M20")

        assert sheet.subject == f"day:{scene.provider.pk}:2030-03-14"
        assert sheet.recipient == f"staff:{scene.provider.user.pk}"
        assert sheet.due_at == on(scene, 13, 18)

    def test_planning_a_confirmation_asks_the_database_nothing(
        self, scene, django_assert_num_queries
    ):
        booking = known(scene, on(scene, 14, 13))
        booking = Booking.objects.select_related("location", "provider", "client").get()

        with django_assert_num_queries(0):
            message_plan.planned_messages(booking, now=NOW)

    def test_no_texts_are_planned_where_none_can_be_sent(self, scene, settings):
        settings.HAS_SMS = False

        booking = confirm(scene, on(scene, 14, 13))

        assert about(booking, channel="sms") == {}


class TestAfterAMove:
    def test_the_client_learns_of_it_once_it_cannot_be_taken_back(self, scene):
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01")

        services.move(booking=booking, starts_at=on(scene, 15, 9), actor=CLIENT, now=NOW)

        assert about(booking)["M09"] == NOW + timedelta(minutes=3)
        assert about(booking)["M04"] == on(scene, 12, 9)
        assert about(booking)["M05"] == on(scene, 14, 9)
        assert set(Message.objects.planned().values_list("version", flat=True)) == {1}

    def test_who_was_not_told_of_the_first_time_is_told_of_the_second_only(self, scene):
        booking = confirm(scene, on(scene, 14, 13))

        services.move(booking=booking, starts_at=on(scene, 15, 9), actor=CLIENT, now=NOW)

        assert "M09" not in about(booking)
        row = Message.objects.planned().get(code="M01", channel="email")
        assert row.version == 1
        assert row.due_at == NOW + timedelta(minutes=3)

    def test_the_one_who_gave_it_away_is_told_too(self):
        scene = open_clinic(providers=2)
        for provider in scene.providers:
            provider.user = UserFactory()
            provider.save()
        booking = confirm(scene, on(scene, 14, 13))
        first = booking.provider
        other = next(each for each in scene.providers if each != first)

        services.move(
            booking=booking,
            starts_at=on(scene, 15, 9),
            wish=Wish.of(booking).with_(other),
            actor=CLIENT,
            now=NOW,
        )

        told = Message.objects.filter(code="M09").exclude(recipient="client")
        assert {row.recipient for row in told} == {f"provider:{x.pk}" for x in (first, other)}

    def test_who_gave_it_away_is_told_also_if_it_changes_again_at_once(self):
        scene = open_clinic(providers=3)
        for provider in scene.providers:
            provider.user = UserFactory()
            provider.save()
        booking = confirm(scene, on(scene, 14, 13))
        first = booking.provider
        others = [each for each in scene.providers if each != first]

        for hour, other in enumerate(others, start=9):
            services.move(
                booking=booking,
                starts_at=on(scene, 15, hour),
                wish=Wish.of(booking).with_(other),
                actor=CLIENT,
                now=NOW,
            )

        told = Message.objects.planned().filter(code="M09", version=2)
        assert f"provider:{first.pk}" in told.values_list("recipient", flat=True)


class TestAfterAnUndo:
    """`undo` itself is tested with the changes; here, what it does to the outbox."""

    def undone(self, booking: Booking, *, now: datetime = NOW + MINUTE) -> None:
        services.undo(booking=booking, step=booking.events.latest("pk"), actor=CLIENT, now=now)

    def canceled(self, booking: Booking) -> None:
        services.cancel(booking=booking, actor=CLIENT, now=NOW)

    def test_nobody_hears_of_a_move_that_was_taken_back_in_time(self, scene):
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01")
        services.move(booking=booking, starts_at=on(scene, 15, 9), actor=CLIENT, now=NOW)

        self.undone(booking)

        assert set(about(booking)) == {"M03", "M04", "M05"}
        assert about(booking)["M05"] == on(scene, 13, 13)

    def test_a_reminder_that_is_near_is_planned_again(self, scene):
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01", "M03")
        near = on(scene, 11, 11)
        services.move(booking=booking, starts_at=on(scene, 15, 9), actor=CLIENT, now=near)

        self.undone(booking, now=near + MINUTE)

        assert about(booking)["M04"] == on(scene, 11, 13)

    def test_nobody_hears_of_a_visit_they_were_to_give_for_a_minute(self):
        scene = open_clinic(providers=2)
        for provider in scene.providers:
            provider.user = UserFactory()
            provider.save()
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01")
        other = next(each for each in scene.providers if each != booking.provider)
        services.move(
            booking=booking,
            starts_at=on(scene, 15, 9),
            wish=Wish.of(booking).with_(other),
            actor=CLIENT,
            now=NOW,
        )

        self.undone(booking)

        assert not Message.objects.planned().filter(code="M09").exists()

    def test_who_was_told_of_the_change_is_told_that_it_was_taken_back(self, scene):
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01")
        services.cancel(booking=booking, actor=CLIENT, now=NOW)
        sent(booking, "M09")

        self.undone(booking)

        assert about(booking)["M09"] == NOW + timedelta(minutes=4)

    def test_canceling_and_taking_back_over_and_over_is_no_news(self, scene):
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01")
        for _time in range(2):
            self.canceled(booking)
            self.undone(booking)

        assert "M09" not in about(booking)

    def test_the_aesthetician_hears_of_a_move_though_a_cancellation_after_it_was_undone(
        self, scene
    ):
        scene.provider.user = UserFactory()
        scene.provider.save()
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01")
        services.move(booking=booking, starts_at=on(scene, 15, 9), actor=CLIENT, now=NOW)
        self.canceled(booking)

        self.undone(booking)

        told = Message.objects.planned().get(recipient=f"provider:{scene.provider.pk}")
        assert (told.code, told.version) == ("M09", booking.schedule_version)

    def test_a_change_before_it_that_nobody_was_told_of_is_told_now(self, scene):
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01")
        services.move(booking=booking, starts_at=on(scene, 15, 9), actor=CLIENT, now=NOW)
        services.cancel(booking=booking, actor=CLIENT, now=NOW)

        self.undone(booking)

        assert "M09" in about(booking)

    def test_who_was_told_nothing_yet_is_told_that_it_is_booked(self, scene):
        booking = confirm(scene, on(scene, 14, 13))
        services.cancel(booking=booking, actor=CLIENT, now=NOW)

        self.undone(booking)

        assert "M01" in about(booking)
        assert "M09" not in about(booking)


class TestAfterACancellation:
    def test_nothing_goes_but_the_word_that_it_is_cancelled(self, scene):
        scene.provider.user = UserFactory()
        scene.provider.save()
        booking = confirm(scene, on(scene, 14, 13))

        services.cancel(booking=booking, actor=CLIENT, now=NOW)

        left = Message.objects.planned().filter(subject=f"booking:{booking.pk}")
        assert {(row.code, row.recipient, row.channel) for row in left} == {
            ("M09", "client", "email"),
            ("M09", "client", "sms"),
            ("M09", f"provider:{scene.provider.pk}", "email"),
        }
        assert about(booking)["M09"] == NOW + timedelta(minutes=3)
        void = Message.objects.filter(status="void").values_list("reason", flat=True)
        assert set(void) == {"the visit was canceled"}


class TestOnTheDay:
    @pytest.fixture
    def visit(self, scene) -> Booking:
        booking = confirm(scene, on(scene, 14, 13))
        sent(booking, "M01")
        return booking

    def test_who_is_here_needs_no_reminder(self, visit):
        services.check_in(booking=visit, actor=CLINIC, now=visit.starts_at)

        assert about(visit) == {}

    def test_who_was_noted_as_here_by_mistake_hears_nothing_of_it(self, scene, visit):
        sent(visit, "M03", "M04", "M05")
        services.check_in(booking=visit, actor=CLINIC, now=on(scene, 14, 8))

        services.take_back(booking=visit, actor=CLINIC, now=on(scene, 14, 8, 5))

        assert about(visit) == {}

    def test_aftercare_then_a_question_then_sun_and_moisture(self, scene, visit):
        services.check_in(booking=visit, actor=CLINIC, now=visit.starts_at)
        done = on(scene, 14, 14, 15)
        services.complete(booking=visit, actor=CLINIC, now=done)

        assert about(visit) == {
            "M11": done + HOUR / 2,
            "M12": done + 24 * HOUR,
            "M13": on(scene, 15, 9),
            "M13.2": done + 48 * HOUR,
            "M15": done + timedelta(days=28),
            "M15.2": done + timedelta(days=42),
        }

    def test_aftercare_of_a_late_visit_goes_at_once_and_the_question_in_the_morning(
        self, scene, visit
    ):
        services.check_in(booking=visit, actor=CLINIC, now=visit.starts_at)
        done = on(scene, 14, 20, 45)
        services.complete(booking=visit, actor=CLINIC, now=done)

        assert about(visit)["M11"] == on(scene, 14, 21, 15)
        assert about(visit)["M12"] == on(scene, 16, 9)
        assert about(visit)["M13"] == on(scene, 15, 9)
        assert about(visit)["M13.2"] == on(scene, 17, 9)

    def test_completed_by_mistake_and_again_sends_aftercare_once(self, visit):
        services.check_in(booking=visit, actor=CLINIC, now=visit.starts_at)
        services.complete(booking=visit, actor=CLINIC, now=visit.ends_at)
        services.take_back(booking=visit, actor=CLINIC, now=visit.ends_at)
        assert about(visit) == {}

        services.complete(booking=visit, actor=CLINIC, now=visit.ends_at + HOUR)

        assert about(visit)["M11"] == visit.ends_at + HOUR * 3 / 2

    def test_who_did_not_come_is_asked_kindly_an_hour_later(self, visit):
        services.mark_no_show(booking=visit, actor=CLINIC, now=visit.ends_at)

        assert about(visit) == {"M10": visit.ends_at + HOUR}

    def test_a_no_show_that_was_none_is_asked_nothing(self, visit):
        services.mark_no_show(booking=visit, actor=CLINIC, now=visit.ends_at)
        services.take_back(booking=visit, actor=CLINIC, now=visit.ends_at)

        assert about(visit) == {}

    def test_declined_ahead_and_taken_back_is_reminded_again(self, scene, visit):
        services.decline(booking=visit, actor=CLINIC, now=NOW)
        assert about(visit) == {}

        services.take_back(booking=visit, actor=CLINIC, now=NOW)

        assert set(about(visit)) == {"M03", "M04", "M05"}


class TestAnAlert:
    def test_reaches_the_aesthetician_and_every_medical_lead_once(self, scene):
        lead = UserFactory(groups=[Role.MEDICAL_LEAD])
        UserFactory(groups=[Role.MEDICAL_LEAD], is_active=False)
        scene.provider.user = UserFactory(groups=[Role.MEDICAL_LEAD])
        scene.provider.save()
        booking = confirm(scene, on(scene, 14, 13))
        alert = Alert.objects.create(booking=booking, kind=Alert.Kind.CALL, raised_at=NOW)

        drafts = alert_messages(alert, now=NOW)

        people = {f"staff:{user.pk}" for user in (lead, scene.provider.user)}
        assert {draft.recipient for draft in drafts} == people
        assert {(draft.code, draft.occurrence) for draft in drafts} == {("M19", str(alert.pk))}

    def test_outlives_a_cancellation(self, scene):
        scene.provider.user = UserFactory()
        scene.provider.save()
        booking = confirm(scene, on(scene, 14, 13))
        alert = Alert.objects.create(booking=booking, kind=Alert.Kind.CALL, raised_at=NOW)
        message_plan.services.plan(messages=alert_messages(alert, now=NOW), now=NOW)

        services.cancel(booking=booking, actor=staff(UserFactory()), now=NOW)

        assert Message.objects.get(code="M19").status == "planned"


class TestTheReasonWhyNot:
    def test_is_withdrawn_once_there_is_nothing_in_the_way(self, scene):
        first = confirm(scene, on(scene, 4, 13))
        with pytest.raises(AskTheClinic):
            confirm(scene, on(scene, 6, 9))

        services.cancel(booking=first, actor=CLIENT, now=NOW)

        assert Message.objects.get(code="R01").status == "void"
        assert Booking.objects.filter(status=Status.HELD).count() == 1
