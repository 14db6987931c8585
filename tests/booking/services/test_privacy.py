"""What a client may ask of us: all we know, and to be forgotten."""

import json
from datetime import timedelta

import pytest

from booking import services
from booking.message_checks import why_not
from booking.models import Booking, ScheduleChange, Status
from booking.services.ledger import CLIENT
from booking.services.privacy import (
    OnHold,
    StillToCome,
    erase_client,
    everything_about,
    purge,
)
from clinic.accounts.models import User
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.messaging.models import Message
from tests.booking.scenes import NOW, confirm, on
from tests.factories import ClientFactory, Scene, UserFactory, booked, open_clinic

pytestmark = pytest.mark.django_db
YEAR = timedelta(days=365)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def scene() -> Scene:
    return open_clinic()


@pytest.fixture
def over(scene) -> Booking:
    """A visit of Maya that was cancelled, with a reason in her own words."""
    booking = confirm(scene, on(scene, 14, 13))
    services.cancel(booking=booking, actor=CLIENT, reason="I moved to Maine", now=LATER)
    return booking


class TestEverythingAboutMe:
    def test_is_plain_json_with_visits_consents_and_messages(self, over):
        found = json.loads(json.dumps(everything_about(over.client, now=NOW)))

        assert found["details"]["email"] == "maya@mail.example"
        assert {consent["kind"] for consent in found["consents"]} >= {"treatment", "data"}
        (visit,) = found["visits"]
        assert visit["reference"] == over.reference
        assert visit["price"] == "170.00"
        assert [event["what"] for event in visit["history"]] == ["held", "confirmed", "cancelled"]
        assert {message["code"] for message in visit["messages"]} >= {"M01", "M09"}

    def test_has_no_key_that_opens_anything(self, over):
        words = json.dumps(everything_about(over.client, now=NOW))

        assert over.link_nonce not in words
        assert over.link_hash not in words

    def test_says_nothing_of_somebody_with_the_same_address(self, scene, over):
        son = confirm(scene, on(scene, 15, 13), name="Noah Ellison")

        words = json.dumps(everything_about(over.client, now=NOW))

        assert son.reference not in words

    def test_costs_the_same_for_many_visits(self, scene, over, django_assert_max_num_queries):
        for day in range(1, 9):
            booked(
                location=scene.location,
                provider=scene.provider,
                option=scene.option,
                client=over.client,
                starts_at=on(scene, 14, 13) - timedelta(days=30 * day),
                status=Status.COMPLETED,
            )
        with django_assert_max_num_queries(13):
            everything_about(over.client, now=NOW)


class TestForgetting:
    def test_the_person_goes_and_the_accounts_stay(self, over):
        client = over.client

        erase_client(client=client, now=NOW)

        over.refresh_from_db()
        client.refresh_from_db()
        assert "Maya" not in client.name
        assert client.email.endswith("erased.invalid")
        assert client.phone == ""
        assert over.price == 170
        assert over.link_hash is None
        assert not over.events.exclude(reason="").exists()
        assert not Message.objects.planned().exists()
        assert "maya" not in str(list(Message.objects.values())).lower()

    def test_what_was_noted_with_a_decision_about_a_visit_goes(self, over):
        change = ScheduleChange.objects.create(kind="closure", says="Closed", asked_at=NOW)
        touched = change.visits.create(
            booking=over,
            schedule_version=0,
            decision="kept",
            decided_at=NOW,
            note="For her wedding",
        )

        erase_client(client=over.client, now=LATER)

        touched.refresh_from_db()
        assert (touched.decision, touched.note) == ("kept", "")

    def test_waits_until_no_visit_is_ahead(self, scene):
        booking = confirm(scene, on(scene, 14, 13))

        with pytest.raises(StillToCome):
            erase_client(client=booking.client, now=NOW)

        assert Client.objects.get().name == "Maya Ellison"

    def test_nothing_goes_any_more_to_who_was_forgotten(self, scene):
        booking = confirm(scene, on(scene, 4, 13))
        erase_client(client=booking.client, now=booking.ends_at)
        Booking.objects.update(status=Status.COMPLETED)

        aftercare = Message(
            subject=f"booking:{booking.pk}",
            code="M11",
            recipient="client",
            channel=Message.Channel.EMAIL,
            version=booking.schedule_version,
        )

        assert why_not(aftercare, booking.ends_at) == "the client was erased"

    def test_waits_for_the_end_of_a_legal_hold(self, over):
        Client.objects.update(legal_hold=True)

        with pytest.raises(OnHold):
            erase_client(client=over.client, now=NOW)

    def test_an_account_goes_with_its_only_person(self, over):
        client, family = over.client, UserFactory()
        client.user = family
        client.save()
        son = ClientFactory(user=family)

        erase_client(client=client, now=NOW)
        assert User.objects.filter(pk=family.pk).exists()

        erase_client(client=son, now=NOW)
        assert not User.objects.filter(pk=family.pk).exists()

    def test_who_works_here_keeps_the_account(self, over):
        client = over.client
        client.user = UserFactory(is_staff=True)
        client.save()

        erase_client(client=client, now=NOW)

        assert User.objects.filter(is_staff=True).exists()

    def test_twice_is_once(self, over):
        erase_client(client=over.client, now=NOW)
        erase_client(client=over.client, now=NOW + YEAR)

        assert Client.objects.get().erased_at == NOW

    def test_the_same_person_may_come_again_as_somebody_new(self, scene, over):
        erase_client(client=over.client, now=NOW)

        again = confirm(scene, on(scene, 15, 13))

        assert again.client != over.client


class TestThePurge:
    def test_forgets_who_has_not_come_for_seven_years(self, over):
        Client.objects.update(created_at=NOW)
        assert purge(now=over.ends_at + 7 * YEAR - timedelta(days=1))["clients"] == 0
        assert purge(now=over.ends_at + 7 * YEAR + timedelta(days=1))["clients"] == 1
        assert Client.objects.get().erased_at is not None

    def test_deletes_the_log_of_messages_after_two_years_and_nothing_planned(self, scene, over):
        settled = Message.objects.exclude(status="planned").count()
        planned = Message.objects.planned().count()

        assert purge(now=NOW + 2 * YEAR + timedelta(days=1))["messages"] == settled
        assert Message.objects.count() == planned

    def test_keeps_everything_under_a_legal_hold(self, over):
        Client.objects.update(legal_hold=True)
        rows = Message.objects.count()

        assert not any(purge(now=over.ends_at + 9 * YEAR).values())
        assert Message.objects.count() == rows

    def test_keeps_the_answer_that_counts_and_forgets_what_it_replaced(self):
        client = ClientFactory(created_at=NOW)
        for years, is_given in ((0, True), (1, False)):
            Consent.objects.create(
                client=client,
                kind=ConsentKind.SERVICE_SMS,
                is_given=is_given,
                wording_version="2026-11",
                source="preferences",
                given_at=NOW + years * YEAR,
            )

        assert purge(now=NOW + 5.9 * YEAR)["consents"] == 0
        assert purge(now=NOW + 6.1 * YEAR)["consents"] == 1
        assert Consent.objects.get().is_given is False
