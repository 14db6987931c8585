"""What we write around a visit: how to get ready, how to look after the skin, and a question."""

from datetime import timedelta
from decimal import Decimal

import pytest

from booking import links
from booking.models import Booking, Status
from clinic.clients.links import preferences_url, unsubscribe_url
from clinic.clients.models import ConsentKind
from tests.booking.scenes import confirm, on
from tests.booking.written import both_forms, write
from tests.factories import (
    InstructionFactory,
    InstructionVersionFactory,
    Scene,
    open_clinic,
)
from treatments.models import InstructionKind, InstructionVersion

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
CARE = ["M03", "M04", "M05", "M11", "M12", "M13"]


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene) -> Booking:
    return confirm(scene, on(scene, 14, 13))


def promise(booking: Booking, kind: InstructionKind, **text: object) -> InstructionVersion:
    """A text that `booking` was promised."""
    version = InstructionVersionFactory(instruction=InstructionFactory(kind=kind), **text)
    booking.instruction_versions.add(version)
    return version


def promise_prep(booking: Booking, **text: object) -> InstructionVersion:
    return promise(booking, InstructionKind.PREP, **text)


def promise_aftercare(booking: Booking, **text: object) -> InstructionVersion:
    return promise(booking, InstructionKind.AFTERCARE, **text)


def step(when: str, do: str, hours: int | None = None) -> dict[str, object]:
    return {"when": when, "do": do} | ({} if hours is None else {"hours": hours})


class TestAWeekBefore:
    def test_says_what_is_to_be_thought_of_early_and_nothing_else(self, booking):
        text = promise_prep(
            booking,
            steps=[
                step("7 days before", "Ask your prescriber.", -168),
                step("3 days before", "Pause retinol.", -72),
                step("When you choose the day", "Mind the event."),
            ],
        )

        letter = write(booking, "M03")

        assert letter.content_versions == (str(text.pk),)
        for words in both_forms(letter):
            assert "Ask your prescriber." in words
            assert "Pause retinol." not in words
            assert "Mind the event." not in words
            assert links.page_url(booking, "prepare") in words

    def test_leads_to_the_page_where_no_text_looks_so_far_ahead(self, booking):
        promise_prep(booking, steps=[step("3 days before", "Pause retinol.", -72)])

        letter = write(booking, "M03")

        assert letter.content_versions == ()
        for words in both_forms(letter):
            assert "7 days before" not in words
            assert links.page_url(booking, "prepare") in words


class TestThePreparation:
    def test_is_the_full_text_as_promised_and_says_nothing_twice(self, booking):
        first = promise_prep(booking, lines=["A bare face.", "Water."])
        second = promise_prep(booking, lines=["A bare face.", "A lens case."])
        promise_aftercare(booking, lines=["No sauna."])
        InstructionVersionFactory(instruction=first.instruction, lines=["Something new."])

        letter = write(booking, "M04")

        assert letter.content_versions == (str(first.pk), str(second.pk))
        for words in both_forms(letter):
            assert words.count("A bare face.") == 1
            assert "Water." in words
            assert "A lens case." in words
            assert "No sauna." not in words
            assert "Something new." not in words

    def test_asks_whether_anything_has_changed_and_says_whom_to_tell(self, scene, booking):
        letter = write(booking, "M04")

        for words in both_forms(letter):
            assert "new with your health? Tell us before you travel" in words
            assert scene.location.phone in words
        assert f'href="tel:{scene.location.phone.replace(" ", "")}"' in letter.html
        assert "<form" not in letter.html

    def test_leads_to_the_page_where_it_is_said_to_be_read(self, booking):
        promise_prep(booking, lines=["A bare face."])

        for words in both_forms(write(booking, "M04")):
            assert "Tell us that you have read this" in words
            assert links.page_url(booking, "prepare") in words

    def test_says_until_when_a_change_is_free_and_then_no_more(self, booking):
        for hours, is_free in [(25 * HOUR, True), (23 * HOUR, False)]:
            for words in both_forms(write(booking, "M04", now=booking.starts_at - hours)):
                assert ("until Wednesday, March 13, 2030 at 1:00 pm" in words) is is_free
                assert ("your confirmation says what holds" in words) is not is_free

    def test_of_a_treatment_that_needs_none_still_says_when_and_where(self, scene, booking):
        letter = write(booking, "M04")

        assert letter.subject == "Your appointment on Thursday, March 14, 2030"
        for words in both_forms(letter):
            assert "Before you come" not in words
            assert scene.location.street in words

    @pytest.mark.parametrize("code", ["M04", "M05"])
    def test_where_there_is_none_nobody_is_sent_to_read_it(self, booking, code):
        for words in both_forms(write(booking, code)):
            assert "read this" not in words
            assert "How to prepare" not in words
            assert links.page_url(booking, "prepare") not in words
            assert links.manage_url(booking) in words


class TestTheReminder:
    @pytest.mark.parametrize(
        ("ahead", "said"),
        [(4 * HOUR, "today"), (24 * HOUR, "tomorrow"), (40 * HOUR, "on Thu, Mar 14, 2030")],
        ids=str,
    )
    def test_says_the_day_as_one_says_it(self, booking, ahead, said):
        letter = write(booking, "M05", now=booking.starts_at - ahead)

        assert letter.subject == f"See you {said} at 1:00 pm"

    def test_says_the_texts_in_one_line_each(self, booking):
        texts = [
            promise_prep(booking, lines=["All of it."], short=short)
            for short in ("No makeup.", "", "A lens case.", "No makeup.")
        ]

        letter = write(booking, "M05")

        assert letter.content_versions == tuple(str(text.pk) for text in texts)
        for words in both_forms(letter):
            assert words.count("No makeup.") == 1
            assert "A lens case." in words
            assert "All of it." not in words


class TestAfterAVisit:
    def test_the_aftercare_is_the_full_text_as_promised_with_whom_to_call(self, scene, booking):
        text = promise_aftercare(booking, lines=["Lukewarm water.", "No sauna."])
        promise_prep(booking, lines=["A bare face."])
        InstructionVersionFactory(instruction=text.instruction, lines=["Something new."])

        letter = write(booking, "M11")

        assert letter.content_versions == (str(text.pk),)
        for words in both_forms(letter):
            assert "Lukewarm water." in words
            assert "No sauna." in words
            assert "A bare face." not in words
            assert "Something new." not in words
            assert scene.location.phone in words
            assert "emergency number" in words
            assert links.page_url(booking, "aftercare") in words

    def test_the_question_has_three_answers_and_each_leads_to_the_page_that_takes_it(self, booking):
        page = links.page_url(booking, "check_in")

        letter = write(booking, "M12")

        for answer in ("1", "2", "3"):
            assert f"{page}?answer={answer}\n" in letter.text
            assert f'href="{page}?answer={answer}"' in letter.html

    def test_the_tips_leave_out_what_is_over(self, booking):
        text = promise_aftercare(
            booking,
            steps=[
                step("The day of your visit", "No sauna.", 0),
                step("The next morning", "The usual routine.", 24),
                step("Through the second day", "Out of the sun.", 48),
                step("Every day", "Sunscreen."),
            ],
        )

        first, second = (write(booking, "M13", occurrence=which) for which in "12")

        assert first.content_versions == second.content_versions == (str(text.pk),)
        assert first.subject != second.subject
        for letter, has_morning in [(first, True), (second, False)]:
            for words in both_forms(letter):
                assert "No sauna." not in words
                assert ("The usual routine." in words) is has_morning
                assert "Out of the sun." in words
                assert "Sunscreen." in words


class TestMissed:
    @pytest.fixture
    def missed(self, booking) -> Booking:
        booking.status = Status.NO_SHOW
        booking.save()
        return booking

    def test_is_kind_and_says_what_is_owed_by_which_rule(self, missed):
        missed.fee_owed = Decimal(85)
        missed.save()

        for words in both_forms(write(missed, "M10")):
            assert "We hope that all is well" in words
            assert "By the policy you agreed to when you booked, $85 is owed" in words
            assert "we never charge for that" in words

    def test_names_no_sum_where_none_is_owed_and_leads_to_another_time(self, scene, missed):
        for words in both_forms(write(missed, "M10")):
            assert "You owe us nothing" in words
            assert "$" not in words
            assert f"/book/{scene.treatment.slug}/60/" in words


class TestWhatIsSentForHowLong:
    @pytest.mark.parametrize(
        ("code", "kind"),
        [("M13", ConsentKind.CARE_TIPS), ("M15", ConsentKind.MARKETING_EMAIL)],
    )
    def test_what_nobody_has_to_get_ends_with_one_press(self, booking, code, kind):
        url = unsubscribe_url(booking.client, kind)

        letter = write(booking, code)

        assert letter.headers == {
            "List-Unsubscribe": f"<{url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        assert f"\n{url}\n" in letter.text
        assert f'href="{url}"' in letter.html

    @pytest.mark.parametrize("code", ["M01", "M03", "M04", "M05", "M09", "M10", "M11", "M12"])
    def test_what_everybody_gets_has_no_such_press(self, booking, code):
        letter = write(booking, code)

        assert letter.headers == {}
        assert "/stop/" not in letter.html

    def test_every_letter_leads_to_what_we_may_send_and_names_the_clinics_address(
        self, booking, settings
    ):
        for code in [*CARE, "M01", "M09", "M10", "M15", "R01"]:
            for words in both_forms(write(booking, code)):
                assert preferences_url(booking.client) in words
                assert settings.CLINIC_ADDRESS in words

    @pytest.mark.parametrize("code", CARE)
    @pytest.mark.parametrize("hours", [-48, -2, 24])
    def test_a_letter_about_care_offers_nothing(self, booking, code, hours):
        promise_prep(booking)
        promise_aftercare(booking)

        letter = write(booking, code, now=booking.starts_at + hours * HOUR)

        for words in both_forms(letter):
            said = words.partition("<body")[2] or words  # a style may say 100%
            said = said.partition("You get this because")[0]
            for word in ("$", "/book/", "price", "offer", "discount", "free times"):
                assert word not in said.lower()
            assert "appointment?" not in said.lower()

    def test_only_the_invitation_invites_and_the_second_says_that_it_is_the_last(
        self, scene, booking
    ):
        later = booking.starts_at + 28 * DAY

        first, second = (
            write(booking, "M15", occurrence=which, now=now)
            for which, now in [("1", later), ("2", later + 14 * DAY)]
        )

        for letter, weeks, is_last in [(first, "4 weeks", False), (second, "6 weeks", True)]:
            for words in both_forms(letter):
                assert f"it is {weeks} since you were here" in words
                assert f"/book/{scene.treatment.slug}/60/" in words
                assert ("the last time we ask" in words) is is_last
