"""A move that staff do not tell the client of: nothing is news, and nothing is lost."""

from datetime import timedelta

import pytest

from booking import services
from booking.errors import NotNow
from booking.models import Booking
from booking.services.ledger import staff
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, on
from tests.booking.written import sent
from tests.factories import Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=10)


@pytest.fixture
def scene() -> Scene:
    return open_clinic(providers=2, rooms=2, consoles=2)


@pytest.fixture
def booking(scene: Scene) -> Booking:
    """A visit the client was told of."""
    booking = confirm(scene, on(scene, 8, 9))
    Message.objects.filter(code__in=["M01", "M09"]).delete()
    sent(booking, "M01")
    return booking


def move(booking: Booking, starts_at, **fields) -> None:  # type: ignore[no-untyped-def]
    asked = {"actor": staff(UserFactory()), "now": SOON} | fields
    services.move(booking=booking, starts_at=starts_at, **asked)


def planned(booking: Booking, *codes: str, recipient: str = "client") -> list[Message]:
    """The e-mails that wait."""
    rows = Message.objects.filter(
        status="planned", channel="email", recipient=recipient, code__in=codes
    )
    return list(rows.order_by("pk"))


def test_the_client_gets_no_news_but_reminders_of_the_new_time(scene, booking):
    move(booking, on(scene, 8, 14), tell=False)

    assert not Message.objects.filter(status="planned", code__in=["M01", "M09"])
    (reminder,) = planned(booking, "M05")
    assert reminder.version == booking.schedule_version == 1
    assert booking.events.get(what="moved").data["is_quiet"]


def test_the_aesthetician_learns_of_it(scene, booking):
    scene.provider.user = UserFactory()
    scene.provider.save(update_fields=["user"])

    move(booking, on(scene, 8, 14), tell=False)

    assert planned(booking, "M09", recipient=f"provider:{booking.provider_id}")


def test_the_next_news_begin_with_what_the_client_was_told_last(scene, booking):
    move(booking, on(scene, 8, 14), tell=False)
    move(booking, on(scene, 8, 9))
    assert planned(booking, "M09") == []  # as they know it

    move(booking, on(scene, 8, 14), tell=False)
    move(booking, on(scene, 8, 15))
    assert planned(booking, "M09")


@pytest.mark.parametrize("code", ["M01", "M09"])
def test_what_was_waiting_to_be_told_is_told_as_it_stands_now(scene, booking, code):
    if code == "M01":
        Message.objects.filter(code="M01").update(status="planned", sent_at=None, settled_at=None)
    else:
        move(booking, on(scene, 8, 11))

    move(booking, on(scene, 8, 14), tell=False)

    (news,) = planned(booking, "M01", "M09")
    assert (news.code, news.version) == (code, booking.schedule_version)


def test_taken_back_it_is_no_news_either(scene, booking):
    actor = staff(UserFactory())
    move(booking, on(scene, 8, 14), tell=False, actor=actor)

    services.undo(booking=booking, step=booking.events.last(), actor=actor, now=SOON)

    assert booking.starts_at == on(scene, 8, 9)
    assert not Message.objects.filter(status="planned", code__in=["M01", "M09"])


def test_a_time_chosen_by_a_version_that_is_gone_is_not_taken(scene, booking):
    move(booking, on(scene, 8, 14), version=0)

    with pytest.raises(NotNow):
        move(booking, on(scene, 8, 16), version=0)
    assert booking.starts_at == on(scene, 8, 14)
