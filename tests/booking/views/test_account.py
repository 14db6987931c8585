"""The client area: what each person of an account sees, changes and asks for, and nobody else."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.http import HttpResponse
from django.test import Client as Browser
from django.urls import reverse

from booking import links
from booking.models import Booking, Draft, Feed, Reading, Status
from booking.permissions import Role
from booking.services.confirming import CONSENT_WORDING
from clinic.accounts.models import User
from clinic.clients.models import Client, Consent, ConsentKind
from clinic.clients.selectors import preferences
from clinic.messaging import doorbell
from clinic.messaging.models import Message, Suppression
from clinic.web import clock
from tests.accounts.signing_in import ask_for_code, code_in_letter
from tests.booking.scenes import NOW, confirm, on, type_details, visitor
from tests.booking.views.browsing import Page, Visitor, text
from tests.factories import (
    BookingFactory,
    ClientFactory,
    InstructionFactory,
    InstructionVersionFactory,
    UserFactory,
    booked,
)
from treatments.models import InstructionKind

DAY = timedelta(days=1)
PAGES = ["home", "details", "messages", "calendar", "privacy", "everything", "erase"]


@pytest.fixture(autouse=True)
def no_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "_publish", lambda: None)


@pytest.fixture
def user(db: None) -> User:
    return UserFactory(email="maya@mail.example", full_name="")


@pytest.fixture
def maya(user) -> Client:
    return ClientFactory(name="Maya Ellison", email="maya@mail.example", user=user)


@pytest.fixture
def leo(user, maya) -> Client:
    """Somebody of the same account."""
    return ClientFactory(name="Leo Ellison", email="maya@mail.example", user=user)


@pytest.fixture
def rosa(db: None) -> Client:
    """Somebody of another account."""
    user = UserFactory(email="rosa@mail.example")
    return ClientFactory(name="Rosa Diaz", email="rosa@mail.example", user=user)


@pytest.fixture
def area(user, maya) -> Browser:
    signed_in = Browser()
    signed_in.force_login(user)
    return signed_in


@pytest.fixture
def texts(scene) -> None:
    """What is read before and after a visit of the scene's treatment."""
    before = InstructionFactory(kind=InstructionKind.PREP)
    after = InstructionFactory(kind=InstructionKind.AFTERCARE)
    steps = [("3 days before", "Pause retinol.", -72), ("The same day", "Bare face.", 0)]
    InstructionVersionFactory(
        instruction=before,
        steps=[{"when": when, "do": do, "hours": hours} for when, do, hours in steps],
    )
    InstructionVersionFactory(
        instruction=after, steps=[{"when": "Two days", "do": "Shade.", "hours": 48}]
    )
    scene.treatment.instructions.set([before, after])


@pytest.fixture
def ahead(scene, texts, maya) -> Booking:
    """Monday the 4th at nine; today is Friday the 1st."""
    return confirm(scene, on(scene, 4, 9), name=maya.name, email=maya.email)


def past(scene: Any, client: Client, *, days: int, **fields: Any) -> Booking:
    """A visit of `client` that many days ago."""
    return booked(
        location=scene.location,
        provider=scene.provider,
        option=scene.option,
        client=client,
        starts_at=on(scene, 1, 9) - days * DAY,
        **{"status": Status.COMPLETED} | fields,
    )


def look(area: Browser, page: str, *args: str, query: str = "") -> str:
    response = area.get(reverse(f"account:{page}", args=args) + query)
    assert response.status_code == 200, response
    return " ".join(text(response).split())


def press(area: Browser, page: str, *args: str, **fields: Any) -> HttpResponse:
    return area.post(reverse(f"account:{page}", args=args), fields)


def be_long_ago(area: Browser) -> None:
    """Let the sign-in be an hour old."""
    session = area.session
    records = session[AUTHENTICATION_METHODS_SESSION_KEY]
    for record in records:
        record["at"] = time.time() - 3600
    session[AUTHENTICATION_METHODS_SESSION_KEY] = records
    session.save()


class TestEveryPage:
    @pytest.mark.parametrize("name", PAGES)
    def test_asks_who_is_not_signed_in_to_do_so_and_come_back(self, db, name):
        path = reverse(f"account:{name}")

        assert Browser().get(path)["Location"] == f"{reverse('account_login')}?next={path}"

    @pytest.mark.parametrize("name", PAGES)
    def test_is_kept_by_nobody_and_found_by_nobody(self, area, name):
        response = area.get(reverse(f"account:{name}"))

        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
        assert 'name="robots" content="noindex"' in text(response)

    @pytest.mark.parametrize("name", [*PAGES, "switch", "open_address", "close_address"])
    def test_changes_nothing_by_being_opened(self, area, maya, name):
        Feed.objects.create(client=maya, nonce="x", token_hash="x", created_at=NOW)
        before = list(Client.objects.values()), list(Feed.objects.values())

        area.get(reverse(f"account:{name}"))

        assert before == (list(Client.objects.values()), list(Feed.objects.values()))
        assert not Consent.objects.exists()

    @pytest.mark.parametrize("name", PAGES)
    def test_costs_the_same_for_many_visits(
        self, name, area, scene, ahead, maya, django_assert_max_num_queries
    ):
        maya.phone = "+15035550199"
        maya.save()
        look(area, name)
        for days in range(1, 12):
            past(scene, maya, days=days)
            BookingFactory(
                location=scene.location,
                provider=scene.provider,
                option=scene.option,
                client=maya,
                starts_at=on(scene, 10, 9) + days * DAY,
            )
        at_most = {
            "home": 18,
            "details": 6,
            "messages": 9,
            "calendar": 6,
            "privacy": 7,
            "everything": 21,
            "erase": 8,
        }
        with django_assert_max_num_queries(at_most[name]):
            look(area, name)

    @pytest.mark.parametrize("name", PAGES)
    def test_asks_whose_it_is_where_several_people_have_one_address(self, area, leo, name):
        page = look(area, name)

        assert "Whose appointments would you like to see?" in page
        assert "Maya Ellison" in page
        assert "Leo Ellison" in page

    def test_is_for_people_and_staff_who_are_no_clients_go_to_work(self, db):
        desk = Browser()
        desk.force_login(UserFactory(groups=[Role.FRONT_DESK], is_staff=True))

        for name in PAGES:
            response = desk.get(reverse(f"account:{name}"))
            assert response["Location"] == reverse("staff:home")

    def test_of_somebody_who_never_booked_leads_to_booking(self, db):
        stranger = Browser()
        stranger.force_login(UserFactory())

        assert "Nothing is booked yet" in look(stranger, "home")
        for name in PAGES[1:]:
            response = stranger.get(reverse(f"account:{name}"))
            assert response["Location"] == reverse("account:home")

    def test_of_somebody_who_never_booked_can_be_closed(self, db):
        stranger, user = Browser(), UserFactory()
        stranger.force_login(user)
        form = Page(look(stranger, "home")).form("close")
        assert stranger.get(form["action"]).status_code == 303
        assert User.objects.filter(pk=user.pk).exists()

        response = stranger.post(form["action"])

        assert response["Location"] == reverse("account:goodbye")
        assert not User.objects.filter(pk=user.pk).exists()
        assert "_auth_user_id" not in stranger.session

    def test_of_a_client_or_of_staff_is_not_closed_by_that_press(self, area, maya, user):
        desk, dana = Browser(), UserFactory(groups=[Role.FRONT_DESK], is_staff=True)
        desk.force_login(dana)

        for browser in (area, desk):
            assert press(browser, "close").status_code == 404
        assert User.objects.filter(pk__in=[user.pk, dana.pk]).count() == 2


class TestSeveralPeople:
    def test_each_has_an_area_of_their_own(self, scene, area, maya, leo):
        mine, his = past(scene, maya, days=2), past(scene, leo, days=3)
        press(area, "switch", client=maya.pk)
        page = look(area, "home")
        assert mine.reference in page
        assert his.reference not in page
        assert "Hello, Maya" in page

        press(area, "switch", client=leo.pk)

        page = look(area, "home")
        assert his.reference in page
        assert mine.reference not in page
        assert "Switch to Maya Ellison" in page
        assert area.get(reverse("account:visit", args=[mine.reference])).status_code == 404

    def test_one_comes_back_to_the_page_on_which_one_switched(self, area, leo):
        there = reverse("account:privacy")

        assert press(area, "switch", client=leo.pk, next=there)["Location"] == there

    def test_from_a_visit_one_comes_to_the_others_own(self, scene, area, maya, leo):
        press(area, "switch", client=maya.pk)
        form = Page(look(area, "visit", past(scene, maya, days=2).reference)).form("switch")

        assert "next" not in form["fields"]
        there = press(area, "switch", client=leo.pk, **form["fields"])
        assert there["Location"] == reverse("account:home")

    @pytest.mark.parametrize(
        "next_", ["https://elsewhere.example/account/", "//elsewhere.example/account/", "/admin/"]
    )
    def test_and_to_no_other_site(self, area, leo, next_):
        response = press(area, "switch", client=leo.pk, next=next_)

        assert response["Location"] == reverse("account:home")

    def test_nobody_becomes_somebody_of_another_account(self, area, rosa):
        for key in (rosa.pk, "", "x", "9" * 30):
            assert press(area, "switch", client=key).status_code == 404
        assert "Rosa" not in look(area, "home")

    def test_a_link_of_somebody_else_opens_no_area_of_theirs(self, scene, area, rosa):
        """One may book by somebody's link; their area stays theirs."""
        visit = confirm(scene, on(scene, 5, 9), name=rosa.name, email=rosa.email)
        area.get(reverse("booking:start"))
        area.post(links.page_path(visit, "another"))
        assert area.session["client"] == rosa.pk

        page = look(area, "home")

        assert "Hello, Maya" in page
        assert visit.reference not in page
        assert not area.session.get_expire_at_browser_close()


class TestTheNextVisit:
    def test_stands_first_with_what_can_be_done(self, area, ahead):
        page = look(area, "home")

        assert "Next session, in 3 days" in page
        assert "Monday, March 4 at 9:00 am" in page
        for name in ("manage", "move", "cancel", "manage_calendar", "prepare"):
            assert links.page_path(ahead, name) in page

    def test_says_what_to_do_today(self, area, ahead):
        page = look(area, "home")

        today = page[page.index("What to do today") : page.index("Change the time")]
        assert "Pause retinol." in today
        assert "Bare face." not in today
        assert 'aria-current="date"' in page

    def test_says_when_the_next_step_comes_on_a_day_without_one(self, area, ahead, wall_clock):
        wall_clock.wait(days=1)

        assert "Nothing today. The next step: Mon, Mar 4." in look(area, "home")

    def test_asks_to_read_it_until_one_did(self, area, ahead):
        assert "Read how to get ready and tell us" in look(area, "home")
        prep = ahead.instruction_versions.get(instruction__kind=InstructionKind.PREP)
        Reading.objects.create(
            booking=ahead, page="prep", versions=[str(prep.pk)], opened_at=NOW, acknowledged_at=NOW
        )

        page = look(area, "home")

        assert "You told us that you have read how to get ready." in page
        assert "Read how to get ready and tell us" not in page

    def test_can_be_taken_back_while_it_is_fresh(self, area, ahead, wall_clock):
        wall_clock.wait(minutes=2)
        assert links.page_path(ahead, "undo") in look(area, "home")

        wall_clock.wait(minutes=3)
        assert links.page_path(ahead, "undo") not in look(area, "home")

    def test_stays_until_it_is_over(self, area, ahead, wall_clock):
        wall_clock.now = ahead.ends_at - timedelta(minutes=1)
        page = look(area, "home")
        assert "Your session today" in page
        assert links.page_path(ahead, "cancel") not in page

        wall_clock.now = ahead.ends_at
        assert "Nothing is booked at present" in look(area, "home")

    def test_is_followed_by_those_after_it(self, scene, area, ahead, maya):
        later = BookingFactory(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            client=maya,
            starts_at=on(scene, 11, 10),
        )

        page = look(area, "home")

        assert page.index("Monday, March 4") < page.index("After that") < page.index("Mon, Mar 11")
        assert links.page_path(later, "manage") in page

    def test_a_time_that_is_only_kept_is_none(self, scene, area, maya):
        held = BookingFactory(
            held=True, location=scene.location, option=scene.option, provider=scene.provider
        )
        Booking.objects.filter(pk=held.pk).update(client=maya)

        assert held.reference not in look(area, "home")
        assert area.get(reverse("account:visit", args=[held.reference])).status_code == 404


class TestEarlierVisits:
    def test_stand_newest_first_ten_to_a_page(self, scene, area, maya):
        visits = [past(scene, maya, days=days) for days in range(1, 14)]

        first, second = look(area, "home"), look(area, "home", query="?page=2")

        places = [first.index(f"/{visit.reference}/") for visit in visits[:10]]
        assert places == sorted(places)
        assert visits[10].reference not in first
        assert visits[12].reference in second
        assert visits[0].reference not in second
        for odd in ("x", "0", "99"):
            look(area, "home", query=f"?page={odd}")

    def test_lead_to_aftercare_only_where_there_was_a_visit(self, scene, area, maya):
        came, missed = past(scene, maya, days=9), past(scene, maya, days=8, status=Status.NO_SHOW)

        page = look(area, "home")

        assert reverse("account:aftercare", args=[came.reference]) in page
        path = reverse("account:aftercare", args=[missed.reference])
        assert path not in page
        assert area.get(path).status_code == 404
        assert "Missed" in page

    def test_aftercare_is_there_long_after_the_link_ended(self, scene, area, ahead, wall_clock):
        Booking.objects.update(status=Status.COMPLETED)
        wall_clock.now = ahead.ends_at + 400 * DAY

        page = look(area, "aftercare", ahead.reference)

        assert "Shade." in page
        assert "data-opened" not in page
        assert "Tell us how your skin is" not in page

    def test_the_days_after_a_visit_begin_with_its_care(self, area, ahead, wall_clock):
        Booking.objects.update(status=Status.COMPLETED)
        wall_clock.now = ahead.ends_at + DAY
        page = look(area, "home")
        assert "Shade." in page
        assert links.page_path(ahead, "check_in") in page
        assert "data-opened" in look(area, "aftercare", ahead.reference)

        wall_clock.wait(days=7)
        assert "Shade." not in look(area, "home")

    def test_the_summary_has_price_place_and_reference_and_claims_no_payment(
        self, scene, area, maya
    ):
        visit = past(scene, maya, days=100)

        page = look(area, "visit", visit.reference)

        for fact in (visit.reference, "Maya Ellison", "$170", "214 Alder Street", "9:00 to 10:00"):
            assert fact in page
        assert "no proof of payment" in page
        assert "Face Tone" not in page[: page.index("</title>")]
        assert "Open appointment" not in page  # its link is no longer good

    def test_a_fee_that_is_owed_stands_on_it(self, scene, area, maya):
        visit = past(scene, maya, days=20, status=Status.CANCELLED_LATE, fee_owed=85)

        page = look(area, "visit", visit.reference)

        assert "$85 is owed" in page
        assert "No longer due" in page

    def test_somebody_elses_are_a_404_for_every_page(self, scene, area, rosa, leo, maya):
        press(area, "switch", client=maya.pk)
        for days, client in enumerate((rosa, leo), 5):
            visit = past(scene, client, days=days)
            for name in ("visit", "aftercare"):
                path = reverse(f"account:{name}", args=[visit.reference])
                response = area.get(path)
                assert response.status_code == 404
                assert client.name not in text(response)
            assert press(area, "again", visit.reference).status_code == 404

    @pytest.mark.parametrize("name", ["visit", "aftercare"])
    def test_one_costs_no_more_than_this(
        self, name, scene, area, maya, django_assert_max_num_queries
    ):
        visit = past(scene, maya, days=5)
        look(area, name, visit.reference)
        with django_assert_max_num_queries(10):
            look(area, name, visit.reference)

    def test_the_same_is_booked_again_a_week_on_also_long_after(self, scene, area, maya):
        visit = past(scene, maya, days=200)
        form = Page(look(area, "visit", visit.reference)).form("again")

        response = area.post(form["action"], form["fields"])

        held = Booking.objects.get(status=Status.HELD)
        assert response["Location"] == reverse("booking:details", args=[held.reference])
        assert held.client == maya
        wall = held.starts_at.astimezone(scene.location.zone)
        assert (wall.weekday(), wall.hour) == (
            visit.starts_at.astimezone(scene.location.zone).weekday(),
            visit.starts_at.astimezone(scene.location.zone).hour,
        )
        assert not area.session.get_expire_at_browser_close()

    def test_where_that_is_not_free_the_closest_times_are_shown(self, scene, area, maya):
        visit = past(scene, maya, days=4)  # the week after it is Monday the 4th, at nine
        monday = visit.starts_at + 7 * DAY
        booked(
            location=scene.location,
            provider=scene.provider,
            option=scene.option,
            room=scene.room,
            devices=[scene.console],
            starts_at=monday,
        )
        form = Page(look(area, "visit", visit.reference)).form("again")

        response = area.post(form["action"], form["fields"])

        assert response.status_code == 409
        assert "Mon, Mar 4, 9:00 am is not free." in text(response)
        assert not Booking.objects.filter(status=Status.HELD).exists()

    def test_opening_that_press_again_leads_to_the_visit(self, scene, area, maya):
        visit = past(scene, maya, days=5)

        response = area.get(reverse("account:again", args=[visit.reference]))

        assert response["Location"] == reverse("account:visit", args=[visit.reference])
        assert not Booking.objects.filter(status=Status.HELD).exists()


class TestDetails:
    TYPED = {"name": "Maya Ellisson", "phone": "(503) 555-0188", "time_zone": "America/Denver"}

    def test_are_changed(self, area, maya):
        response = press(area, "details", **self.TYPED)

        assert response["Location"] == reverse("account:details")
        maya.refresh_from_db()
        assert (maya.name, maya.phone.as_e164, maya.time_zone) == (
            "Maya Ellisson",
            "+15035550188",
            "America/Denver",
        )
        assert maya.name_key == "maya ellisson"

    def test_visits_ahead_are_told_by_the_new_clock_and_past_ones_stay(self, area, maya):
        now = clock.now()
        ahead, behind = (
            BookingFactory(client=maya, starts_at=now + days * DAY, time_zone="Asia/Kathmandu")
            for days in (2, -2)
        )

        press(area, "details", **self.TYPED)

        ahead.refresh_from_db()
        behind.refresh_from_db()
        assert (ahead.time_zone, behind.time_zone) == ("America/Denver", "Asia/Kathmandu")

    def test_a_name_that_somebody_else_of_the_address_has_is_refused(self, area, maya, leo):
        press(area, "switch", client=maya.pk)

        response = press(area, "details", **self.TYPED | {"name": "leo  ELLISON"})

        assert response.status_code == 422
        assert "There is a client of this name and address already." in text(response)
        maya.refresh_from_db()
        assert maya.name == "Maya Ellison"

    @pytest.mark.parametrize(
        ("field", "typed", "said"),
        [
            ("name", "", "Enter your name."),
            ("name", "7", "Enter your name."),
            ("name", "Ma\u202eya", "cannot be seen on paper"),
            ("phone", "12", "Enter a mobile number with 10 digits."),
            ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ],
    )
    def test_what_is_malformed_is_said_beside_it_and_nothing_changes(
        self, area, maya, field, typed, said
    ):
        response = press(area, "details", **self.TYPED | {field: typed})

        assert response.status_code == 422
        assert said in text(response)
        maya.refresh_from_db()
        assert maya.name == "Maya Ellison"

    def test_a_zone_that_is_no_place_stays_unless_it_is_changed(self, area, maya):
        """As of browsers that keep to themselves where they are."""
        Client.objects.update(time_zone="UTC")

        assert '<option value="UTC" selected>' in look(area, "details")
        press(area, "details", **self.TYPED | {"time_zone": "UTC"})

        maya.refresh_from_db()
        assert maya.time_zone == "UTC"

    def test_the_address_is_changed_where_one_signs_in(self, area, maya):
        assert reverse("account_email") in look(area, "details")
        press(area, "details", **self.TYPED, email="other@mail.example")

        maya.refresh_from_db()
        assert maya.email == "maya@mail.example"


class TestMessagesAndCalendar:
    def test_what_we_may_send_is_changed(self, area, maya):
        response = press(area, "messages", feedback="on", marketing_email="on")

        assert response["Location"] == reverse("account:messages")
        wanted = preferences(maya)
        assert wanted[ConsentKind.MARKETING_EMAIL]
        assert not wanted[ConsentKind.CARE_TIPS]
        assert "in your preferences" in look(area, "messages")

    def test_a_calendar_address_is_made_and_ended(self, area, maya):
        press(area, "open_address")
        feed = Feed.objects.get(client=maya)
        page = look(area, "calendar")
        assert ".ics" in page
        assert feed.nonce not in page

        press(area, "close_address")

        feed.refresh_from_db()
        assert feed.revoked_at == NOW
        assert ".ics" not in look(area, "calendar")


class TestConsents:
    def test_show_what_when_in_which_words_and_where(self, area, ahead):
        page = look(area, "privacy")

        assert "Treatment" in page
        assert f"Friday, March 1, when you booked, wording {CONSENT_WORDING}" in page
        assert "agree to a cosmetic treatment with low-level current" in page

    def test_stand_on_the_day_it_was_where_one_lives(self, area, ahead, maya):
        """Half past midnight in New York is still the evening before in Denver."""
        maya.consents.update(given_at=NOW.replace(hour=5, minute=30))
        assert "Friday, March 1, when" in look(area, "privacy")

        maya.time_zone = "America/Denver"
        maya.save()

        assert "Thursday, February 28, when" in look(area, "privacy")

    def test_keep_earlier_answers_below_the_one_that_counts(self, area, maya, wall_clock):
        press(area, "messages", feedback="on")
        wall_clock.wait(days=1)
        press(area, "messages", feedback="on", care_tips="on")

        page = look(area, "privacy")

        assert page.index("Saturday, March 2") < page.index("Friday, March 1, in your preferences")


class TestEverythingAboutMe:
    def test_is_a_file(self, area, ahead):
        response = area.get(reverse("account:everything_file"))

        assert response["Content-Disposition"] == 'attachment; filename="about-me.json"'
        assert response["Content-Type"].startswith("application/json")
        known = json.loads(response.content)
        assert known["visits"][0]["reference"] == ahead.reference
        assert known["account"]["email"] == "maya@mail.example"

    def test_and_a_page_that_leaves_nothing_of_it_out(self, area, ahead, maya):
        press(area, "open_address")
        page = look(area, "everything")

        known = json.loads(area.get(reverse("account:everything_file")).content)
        assert ahead.reference in page
        assert "How you sign in" in page
        for value in _words(known):
            assert value in page

    def test_has_no_key_that_opens_anything(self, area, ahead, maya):
        press(area, "open_address")
        feed = Feed.objects.get()
        words = area.get(reverse("account:everything_file")).content.decode()
        words += look(area, "everything")

        for secret in (feed.nonce, feed.token_hash, ahead.link_nonce, area.session.session_key):
            assert secret not in words

    def test_names_the_numbers_we_do_not_write_to(self, area, maya):
        Suppression.objects.create(
            channel=Message.Channel.SMS,
            address="+15035550123",
            reason="stopped",
            source="x",
            since=NOW,
        )
        known = json.loads(area.get(reverse("account:everything_file")).content)

        assert [row["reason"] for row in known["stopped"]] == ["stopped"]

    @pytest.mark.parametrize("name", ["everything", "everything_file", "erase"])
    def test_asks_who_signed_in_long_ago_to_do_it_again(self, area, ahead, name):
        be_long_ago(area)
        path = reverse(f"account:{name}")

        response = area.get(path)

        assert response.status_code == 403
        assert ahead.reference not in text(response)
        form = Page(text(response)).form("sign-out")
        out = area.post(form["action"], form["fields"])
        assert out["Location"] == f"{reverse('account_login')}?next={path}"

    def test_and_brings_them_back_once_the_code_is_typed(self, area, ahead, maya):
        be_long_ago(area)
        path = reverse("account:everything")
        prove = Page(text(area.get(path))).form("sign-out")
        there = area.post(prove["action"], prove["fields"])["Location"]
        assert f'name="next" value="{path}"' in text(area.get(there))

        asked = ask_for_code(area, maya.email, next=path)
        typed = area.post(asked["Location"], {"code": code_in_letter()})

        assert typed["Location"] == path
        assert ahead.reference in look(area, "everything")


class TestBeingForgotten:
    def test_the_page_says_what_goes_and_what_stays(self, area):
        page = look(area, "erase")

        assert "seven years after the last one" in page
        assert "two years" in page
        assert "Type your name to confirm" in page

    def test_takes_the_name_typed(self, area, maya):
        for typed in ("", "Rosa", "yes"):
            response = press(area, "erase", name=typed)
            assert response.status_code == 422
            assert "Type your name as it stands above." in text(response)
        maya.refresh_from_db()
        assert maya.erased_at is None

    def test_erases_signs_out_and_says_goodbye(self, scene, area, maya, user):
        visit = past(scene, maya, days=5)

        response = press(area, "erase", name="maya ellison")

        assert response["Location"] == reverse("account:goodbye")
        assert "It is done" in look(area, "goodbye")
        assert area.get(reverse("account:home")).status_code == 302
        maya.refresh_from_db()
        visit.refresh_from_db()
        assert maya.erased_at == NOW
        assert visit.price == 170
        assert not User.objects.filter(pk=user.pk).exists()

    def test_only_the_person_whose_area_it_is(self, area, maya, leo, user):
        press(area, "switch", client=leo.pk)
        assert press(area, "erase", name=maya.name).status_code == 422

        press(area, "erase", name=leo.name)

        maya.refresh_from_db()
        leo.refresh_from_db()
        assert leo.erased_at == NOW
        assert maya.erased_at is None
        assert maya.user == user
        assert "_auth_user_id" not in area.session

    def test_waits_for_visits_ahead_and_leads_to_them(self, area, ahead, maya):
        page = look(area, "erase")
        assert links.page_path(ahead, "manage") in page
        assert "Type your name" not in page

        assert press(area, "erase", name=maya.name).status_code == 409
        maya.refresh_from_db()
        assert maya.erased_at is None

    def test_waits_for_a_visit_that_is_going_on(self, area, ahead, maya, wall_clock):
        Booking.objects.update(status=Status.IN_PROGRESS)
        wall_clock.now = ahead.starts_at + timedelta(minutes=30)

        assert press(area, "erase", name=maya.name).status_code == 409

    def test_waits_for_the_end_of_a_legal_hold(self, area, maya):
        Client.objects.update(legal_hold=True)
        page = look(area, "erase")
        assert "We cannot erase your details at the moment" in page
        assert 'href="tel:' in page

        assert press(area, "erase", name=maya.name).status_code == 409
        maya.refresh_from_db()
        assert maya.erased_at is None

    def test_is_not_done_for_who_signed_in_long_ago(self, area, maya):
        be_long_ago(area)

        assert press(area, "erase", name=maya.name).status_code == 403
        maya.refresh_from_db()
        assert maya.erased_at is None

    def test_takes_what_was_typed_and_the_time_that_was_kept(self, scene, area, maya):
        client = Visitor(scene)
        client.browser = area
        client.come()
        held = client.hold(on(scene, 8, 9))
        type_details(visitor(), name="Somebody else")
        Draft.objects.create(visitor=held.visitor, name="Maya Ellison", updated_at=NOW)

        press(area, "erase", name=maya.name)

        held.refresh_from_db()
        assert held.status == Status.EXPIRED_HOLD
        assert [draft.name for draft in Draft.objects.all()] == ["Somebody else"]

    def test_nobody_is_known_as_who_was_erased(self, scene, area, maya, leo):
        elsewhere = Browser()
        elsewhere.force_login(User.objects.get(email="maya@mail.example"))
        press(elsewhere, "switch", client=leo.pk)
        assert "Welcome back, Leo" in text(elsewhere.get(reverse("booking:start")))
        press(area, "switch", client=leo.pk)

        press(area, "erase", name=leo.name)

        assert "Welcome back" not in text(elsewhere.get(reverse("booking:start")))

    def test_a_press_of_another_site_erases_nobody(self, user, maya):
        strict = Browser(enforce_csrf_checks=True)
        strict.force_login(user)

        assert press(strict, "erase", name=maya.name).status_code == 403
        maya.refresh_from_db()
        assert maya.erased_at is None


def _words(known: Any) -> list[str]:
    """Every text of `known` that is neither an instant nor a code."""
    if isinstance(known, dict):
        return [word for value in known.values() for word in _words(value)]
    if isinstance(known, list):
        return [word for value in known for word in _words(value)]
    if isinstance(known, str) and known and "T" not in known:
        return [known.replace("'", "&#x27;")]
    return []
