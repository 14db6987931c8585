"""Two at the desk and one online want one time; a client and the deadline want one visit."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError

from booking.models import Booking, Status
from booking.services.desk import Newcomer, book_visit
from booking.services.forms import Details, complete_form, end_overdue_forms
from booking.services.ledger import staff
from clinic.accounts.models import User
from clinic.clients.models import Client
from clinic.clients.services import change_contact
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, hold, on, wish_for
from tests.concurrency.racing import CROWDS, errors, laps, lingering, race
from tests.factories import ClientFactory, Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db(transaction=True)

PRESSES = 20
SAID = Details(
    consents=["treatment", "data"],
    name="Maya Ellison",
    email="maya@mail.example",
    phone="+15035550123",
)


def booking_for(scene: Scene, starts_at: datetime, name: str) -> Callable[[], str]:
    """A press on the last button at the desk; returns the visit's reference."""
    user, request_key = UserFactory(), uuid4()

    def press() -> str:
        booking = book_visit(
            wish=wish_for(scene, provider=scene.provider),
            starts_at=starts_at,
            price_shown=None,
            person=Newcomer(name=name, phone="+15035550123"),
            reason="At any hour",
            request_key=request_key,
            actor=staff(user),
            now=NOW,
        )
        return booking.reference

    return press


@pytest.mark.parametrize("hour", [10, 20])
def test_of_many_desks_that_book_one_time_one_has_it(hour):
    for _ in range(CROWDS):
        scene = open_clinic()
        names = [f"Guest {chr(ord('a') + n)}" for n in range(PRESSES)]

        outcomes = race([booking_for(scene, on(scene, 4, hour), name) for name in names])

        assert errors(outcomes) == {"won": 1, "SlotTaken": PRESSES - 1}
        assert Client.objects.count() == 1  # who was refused left no record
        Booking.objects.all().delete()
        Client.objects.all().delete()


def test_the_desk_and_a_client_online_who_want_one_time():
    for number in range(laps(10, 20)):
        scene = open_clinic()
        at = on(scene, 4, 10)

        outcomes = race(
            [booking_for(scene, at, f"Guest {number}"), lambda: hold(scene, at).pk]  # noqa: B023
        )

        assert errors(outcomes) == {"won": 1, "SlotTaken": 1}


def test_one_press_that_comes_many_times_books_once():
    for number in range(CROWDS):
        scene = open_clinic()

        outcomes = race([booking_for(scene, on(scene, 4, 10), f"Guest {number}")] * PRESSES)

        assert errors(outcomes) == {"won": PRESSES}
        assert len({outcome.value for outcome in outcomes}) == 1


def test_details_that_come_at_the_instant_of_the_deadline_win_or_lose_whole():
    """The client's clock shows the last second, beat's the deadline: one of them has it."""
    for number in range(laps(10, 20)):
        scene = open_clinic()
        reference = booking_for(scene, on(scene, 5, 10), f"Guest {number}")()
        booking = Booking.objects.get(reference=reference)
        deadline = booking.held_until or NOW

        def complete(pk: int = booking.pk, now: datetime = deadline) -> None:
            complete_form(
                booking=Booking.objects.get(pk=pk),
                details=replace(SAID, email=f"maya{pk}@mail.example"),
                source="form",
                now=now - timedelta(seconds=1),
            )

        outcomes = race([complete, lambda: end_overdue_forms(now=deadline)])  # noqa: B023

        booking.refresh_from_db()
        is_confirmed = booking.status == Status.CONFIRMED
        assert is_confirmed or booking.status == Status.EXPIRED_HOLD
        assert outcomes[0].error is None if is_confirmed else outcomes[0].error is not None
        assert booking.allocations.exists() is is_confirmed
        told = Message.objects.about(f"booking:{booking.pk}").planned().filter(recipient="client")
        assert told.filter(code="M01").exists() is is_confirmed
        assert told.filter(code="R02").exists() is not is_confirmed


def newcomer_at(scene: Scene, hour: int, phone: str) -> Booking:
    """A visit on the 5th that waits for the details of somebody who is new."""
    return book_visit(
        wish=wish_for(scene, provider=scene.provider),
        starts_at=on(scene, 5, hour),
        price_shown=None,
        person=Newcomer(name="By phone", phone=phone),
        request_key=uuid4(),
        actor=staff(UserFactory()),
        now=NOW,
    )


def completing(booking: Booking, said: Details) -> Callable[[], None]:
    def press() -> None:
        read = Booking.objects.get(pk=booking.pk)
        complete_form(booking=read, details=said, source="form", now=NOW)

    return press


def test_two_forms_that_take_one_new_name_and_address_are_of_one_client():
    for number in range(laps(3, 8)):
        scene = open_clinic()
        said = replace(SAID, email=f"maya{number}@mail.example")
        visits = [newcomer_at(scene, 9 + 2 * n, f"+150355{number:02}{n:03}") for n in range(3)]

        outcomes = race([lingering(completing(visit, said), seconds=0.05) for visit in visits])

        assert errors(outcomes) == {"won": 3}
        found = list(Booking.objects.filter(pk__in=[visit.pk for visit in visits]))
        assert {visit.status for visit in found} == {Status.CONFIRMED}
        assert len({visit.client_id for visit in found}) == 1
        assert Client.objects.filter(email=said.email, merged_into=None).count() == 1


def test_a_form_and_the_desk_that_take_one_new_name_and_address_are_of_one_client():
    for number in range(laps(3, 8)):
        scene = open_clinic()
        said = replace(SAID, email=f"maya{number}@mail.example")
        visit = newcomer_at(scene, 9, f"+1503555{1000 + number}")
        person = Newcomer(said.name, f"+1503556{1000 + number}", said.email)
        user = UserFactory()

        def book(scene: Scene = scene, person: Newcomer = person, user: User = user) -> None:
            book_visit(
                wish=wish_for(scene, provider=scene.provider),
                starts_at=on(scene, 6, 9),
                price_shown=None,
                person=person,
                reason="Another one for her",
                request_key=uuid4(),
                actor=staff(user),
                now=NOW,
            )

        jobs = [completing(visit, said), book]
        outcomes = race([lingering(job, seconds=0.05) for job in jobs])

        assert errors(outcomes) == {"won": 2}
        assert Client.objects.filter(email=said.email, merged_into=None).count() == 1


def test_of_two_records_that_are_given_one_new_name_and_address_one_has_it():
    for number in range(laps(3, 8)):
        taken: dict[str, str] = {"name": "Maya Ellison", "email": f"maya{number}@mail.example"}

        def change(client: Client, user: User, taken: dict[str, str] = taken) -> bool:
            try:
                change_contact(client=client, **taken, phone="", time_zone="", user=user, now=NOW)
            except ValidationError:  # what the form says beside the name
                return False
            return True

        jobs = [partial(change, ClientFactory(), UserFactory()) for _ in range(2)]
        outcomes = race([lingering(job, seconds=0.05) for job in jobs])

        assert sorted(outcome.value for outcome in outcomes) == [False, True]
