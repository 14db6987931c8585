"""What we write to those who work here: enough to find it, and nothing about anybody's health."""

from datetime import date, timedelta

import pytest

from booking import letters, services
from booking.models import Alert, Booking
from booking.services.ledger import CLIENT, staff
from tests.booking.scenes import NOW, confirm, on
from tests.booking.written import both_forms, sent, write
from tests.factories import (
    BookingFactory,
    ClientFactory,
    LocationFactory,
    ProviderFactory,
    Scene,
    UserFactory,
    open_clinic,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene) -> Booking:
    scene.provider.user = UserFactory(email="ana@lumen.example")
    scene.provider.save()
    return confirm(scene, on(scene, 4, 13), time_zone="Asia/Kathmandu")


class TestAChangeInTheDiary:
    def test_says_which_visit_and_when_it_was_and_is_and_no_more(self, scene, booking):
        services.move(booking=booking, starts_at=on(scene, 5, 9), actor=CLIENT, now=NOW)

        letter = write(booking, "M09", recipient="provider")

        assert letter.to == "ana@lumen.example"
        assert letter.subject == f"Change in your diary: {booking.reference}"
        assert letter.attachments == ()
        for words in both_forms(letter):
            assert "tuesday, march 5, 2030" in words.lower()
            assert "Monday, March 4, 2030 at 1:00 pm" in words
            assert booking.reference in words
            assert "Maya" in words
            assert f"/staff/visits/{booking.reference}/" in words
            for word in ("Ellison", "maya@", scene.treatment.name, "$", "Nepal"):
                assert word not in words

    def test_the_old_time_is_the_one_they_were_told(self, scene, booking):
        services.move(booking=booking, starts_at=on(scene, 5, 9), actor=CLIENT, now=NOW)
        sent(booking, "M09", recipient=f"provider:{booking.provider_id}")
        services.move(booking=booking, starts_at=on(scene, 6, 9), actor=CLIENT, now=NOW)

        words = write(booking, "M09", recipient="provider").text

        assert "Tuesday, March 5, 2030 at 9:00 am" in words
        assert "March 4" not in words

    def test_another_length_is_said_by_the_times(self, booking):
        services.resize(booking=booking, minutes=90, actor=staff(UserFactory()), now=NOW)

        words = write(booking, "M09", recipient="provider").text

        assert "Time       1:00 to 2:30 pm" in words
        assert "Until now  1:00 to 2:15 pm" in words

    @pytest.mark.parametrize("is_health_reason", [True, False])
    def test_a_cancellation_says_no_reason(self, booking, is_health_reason):
        services.cancel(
            booking=booking,
            actor=CLIENT,
            is_health_reason=is_health_reason,
            reason="feeling sick",
            now=NOW,
        )

        for words in both_forms(write(booking, "M09", recipient="provider")):
            assert "this appointment is canceled" in words
            assert "monday, march 4, 2030" in words.lower()
            for word in ("sick", "health", "reason", "$"):
                assert word not in words

    def test_who_gave_it_until_now_learns_that_somebody_else_does(self, scene, booking):
        former = ProviderFactory(user=UserFactory(email="ben@lumen.example"), name="Ben Roe")

        letter = write(booking, "M09", recipient=f"provider:{former.pk}")

        assert letter.to == "ben@lumen.example"
        for words in both_forms(letter):
            assert "Hello Ben, this appointment is with somebody else now" in words

    def test_asks_few_questions(self, booking, django_assert_num_queries):
        with django_assert_num_queries(3 + 3):  # the booking's own facts are three
            write(booking, "M09", recipient="provider")


class TestAnAlert:
    @pytest.mark.parametrize("kind", Alert.Kind.values)
    def test_says_that_an_item_needs_review_and_neither_what_nor_about_whom(
        self, scene, booking, kind, django_assert_num_queries
    ):
        alert = Alert.objects.create(booking=booking, kind=kind, detail="M04", raised_at=NOW)
        reader = UserFactory(full_name="Hannah Vogel", email="hannah@lumen.example")

        with django_assert_num_queries(0):
            letter = letters.alert_letter(alert, reader, NOW)

        assert letter.to == "hannah@lumen.example"
        assert letter.subject == f"An item needs your review: {booking.reference}"
        for words in both_forms(letter):
            assert "Hannah" in words
            assert f"/staff/visits/{booking.reference}/" in words
            for word in ("Maya", "maya", "health", "skin", "irritat", "call", "M04", "March"):
                assert word not in words.partition("You get this because")[0].partition("<body")[0]
                assert word not in words.partition("<body")[2].partition("You get this")[0]


class TestTheDay:
    DAY = date(2030, 3, 4)

    def visits(self, scene, names: list[str]) -> list[Booking]:
        place = LocationFactory(time_zone="America/New_York", name="Harbor Row")
        made = [
            BookingFactory(
                provider=scene.provider,
                location=place,
                option=scene.option,
                client=ClientFactory(name=name),
                starts_at=on(scene, 4, 9) + number * 2 * HOUR,
                time_zone="Asia/Kathmandu",
            )
            for number, name in enumerate(names)
        ]
        return list(Booking.objects.with_facts().filter(pk__in=[b.pk for b in made]).order_by("pk"))

    def test_is_times_codes_and_first_names(self, scene, django_assert_num_queries):
        visits = self.visits(scene, ["Maya Ellison", "Bo"])
        reader = UserFactory()

        with django_assert_num_queries(0):
            letter = letters.day_sheet(scene.provider, self.DAY, visits, reader, NOW)

        assert letter.to == reader.email
        assert letter.subject == "Your day: Monday, March 4, 2030"
        code = scene.treatment.code
        for words in both_forms(letter):
            assert "with 2 visits" in words.lower()
            assert f"{code}, Maya E." in words
            assert f"{code}, Bo" in words
            assert "9:00 to 10:00 am" in words
            assert "11:00 am to 12:00 pm" in words
            assert "Harbor Row" in words
            assert "/staff/sheet/2030-03-04/" in words
            for word in ("Ellison", scene.treatment.name, "mail.example", "$", "Nepal"):
                assert word not in words

    def test_without_visits_says_so(self, scene):
        for words in both_forms(
            letters.day_sheet(scene.provider, self.DAY, [], UserFactory(), NOW)
        ):
            assert "with no visits" in words.lower()
