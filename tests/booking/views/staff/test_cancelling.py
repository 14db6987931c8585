"""Canceling a visit at the desk: what it costs, what the client is told, and taking it back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from booking import services
from booking.models import Booking, Status
from booking.permissions import Role
from booking.services.ledger import CLIENT
from clinic.clients.models import Client
from clinic.messaging.models import Message
from clinic.web import clock
from tests.booking.scenes import NOW, confirm, on
from tests.factories import Scene, open_clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def visit(scene: Scene) -> Booking:
    return confirm(scene, on(scene, 5, 10))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    def travel(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    travel(NOW + timedelta(hours=1))
    return travel


def url(visit: Booking) -> str:
    return f"/staff/visits/{visit.reference}/cancel/"


def words(response: Any) -> str:
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def sent(visit: Booking, why: str, **fields: Any) -> dict[str, Any]:
    return {"why": why, "fee": "0.00", "version": visit.schedule_version, "reason": ""} | fields


def test_looking_changes_nothing_and_says_what_it_costs_and_who_is_told(desk, visit, at):
    in_time = words(desk.get(url(visit)))
    at(visit.starts_at - timedelta(hours=2))
    late = words(desk.get(url(visit)))

    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    assert "Free until Mon, Mar 4, 10:00 am." in in_time
    assert "maya@mail.example" in in_time
    assert "$85" not in in_time
    assert '<span class="price">$85</span>' in late
    assert "Waive the $85, for the reason below" in late


def test_the_letter_tells_what_is_owed_only_where_something_may_be(desk, visit, at):
    assert "is canceled, that nothing is owed, and how" in words(desk.get(url(visit)))

    at(visit.starts_at - timedelta(hours=2))
    assert "is canceled, what is owed, if anything, and how" in words(desk.get(url(visit)))


@pytest.mark.parametrize(
    ("why", "told"), [("client", "that $85 is owed"), ("health", "that nothing is owed")]
)
def test_once_canceled_it_says_what_the_letter_will(desk, visit, at, why, told):
    at(visit.starts_at - timedelta(hours=2))

    response = desk.post(url(visit), sent(visit, why, fee="85.00"))

    assert f"is canceled, {told}, and how" in words(desk.get(response["Location"]))


def test_who_has_no_address_has_to_be_called(desk, visit, at):
    Client.objects.update(email="", email_key="")

    page = words(desk.get(url(visit)))

    assert "has no e-mail address here and agreed to no texts. Please call:" in page
    assert "(503) 555-0123" in page


def test_the_client_is_told_once_it_cannot_be_taken_back(desk, visit, at):
    response = desk.post(url(visit), sent(visit, "client"))

    visit.refresh_from_db()
    assert response.status_code == 303
    assert visit.status == Status.CANCELLED_CLIENT
    page = words(desk.get(response["Location"]))
    assert "You can take it back until 8:03 am" in page
    assert "Nothing is owed." in page
    letter = Message.objects.get(code="M09", recipient="client", channel="email")
    assert letter.due_at == clock.now() + timedelta(minutes=3)


def test_undo_makes_it_stand_again(desk, visit, at):
    desk.post(url(visit), sent(visit, "client"))
    step = visit.events.latest("pk")

    desk.post(f"/staff/visits/{visit.reference}/undo/", {"step": step.pk})

    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_late_it_costs_what_was_shown_and_may_be_waived(desk, visit, at):
    at(visit.starts_at - timedelta(hours=2))

    asked = sent(visit, "client", fee="85.00", waives="on")
    refused = desk.post(url(visit), asked)
    desk.post(url(visit), asked | {"reason": "The bridge was closed"})

    visit.refresh_from_db()
    assert refused.status_code == 422
    assert "Say in a few words why the fee is waived." in words(refused)
    assert (visit.status, visit.fee_owed) == (Status.CANCELLED_LATE, 0)


def test_an_aesthetician_waives_nothing(at_work, visit, at):
    browser = at_work(Role.AESTHETICIAN)
    visit.provider.user_id = browser.session["_auth_user_id"]
    visit.provider.save()
    at(visit.starts_at - timedelta(hours=2))

    browser.post(url(visit), sent(visit, "client", fee="85.00", waives="on", reason="Please"))

    visit.refresh_from_db()
    assert (visit.status, visit.fee_owed) == (Status.CANCELLED_LATE, 85)


def test_for_a_reason_of_ours_it_is_free_and_says_why(desk, visit, at):
    at(visit.starts_at - timedelta(hours=2))

    refused = desk.post(url(visit), sent(visit, "clinic"))
    desk.post(url(visit), sent(visit, "clinic", reason="Ana is ill", fee="85.00"))

    visit.refresh_from_db()
    assert "Say in a few words why we cancel." in words(refused)
    assert (visit.status, visit.fee_owed) == (Status.CANCELLED_CLINIC, 0)
    assert visit.events.latest("pk").reason == "Ana is ill"


def test_nothing_chosen_is_answered_beside_the_choice(desk, visit, at):
    response = desk.post(url(visit), sent(visit, ""))

    assert response.status_code == 422
    assert "Choose who cancels." in words(response)


def test_what_it_costs_changed_while_the_page_was_open(desk, visit, at):
    at(visit.free_until + timedelta(seconds=1))

    response = desk.post(url(visit), sent(visit, "client", reason="As typed"))

    visit.refresh_from_db()
    assert response.status_code == 409
    assert "What canceling costs has changed since you opened this page." in words(response)
    assert 'value="As typed"' in words(response)
    assert visit.status == Status.CONFIRMED


def test_a_visit_its_client_canceled_meanwhile_is_shown_as_it_is(desk, visit, at):
    services.cancel(booking=visit, actor=CLIENT, now=clock.now())

    response = desk.post(url(visit), sent(visit, "clinic", reason="Ana is ill"))

    assert "This appointment was canceled already." in words(desk.get(response["Location"]))
    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED_CLIENT


def test_a_visit_that_was_moved_meanwhile_is_looked_at_again(desk, visit, at):
    asked = sent(visit, "client")
    later = visit.starts_at + timedelta(days=1)
    services.move(booking=visit, starts_at=later, actor=CLIENT, now=NOW)

    assert desk.post(url(visit), asked).status_code == 409


def test_pages_cost_the_same_whatever_happened(desk, visit, at, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        desk.get(url(visit))
