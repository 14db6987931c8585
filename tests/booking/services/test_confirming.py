from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from booking import links, services
from booking.errors import (
    AskTheClinic,
    DetailsMissing,
    HoldExpired,
    NotNow,
    SlotTaken,
    TouchesVisits,
)
from booking.models import Booking, Draft, Status
from booking.services.audit import findings
from booking.services.confirming import ASKED, CONSENT_WORDING
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.clients.selectors import preferences
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, hold, on, type_details, visitor, wish_for
from tests.factories import (
    AddOnFactory,
    ClientFactory,
    ClosureFactory,
    InstructionFactory,
    InstructionVersionFactory,
    PriceFactory,
    Scene,
    booked,
    open_clinic,
)

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TEN_MINUTES = 10 * MINUTE


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


def ready(scene: Scene, starts_at, *, who=None, **details):
    """A hold whose visitor has typed everything."""
    who = who or visitor()
    booking = hold(scene, starts_at, who=who)
    type_details(who, **details)
    return booking, who


def confirm_it(booking: Booking, who, *, now=NOW) -> Booking:
    return services.confirm_booking(booking=booking, visitor=who, now=now)


class TestAPromise:
    def test_the_hold_becomes_a_visit_of_the_person_who_typed(self, scene):
        booking, who = ready(scene, on(scene, 4, 9), name="Maya Ellison", email="maya@mail.example")

        confirm_it(booking, who, now=NOW + MINUTE)

        client = booking.client
        assert (booking.status, booking.held_until) == (Status.CONFIRMED, None)
        assert (client.name, client.email, str(client.phone)) == (
            "Maya Ellison",
            "maya@mail.example",
            "+15035550123",
        )
        assert booking.time_zone == client.time_zone == "America/New_York"
        assert [event.what for event in booking.events.all()] == ["held", "confirmed"]
        assert booking.allocations.count() == 3
        assert findings(now=NOW) == []

    def test_every_consent_is_stored_as_answered_with_its_words(self, scene):
        booking = confirm(scene, on(scene, 4, 9), consents=["treatment", "data"])

        answers = Consent.objects.filter(client=booking.client)
        assert {answer.kind: answer.is_given for answer in answers} == {
            "treatment": True,
            "data": True,
            "service_sms": False,
            "marketing_email": False,
        }
        assert {(a.wording_version, a.source) for a in answers} == {(CONSENT_WORDING, "booking")}

    def test_a_box_left_empty_takes_back_nothing_agreed_to_before(self, scene):
        client = ClientFactory(name="Maya Ellison", email="maya@mail.example")
        booked(client=client, status=Status.COMPLETED, starts_at=NOW - 30 * DAY)
        agreed = ["treatment", "data", "service_sms"]

        confirm(scene, on(scene, 4, 9), consents=agreed)
        confirm(scene, on(scene, 6, 9), consents=["treatment", "data"])

        assert preferences(client)[ConsentKind.SERVICE_SMS]
        answers = Consent.objects.filter(client=client)
        assert answers.filter(kind=ConsentKind.TREATMENT).count() == 2
        assert answers.filter(kind=ConsentKind.MARKETING_EMAIL).count() == 1

    def test_the_safety_list_is_kept_with_its_moment_and_words(self, scene):
        booking = confirm(scene, on(scene, 4, 9), safety_confirmed_at=NOW)

        assert (booking.safety_confirmed_at, booking.safety_wording) == (NOW, CONSENT_WORDING)

    def test_the_mail_is_planned_once_with_the_visit(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        message = Message.objects.get(code="M01", channel="email")
        assert (message.subject, message.code) == (f"booking:{booking.pk}", "M01")
        assert (message.due_at, message.useful_until) == (NOW + MINUTE, booking.starts_at)

    def test_the_link_opens_the_visit_and_the_database_has_only_its_hash(self, scene):
        booking = confirm(scene, on(scene, 4, 9))

        token = links._token(booking.link_nonce)
        assert links.booking_for(token, now=NOW) == booking
        assert token not in (booking.link_nonce, booking.link_hash)

    def test_the_approved_texts_of_the_treatment_and_extras_go_with_the_visit(self, scene):
        prep, extra_prep = InstructionFactory.create_batch(2)
        old = InstructionVersionFactory(instruction=prep)
        newest = InstructionVersionFactory(instruction=prep)
        InstructionVersionFactory(instruction=prep, approved_by=None)
        extra = InstructionVersionFactory(instruction=extra_prep)
        finish = AddOnFactory(instructions=[extra_prep])
        PriceFactory(option=None, add_on=finish, amount=Decimal(30))
        scene.treatment.instructions.add(prep)
        scene.provider.add_ons.add(finish)
        who = visitor()
        booking = hold(scene, on(scene, 4, 9), who=who, wish=wish_for(scene, add_ons=(finish,)))
        type_details(who)

        confirm_it(booking, who)
        InstructionVersionFactory(instruction=prep)

        assert set(booking.instruction_versions.all()) == {newest, extra}
        assert old not in booking.instruction_versions.all()

    def test_what_was_typed_is_forgotten_once_promised(self, scene):
        confirm(scene, on(scene, 4, 9))

        assert not Draft.objects.exists()

    def test_the_price_held_is_the_price_promised(self, scene):
        booking, who = ready(scene, on(scene, 4, 9))
        PriceFactory(option=scene.option, amount=Decimal(199), published_at=NOW)

        assert confirm_it(booking, who, now=NOW + MINUTE).price == Decimal(170)

    def test_notice_counts_from_the_moment_the_time_was_chosen(self, scene):
        asked_at = on(scene, 3, 9)
        who = visitor()
        booking = hold(scene, on(scene, 4, 9), who=who, now=asked_at)
        type_details(who, now=asked_at)

        assert confirm_it(booking, who, now=asked_at + 9 * MINUTE).status == Status.CONFIRMED

    def test_confirming_twice_gives_what_the_first_press_made(self, scene):
        booking, who = ready(scene, on(scene, 4, 9))
        second_tab = Booking.objects.get(pk=booking.pk)

        confirm_it(booking, who)
        link = booking.link_hash
        confirm_it(second_tab, who)

        assert second_tab.link_hash == link
        letters = Message.objects.filter(code="M01", channel="email")
        assert (letters.count(), Client.objects.count()) == (1, 1)
        assert Consent.objects.count() == len(ASKED)
        assert booking.events.filter(what="confirmed").count() == 1


class TestWhoTheClientIs:
    def test_another_spelling_of_address_and_name_is_the_same_person(self, scene):
        known = ClientFactory(name="Maya Ellison", email="maya@mail.example")
        booked(client=known, status=Status.COMPLETED, starts_at=NOW - 30 * DAY)

        booking = confirm(scene, on(scene, 4, 9), name=" maya  ELLISON", email="Maya@Mail.example ")

        assert booking.client == known

    def test_a_family_shares_an_address(self, scene):
        maya = confirm(scene, on(scene, 4, 9), name="Maya Ellison")
        june = confirm(scene, on(scene, 4, 13), name="June Ellison")

        assert maya.client != june.client
        assert maya.client.email == june.client.email

    def test_who_came_by_a_link_stays_who_they_are_whatever_is_typed(self, scene):
        known = ClientFactory()
        booking, who = ready(scene, on(scene, 4, 9), who=visitor(known), name="Somebody Else")

        assert confirm_it(booking, who).client == known
        assert Client.objects.count() == 1


class TestRefusals:
    def test_without_details_or_the_safety_box_there_is_no_visit(self, scene):
        who = visitor()
        booking = hold(scene, on(scene, 4, 9), who=who)

        with pytest.raises(DetailsMissing):
            confirm_it(booking, who)
        type_details(who, safety_confirmed_at=None)
        with pytest.raises(DetailsMissing):
            confirm_it(booking, who)
        assert not Client.objects.exists()

    @pytest.mark.parametrize(
        "details",
        [
            {"name": ""},
            {"email": ""},
            {"phone": ""},
            {"consents": ["treatment"]},
            {"consents": ["data", "marketing_email"]},
            {"safety_wording": "2019-01"},
        ],
    )
    def test_half_of_the_details_make_no_visit(self, scene, details):
        booking, who = ready(scene, on(scene, 4, 9), **details)

        with pytest.raises(DetailsMissing):
            confirm_it(booking, who)
        assert not Client.objects.exists()

    def test_when_the_minutes_ran_out_what_was_typed_stays_and_nothing_else(self, scene):
        booking, who = ready(scene, on(scene, 4, 9))

        with pytest.raises(HoldExpired):
            confirm_it(booking, who, now=NOW + TEN_MINUTES)

        assert Draft.objects.exists()
        assert not Client.objects.exists()
        assert not Message.objects.exists()

    def test_when_beat_ended_the_hold_first_the_sentence_is_the_same(self, scene):
        booking, who = ready(scene, on(scene, 4, 9))
        services.end_lapsed_holds(now=NOW + TEN_MINUTES)

        with pytest.raises(HoldExpired):
            confirm_it(booking, who, now=NOW + TEN_MINUTES - MINUTE)

    def test_a_hold_let_go_in_another_tab_is_not_confirmed(self, scene):
        booking, who = ready(scene, on(scene, 4, 9))
        services.let_go(booking=Booking.objects.get(pk=booking.pk), now=NOW)

        with pytest.raises(HoldExpired):
            confirm_it(booking, who)

    def test_a_closure_declared_meanwhile_is_respected(self, scene):
        booking, who = ready(scene, on(scene, 4, 9))
        ClosureFactory(location=scene.location, starts_on=on(scene, 4, 9).date())

        with pytest.raises(SlotTaken):
            confirm_it(booking, who)

        booking.refresh_from_db()
        assert booking.status == Status.HELD
        assert not Client.objects.exists()

    def test_time_off_cannot_be_taken_from_under_a_hold(self, scene):
        booking, who = ready(scene, on(scene, 4, 9))

        with pytest.raises(TouchesVisits):
            services.add_time_off(
                resource=scene.provider,
                starts_at=on(scene, 4, 10),
                ends_at=on(scene, 4, 12),
                now=NOW,
            )
        assert confirm_it(booking, who).status == Status.CONFIRMED

    def test_a_device_taken_out_of_use_is_replaced_where_there_is_another(self):
        scene = open_clinic(consoles=2)
        booking, who = ready(scene, on(scene, 4, 9))
        scene.devices[0].is_active = False
        scene.devices[0].save()

        confirm_it(booking, who)

        kept = booking.allocations.values_list("resource", flat=True)
        assert scene.devices[1].pk in kept
        assert scene.devices[0].pk not in kept

    def test_a_hold_of_somebody_else_that_ran_out_does_not_get_in_the_way(self, caplog):
        scene = open_clinic(providers=2, rooms=2, consoles=2)
        hold(scene, on(scene, 4, 9), now=NOW)
        who = visitor()
        booking = hold(scene, on(scene, 4, 9), who=who, now=NOW + 5 * MINUTE)
        type_details(who)

        confirm_it(booking, who, now=NOW + TEN_MINUTES)

        assert booking.status == Status.CONFIRMED
        assert not caplog.records

    def test_who_has_never_come_has_one_visit_ahead(self, scene):
        first = confirm(scene, on(scene, 4, 9))
        second, who = ready(scene, on(scene, 6, 9))

        with pytest.raises(AskTheClinic) as refusal:
            confirm_it(second, who)

        assert refusal.value.about == first
        assert "Monday" not in str(refusal.value)
        second.refresh_from_db()
        assert (second.status, second.client) == (Status.HELD, None)
        letter = Message.objects.get(code="R01")
        assert letter.subject == f"booking:{first.pk}"

    def test_the_reason_is_written_once_a_day_however_often_it_is_tried(self, scene):
        confirm(scene, on(scene, 4, 9))
        second, who = ready(scene, on(scene, 6, 9))

        for _ in range(3):
            with pytest.raises(AskTheClinic):
                confirm_it(second, who)

        assert Message.objects.filter(code="R01").count() == 1

    @pytest.mark.parametrize("status", [Status.CANCELLED_CLIENT, Status.NO_SHOW])
    def test_a_first_visit_that_did_not_happen_does_not_count_as_one_ahead(self, scene, status):
        client = ClientFactory(name="Maya Ellison", email="maya@mail.example")
        booked(client=client, status=status, starts_at=NOW - DAY)

        assert confirm(scene, on(scene, 4, 9)).client == client

    def test_who_has_come_may_have_as_many_ahead_as_they_like(self, scene):
        client = ClientFactory(name="Maya Ellison", email="maya@mail.example")
        booked(client=client, status=Status.COMPLETED, starts_at=NOW - 30 * DAY)

        confirm(scene, on(scene, 4, 9))
        confirm(scene, on(scene, 6, 9))

        assert client.bookings.filter(status=Status.CONFIRMED).count() == 2

    def test_nobody_holds_two_visits_that_overlap(self):
        here, there, elsewhere = open_clinic(), open_clinic(), open_clinic()
        client = ClientFactory(name="Maya Ellison", email="maya@mail.example")
        booked(client=client, status=Status.COMPLETED, starts_at=NOW - 30 * DAY)
        confirm(here, on(here, 4, 9))

        with pytest.raises(AskTheClinic):
            confirm(there, on(there, 4, 10))  # the first one ends at 10:15
        assert confirm(elsewhere, on(elsewhere, 4, 10, 15)).client == client

    def test_a_known_client_is_told_of_the_overlap_when_choosing_and_why_by_mail(self):
        here, there = open_clinic(), open_clinic()
        client = ClientFactory()
        first = booked(client=client, location=here.location, starts_at=on(here, 4, 9))

        with pytest.raises(AskTheClinic):
            hold(
                there,
                on(there, 4, 9),
                who=visitor(client),
                wish=wish_for(there, is_known=True),
                request_key=uuid4(),
            )

        assert Message.objects.get(code="R01").subject == f"booking:{first.pk}"
        assert not Booking.objects.filter(location=there.location).exists()


class TestLettingGo:
    def test_letting_go_twice_is_letting_go_once(self, scene):
        booking = hold(scene, on(scene, 4, 9))
        other_tab = Booking.objects.get(pk=booking.pk)

        services.let_go(booking=booking, now=NOW)
        services.let_go(booking=other_tab, now=NOW)

        assert [event.what for event in booking.events.all()] == ["held", "let_go"]

    def test_a_visit_is_not_let_go_from_a_page_left_open(self, scene):
        booking, who = ready(scene, on(scene, 4, 9))
        left_open = Booking.objects.get(pk=booking.pk)
        confirm_it(booking, who)

        with pytest.raises(NotNow):
            services.let_go(booking=left_open, now=NOW)

        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_a_hold_that_ran_out_is_not_counted_as_let_go(self, scene):
        who = visitor()
        booking = hold(scene, on(scene, 4, 9), who=who)

        hold(scene, on(scene, 4, 13), who=who, now=NOW + TEN_MINUTES)

        assert [event.what for event in booking.events.all()] == ["held", "expired"]
