"""Details that a client completes by a link, against a deadline."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from booking import services
from booking.errors import AskTheClinic, FormOverdue, NotNow
from booking.message_checks import why_not
from booking.models import Alert, Allocation, Booking, Status
from booking.services import forms
from booking.services.audit import findings
from booking.services.confirming import CONSENT_WORDING
from booking.services.desk import Newcomer, book_visit
from booking.services.forms import Details, complete_form, end_overdue_forms
from booking.services.ledger import CLIENT, record, staff
from booking.services.merging import take_apart
from clinic.clients.models import Client, ClientMerge, Consent, ConsentKind
from clinic.clients.selectors import preferences
from clinic.clients.services import record_consent
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, on, slots_on, walls, wish_for
from tests.factories import ClientFactory, Scene, UserFactory, open_clinic

pytestmark = pytest.mark.django_db

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SAID = Details(
    consents=["treatment", "data"],
    name="Maya Ellison",
    email="maya@mail.example",
    phone="+15035550123",
    time_zone="America/Chicago",
)


@pytest.fixture
def scene() -> Scene:
    return open_clinic(providers=2, rooms=2, consoles=2)


def booked(scene: Scene, *, email: str = "", hour: int = 10) -> Booking:
    """A visit on the 5th for somebody new, booked by phone."""
    return book_visit(
        wish=wish_for(scene, provider=scene.provider),
        starts_at=on(scene, 5, hour),
        price_shown=None,
        person=Newcomer(name="Maya Elison", phone="+15035550123", email=email),
        reason="Another one for her",
        request_key=uuid4(),
        actor=staff(UserFactory()),
        now=NOW,
    )


@pytest.fixture
def booking(scene: Scene) -> Booking:
    return booked(scene)


def complete(booking: Booking, details: Details = SAID, *, after: timedelta = HOUR) -> None:
    complete_form(booking=booking, details=details, source="form", now=NOW + after)


def waiting(booking: Booking) -> set[str]:
    rows = Message.objects.about(f"booking:{booking.pk}").planned().filter(recipient="client")
    return set(rows.values_list("code", flat=True))


class TestInTime:
    def test_the_visit_is_confirmed_with_what_the_client_said(self, booking):
        complete(booking)

        booking.refresh_from_db()
        client = booking.client
        assert (booking.status, booking.held_until) == (Status.CONFIRMED, None)
        assert (booking.safety_confirmed_at, booking.safety_wording) == (
            NOW + HOUR,
            CONSENT_WORDING,
        )
        assert (client.name, client.email) == ("Maya Ellison", "maya@mail.example")
        assert booking.time_zone == client.time_zone == "America/Chicago"
        assert preferences(client)[ConsentKind.TREATMENT]
        assert not preferences(client)[ConsentKind.MARKETING_EMAIL]
        assert set(client.consents.values_list("source", flat=True)) == {"form"}
        assert {"M01", "M04", "M05"} <= waiting(booking)
        assert "M02" not in waiting(booking)
        assert findings(now=NOW + HOUR) == []

    def test_twice_is_once(self, booking):
        complete(booking)
        complete(booking, replace(SAID, email="another@mail.example"), after=2 * HOUR)

        booking.refresh_from_db()
        assert booking.client.email == "maya@mail.example"
        assert booking.events.filter(what="confirmed").count() == 1

    def test_a_visit_that_was_moved_meanwhile_is_confirmed_for_its_new_time(self, scene, booking):
        services.move(
            booking=booking, starts_at=on(scene, 6, 9), actor=staff(UserFactory()), now=NOW
        )

        complete(booking)

        letter = Message.objects.get(code="M01", channel="email")
        assert (letter.version, letter.status) == (1, "planned")
        assert findings(now=NOW + HOUR) == []

    def test_texts_agreed_to_on_the_phone_stay_agreed_to(self, booking):
        record_consent(
            client=booking.client,
            kind=ConsentKind.SERVICE_SMS,
            is_given=True,
            wording_version=CONSENT_WORDING,
            source="phone",
            now=NOW,
        )

        complete(booking)

        assert preferences(booking.client)[ConsentKind.SERVICE_SMS]

    def test_under_the_name_and_address_of_a_client_it_is_their_visit(self, booking):
        known = ClientFactory(name="Maya Ellison", email="Maya@Mail.example")
        begun = booking.client

        complete(booking)

        booking.refresh_from_db()
        begun.refresh_from_db()
        assert booking.client == known
        assert begun.merged_into == known
        assert preferences(known)[ConsentKind.DATA]
        assert Client.objects.filter(merged_into=None).count() == 1

    def test_the_record_that_the_desk_began_can_be_taken_apart_again(self, booking):
        known = ClientFactory(name="Maya Ellison", email="maya@mail.example")
        begun, dana = booking.client, UserFactory()
        complete(booking)
        done = ClientMerge.objects.get()
        assert (done.kept, done.merged, done.merged_by) == (known, begun, None)

        take_apart(merge=done, user=dana, now=NOW + 2 * HOUR)

        booking.refresh_from_db()
        begun.refresh_from_db()
        assert (booking.client, begun.merged_into) == (begun, None)
        assert booking.status == Status.CONFIRMED
        assert not known.bookings.exists()
        assert findings(now=NOW + 2 * HOUR) == []

    def test_their_notes_and_earlier_duplicates_go_with_them(self, booking):
        known = ClientFactory(name="Maya Ellison", email="maya@mail.example")
        begun = booking.client
        earlier = ClientFactory(merged_into=begun)
        begun.notes.create(text="Rings twice", written_at=NOW)

        complete(booking)

        earlier.refresh_from_db()
        assert earlier.merged_into == known
        assert known.notes.get().text == "Rings twice"

    def test_what_was_agreed_to_stays_with_a_record_that_has_other_visits(self, scene, booking):
        ClientFactory(name="Maya Ellison", email="maya@mail.example")
        booked(scene, hour=14)  # of the same name and number
        begun = booking.client
        record_consent(
            client=begun,
            kind=ConsentKind.SERVICE_SMS,
            is_given=True,
            wording_version=CONSENT_WORDING,
            source="phone",
            now=NOW,
        )

        complete(booking)

        begun.refresh_from_db()
        assert begun.merged_into is None
        assert preferences(begun)[ConsentKind.SERVICE_SMS]

    def test_both_clients_are_locked_before_the_visit_and_by_primary_key(self, scene, monkeypatch):
        known = ClientFactory(name="Maya Ellison", email="maya@mail.example")
        booking = booked(scene)
        begun = booking.client
        order: list[object] = []

        def noting(lock, name):
            def locked(row):
                order.append(name or row.pk)
                return lock(row)

            return locked

        monkeypatch.setattr(forms, "lock_client", noting(forms.lock_client, ""))
        monkeypatch.setattr(forms, "lock_booking", noting(forms.lock_booking, "visit"))

        complete(booking)

        assert known.pk < begun.pk
        assert order[:3] == [known.pk, begun.pk, "visit"]

    def test_who_is_known_and_was_asked_for_the_rest_keeps_name_and_address(self, scene):
        booking = booked(scene, email="maya@mail.example")

        complete(booking, Details(consents=["treatment", "data"]))

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        assert booking.client.name == "Maya Elison"

    def test_a_client_with_another_visit_then_is_told_by_mail_and_nothing_is_kept(
        self, scene, booking
    ):
        confirm(scene, on(scene, 5, 10))  # Maya Ellison, online, with somebody else

        with pytest.raises(AskTheClinic):
            complete(booking)

        booking.refresh_from_db()
        assert booking.status == Status.PENDING_FORM
        assert booking.client.email == ""
        assert Message.objects.filter(code="R01").exists()


class TestMoved:
    """What asks for the details says when the visit is, so it goes anew with a new time."""

    def send(self, booking: Booking) -> None:
        rows = Message.objects.filter(code="M02", occurrence="1")
        rows.update(status="sent", sent_to="maya@mail.example", sent_at=NOW, settled_at=NOW)

    def asked(self, booking: Booking) -> list[tuple[int, object]]:
        rows = Message.objects.about(f"booking:{booking.pk}").planned()
        rows = rows.filter(code="M02", occurrence="1", channel="email")
        return [(row.version, row.due_at) for row in rows]

    def move(self, scene: Scene, booking: Booking, **how) -> None:  # type: ignore[no-untyped-def]
        desk = staff(UserFactory())
        services.move(booking=booking, starts_at=on(scene, 6, 9), actor=desk, now=NOW, **how)

    def test_its_client_is_asked_anew_once_it_cannot_be_taken_back(self, scene, booking):
        self.send(booking)

        self.move(scene, booking)

        assert self.asked(booking) == [(1, NOW + 3 * MINUTE)]

    def test_without_a_word_nobody_is_asked_anew(self, scene, booking):
        self.send(booking)

        self.move(scene, booking, tell=False)

        assert self.asked(booking) == []

    def test_without_a_word_who_was_not_asked_yet_is_asked(self, scene, booking):
        self.move(scene, booking, tell=False)

        assert self.asked(booking) == [(1, NOW + 3 * MINUTE)]

    def test_moved_and_taken_back_nobody_is_asked_anew(self, scene, booking):
        self.send(booking)
        self.move(scene, booking)
        step = booking.events.latest("pk")

        services.undo(booking=booking, step=step, actor=staff(UserFactory()), now=NOW + MINUTE)

        assert self.asked(booking) == []

    def test_moved_up_and_taken_back_the_deadline_is_as_it_was(self, scene, booking):
        desk, was = staff(UserFactory()), booking.held_until
        services.move(booking=booking, starts_at=on(scene, 1, 15), actor=desk, now=NOW)
        assert booking.held_until == booking.starts_at < was

        services.undo(
            booking=booking, step=booking.events.latest("pk"), actor=desk, now=NOW + MINUTE
        )

        assert booking.held_until == was

    def test_whoever_gives_it_hears_of_it(self, scene, booking):
        scene.provider.user = UserFactory()
        scene.provider.save(update_fields=["user"])
        self.move(scene, booking)

        news = Message.objects.planned().get(code="M09")

        assert news.recipient == f"provider:{scene.provider.pk}"
        assert why_not(news, NOW + HOUR) is None


class TestTooLate:
    def test_the_last_second_counts_and_the_deadline_does_not(self, scene, booking):
        other = booked(scene, hour=14)

        complete(booking, after=24 * HOUR - timedelta(seconds=1))
        with pytest.raises(FormOverdue):
            complete(other, after=24 * HOUR)

        other.refresh_from_db()
        assert other.status == Status.PENDING_FORM

    def test_the_time_is_free_for_others_and_the_client_is_told(self, scene):
        booking = booked(scene, email="maya@mail.example")
        now = NOW + 24 * HOUR

        assert end_overdue_forms(now=now) == 1
        assert end_overdue_forms(now=now) == 0

        booking.refresh_from_db()
        assert (booking.status, booking.fee_owed) == (Status.EXPIRED_HOLD, 0)
        assert not Allocation.objects.exists()
        assert "10:00" in walls(slots_on(scene, 5, now=now))
        event = booking.events.latest("pk")
        assert (event.what, event.by) == ("form_overdue", "clinic")
        assert waiting(booking) == {"R02"}
        assert not Alert.objects.exists()
        assert findings(now=now) == []

    def test_before_the_deadline_nothing_is_freed(self, booking):
        assert end_overdue_forms(now=NOW + 24 * HOUR - timedelta(seconds=1)) == 0

    def test_what_came_too_late_is_refused_whoever_looked_first(self, booking):
        end_overdue_forms(now=NOW + 24 * HOUR)

        with pytest.raises(FormOverdue):
            complete(booking, after=24 * HOUR)

        assert not Consent.objects.exists()

    def test_where_nobody_can_be_told_a_person_is_asked_to(self, booking, settings):
        settings.HAS_SMS = True
        end_overdue_forms(now=NOW + 24 * HOUR)

        alert = Alert.objects.get()
        assert (alert.booking, alert.kind, alert.detail) == (booking, "undelivered", "R02")

    def test_who_agreed_to_texts_is_told_by_text(self, booking, settings):
        settings.HAS_SMS = True
        record_consent(
            client=booking.client,
            kind=ConsentKind.SERVICE_SMS,
            is_given=True,
            wording_version=CONSENT_WORDING,
            source="phone",
            now=NOW,
        )

        end_overdue_forms(now=NOW + 24 * HOUR)

        assert not Alert.objects.exists()
        assert Message.objects.filter(code="R02", channel="sms", status="planned").exists()

    def test_it_is_known_for_a_month(self, booking):
        now = NOW + 24 * HOUR
        end_overdue_forms(now=now)

        services.delete_old_holds(now=now + timedelta(days=29))
        assert Booking.objects.filter(pk=booking.pk).exists()
        services.delete_old_holds(now=now + timedelta(days=31))
        assert not Booking.objects.filter(pk=booking.pk).exists()


class TestOtherwise:
    def test_nobody_is_checked_in_before_the_details_are_there(self, booking):
        with pytest.raises(NotNow, match="Details are missing"):
            services.check_in(
                booking=booking, actor=staff(UserFactory()), now=booking.starts_at - MINUTE
            )

    def test_a_canceled_visit_needs_no_details(self, booking):
        services.cancel(booking=booking, actor=CLIENT, now=NOW)

        with pytest.raises(NotNow):
            complete(booking)

    def test_it_is_canceled_at_no_charge_however_late(self, booking):
        now = booking.held_until - MINUTE
        Booking.objects.filter(pk=booking.pk).update(
            promise=booking.promise | {"free_until_hours": 999}
        )
        booking.refresh_from_db()

        services.cancel(booking=booking, actor=CLIENT, now=now)

        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLIENT, 0)
        assert findings(now=now) == []


class TestTheAudit:
    def test_minds_a_deadline_that_is_missing_or_long_over(self, booking):
        assert findings(now=booking.held_until + MINUTE) == []  # beat has yet to come

        [overdue] = findings(now=booking.held_until + 3 * MINUTE)
        assert overdue.says.endswith("although it is waiting beyond its deadline.")

        Booking.objects.update(held_until=None)
        assert "status" in {finding.rule for finding in findings(now=NOW)}

    def test_minds_a_confirmed_visit_whose_client_was_only_asked_for_details(self, booking):
        Booking.objects.update(status=Status.CONFIRMED)
        record(booking, "confirmed", actor=CLIENT, now=NOW)

        assert [finding.rule for finding in findings(now=NOW)] == ["messages"]
