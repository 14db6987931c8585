"""The page on which staff book for somebody on the phone or at the desk."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Booking, Status
from booking.permissions import Role
from booking.services.forms import end_overdue_forms
from clinic.clients.models import Client
from clinic.web import clock
from tests.booking.scenes import NOW, confirm, hold, on
from tests.factories import (
    AddOnFactory,
    BookingFactory,
    ClientFactory,
    PriceFactory,
    Scene,
    TimeOffFactory,
    give_hours,
    open_clinic,
)

pytestmark = pytest.mark.django_db
URL = "/staff/book/"


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def scene() -> Scene:
    return open_clinic(providers=2, rooms=2, consoles=2)


def sent(scene: Scene, **fields: Any) -> dict[str, Any]:
    """What the page sends for a new client."""
    return {
        "name": "Maya Ellison",
        "phone": "(503) 555-0123",
        "treatment": scene.treatment.slug,
        "minutes": "60",
        "place": scene.location.slug,
        "provider": "",
        "day": "2030-03-05",
        "request_key": str(uuid4()),
    } | fields


def key(scene: Scene, at: datetime, price: str = "170.00", provider: int = 0) -> str:
    return f"{at:%Y%m%dT%H%MZ}-{price}-{scene.providers[provider].pk}"


def words(response: Any) -> str:
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


class TestLooking:
    def test_a_link_brings_client_day_person_and_time(self, desk, scene):
        client = ClientFactory(name="Nora Lind")

        response = desk.get(
            URL,
            {
                "client": client.pk,
                "day": "2030-03-06",
                "provider": scene.providers[1].pk,
                "start": "10:40",
                "treatment": scene.treatment.slug,
            },
        )

        page = words(response)
        assert response.status_code == 200
        assert "Nora Lind" in page
        assert "Book Wed, Mar 6, 10:45 am" in page
        assert scene.providers[1].name in page
        assert not Booking.objects.exists()

    def test_a_client_is_found_by_part_of_a_name_a_number_or_an_address(self, desk, scene):
        ClientFactory(name="Nora Lind", phone="+15035550199", email="nora@mail.example")
        for typed in ("lind", "5550199", "nora@mail"):
            page = words(desk.post(URL, sent(scene, q=typed, name="", phone="")))

            assert 'class="book-pick"' in page
            assert "(503) 555-0199" in page

    def test_who_is_picked_stays_picked_until_it_is_somebody_else(self, desk, scene):
        nora = ClientFactory(name="Nora Lind")

        picked = words(desk.post(URL, sent(scene, pick=nora.pk)))
        other = words(desk.post(URL, sent(scene, client=nora.pk, forget=1)))

        assert f'name="client" value="{nora.pk}"' in picked
        assert 'id="id_name"' not in picked
        assert 'id="id_name"' in other

    def test_the_name_and_number_of_a_client_are_recognized(self, desk, scene):
        maya = ClientFactory(name="Maya Ellison", phone="+15035550123")

        page = words(desk.post(URL, sent(scene)))

        assert "This is a client we know, by name and number." in page
        assert f'name="client" value="{maya.pk}"' in page

    def test_nothing_typed_is_lost_by_looking(self, desk, scene):
        page = words(
            desk.post(
                URL,
                sent(
                    scene, email="maya@mail", reason="Her flight", slot=key(scene, on(scene, 4, 9))
                ),
            )
        )

        for kept in ('value="Maya Ellison"', 'value="(503) 555-0123"', 'value="maya@mail"'):
            assert kept in page
        assert "Book Mon, Mar 4, 9:00 am" in page
        assert "error-summary" not in page

    def test_what_a_time_breaks_is_said_before_it_is_booked(self, desk, scene):
        page = words(desk.post(URL, sent(scene, start="20:00", check=1)))

        assert "Online we would not book this" in page
        assert "It is outside opening hours." in page
        assert "Why it is booked all the same" in page

    def test_a_typed_time_that_is_taken_shows_the_closest(self, desk, scene):
        TimeOffFactory(
            resource=scene.providers[0], starts_at=on(scene, 5, 9), ends_at=on(scene, 5, 12)
        )

        page = words(
            desk.post(URL, sent(scene, start="10:00", check=1, provider=scene.providers[0].slug))
        )

        assert (
            "Tue, Mar 5, 10:00 am is not free: a visit, a hold or time off is in the way." in page
        )
        assert "Tue, Mar 5, 12:00 pm with Ana, $170" in page

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("10:05", "Visits begin at a full, half or quarter hour."),
            ("ten", "Type a time, such as 10:30 or 14:15."),
            ("", "Type a time, such as 10:30."),
        ],
    )
    def test_a_time_that_is_none_is_answered_beside_the_field(self, desk, scene, typed, said):
        assert said in words(desk.post(URL, sent(scene, start=typed, check=1)))

    def test_a_time_the_clock_skips_is_no_time(self, desk, scene):
        page = words(desk.post(URL, sent(scene, day="2030-03-10", start="02:30", check=1)))

        assert "The clock is set forward over that time that night." in page

    def test_a_walk_in_gets_the_next_start_of_today_and_a_reason(self, desk, scene, monkeypatch):
        monkeypatch.setattr(clock, "now", lambda: on(scene, 5, 10, 7))

        page = words(desk.post(URL, sent(scene, now=1)))

        assert "Book Tue, Mar 5, 10:15 am" in page
        assert 'value="Walk-in"' in page

    def test_at_night_a_walk_in_is_told_when_somebody_is_free(self, desk, scene, monkeypatch):
        monkeypatch.setattr(clock, "now", lambda: on(scene, 5, 21))

        page = words(desk.post(URL, sent(scene, now=1)))

        assert "Nobody is free any more today" in page
        assert "Wed, Mar 6, 9:00 am with Ana" in page

    def test_what_is_hidden_on_the_site_can_be_booked_here(self, desk, scene):
        scene.treatment.visibility = "hidden"
        scene.treatment.save()

        assert "Book Mon, Mar 4, 9:00 am" in words(
            desk.post(URL, sent(scene, slot=key(scene, on(scene, 4, 9))))
        )

    def test_a_swap_gets_the_form_alone(self, desk, scene):
        response = desk.post(URL, sent(scene), headers={"HX-Request": "true"})

        assert response.content.strip().startswith(b'<form id="book"')
        assert "HX-Request" in response["Vary"]

    def test_it_costs_the_same_for_one_as_for_many(
        self, desk, scene, django_assert_max_num_queries
    ):
        client = ClientFactory()
        AddOnFactory.create_batch(2)
        for n in range(20):
            confirm(scene, on(scene, 4 + n // 2, 9), name=f"Guest {'abcdefghijklmnopqrst'[n]}")
            BookingFactory(client=client, starts_at=NOW - timedelta(days=n + 1))

        with django_assert_max_num_queries(50):
            desk.post(URL, sent(scene, client=client.pk, start="20:00", check=1))


class TestBooking:
    def test_somebody_new_is_kept_until_a_deadline_and_has_a_link(self, desk, scene):
        response = desk.post(URL, sent(scene, chosen=key(scene, on(scene, 5, 10)), book=1))

        booking = Booking.objects.get()
        assert response.status_code == 303
        assert response["Location"] == reverse("staff:booked", args=[booking.reference])
        assert booking.status == Status.PENDING_FORM
        assert booking.provider == scene.providers[0]
        page = words(desk.get(response["Location"]))
        assert "Details by tomorrow, 7:00 am (Eastern Time)" in page
        assert "/visit/" in page
        assert "Hand this device over for them" in page
        visit = words(desk.get(reverse("staff:visit", args=[booking.reference])))
        assert "Details by tomorrow, 7:00 am" in visit
        assert reverse("staff:booked", args=[booking.reference]) in visit

    def test_with_its_time_let_go_the_page_of_the_visit_says_so(self, desk, scene):
        desk.post(URL, sent(scene, chosen=key(scene, on(scene, 5, 10)), book=1))
        booking = Booking.objects.get()
        end_overdue_forms(now=booking.held_until)

        response = desk.get(reverse("staff:booked", args=[booking.reference]))

        assert response["Location"] == reverse("staff:visit", args=[booking.reference])
        assert "Let go" in words(desk.get(response["Location"]))

    def test_a_swap_is_led_on_with_the_whole_page(self, desk, scene):
        response = desk.post(
            URL,
            sent(scene, chosen=key(scene, on(scene, 5, 10)), book=1),
            headers={"HX-Request": "true"},
        )

        assert response["HX-Redirect"].endswith("/booked/")

    def test_bad_input_comes_back_with_a_sentence_beside_each_field(self, desk, scene):
        response = desk.post(
            URL,
            sent(scene, name="", phone="12", chosen=key(scene, on(scene, 5, 10)), book=1),
        )

        page = words(response)
        assert response.status_code == 422
        assert "Find the client, or type a name." in page
        assert "Enter a mobile number with 10 digits." in page
        assert 'value="12"' in page
        assert "Book Tue, Mar 5, 10:00 am" in page
        assert not Client.objects.exists()

    def test_without_a_time_there_is_nothing_to_book(self, desk, scene):
        response = desk.post(URL, sent(scene, book=1))

        assert response.status_code == 422
        assert "Choose a time first." in words(response)

    def test_without_a_reason_a_rule_stands(self, desk, scene):
        chosen = key(scene, on(scene, 5, 20))

        response = desk.post(URL, sent(scene, chosen=chosen, book=1))
        page = words(response)
        assert response.status_code == 422
        assert page.count("Please say in a few words why you do it all the same.") == 2

        desk.post(URL, sent(scene, chosen=chosen, book=1, reason="Works until eight"))
        assert Booking.objects.get().events.get().reason == "Works until eight"

    def test_a_time_that_is_gone_is_a_409_with_the_closest_ones(self, desk, scene):
        hold(scene, on(scene, 5, 10))
        hold(scene, on(scene, 5, 10))

        response = desk.post(URL, sent(scene, chosen=key(scene, on(scene, 5, 10)), book=1))

        page = words(response)
        assert response.status_code == 409
        assert "These are the closest times:" in page
        assert 'value="Maya Ellison"' in page
        assert "11:30 am with Ana, $170" in page

    def test_another_price_than_was_shown_is_not_taken(self, desk, scene):
        PriceFactory(option=scene.option, amount=Decimal(180), published_at=NOW)

        response = desk.post(URL, sent(scene, chosen=key(scene, on(scene, 5, 10)), book=1))

        assert response.status_code == 409
        assert "The price of that time is not the one you saw." in words(response)

    def test_a_client_with_another_visit_then_is_said_to_have_one(self, desk, scene):
        client = confirm(scene, on(scene, 5, 10)).client

        response = desk.post(
            URL,
            sent(
                scene,
                client=client.pk,
                chosen=key(scene, on(scene, 5, 10), provider=1),
                reason="Twins",
                book=1,
            ),
        )

        assert response.status_code == 409
        assert "The client has another visit at that time." in words(response)

    @pytest.mark.parametrize("field", ["treatment", "minutes", "add"])
    def test_what_is_not_on_offer_is_not_replaced_by_something_else(self, desk, scene, field):
        asked = {field: "something-else"}

        response = desk.post(URL, sent(scene, chosen=key(scene, on(scene, 5, 10)), book=1, **asked))

        assert response.status_code == 422
        assert not Booking.objects.exists()

    def test_a_press_that_comes_twice_books_once(self, desk, scene):
        asked = sent(scene, chosen=key(scene, on(scene, 5, 10)), book=1)

        assert desk.post(URL, asked)["Location"] == desk.post(URL, asked)["Location"]
        assert Booking.objects.count() == 1


class TestWhoMay:
    @pytest.fixture
    def ana(self, at_work: Any, scene: Scene) -> Browser:
        browser: Browser = at_work(Role.AESTHETICIAN, email="ana@lumen.example")
        scene.provider.user_id = browser.session["_auth_user_id"]
        scene.provider.save()
        return browser

    def test_an_aesthetician_books_into_her_own_schedule(self, ana, scene):
        chosen = key(scene, on(scene, 5, 10))

        response = ana.post(URL, sent(scene, chosen=chosen, book=1))

        assert response.status_code == 303
        assert ana.get(response["Location"]).status_code == 200
        assert Booking.objects.get().provider == scene.provider

    def test_and_into_nobody_elses(self, ana, scene):
        chosen = key(scene, on(scene, 5, 10), provider=1)

        response = ana.post(
            URL, sent(scene, chosen=chosen, provider=scene.providers[1].slug, book=1)
        )

        assert response.status_code == 422
        assert not Booking.objects.exists()
        assert scene.providers[1].name not in words(ana.get(URL))

    def test_she_finds_and_books_her_own_clients_only(self, ana, scene):
        stranger = ClientFactory(name="Nora Lind")

        assert "Nora Lind" not in words(ana.post(URL, sent(scene, q="nora", name="", phone="")))
        assert ana.get(URL, {"client": stranger.pk}).status_code == 404

    def test_who_has_no_hours_is_told_so(self, at_work, scene):
        page = words(at_work(Role.AESTHETICIAN).get(URL))

        assert "nobody can be booked with you" in page

    def test_the_medical_lead_books_nobody(self, at_work, scene):
        assert at_work(Role.MEDICAL_LEAD).get(URL).status_code == 403


class TestAnotherPlace:
    def test_its_times_are_on_its_own_clock(self, desk, scene):
        other = open_clinic("America/Los_Angeles")
        give_hours(other.provider, other.location)

        page = words(
            desk.get(
                URL,
                {
                    "place": other.location.slug,
                    "treatment": other.treatment.slug,
                    "day": "2030-03-05",
                    "start": "10:00",
                },
            )
        )

        assert "Pacific Time" in page
        assert f'value="20300305T1800Z-170.00-{other.provider.pk}"' in page
