"""Booking for somebody on the phone or at the desk, and what staff may go around."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from booking import services
from booking.errors import (
    NotNow,
    NotOffered,
    PriceChanged,
    ReasonMissing,
    SlotTaken,
    TimePassed,
)
from booking.models import Booking, Status
from booking.services.audit import findings
from booking.services.confirming import CONSENT_WORDING
from booking.services.desk import Newcomer, book_visit
from booking.services.ledger import staff
from clinic.accounts.models import User
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.clients.selectors import preferences
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, hold, on, wish_for
from tests.factories import (
    BookingFactory,
    ClientFactory,
    ClosureFactory,
    PriceFactory,
    Scene,
    TimeOffFactory,
    UserFactory,
    open_clinic,
)

pytestmark = pytest.mark.django_db

MAYA = Newcomer(name="Maya Ellison", phone="+15035550123")
DAY = timedelta(days=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic(providers=2, rooms=2, consoles=2)


@pytest.fixture
def dana() -> User:
    return UserFactory(full_name="Dana Whitlock")


@pytest.fixture
def known(scene: Scene) -> Client:
    """Somebody who came half a year ago, agreed to all we need and confirmed the safety list."""
    client = ClientFactory(name="Nora Lind", email="nora@mail.example", phone="+15035550199")
    BookingFactory(
        client=client,
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        status=Status.COMPLETED,
        starts_at=NOW - 180 * DAY,
        safety_confirmed_at=NOW - 181 * DAY,
        safety_wording=CONSENT_WORDING,
    )
    for kind in (ConsentKind.TREATMENT, ConsentKind.DATA):
        Consent.objects.create(
            client=client,
            kind=kind,
            is_given=True,
            wording_version=CONSENT_WORDING,
            source="booking",
            given_at=NOW - 181 * DAY,
        )
    return client


@pytest.fixture
def book(scene: Scene, dana: User) -> Any:
    def do(starts_at: datetime, person: Client | Newcomer = MAYA, **fields: Any) -> Booking:
        asked = {
            "wish": wish_for(scene, provider=scene.provider),
            "price_shown": Decimal(170),
            "request_key": uuid4(),
            "actor": staff(dana),
            "now": NOW,
        }
        return book_visit(starts_at=starts_at, person=person, **asked | fields)

    return do


def codes(booking: Booking) -> set[tuple[str, str, str]]:
    """What waits to be told: code, which of several, and how."""
    rows = Message.objects.about(f"booking:{booking.pk}").planned().filter(recipient="client")
    return set(rows.values_list("code", "occurrence", "channel"))


class TestWhoWeKnow:
    def test_a_client_of_whom_we_know_all_is_confirmed_and_told(self, scene, book, known):
        booking = book(on(scene, 5, 10), known)

        assert (booking.status, booking.held_until) == (Status.CONFIRMED, None)
        assert booking.duration == timedelta(hours=1)  # no first talk
        assert booking.safety_confirmed_at == NOW - 181 * DAY
        assert ("M01", "1", "email") in codes(booking)
        assert ("M02", "1", "email") not in codes(booking)
        assert booking.link_hash

    @pytest.mark.parametrize("lack", ["address", "number", "consent", "safety", "wording"])
    def test_whatever_is_missing_has_to_be_completed_first(self, scene, book, known, lack):
        last = known.bookings.get()
        if lack == "address":
            Client.objects.filter(pk=known.pk).update(email="", email_key="")
        elif lack == "number":
            Client.objects.filter(pk=known.pk).update(phone="")
        elif lack == "consent":
            Consent.objects.filter(kind=ConsentKind.DATA).update(is_given=False)
        elif lack == "safety":
            Booking.objects.filter(pk=last.pk).update(safety_confirmed_at=NOW - 366 * DAY)
        else:
            Booking.objects.filter(pk=last.pk).update(safety_wording="2020-01.1")
        known.refresh_from_db()

        assert book(on(scene, 5, 10), known).status == Status.PENDING_FORM

    def test_somebody_new_by_name_and_number_waits_with_a_first_talk_and_a_deadline(
        self, scene, book, dana
    ):
        booking = book(on(scene, 5, 10))

        assert booking.status == Status.PENDING_FORM
        assert booking.held_until == NOW + timedelta(hours=24)
        assert booking.extra_minutes == 15
        assert (booking.client.name, booking.client.email) == ("Maya Ellison", "")
        assert booking.allocations.count() == 3
        event = booking.events.get()
        assert (event.what, event.by, event.user) == ("booked", "staff", dana)
        assert findings(now=NOW) == []

    def test_the_deadline_is_never_later_than_the_visit(self, scene, book):
        start = NOW + timedelta(hours=4)

        booking = book(start, reason="She is around the corner")

        assert booking.held_until == start

    def test_the_name_and_number_of_a_client_are_that_client(self, scene, book, known):
        same = Newcomer(name="nora  LIND", phone="+15035550199", email="new@mail.example")

        booking = book(on(scene, 5, 10), same)

        known.refresh_from_db()
        assert booking.client == known
        assert known.email == "nora@mail.example"

    def test_somebody_else_of_a_family_is_somebody_else(self, scene, book, known):
        booking = book(on(scene, 5, 10), Newcomer(name="Ola Lind", phone="+15035550199"))

        assert booking.client != known

    def test_whoever_was_merged_is_booked_as_who_was_kept(self, scene, book, known):
        ClientFactory(name=MAYA.name, phone=MAYA.phone, email="", merged_into=known)

        assert book(on(scene, 5, 10)).client == known

    def test_an_address_is_taken_down_where_there_was_none(self, scene, book):
        client = ClientFactory(name=MAYA.name, phone=MAYA.phone, email="")

        book(on(scene, 5, 10), Newcomer(MAYA.name, MAYA.phone, "maya@mail.example"))

        client.refresh_from_db()
        assert (client.email, client.email_key) == ("maya@mail.example", "maya@mail.example")

    def test_texts_agreed_to_on_the_phone_are_written_down_as_such(self, scene, book, settings):
        settings.HAS_SMS = True

        booking = book(on(scene, 5, 10), agrees_to_texts=True)

        assert preferences(booking.client)[ConsentKind.SERVICE_SMS]
        consent = Consent.objects.get(client=booking.client)
        assert (consent.source, consent.wording_version) == ("phone", CONSENT_WORDING)

    def test_who_stopped_texts_and_says_nothing_of_them_gets_none(self, scene, book, settings):
        settings.HAS_SMS = True

        booking = book(on(scene, 5, 10))

        assert not Consent.objects.filter(client=booking.client).exists()


class TestWhatIsAsked:
    def test_details_are_asked_for_at_once_and_again_before_the_deadline(self, scene, book):
        booking = book(on(scene, 8, 10), Newcomer(MAYA.name, MAYA.phone, "maya@mail.example"))

        first, again = Message.objects.filter(code="M02", channel="email").order_by("occurrence")
        assert (first.due_at, first.useful_until) == (NOW, booking.held_until)
        assert NOW + timedelta(hours=4) < again.due_at <= booking.held_until - timedelta(hours=4)
        assert not {code for code, *_ in codes(booking)} & {"M01", "M03", "M04", "M05"}

    def test_details_that_are_due_in_a_few_hours_are_asked_for_once(self, scene, book):
        booking = book(NOW + timedelta(hours=6), reason="Short notice, on the phone")

        assert [c for c in codes(booking) if c[0] == "M02" and c[2] == "email"] == [
            ("M02", "1", "email")
        ]

    def test_a_moved_visit_asks_anew_and_is_due_before_it_begins(self, scene, book, dana):
        booking = book(on(scene, 5, 10))

        services.move(
            booking=booking, starts_at=NOW + timedelta(hours=5), actor=staff(dana), now=NOW
        )

        booking.refresh_from_db()
        assert booking.status == Status.PENDING_FORM
        assert booking.held_until == booking.starts_at
        versions = Message.objects.filter(code="M02", channel="email").planned()
        assert set(versions.values_list("version", flat=True)) == {1}
        assert not {code for code, *_ in codes(booking)} & {"M01", "M05", "M09"}
        assert findings(now=NOW) == []


class TestAroundTheRules:
    @pytest.mark.parametrize(
        ("when", "rule"),
        [((1, 17), "notice"), ((1, 12), "notice"), ((4, 20), "doors"), ((6, 10), "closure")],
    )
    def test_needs_a_reason_which_is_kept(self, scene, book, when, rule):
        ClosureFactory(location=scene.location, starts_on=date(2030, 3, 6))

        with pytest.raises(ReasonMissing):
            book(on(scene, *when), reason=" ")
        booking = book(on(scene, *when), reason="Her flight leaves at nine")

        event = booking.events.get()
        assert event.reason == "Her flight leaves at nine"
        assert rule in event.data["broken"]
        assert findings(now=NOW) == []

    def test_a_reason_nobody_needed_is_not_kept(self, scene, book):
        event = book(on(scene, 5, 10), reason="Just so").events.get()

        assert (event.reason, "broken" in event.data) == ("", False)

    def test_a_first_talk_can_be_left_out(self, scene, book):
        with pytest.raises(ReasonMissing):
            book(on(scene, 5, 10), has_talk=False)
        booking = book(on(scene, 5, 10), has_talk=False, reason="A colleague of Ana's")

        assert booking.duration == timedelta(hours=1)
        assert booking.events.get().data["broken"] == ["no_talk"]
        assert findings(now=NOW) == []

    def test_a_second_first_visit_needs_a_reason(self, scene, book):
        client = book(on(scene, 5, 10)).client

        with pytest.raises(ReasonMissing):
            book(on(scene, 6, 10), client)
        booking = book(on(scene, 6, 10), client, reason="A course, decided with Ana")

        assert booking.events.get().data["broken"] == ["second_visit"]

    def test_after_three_missed_visits_staff_may_still_book(self, scene, book, known):
        for days in (10, 20, 30):
            BookingFactory(
                client=known, status=Status.NO_SHOW, starts_at=NOW - timedelta(days=days)
            )

        assert book(on(scene, 5, 10), known).status == Status.CONFIRMED


class TestWhatNobodyMay:
    def test_over_another_visit_or_a_hold(self, scene, book):
        confirm(scene, on(scene, 5, 10))
        hold(scene, on(scene, 5, 10))  # with the other one
        for provider in scene.providers:
            wish = wish_for(scene, provider=provider)
            with pytest.raises(SlotTaken):
                book(on(scene, 5, 10), wish=wish, reason="Please")

        assert Booking.objects.filter(status=Status.PENDING_FORM).count() == 0

    def test_a_lapsed_hold_is_in_nobodys_way(self, scene, book):
        hold(scene, on(scene, 5, 10))
        hold(scene, on(scene, 5, 10))
        later = NOW + timedelta(minutes=11)

        assert book(on(scene, 5, 10), now=later).starts_at == on(scene, 5, 10)

    def test_over_time_off(self, scene, book):
        TimeOffFactory(resource=scene.provider, starts_at=on(scene, 5, 9), ends_at=on(scene, 5, 12))

        with pytest.raises(SlotTaken):
            book(on(scene, 5, 10), reason="Please")

    def test_a_client_in_two_places_at_a_time(self, scene, book, known):
        book(on(scene, 5, 10), known)

        with pytest.raises(NotNow, match="another visit at that time"):
            book(on(scene, 5, 10), known, wish=wish_for(scene, provider=scene.providers[1]))

    def test_yesterday_or_at_five_past(self, scene, book):
        with pytest.raises(TimePassed):
            book(NOW - DAY, reason="Please")
        with pytest.raises(SlotTaken):
            book(on(scene, 5, 10, 5), reason="Please")

    def test_at_another_price_than_was_said(self, scene, book):
        PriceFactory(option=scene.option, amount=Decimal(180), published_at=NOW)

        with pytest.raises(PriceChanged):
            book(on(scene, 5, 10))

    def test_what_is_no_longer_offered_while_what_is_hidden_is_theirs_to_book(self, scene, book):
        scene.treatment.visibility = "hidden"
        scene.treatment.save()
        scene.option.treatment.refresh_from_db()

        assert book(on(scene, 5, 10)).pk

        scene.treatment.visibility = "retired"
        scene.treatment.save()
        with pytest.raises(NotOffered, match="no longer offered"):
            book(on(scene, 6, 10), ClientFactory())


class TestPresses:
    def test_two_presses_make_one_visit(self, scene, book):
        key = UUID(int=7)

        assert book(on(scene, 5, 10), request_key=key) == book(on(scene, 5, 10), request_key=key)
        assert (Booking.objects.count(), Client.objects.count()) == (1, 1)

    def test_what_was_refused_leaves_nobody_behind(self, scene, book):
        confirm(scene, on(scene, 5, 10), name="Somebody Else")
        confirm(scene, on(scene, 5, 10), name="And Another", email="other@mail.example")

        with pytest.raises(SlotTaken):
            book(on(scene, 5, 10))

        assert not Client.objects.filter(name=MAYA.name).exists()

    def test_a_booking_is_taken_back_while_it_is_fresh(self, scene, book, dana):
        booking = book(on(scene, 5, 10))

        services.undo(
            booking=booking,
            step=booking.events.get(),
            actor=staff(dana),
            now=NOW + timedelta(0, 60),
        )

        booking.refresh_from_db()
        assert (booking.status, booking.fee_owed) == (Status.CANCELLED_CLINIC, 0)
        assert booking.allocations.count() == 0
        assert findings(now=NOW) == []

    def test_a_canceled_visit_at_an_odd_hour_stands_again(self, scene, book, dana):
        booking = book(on(scene, 5, 20), reason="After the last train")
        actor = staff(dana)
        services.cancel(booking=booking, actor=actor, now=NOW)

        step = booking.events.latest("pk")
        services.undo(booking=booking, step=step, actor=actor, now=NOW)

        booking.refresh_from_db()
        assert booking.status == Status.PENDING_FORM
        assert booking.allocations.count() == 3
        assert findings(now=NOW) == []
