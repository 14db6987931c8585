"""One press or fifty: one visit, one letter, one person."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from booking import message_plan, services
from booking.models import Booking, Status
from booking.services.confirming import ASKED
from booking.visitors import Visitor
from clinic.clients.models import Client, Consent
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, hold, on, type_details, visitor
from tests.concurrency.racing import CROWDS, errors, laps, race
from tests.factories import ClientFactory, PriceFactory, booked, open_clinic

pytestmark = pytest.mark.django_db(transaction=True)

PRESSES = 50


def confirming(booking: Booking, who: Visitor) -> Callable[[], str]:
    """A press on the last button of the form, from a page of its own; returns the link made."""

    def press() -> str:
        read = Booking.objects.get(pk=booking.pk)
        return services.confirm_booking(booking=read, visitor=who, now=NOW).link_hash or ""

    return press


def test_confirming_fifty_times_at_once_makes_one_visit_and_one_letter():
    for number in range(CROWDS):
        scene, who = open_clinic(), visitor()
        booking = hold(scene, on(scene, 4, 10), who=who)
        type_details(who, email=f"maya{number}@mail.example")

        outcomes = race([confirming(booking, who)] * PRESSES)

        assert errors(outcomes) == {"won": PRESSES}
        assert len({outcome.value for outcome in outcomes}) == 1
    assert Booking.objects.filter(status=Status.CONFIRMED).count() == CROWDS
    assert Message.objects.filter(code="M01", channel="email").count() == CROWDS
    assert Client.objects.count() == CROWDS
    assert Consent.objects.count() == CROWDS * len(ASKED)


def test_of_fifty_first_visits_of_one_person_one_is_confirmed_and_one_letter_says_why():
    for number in range(CROWDS):
        scene = open_clinic(providers=2, rooms=2, consoles=2, minutes=15, buffer_minutes=0)
        times = [on(scene, 4 + day, 9 + hour) for day in range(7) for hour in range(8)]
        visits = []
        for starts_at in times[:PRESSES]:
            who = visitor()
            visits.append((hold(scene, starts_at, who=who), who))
            type_details(who, email=f"maya{number}@mail.example")

        outcomes = race([confirming(booking, who) for booking, who in visits])

        assert errors(outcomes) == {"won": 1, "AskTheClinic": PRESSES - 1}
        assert Message.objects.filter(code="R01").count() == number + 1
    assert Client.objects.count() == CROWDS


def test_two_visits_of_one_client_that_overlap_at_two_places_are_not_both_confirmed():
    for _ in range(laps(5, 10)):
        client = ClientFactory()
        came = booked(client=client, starts_at=NOW - timedelta(days=30))
        PriceFactory(option=came.option, amount=came.price)
        message_plan.follow(came, message_plan.Trigger.CONFIRMED, now=came.created_at)
        came.status = Status.COMPLETED
        came.promise["buffer_minutes"] = 15
        came.save(update_fields=["status", "promise"])
        clinics = [open_clinic(), open_clinic()]
        people = [visitor(client), visitor(client)]
        visits = [
            (hold(scene, on(scene, 4, 10), who=who), who)
            for scene, who in zip(clinics, people, strict=True)
        ]
        for who in people:
            type_details(who)

        outcomes = race([confirming(booking, who) for booking, who in visits])

        assert errors(outcomes) == {"won": 1, "AskTheClinic": 1}
