"""What we write while details are missing, and when a time was let go for want of them."""

from datetime import timedelta
from uuid import uuid4

import pytest

from booking import links
from booking.message_checks import why_not
from booking.models import Booking
from booking.services.desk import Newcomer, book_visit
from booking.services.forms import end_overdue_forms
from booking.services.ledger import staff
from clinic.messaging.models import Message
from clinic.web import clock
from tests.booking.scenes import NOW, on, wish_for
from tests.booking.written import both_forms, text, write
from tests.factories import Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def this_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def booking(scene: Scene) -> Booking:
    return book_visit(
        wish=wish_for(scene, provider=scene.provider),
        starts_at=on(scene, 5, 10),
        price_shown=None,
        person=Newcomer("Maya Ellison", "+15035550123", "maya@mail.example"),
        request_key=uuid4(),
        actor=staff(UserFactory()),
        now=NOW,
    )


@pytest.mark.parametrize("occurrence", ["1", "2"])
def test_says_which_time_is_kept_until_when_and_where_to_go_on(booking, occurrence):
    letter = write(booking, "M02", occurrence=occurrence)

    assert letter.to == "maya@mail.example"
    for words in both_forms(letter):
        assert "Maya" in words
        assert "TUESDAY, MARCH 5" in words.upper()
        assert "Saturday, March 2 at 7:00 am, Eastern Time" in words
        assert links.page_url(booking, "form") in words
        assert "503 555 0142" in words


def test_the_second_time_it_says_that_it_is_the_second(booking):
    assert write(booking, "M02").subject == "Please complete your details for Tuesday, March 5"
    again = write(booking, "M02", occurrence="2")
    assert again.subject == "Still missing: your details for Tuesday, March 5"
    assert "we still keep this time for you" in again.text


@pytest.mark.parametrize("code", ["M02", "R02"])
def test_names_neither_the_treatment_nor_anything_about_health(scene, booking, code):
    letter = write(booking, code)

    said = letter.text.replace(scene.treatment.slug, "").lower()
    for word in (scene.treatment.name.lower(), "health", "condition", "treatment", "safety"):
        assert word not in said
        assert word not in letter.subject.lower()


def test_a_time_that_was_let_go_costs_nothing_and_there_are_others(booking):
    for words in both_forms(write(booking, "R02")):
        assert "your details did not reach us" in words
        assert "You owe us nothing." in words
        assert "/book/" in words


def test_texts_say_when_and_until_when(booking):
    due = text(booking, "M02")
    gone = text(booking, "R02")

    assert "visit Tue, Mar 5, 10:00 am. Form by Sat, Mar 2, 7:00 am:" in due
    assert links.page_url(booking, "form") in due
    assert "visit Tue, Mar 5, 10:00 am let go" in gone


def test_neither_goes_once_it_no_longer_holds(booking):
    asked = Message.objects.get(code="M02", occurrence="1", channel="email")
    assert why_not(asked, NOW) is None

    end_overdue_forms(now=NOW + timedelta(days=1))

    assert why_not(asked, NOW) == "the booking is expired_hold"
    told = Message.objects.get(code="R02", channel="email")
    assert why_not(told, NOW + timedelta(days=1)) is None


def test_who_has_no_address_gets_no_letter_and_the_ledger_says_why(booking):
    booking.client.email = ""
    booking.client.save()
    asked = Message.objects.get(code="M02", occurrence="1", channel="email")

    assert why_not(asked, NOW) == "there is no e-mail address"
