"""The clients' pages: who sees whom, and what of them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Reading, Status
from booking.permissions import Role
from booking.services.merging import merge_clients
from clinic.clients.models import Client, ClientNote, ConsentKind
from clinic.clients.services import add_note, record_consent
from clinic.web import clock
from tests.booking.scenes import NOW
from tests.booking.views.browsing import Page, text
from tests.booking.views.staff.written import planned, sent
from tests.factories import BookingFactory, ClientFactory, ProviderFactory, UserFactory

CLIENTS = reverse("staff:clients")


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def maya(booking) -> Client:
    """The client of the visit on Sunday, who came before, missed once and owes for it."""
    client = booking.client
    common = {"client": client, "provider": booking.provider, "location": booking.location}
    came = BookingFactory(
        **common, status=Status.COMPLETED, starts_at=NOW - timedelta(days=40), reference="CAM-E22"
    )
    BookingFactory(
        **common,
        status=Status.NO_SHOW,
        starts_at=NOW - timedelta(days=20),
        fee_owed=Decimal(85),
        reference="MIS-SED",
    )
    sent(came, "M11")
    Reading.objects.create(booking=came, page="after", opened_at=NOW, acknowledged_at=NOW)
    add_note(client=client, text="Rings twice", user=UserFactory(full_name="Dana W"), now=NOW)
    record_consent(
        client=client,
        kind=ConsentKind.MARKETING_EMAIL,
        is_given=True,
        wording_version="2026-11",
        source="preferences",
        now=NOW,
    )
    return client


def record(client: Client) -> str:
    return reverse("staff:client", args=[client.pk])


def ana(booking) -> Browser:  # type: ignore[no-untyped-def]
    """The browser of the aesthetician of the visit."""
    booking.provider.user = UserFactory(groups=[Role.AESTHETICIAN], is_staff=True)
    booking.provider.save()
    browser = Browser()
    browser.force_login(booking.provider.user)
    return browser


def test_the_desk_sees_all_of_a_client(desk, maya):
    page = text(desk.get(record(maya)))

    for said in (
        "tel:+15035550123",
        "sms:+15035550123",
        "mailto:maya@mail.example",
        "K7P-2QX",
        "CAM-E22",
        "<dt>Did not come</dt><dd>1</dd>",
        "<dt>Fees owed</dt><dd>$85</dd>",
        "Rings twice",
        "Aftercare",
        "I have read this",
        "News by e-mail",
        "in your preferences",
        "wording 2026-11",
        "Change contact",
        "Waive $85",
    ):
        assert said in page, said


def test_an_aesthetician_sees_own_visits_of_own_clients_and_waives_nothing(booking, maya):
    BookingFactory(client=maya, reference="OTH-ERS", starts_at=NOW - timedelta(days=9))

    page = text(ana(booking).get(record(maya)))

    for said in ("K7P-2QX", "MIS-SED", "Rings twice", "<dt>Fees owed</dt><dd>$85</dd>"):
        assert said in page, said
    for said in (
        "OTH-ERS",
        "Waive",
        "Change contact",
        "News by e-mail",
        "same person",
        "Take away",
    ):
        assert said not in page, said


def test_the_medical_lead_sees_no_notes_of_the_desk_and_changes_nothing(at_work, maya):
    page = text(at_work(Role.MEDICAL_LEAD).get(record(maya)))

    assert "News by e-mail" in page
    for said in ("Rings twice", "Waive", "Change contact", "same person"):
        assert said not in page, said


def test_somebody_elses_client_is_not_found(booking, maya):
    stranger = UserFactory(groups=[Role.AESTHETICIAN], is_staff=True)
    ProviderFactory(user=stranger)
    browser = Browser()
    browser.force_login(stranger)

    assert browser.get(record(maya)).status_code == 404
    assert "Maya" not in text(browser.get(CLIENTS))
    assert "Maya" not in text(browser.get(CLIENTS, {"q": "maya"}))


@pytest.mark.parametrize("visits", [1, 30])
def test_a_record_costs_the_same_for_many_visits(
    visits, desk, maya, booking, django_assert_max_num_queries
):
    for number in range(visits):
        visit = BookingFactory(
            client=maya,
            location=booking.location,
            status=Status.COMPLETED,
            starts_at=NOW - timedelta(days=50 + number),
        )
        sent(visit, "M11")
        ClientFactory(name=maya.name)
    desk.get(record(maya))

    with django_assert_max_num_queries(30):
        desk.get(record(maya))


@pytest.mark.parametrize("clients", [1, 25])
def test_the_list_costs_the_same_for_many_clients(
    clients, desk, maya, django_assert_max_num_queries
):
    ClientFactory.create_batch(clients)

    with django_assert_max_num_queries(10):
        desk.get(CLIENTS)
    with django_assert_max_num_queries(10):
        desk.get(CLIENTS, {"q": "maya"})


def test_the_list_says_who_comes_next_and_who_was_here_last(desk, maya):
    gone = ClientFactory(name="Walter Brandt")
    BookingFactory(client=gone, status=Status.COMPLETED, starts_at=NOW - timedelta(days=3))
    ClientFactory(name="Joan Petrie")
    ClientFactory(name="Old Record", merged_into=maya)

    page = text(desk.get(CLIENTS))

    assert "3 clients" in page
    assert "next Sun, Mar 3" in page
    assert "last Tue, Feb 26" in page
    assert "no visit yet" in page
    assert "Old Record" not in page


def test_a_merged_client_leads_to_the_kept_one(desk, maya):
    old = ClientFactory(merged_into=maya)

    assert desk.get(record(old))["Location"] == record(maya)


class TestNotes:
    def test_a_note_is_added_taken_away_and_put_back(self, desk, maya):
        form = Page(text(desk.get(record(maya)))).form("notes")
        desk.post(form["action"], form["fields"] | {"text": "Likes the small room"})
        assert "Likes the small room" in text(desk.get(record(maya)))

        note = ClientNote.objects.get(text="Likes the small room")
        desk.post(reverse("staff:remove_note", args=[note.pk]))
        page = text(desk.get(record(maya)))
        assert "Likes the small room" not in page
        assert reverse("staff:put_back_note", args=[note.pk]) in page  # the Undo of the toast

        desk.post(reverse("staff:put_back_note", args=[note.pk]))
        assert "Likes the small room" in text(desk.get(record(maya)))

    def test_is_dated_on_the_clock_of_the_clinic(self, desk, maya, booking):
        booking.location.time_zone = "America/Los_Angeles"
        booking.location.save(update_fields=["time_zone"])

        before = text(desk.get(record(maya))).split("Dana W")[0]
        assert "4:00" in before[-30:]  # which is noon by UTC

    def test_an_empty_one_is_not(self, desk, maya):
        response = desk.post(reverse("staff:add_note", args=[maya.pk]), {"text": " "})

        assert response.status_code == 422
        assert "Write a few words." in text(response)
        assert maya.notes.count() == 1

    def test_an_aesthetician_reads_and_writes_none(self, booking, maya):
        browser = ana(booking)

        assert (
            browser.post(reverse("staff:add_note", args=[maya.pk]), {"text": "x"}).status_code
            == 403
        )
        note = maya.notes.get()
        assert browser.post(reverse("staff:remove_note", args=[note.pk])).status_code == 403


class TestContact:
    def test_the_desk_changes_how_somebody_is_reached(self, desk, maya):
        contact = reverse("staff:contact", args=[maya.pk])
        assert 'value="maya@mail.example"' in text(desk.get(contact))

        said = {"name": "Maya Holm", "email": "maya@new.example", "time_zone": "America/Chicago"}
        response = desk.post(contact, said)

        assert response["Location"] == record(maya)
        maya.refresh_from_db()
        assert (maya.name, maya.email) == ("Maya Holm", "maya@new.example")
        assert maya.bookings.get(reference="K7P-2QX").time_zone == "America/Chicago"

    def test_the_address_of_who_signs_in_stays(self, desk, maya):
        maya.user = UserFactory()
        maya.save()

        desk.post(
            reverse("staff:contact", args=[maya.pk]),
            {"name": "Maya Holm", "email": "maya@new.example", "phone": ""},
        )

        maya.refresh_from_db()
        assert (maya.name, maya.email) == ("Maya Holm", "maya@mail.example")

    def test_a_twin_is_offered_to_be_merged(self, desk, maya):
        twin = ClientFactory(name="Maya Holm", email="m@work.example")

        response = desk.post(
            reverse("staff:contact", args=[maya.pk]),
            {"name": "maya holm", "email": "M@work.example"},
        )

        assert response.status_code == 422
        assert "Maya Holm has a record already" in text(response)
        assert reverse("staff:merge", args=[maya.pk, twin.pk]) in text(response)
        maya.refresh_from_db()
        assert maya.name == "Maya Ellison"

    def test_one_way_to_reach_them_is_asked_for(self, desk, maya):
        response = desk.post(reverse("staff:contact", args=[maya.pk]), {"name": "Maya"})

        assert "Enter a phone number or an e-mail address." in text(response)

    def test_others_do_not(self, booking, at_work, maya):
        for browser in (ana(booking), at_work(Role.MEDICAL_LEAD)):
            assert browser.get(reverse("staff:contact", args=[maya.pk])).status_code == 403


class TestMerging:
    @pytest.fixture
    def twin(self, maya) -> Client:
        return ClientFactory(name="Maya Ellison", email="", phone="+15035550123")

    def test_two_records_become_one_and_are_taken_apart_again(self, desk, maya, twin):
        page = text(desk.get(record(maya)))
        assert "the same name, the same number" in page
        url = reverse("staff:merge", args=[maya.pk, twin.pk])
        assert url in page

        preview = text(desk.get(url))
        assert "Is kept" in preview
        assert reverse("staff:merge", args=[twin.pk, maya.pk]) in preview  # the other way round
        twin.refresh_from_db()
        assert twin.merged_into is None

        form = Page(preview).form(f"merge/{twin.pk}")
        assert desk.post(form["action"], form["fields"])["Location"] == record(maya)
        page = text(desk.get(record(maya)))
        assert "Take apart again" in page
        assert "The two are one record now." in page

        form = Page(page).form("undo")
        desk.post(form["action"], form["fields"])
        twin.refresh_from_db()
        assert twin.merged_into is None
        assert "They are two records again." in text(desk.get(record(maya)))

    def test_one_that_came_of_a_completed_form_is_taken_apart_like_any_other(
        self, desk, maya, twin
    ):
        merge_clients(kept=maya, merged=twin, user=None, now=NOW)

        page = text(desk.get(record(maya)))
        form = Page(page).form("undo")
        desk.post(form["action"], form["fields"])

        assert "by the details they completed" in page
        twin.refresh_from_db()
        assert twin.merged_into is None

    def test_the_preview_says_why_not_and_offers_no_button(self, desk, maya, booking, twin):
        BookingFactory(client=twin, starts_at=booking.starts_at)
        url = reverse("staff:merge", args=[maya.pk, twin.pk])

        page = text(desk.get(url))

        assert "nobody is in two places at once" in page
        assert "Make them one record</button>" not in page
        assert desk.post(url)["Location"] == url
        assert "nobody is in two places at once" in text(desk.get(url))

    def test_the_other_record_is_looked_for_by_any_part(self, desk, maya):
        other = ClientFactory(name="M. Holm", email="holm@work.example", phone="")
        url = reverse("staff:merge_whom", args=[maya.pk])

        page = text(desk.get(url, {"q": "holm@work"}))

        assert reverse("staff:merge", args=[maya.pk, other.pk]) in page
        assert "Nobody else found." in text(desk.get(url, {"q": "nobody"}))

    @pytest.mark.parametrize("role", [Role.AESTHETICIAN, Role.MEDICAL_LEAD])
    def test_others_do_not(self, role, at_work, maya, twin):
        browser = at_work(role)

        assert browser.post(reverse("staff:merge", args=[maya.pk, twin.pk])).status_code == 403


def test_an_erased_client_keeps_visits_and_nothing_to_press(desk, maya):
    Client.objects.filter(pk=maya.pk).update(erased_at=NOW, name="Erased client", phone="")

    page = text(desk.get(record(maya)))

    assert "Erased on Friday, March 1" in page
    assert "CAM-E22" in page
    assert "Change contact" not in page
    assert desk.get(reverse("staff:contact", args=[maya.pk])).status_code == 404
    assert desk.post(reverse("staff:add_note", args=[maya.pk]), {"text": "x"}).status_code == 404


def test_what_is_planned_or_withdrawn_is_not_among_what_was_sent(desk, maya, booking):
    planned(booking, "M05")

    assert "M05" not in [row.message.code for row in desk.get(record(maya)).context["told"]]


def test_a_visit_leads_to_the_record_of_its_client_as_long_as_that_opens(booking, desk, maya):
    browser, link = ana(booking), f'href="{record(maya)}"'
    visit = reverse("staff:visit", args=["K7P-2QX"])
    assert link in text(browser.get(visit))

    maya.bookings.update(starts_at=NOW - timedelta(days=30), ends_at=NOW - timedelta(days=29.98))

    assert link not in text(browser.get(visit))
    assert browser.get(record(maya)).status_code == 404
    assert link in text(desk.get(visit))
