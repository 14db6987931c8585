"""What we write when a visit is promised, changed or canceled, and when one is refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from booking import links, services
from booking.models import Booking
from booking.services.ledger import CLIENT, staff
from clinic.messaging.letters import Letter
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, on
from tests.booking.written import both_forms, event_in, sent, write
from tests.factories import (
    AddOnFactory,
    InstructionFactory,
    InstructionVersionFactory,
    PriceFactory,
    Scene,
    UserFactory,
    open_clinic,
)
from treatments.models import InstructionKind, Visibility

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


class TestTheConfirmation:
    def test_says_when_where_with_whom_for_how_much_and_by_which_rules(self, scene):
        booking = confirm(scene, on(scene, 4, 13))

        letter = write(booking, "M01")

        assert letter.to == "maya@mail.example"
        for words in both_forms(letter):
            assert "Maya" in words
            assert "1:00" in words
            assert "2:15 pm" in words
            assert booking.provider.first_name in words
            assert scene.location.name in words
            assert "$170" in words
            assert "$85" in words
            assert links.manage_url(booking) in words

    def test_says_where_the_minutes_of_a_first_visit_go(self, scene):
        for form in both_forms(write(confirm(scene, on(scene, 4, 13)), "M01")):
            assert "First talk, 15 min, at no charge" in form

    def test_keeps_the_treatment_out_of_subject_and_calendar(self, scene):
        booking = confirm(scene, on(scene, 4, 13))

        letter = write(booking, "M01")
        _calendar, event = event_in(letter)

        treatment = scene.treatment.name
        assert treatment not in letter.subject
        assert treatment not in letter.attachments[0].content.decode()
        assert event["SUMMARY"] == f"Appointment, {scene.location.name}"
        assert letter.subject.startswith("You are booked: Monday, March 4")

    def test_brings_a_request_for_the_calendar_in_utc(self, scene):
        booking = confirm(scene, on(scene, 4, 13))

        letter = write(booking, "M01")
        calendar, event = event_in(letter)

        name, content, mimetype = letter.attachments[0]
        assert (name, mimetype) == ("appointment.ics", "text/calendar; method=REQUEST")
        assert calendar["METHOD"] == "REQUEST"
        assert b"DTSTART:20300304T180000Z" in content
        assert b"DTEND:20300304T191500Z" in content
        assert b"VTIMEZONE" not in content
        assert event["SEQUENCE"] == 0
        assert event["ORGANIZER"] == "mailto:hello@lumen.example"
        assert event["ATTENDEE"] == "mailto:maya@mail.example"
        assert event["STATUS"] == "CONFIRMED"

    def test_after_a_move_it_is_the_same_entry_in_a_later_version(self, scene):
        booking = confirm(scene, on(scene, 4, 13))
        _, before = event_in(write(booking, "M01"))

        services.move(
            booking=booking, starts_at=on(scene, 5, 9), actor=staff(UserFactory()), now=NOW
        )

        _, after = event_in(write(booking, "M01"))
        assert after["UID"] == before["UID"]
        assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
        assert after["DTSTART"].dt == on(scene, 5, 9)

    @pytest.mark.parametrize(
        ("ahead", "has_prep"),
        [(77 * HOUR, False), (75 * HOUR, True), (25 * HOUR, True)],
        ids=["early enough for a letter of its own", "just too late for it", "the day before"],
    )
    def test_the_full_preparation_where_it_has_no_letter_of_its_own(self, scene, ahead, has_prep):
        prep = InstructionFactory()
        text = InstructionVersionFactory(
            instruction=prep, lines=["Come with a bare face.", "Drink water."]
        )
        scene.treatment.instructions.add(prep)
        visit_at = on(scene, 5, 13)
        booking = confirm(scene, visit_at, now=visit_at - ahead)

        letter = write(booking, "M01", now=visit_at - ahead)

        assert ("Drink water." in letter.text) is has_prep
        assert ("Drink water." in letter.html) is has_prep
        assert letter.content_versions == ((str(text.pk),) if has_prep else ())

    def test_the_preparation_is_the_promised_one_without_aftercare_and_says_nothing_twice(
        self, scene
    ):
        prep, extra_prep = InstructionFactory.create_batch(2)
        care = InstructionFactory(kind=InstructionKind.AFTERCARE)
        InstructionVersionFactory(instruction=prep, lines=["A bare face.", "Water."])
        InstructionVersionFactory(instruction=extra_prep, lines=["A bare face.", "No jewelry."])
        InstructionVersionFactory(instruction=care, lines=["No sauna."])
        scene.treatment.instructions.add(prep, care)
        finish = AddOnFactory(instructions=[extra_prep])
        PriceFactory(option=None, add_on=finish, amount=Decimal(30))
        booking = confirm(scene, on(scene, 4, 13), now=on(scene, 3, 12))
        booking.instruction_versions.add(*extra_prep.versions.all())
        InstructionVersionFactory(instruction=prep, lines=["Something new."])

        text = write(booking, "M01", now=on(scene, 3, 12)).text

        assert text.count("A bare face.") == 1
        assert "Water." in text
        assert "No jewelry." in text
        assert "No sauna." not in text
        assert "Something new." not in text

    def test_a_client_elsewhere_reads_both_clocks(self):
        scene = open_clinic()
        ten = datetime(2027, 6, 8, 10, tzinfo=scene.location.zone).astimezone(UTC)
        now = datetime(2027, 6, 1, tzinfo=UTC)
        booking = confirm(scene, ten, now=now, time_zone="Asia/Kathmandu")

        letter = write(booking, "M01", now=now)

        assert booking.starts_at.astimezone(scene.location.zone).date() == date(2027, 6, 8)
        for words in both_forms(letter):
            assert "10:00" in words
            assert "7:45 pm where you are" in words
            assert "Nepal Time" in words

    @pytest.mark.parametrize("zone", ["America/New_York", "America/Toronto", ""])
    def test_one_clock_is_enough_where_both_show_the_same(self, scene, zone):
        booking = confirm(scene, on(scene, 4, 13), time_zone=zone)

        assert "where you are" not in write(booking, "M01").text

    def test_a_late_booker_is_not_told_of_free_hours_that_have_passed(self, scene):
        booking = confirm(scene, on(scene, 4, 13))

        in_time, late = (
            write(booking, "M01", now=booking.starts_at - hours).text
            for hours in (25 * HOUR, 23 * HOUR)
        )

        assert "Until Sun, Mar 3" in in_time
        assert "online at no charge" in " ".join(in_time.split())
        assert "Until" not in late
        assert "From now on" in late


class TestAChange:
    """M09, after the last letter told the client something else."""

    @pytest.fixture
    def booking(self, scene) -> Booking:
        booking = confirm(scene, on(scene, 4, 13), time_zone="Asia/Kathmandu")
        sent(booking, "M01")
        return booking

    @pytest.fixture
    def moved(self, scene, booking) -> Booking:
        services.move(
            booking=booking, starts_at=on(scene, 5, 9), actor=staff(UserFactory()), now=NOW
        )
        return booking

    def test_says_the_old_time_and_the_new_one_on_both_clocks(self, moved):
        letter = write(moved, "M09")

        assert letter.subject == "New time: Tuesday, March 5, 2030 at 9:00 am"
        for words in both_forms(letter):
            assert "your appointment has a new time" in words
            assert "Monday, March 4, 2030 at 1:00 pm, Eastern Time" in words
            assert "11:45 pm where you are (Nepal Time)" in words
            assert "9:00 to 10:15 am, Eastern Time" in words
            assert "7:45 pm where you are (Nepal Time)" in words

    def test_the_old_time_is_the_one_told_last_and_not_the_one_before_this_move(self, scene, moved):
        services.move(
            booking=moved, starts_at=on(scene, 6, 10), actor=staff(UserFactory()), now=NOW
        )

        words = " ".join(write(moved, "M09").text.split())

        assert "Monday, March 4, 2030 at 1:00 pm" in words
        assert "Tuesday, March 5" not in words.partition("If your plans".upper())[0]

    def test_what_came_back_to_the_time_told_has_no_old_time(self, scene, moved):
        services.move(
            booking=moved, starts_at=on(scene, 4, 13), actor=staff(UserFactory()), now=NOW
        )

        letter = write(moved, "M09")

        assert letter.subject == "Your appointment: Monday, March 4, 2030 at 1:00 pm"
        for words in both_forms(letter):
            assert "as it stands now" in words
            assert "Until now" not in words

    def test_updates_the_entry_in_the_calendar(self, moved):
        _, before = event_in(write(moved, "M01"))
        calendar, event = event_in(write(moved, "M09"))

        assert calendar["METHOD"] == "REQUEST"
        assert event["UID"] == before["UID"]
        assert event["SEQUENCE"] == moved.schedule_version == 1
        assert event["STATUS"] == "CONFIRMED"

    def test_brings_the_preparation_when_the_new_time_is_near(self, scene, moved):
        text = InstructionVersionFactory(lines=["Come with a bare face."])
        moved.instruction_versions.add(text)

        far = write(moved, "M09")
        Message.objects.filter(code="M04").delete()
        near = write(moved, "M09")

        assert (far.content_versions, near.content_versions) == ((), (str(text.pk),))
        assert "Come with a bare face." in near.text
        assert "Come with a bare face." not in far.text


class TestACancellation:
    """M09 about a visit that will not take place."""

    @pytest.fixture
    def booking(self, scene) -> Booking:
        booking = confirm(scene, on(scene, 4, 13), time_zone="Asia/Kathmandu")
        sent(booking, "M01")
        return booking

    def cancelled(self, booking: Booking, **how: object) -> Letter:
        services.cancel(booking=booking, **{"actor": CLIENT, "now": NOW} | how)  # type: ignore[arg-type]
        return write(booking, "M09")

    def test_by_the_client_in_time_owes_nothing(self, booking):
        letter = self.cancelled(booking)

        assert letter.subject == "Canceled: Monday, March 4, 2030 at 1:00 pm"
        for words in both_forms(letter):
            assert "your appointment is canceled, as you asked" in words
            assert "You owe us nothing" in words
            assert "where you are (Nepal Time)" in words
            assert "/book/" in words

    def test_by_the_client_too_late_says_what_is_owed_and_why(self, booking):
        letter = self.cancelled(booking, now=booking.starts_at - HOUR, fee_shown=Decimal(85))

        for words in both_forms(letter):
            assert "after Sunday, March 3, 2030 at 1:00 pm" in words
            assert "$85 is owed" in words
            assert "we never charge for that" in words

    def test_by_the_clinic_is_an_apology_and_owes_nothing(self, booking):
        letter = self.cancelled(
            booking, actor=staff(UserFactory()), now=booking.starts_at - HOUR, reason="Ana is ill"
        )

        for words in both_forms(letter):
            assert "we are sorry" in words
            assert "You owe us nothing" in words
            assert "Ana is ill" not in words

    def test_for_a_health_reason_owes_nothing_and_has_no_word_of_health(self, booking):
        letter = self.cancelled(
            booking, now=booking.starts_at - HOUR, is_health_reason=True, fee_shown=Decimal(0)
        )

        for words in both_forms(letter):
            assert "You owe us nothing" in words
            assert "$" not in words
            for word in ("health", "unwell", "ill,", "charge"):
                assert word not in words

    def test_takes_the_entry_out_of_the_calendar(self, booking):
        _, before = event_in(write(booking, "M01"))
        letter = self.cancelled(booking)
        calendar, event = event_in(letter)

        assert letter.attachments[0].mimetype == "text/calendar; method=CANCEL"
        assert calendar["METHOD"] == "CANCEL"
        assert event["UID"] == before["UID"]
        assert event["SEQUENCE"] == booking.schedule_version == 1
        assert event["STATUS"] == "CANCELLED"
        assert event["DTSTART"].dt == booking.starts_at

    def test_names_the_time_the_client_was_told(self, scene, booking):
        services.move(
            booking=booking, starts_at=on(scene, 5, 9), actor=staff(UserFactory()), now=NOW
        )

        assert self.cancelled(booking).subject == "Canceled: Monday, March 4, 2030 at 1:00 pm"

    def test_leads_to_the_booking_of_anything_once_this_is_not_offered(self, scene, booking):
        scene.treatment.visibility = Visibility.RETIRED
        scene.treatment.save()

        assert "/book/\n" in self.cancelled(booking).text


class TestTheReasonWhyNot:
    def test_names_the_visit_there_is_to_its_own_client_only(self, scene):
        first = confirm(scene, on(scene, 4, 13))

        letter = write(first, "R01")

        assert letter.to == "maya@mail.example"
        assert letter.subject == "About your booking"
        assert letter.attachments == ()
        for words in both_forms(letter):
            assert "monday, march 4" in words.lower()
            assert links.manage_url(first) in words
            assert scene.treatment.name not in words


def test_who_came_too_late_is_not_told_that_they_canceled(scene):
    booking = confirm(scene, on(scene, 4, 9))
    at = booking.starts_at + timedelta(minutes=16)
    services.turn_away(booking=booking, actor=staff(UserFactory()), now=at)

    for words in both_forms(write(booking, "M09", now=at)):
        assert "you came too late for us to treat you that day" in words
        assert "as you asked" not in words
        assert "$85 is owed" in words
