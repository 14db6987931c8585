"""Staff move a visit, or change its length: asked for, looked at, done, and taken back."""

from datetime import time, timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking import services
from booking.models import Booking, Status
from booking.permissions import Role
from booking.services.ledger import staff
from clinic.messaging.models import Message
from clinic.web import clock
from tests.booking.scenes import NOW, confirm, on
from tests.booking.views.browsing import text
from tests.booking.written import sent
from tests.factories import Scene, TimeOffFactory, UserFactory, open_clinic

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + 5 * MINUTE)


@pytest.fixture
def scene(db: None) -> Scene:
    return open_clinic(providers=2, rooms=2, consoles=2)


@pytest.fixture
def booking(scene: Scene) -> Booking:
    """A visit of 75 minutes on Monday at nine, which its client was told of."""
    booking = confirm(scene, on(scene, 4, 9))
    Message.objects.filter(code="M01").delete()
    sent(booking, "M01")
    return booking


def url(page: str, booking: Booking) -> str:
    return reverse(f"staff:{page}", args=[booking.reference])


def to(booking: Booking, **fields: object) -> dict[str, object]:
    """Tuesday at two with the same person, as the page of version 0 asks for it."""
    asked = {"day": "2030-03-05", "time": "14:00", "provider": booking.provider_id, "version": 0}
    return asked | fields


def pressed(browser: Browser, path: str, fields: dict[str, object] | None = None) -> str:
    """What somebody reads after a press."""
    answer = browser.post(path, fields)
    assert answer.status_code == 303
    return text(browser.get(answer["Location"]))


def test_the_form_shows_how_it_stands_and_what_is_free_near_it(desk, scene, booking):
    page = text(desk.get(url("move", booking)))

    assert 'value="2030-03-04"' in page
    assert 'value="09:00"' in page
    assert "Free near it" in page
    assert "9:15" in page
    assert "Move to" not in page


def test_a_time_is_looked_at_before_it_is_taken(desk, scene, booking):
    answer = desk.get(url("move", booking), to(booking))

    page = text(answer)
    assert answer.status_code == 200
    assert "Until now" in page
    assert "Tell the client?" in page
    assert 'value="yes" checked' in page
    assert "as promised" in page
    booking.refresh_from_db()
    assert booking.starts_at == on(scene, 4, 9)


def test_moved_it_stands_there_and_the_client_is_told(desk, scene, booking):
    asked = to(booking, tell="yes", reason="She asked by phone")
    page = pressed(desk, url("move", booking), asked)

    booking.refresh_from_db()
    assert booking.starts_at == on(scene, 5, 14)
    event = booking.events.get(what="moved")
    assert (event.by, event.reason, event.user.full_name) == (
        "staff",
        "She asked by phone",
        "Dana Whitlock",
    )
    assert Message.objects.get(code="M09", recipient="client", channel="email").status == "planned"
    assert "<h1>Tuesday, March 5</h1>" in page
    assert "The client is told in 3 minutes." in page
    assert "Undo" in page


def test_without_a_word_to_the_client(desk, scene, booking):
    page = pressed(desk, url("move", booking), to(booking, tell="no"))

    assert not Message.objects.filter(code="M09", recipient="client").exists()
    assert "The client is not told." in page


def test_to_somebody_else_at_the_price_as_promised(desk, scene, booking):
    other = next(each for each in scene.providers if each != booking.provider)

    desk.post(url("move", booking), to(booking, provider=other.pk))

    booking.refresh_from_db()
    assert (booking.provider, booking.price) == (other, 170)


def test_what_was_done_can_be_taken_back_for_a_few_minutes(desk, scene, booking):
    desk.post(url("move", booking), to(booking))
    step = booking.events.get(what="moved")

    page = pressed(desk, url("undo", booking), {"step": step.pk})

    booking.refresh_from_db()
    assert booking.starts_at == on(scene, 4, 9)
    assert "It is as it was before." in page
    assert not Message.objects.filter(code="M09", recipient="client", status="planned").exists()


def test_not_longer_than_that(desk, scene, booking, monkeypatch):
    desk.post(url("move", booking), to(booking))
    step = booking.events.get(what="moved")
    monkeypatch.setattr(clock, "now", lambda: NOW + 9 * MINUTE)

    day = reverse("staff:day") + f"?day=2030-03-05&done={booking.reference}"
    assert "Undo" not in text(desk.get(day))
    assert "can no longer be taken back" in pressed(desk, url("undo", booking), {"step": step.pk})


def test_a_time_that_is_not_free_is_said_with_the_closest(desk, scene, booking):
    for email in ("sam@mail.example", "lea@mail.example"):
        confirm(scene, on(scene, 5, 14), email=email, name=email)

    for answer in (
        desk.get(url("move", booking), to(booking)),
        desk.post(url("move", booking), to(booking, reason="She asked")),
    ):
        page = text(answer)
        assert answer.status_code == 409
        assert "not free" in page or "just taken" in page
        assert "Free near it" in page
        assert "Move to" not in page
    assert 'name="reason" value="She asked"' in page


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("time", "14:07", "quarter hour"),
        ("day", "", "Choose a day"),
        ("time", "x", "Choose a time"),
    ],
)
def test_what_is_malformed_is_said_beside_its_field(desk, booking, field, typed, said):
    answer = desk.get(url("move", booking), to(booking, **{field: typed}))

    assert answer.status_code == 422
    assert said in text(answer)


class TestTwoPeople:
    """Somebody else was faster."""

    @pytest.fixture(autouse=True)
    def moved_by_clara(self, scene, booking) -> None:
        services.move(
            booking=Booking.objects.get(pk=booking.pk),
            starts_at=on(scene, 6, 11),
            actor=staff(UserFactory(full_name="Clara Benítez")),
            now=NOW + 4 * MINUTE,
        )

    def test_the_other_sees_who_did_what_and_nothing_typed_is_lost(self, desk, scene, booking):
        asked = to(booking, tell="no", reason="She asked by phone")
        answer = desk.post(url("move", booking), asked)

        page = text(answer).replace("\N{NO-BREAK SPACE}", " ")
        assert answer.status_code == 409
        assert "Clara Benítez changed this visit meanwhile" in page
        assert "Wed, Mar 6" in page
        assert "11:00 am" in page
        assert 'value="She asked by phone"' in page
        assert 'value="no" checked' in page
        assert 'name="time" value="14:00"' in page
        assert 'name="version" value="1"' in page
        booking.refresh_from_db()
        assert booking.starts_at == on(scene, 6, 11)

    def test_pressed_again_knowing_that_it_is_moved(self, desk, scene, booking):
        desk.post(url("move", booking), to(booking, version=1))

        booking.refresh_from_db()
        assert booking.starts_at == on(scene, 5, 14)

    def test_already_when_it_is_dropped_on_a_page_that_is_older(self, desk, booking):
        answer = desk.get(url("move", booking), to(booking))

        assert answer.status_code == 409
        assert "Clara Benítez changed this visit meanwhile" in text(answer)

    def test_the_same_with_its_length(self, desk, booking):
        answer = desk.post(url("resize", booking), {"minutes": 60, "version": 0, "reason": "Late"})

        page = text(answer)
        assert answer.status_code == 409
        assert "Clara Benítez changed this visit meanwhile" in page
        assert 'value="Late"' in page
        assert 'name="version" value="1"' in page


def test_a_visit_that_is_over_is_not_moved_and_says_so(desk, booking):
    Booking.objects.filter(pk=booking.pk).update(status=Status.CANCELLED_CLIENT)

    page = text(desk.get(url("move", booking)))
    assert "was canceled already" in page
    assert "<form method" not in page.partition("<main")[2]
    assert desk.post(url("move", booking), to(booking)).status_code == 409


def test_an_aesthetician_moves_visits_of_their_own_and_to_nobody_else(at_work, scene, booking):
    browser = at_work(Role.AESTHETICIAN, email="ana@lumen.example")
    other = next(each for each in scene.providers if each != booking.provider)
    assert browser.get(url("move", booking)).status_code == 404

    booking.provider.user_id = browser.session["_auth_user_id"]
    booking.provider.save(update_fields=["user"])
    assert other.name not in text(browser.get(url("move", booking)))
    answer = browser.post(url("move", booking), to(booking, provider=other.pk))
    assert answer.status_code == 422
    browser.post(url("move", booking), to(booking))

    booking.refresh_from_db()
    assert booking.starts_at == on(scene, 5, 14)


class TestAroundTheHours:
    """A time that nothing but hours keeps from being free is theirs to take, for a reason."""

    def test_the_page_says_what_it_is_outside_of_and_asks_why(self, desk, scene, booking):
        answer = desk.get(url("move", booking), to(booking, time="20:00"))

        page = text(answer)
        assert answer.status_code == 200
        assert "Online we would not book this" in page
        assert "It is outside opening hours." in page
        assert "Why it is done all the same" in page
        assert "Reason (optional)" not in page

    def test_without_a_reason_it_stays_and_nothing_is_lost(self, desk, scene, booking):
        asked = to(booking, time="20:00", tell="no", reason=" ")
        answer = desk.post(url("move", booking), asked)

        page = text(answer)
        assert answer.status_code == 422
        assert page.count("Please say in a few words why you do it all the same.") == 1
        assert 'aria-describedby="id_reason_error"' in page
        assert 'value="20:00"' in page
        assert 'value="no" checked' in page
        booking.refresh_from_db()
        assert booking.starts_at == on(scene, 4, 9)

    def test_for_a_reason_it_is_moved_there(self, desk, scene, booking):
        pressed(desk, url("move", booking), to(booking, time="20:00", reason="Her flight"))

        booking.refresh_from_db()
        assert booking.starts_at == on(scene, 5, 20)
        assert booking.events.get(what="moved").reason == "Her flight"

    def test_the_words_are_about_the_person_it_would_be_with(self, desk, scene, booking):
        booking.provider.working_hours.filter(weekday=1).update(ends_at=time(14))

        page = text(desk.get(url("move", booking), to(booking)))

        assert f"outside the working hours of {booking.provider.first_name}." in page

    def test_what_is_busy_is_not_free_at_any_hour(self, desk, scene, booking):
        TimeOffFactory(
            resource=booking.provider, starts_at=on(scene, 5, 19), ends_at=on(scene, 5, 22)
        )

        answer = desk.get(url("move", booking), to(booking, time="20:00"))

        assert answer.status_code == 409
        assert "That time is not free" in text(answer)

    def test_a_held_visit_may_be_placed_there(self, desk, scene, booking):
        booking.provider.working_hours.filter(weekday=1).update(ends_at=time(14))
        desk.post(url("pick_up", booking))

        page = text(desk.get(reverse("staff:day") + "?day=2030-03-05"))

        place = f"{url('move', booking)}?day=2030-03-05&amp;time={{}}&amp;provider={{}}"
        within, outside = (
            page.split(place.format(at, booking.provider_id))[1].split("</li>")[0]
            for at in ("12:30", "14:00")
        )
        assert "outside hours" in outside
        assert "outside hours" not in within
        assert place.format("17:45", booking.provider_id) not in page  # beyond what is drawn
        assert page.index(within) < page.index("Off from 2 pm") < page.index(outside)

    def test_a_held_visit_is_offered_none_on_a_day_off(self, desk, scene, booking):
        booking.provider.working_hours.filter(weekday=1).delete()
        desk.post(url("pick_up", booking))

        page = text(desk.get(reverse("staff:day") + "?day=2030-03-05"))

        assert f"&amp;provider={booking.provider_id}&amp;version=" not in page
        assert f"&amp;provider={scene.providers[1].pk}&amp;version=" in page


class TestHolding:
    """A visit is picked up, the weeks go by, and it is put down."""

    def test_while_it_is_held_the_calendar_offers_its_times(self, desk, scene, booking):
        assert "The visit you hold" in pressed(desk, url("pick_up", booking))

        page = text(desk.get(reverse("staff:week") + "?day=2030-03-12"))
        assert "The visit you hold" in page
        place = f"{url('move', booking)}?day=2030-03-12&amp;time=10:00"
        assert f"{place}&amp;provider={booking.provider_id}&amp;version=0" in page

    def test_placing_it_leads_to_the_page_that_asks_and_ends_the_holding(
        self, desk, scene, booking
    ):
        desk.post(url("pick_up", booking))

        assert "What changes" in text(desk.get(url("move", booking), to(booking)))
        desk.post(url("move", booking), to(booking))

        assert "The visit you hold" not in text(desk.get(reverse("staff:week")))

    def test_put_back_it_stands_where_it_was(self, desk, scene, booking):
        desk.post(url("pick_up", booking))
        desk.post(url("put_back", booking))

        assert "The visit you hold" not in text(desk.get(reverse("staff:week")))
        booking.refresh_from_db()
        assert booking.starts_at == on(scene, 4, 9)

    def test_one_that_is_canceled_meanwhile_is_in_nobodys_hand(self, desk, booking):
        desk.post(url("pick_up", booking))
        Booking.objects.filter(pk=booking.pk).update(status=Status.CANCELLED_CLIENT)

        assert "The visit you hold" not in text(desk.get(reverse("staff:week")))

    def test_at_another_place_its_times_are_not_shown(self, desk, booking):
        desk.post(url("pick_up", booking))
        harbor = open_clinic().location

        page = text(desk.get(reverse("staff:week") + f"?place={harbor.slug}"))
        assert "its free times are shown there" in page
        assert "cal-place" not in page

    def test_it_costs_the_same_however_many_times_are_free(
        self, desk, scene, booking, django_assert_num_queries, django_assert_max_num_queries
    ):
        desk.post(url("pick_up", booking))
        week = reverse("staff:week") + "?day=2030-03-12"
        with django_assert_max_num_queries(40) as queries:
            desk.get(week)
        for hour in (9, 11, 13, 15):
            confirm(scene, on(scene, 12, hour), email=f"{hour}@mail.example", name=f"At {hour}")

        with django_assert_num_queries(len(queries)):
            desk.get(week)


class TestLength:
    """A visit becomes longer or shorter."""

    def test_what_it_would_run_into_is_said_at_the_first_look(self, desk, scene, booking):
        TimeOffFactory(
            resource=booking.provider, starts_at=on(scene, 4, 10, 30), ends_at=on(scene, 4, 12)
        )

        answer = desk.get(url("resize", booking), {"minutes": 90, "version": 0})

        page = text(answer)
        assert answer.status_code == 409
        assert "That runs into the next visit, or into time that is blocked." in page
        assert "What changes" not in page
        assert "Another length" in page

    def test_past_the_hours_it_needs_a_reason(self, desk, scene, booking):
        booking.provider.working_hours.filter(weekday=0).update(ends_at=time(10, 30))
        asked = {"minutes": 90, "version": 0}

        page = text(desk.get(url("resize", booking), asked))
        assert f"outside the working hours of {booking.provider.first_name}." in page
        assert "Why it is done all the same" in page

        answer = desk.post(url("resize", booking), asked | {"tell": "no"})
        assert answer.status_code == 422
        assert "Please say in a few words why" in text(answer)
        assert 'value="no" checked' in text(answer)

        pressed(desk, url("resize", booking), asked | {"reason": "She stays for the mask"})
        booking.refresh_from_db()
        assert booking.minutes == 90

    def test_is_looked_at_before_it_is_changed(self, desk, scene, booking):
        page = text(desk.get(url("resize", booking), {"minutes": 90, "version": 0}))

        assert "Make it 90" in page.replace("\N{NO-BREAK SPACE}", " ")
        assert "Tell the client?" in page
        booking.refresh_from_db()
        assert booking.minutes == 75

    def test_is_changed_and_taken_back(self, desk, scene, booking):
        asked = {"minutes": 90, "version": 0, "tell": "no", "reason": "Sensitive"}
        page = pressed(desk, url("resize", booking), asked)
        booking.refresh_from_db()
        assert booking.minutes == 90
        assert "Length changed: Maya Ellison" in page

        step = booking.events.get(what="resized")
        desk.post(url("undo", booking), {"step": step.pk})
        booking.refresh_from_db()
        assert booking.minutes == 75

    @pytest.mark.parametrize(("minutes", "said"), [(5, "between 10"), (77, "steps of five")])
    def test_has_bounds_which_are_said(self, desk, booking, minutes, said):
        answer = desk.post(url("resize", booking), {"minutes": minutes, "version": 0})

        assert answer.status_code == 409
        assert said in text(answer)

    def test_of_a_visit_that_has_begun_is_no_news_to_anybody(self, desk, scene, booking):
        Booking.objects.filter(pk=booking.pk).update(
            status=Status.CHECKED_IN, starts_at=NOW, ends_at=NOW + 75 * MINUTE
        )

        page = text(desk.get(url("resize", booking), {"minutes": 60}))
        assert "Tell the client?" not in page

    def test_of_one_that_is_over_stays(self, desk, booking):
        Booking.objects.filter(pk=booking.pk).update(status=Status.COMPLETED)

        assert "This visit is over" in text(desk.get(url("resize", booking)))
